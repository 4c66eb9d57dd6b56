"""A real Prometheus with alerting rules of the test's own, which fire or end as the test says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
import yaml

from sandbox.debian import monitoring_binaries
from sandbox.process import ManagedProcess, free_port, wait_until

HTTP = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5.0))


class RunningPrometheus:
    """Its one rule is a constant."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self.url = folder, url

    def alert(self, namespace: str, workload: str, *, firing: bool, name: str = "ErrorBudgetBurn") -> None:
        """Load a rule about a workload that fires, or does not; returns once Prometheus says so."""
        labels = {"namespace": namespace, "deployment": workload, "metricops": "undo"}
        rule = {"alert": name, "expr": f"vector({int(firing)}) > 0", "labels": labels}
        group = {"name": "test", "interval": "200ms", "rules": [rule]}
        (self._folder / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
        assert HTTP.request("POST", f"{self.url}/-/reload").status == 200
        wait_until(lambda: self._states(name) == (["firing"] if firing else []), 20, f"{name} firing={firing}")

    def _states(self, name: str) -> list[str] | None:
        """The states of the rule's alerts; None until it has been evaluated."""
        groups = HTTP.request("GET", f"{self.url}/api/v1/rules").json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"] if rule["name"] == name]
        if not rules or rules[0]["health"] != "ok":
            return None
        return [alert["state"] for alert in rules[0]["alerts"]]


@contextmanager
def running_prometheus(folder: Path) -> Iterator[RunningPrometheus]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (folder / "prometheus.yml").write_text("rule_files: [rules.yml]\n")
    (folder / "rules.yml").write_text("groups: []\n")
    command = [
        str(monitoring_binaries(progress=print).prometheus),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-lifecycle",
    ]
    process = ManagedProcess("prometheus", command, folder / "prometheus.log", folder=folder)
    try:
        process.wait_until(lambda: _is_ready(url), 30, "/-/ready answers")
        yield RunningPrometheus(folder, url)
    finally:
        process.stop()


def _is_ready(url: str) -> bool:
    try:
        return HTTP.request("GET", f"{url}/-/ready").status == 200
    except urllib3.exceptions.HTTPError:
        return False
