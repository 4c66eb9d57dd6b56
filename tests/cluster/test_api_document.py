"""schemathesis asks a receiver whatever its OpenAPI document allows, and much that it doesn't: nothing is a 5xx, every
answer has the shape that the document tells."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import urllib3

from receiver.cluster.api import Api
from receiver.web.openapi import document
from sandbox.receiver_process import RELEASES_TOKEN, ReceiverProcess
from tests.cluster.workloads import deploy

SEED_VARIABLE, SEED = "METRICOPS_TEST_SEED", "83"
"""The gate asks the same of the same tree each time; another seed asks something else."""
MOST_EXAMPLES = 25
MOST_SECONDS = 12
MOST_SHOWN = 20_000
KINDS, NAMES = ["Deployment", "StatefulSet"], ["shop", "missing"]
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415]
"""
"""Too large is an answer as well to what the schema does not allow."""


def narrowed(namespace: str) -> dict[str, Any]:
    """The document with names of what is there, so that requests get past the first look; without `continue`, which no
    schema can tell. What is a rule none can tell either: the namespace has not opted in to them."""
    narrow = copy.deepcopy(document())
    schemas = narrow["components"]["schemas"]
    schemas["WorkloadName"]["properties"] |= {"kind": {"enum": KINDS}, "name": {"enum": NAMES}}
    schemas["ReleaseRequest"]["properties"]["namespace"] = {"enum": [namespace]}
    there = {"namespace": namespace, "name": NAMES[0]}
    for listed in ("releases", "rollbacks", "workloads"):
        operation = narrow["paths"][f"/api/v1/{listed}"]["get"]
        operation["parameters"] = [p for p in operation["parameters"] if p["name"] != "continue"]
        for parameter in operation["parameters"]:
            if parameter["name"] in there:
                parameter["examples"] = {"there": {"value": there[parameter["name"]]}}
    return narrow


def test_no_answer_is_a_failure_or_of_another_shape(
    api: Api, namespace: str, receiver: ReceiverProcess, tmp_path: Path
) -> None:
    served = json.loads(urllib3.request("GET", f"{receiver.url}/api/v1/openapi.json").data)
    assert served == document()
    for kind in KINDS:
        deploy(api, namespace, "shop", "one", wait=False, kind=kind)
    (tmp_path / "openapi.json").write_text(json.dumps(narrowed(namespace)))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    seed = os.environ.get(SEED_VARIABLE, SEED)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", receiver.url),
        *("--header", f"Authorization: Bearer {RELEASES_TOKEN}", "--seed", seed, "--checks", "all"),
        *("--max-examples", str(MOST_EXAMPLES), "--max-time", str(MOST_SECONDS), "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    told = f"{SEED_VARIABLE}={seed}\n{done.stdout[:MOST_SHOWN]}\n{done.stderr[:MOST_SHOWN]}"
    assert done.returncode == 0, told
    requests = [line for line in receiver.metrics().splitlines() if line.startswith("metricops_api_requests_total")]
    accepted = {line.split('operation="')[1].split('"')[0] for line in requests if 'code="20' in line}
    assert accepted == {"listReleases", "listRollbacks", "listWorkloads", "noteRelease"}, told
    assert not [line for line in requests if 'code="5' in line]
    assert receiver.forbidden() == []
