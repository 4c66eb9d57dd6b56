"""`python -m tests.fuzz`: sends the payloads and prints what was answered; exits non-zero unless all is well."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from receiver.cluster.api import object_path
from receiver.compose import compose
from receiver.settings import Settings
from sandbox.audit import accepted_undos
from sandbox.cache import Progress
from sandbox.cluster import ControlPlane
from sandbox.kubeconfig import with_token
from sandbox.receiver_process import alert_for
from sandbox.shipped import install, shipped_objects
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import MANAGER, manifest, path, records, wait_for_rollout
from tests.fuzz.payloads import NAME, NAMESPACE, Payloads

SAID_EVERY_SECONDS = 5.0
SHOWN = 5

say: Progress = print


def release(cluster: Cluster, version: str) -> None:
    """A release without replicas, which rolls out at once."""
    body = manifest(NAMESPACE, NAME, version, {})
    body["spec"]["replicas"] = 0
    cluster.api.apply(path(NAMESPACE, NAME), body, field_manager=MANAGER)
    wait_for_rollout(cluster.api, NAMESPACE, NAME)


class Crashes(logging.Handler):
    """Keeps the last lines of each exception."""

    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._found = found

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        text = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.getMessage()
        self._found.append(text[-1200:])


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--payloads", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=10.0, help="after which it has failed")
    options = parser.parse_args()
    say(f"seed {options.seed} (again with --seed {options.seed})")
    with (
        tempfile.TemporaryDirectory(prefix="metricops-fuzz-") as temporary,
        ControlPlane(progress=say, scheduler=False) as plane,
    ):
        cluster = Cluster(plane.kubeconfig, plane, Path(temporary))
        install(cluster.api, shipped_objects(), manager="tests")
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        cluster.api.apply(object_path("v1", "namespaces", name=NAMESPACE), namespace, field_manager=MANAGER)
        release(cluster, "one")
        release(cluster, "two")
        return _fuzz(cluster, options)


def _fuzz(cluster: Cluster, options: argparse.Namespace) -> int:
    crashes: list[str] = []
    logging.getLogger("receiver").addHandler(Crashes(crashes))  # Where Flask tells of exceptions.
    logging.getLogger("metricops").addHandler(logging.NullHandler())
    kubeconfig = with_token(cluster.kubeconfig, cluster.receiver_token(), cluster.folder / "receiver.kubeconfig")
    receiver = compose(Settings(kubeconfig=str(kubeconfig), unauthenticated="yes", sweep_interval="1s"))
    receiver.start()
    client = receiver.app.test_client()
    source = Payloads(options.seed)
    codes: Counter[int] = Counter()
    reasons: Counter[str] = Counter()
    broken: list[str] = []
    began = said = time.monotonic()
    for number in range(options.payloads):
        body, kind = source.next()
        try:
            answer = client.post("/api/v1/alerts", data=body, content_type=kind)
        except Exception as error:
            broken.append(f"{type(error).__name__} {error}: {body[:1500]!r}")
            continue
        codes[answer.status_code] += 1
        if answer.status_code >= 500:
            broken.append(f"{answer.status_code} {answer.data[:300]!r}: {crashes[-1:]} {body[:1500]!r}")
        elif answer.status_code == 200:
            reasons.update(entry["reason"] for entry in answer.get_json()["alerts"])
        now = time.monotonic()
        if now - said >= SAID_EVERY_SECONDS:
            said = now
            say(f"  {now - began:4.0f} s: {number + 1} of {options.payloads}, {dict(sorted(codes.items()))}")
        if now - began > 60 * options.minutes:
            broken.append(f"only {number + 1} payloads in {options.minutes:g} minutes")
            break
    found = records(cluster.api, NAMESPACE)
    undone = accepted_undos(cluster.audit_events() or [], NAMESPACE)
    # The same receiver is well, and does undo what is asked for rightly.
    rightly = client.post("/api/v1/alerts", json={"version": "4", "alerts": [alert_for(NAMESPACE, NAME)]}).get_json()
    receiver.stop()

    say(f"\npayloads    {sum(codes.values())} in {time.monotonic() - began:.0f} s")
    say(f"answers     {dict(sorted(codes.items()))}")
    say(f"decisions   {dict(reasons.most_common())}")
    say(f"5xx, crash  {len(broken)}")
    say(f"claims      {len(found)}")
    say(f"undos       {len(undone)}")
    say(f"afterwards  a right alert is answered with {rightly['alerts'][0]['reason']}")
    for entry in broken[:SHOWN]:
        say(f"  {entry}")
    well = rightly["alerts"][0]["reason"] == "undo"
    return 1 if broken or found or undone or not well else 0


if __name__ == "__main__":
    sys.exit(main())
