"""The calls that docs/releases-api.md shows do what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import Api
from sandbox.receiver_process import RELEASES_TOKEN, ReceiverProcess
from tests.cluster.workloads import deploy

PAGE = (Path(__file__).parents[2] / "docs/releases-api.md").read_text()


def calls() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [block for block in blocks if block.startswith("curl")]


@pytest.fixture(scope="module")
def receiver(receiver_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    receiver = ReceiverProcess(receiver_kubeconfig, tmp_path_factory.mktemp("receiver"))
    receiver.wait_until_ready()
    yield receiver
    receiver.process.stop()


def test_the_calls(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    environment = {**os.environ, "METRICOPS_URL": receiver.url, "METRICOPS_TOKEN": RELEASES_TOKEN}

    def answer(call: str) -> Any:
        # Where the page says shop, the test has a namespace of its own.
        call = call.replace('"namespace": "shop"', f'"namespace": "{namespace}"')
        call = call.replace("namespace=shop", f"namespace={namespace}")
        done = subprocess.run(["bash", "-euc", call], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{call}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    post, releases, rollbacks, workloads = calls()
    assert answer(post)["changed"] is True
    assert answer(post)["changed"] is False
    (release,) = answer(releases)["items"]
    assert release["release"]["commit"] == "9f8e7d6"
    assert answer(rollbacks)["items"] == []
    assert ("shop", namespace) in {(i["workload"]["name"], i["namespace"]) for i in answer(workloads)["items"]}
