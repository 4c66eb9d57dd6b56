"""A real Prometheus that evaluates rules and scrapes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sandbox.debian import MonitoringBinaries
from sandbox.process import ManagedProcess, free_port


@dataclass(frozen=True)
class Running:
    """Where it is, and its process."""

    url: str
    process: ManagedProcess = field(repr=False)


@contextmanager
def running(
    monitoring: MonitoringBinaries, folder: Path, rules: Sequence[Mapping[str, Any]], flags: Sequence[str] = ()
) -> Iterator[Running]:
    """Start one that evaluates these rules every second; its data is in `data` of the folder."""
    group = {"name": "g", "interval": "1s", "rules": [dict(rule) for rule in rules]}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"]}))
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        str(monitoring.prometheus),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        *flags,
    ]
    process = ManagedProcess("prometheus", command, folder / "prometheus.log")
    try:
        yield Running(url, process)
    finally:
        process.stop()
