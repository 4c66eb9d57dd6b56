"""What people use where they have no receiver like ours: Debian's `webhook` with a script, and a bare Flask view."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import urllib3

from bench.scene import NAMESPACE
from receiver.settings import Settings
from sandbox.cache import Progress
from sandbox.cluster import ControlPlane
from sandbox.debian import debian_packages
from sandbox.process import ManagedProcess, free_port

PACKAGES = ("webhook", "wrk", "libluajit-5.1-2", "libluajit-5.1-common")
SUITE = "bookworm"
READY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers deliveries at `url`. `connections` is how many requests it is given at once."""

    name: str
    url: str
    process: ManagedProcess
    connections: int = Settings().places
    least_seconds: float = 1.0
    """The shortest run that says something about it."""


def packages(progress: Progress) -> Path:
    """Debian's `webhook` and `wrk`, unpacked in the cache."""
    return debian_packages(f"debian-bench-{SUITE}", PACKAGES, suite=SUITE, progress=progress)


@contextlib.contextmanager
def bare_flask(folder: Path) -> Iterator[Server]:
    """A Flask view that parses and answers, served by gunicorn as the receiver is: one process, as many threads."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--workers=1", "--worker-class=gthread"]
    command += [f"--threads={Settings().thread_count}", "--keep-alive=75", "--worker-tmp-dir=/dev/shm"]
    command += [f"--bind=127.0.0.1:{port}", "bench.bare_flask:app"]
    url = f"http://127.0.0.1:{port}/api/v1/alerts"
    with _running("Flask + gunicorn", command, folder, url) as server:
        yield server


@contextlib.contextmanager
def webhook(folder: Path, unpacked: Path, plane: ControlPlane, kubeconfig: Path) -> Iterator[tuple[Server, Server]]:
    """One `webhook` with two hooks: a script that exits at once, and one that asks the API server by kubectl.

    Both answer when the script has ended: an answer before that would promise what may never be done. The second
    script is the least that could guard an undo: it reads the Deployment that the alert names.
    """
    folder.mkdir(parents=True, exist_ok=True)
    empty = _script(folder / "empty", "exit 0")
    kubectl = shlex.join([str(plane.kubectl_path), "--kubeconfig", str(kubeconfig), "--namespace", NAMESPACE])
    asking = _script(folder / "asking", f'exec {kubectl} get deployment "$1" --output name')
    hooks = [
        {"id": name, "execute-command": str(script), "include-command-output-in-response": True, **more}
        for name, script, more in (
            ("empty", empty, {}),
            (
                "kubectl",
                asking,
                {"pass-arguments-to-command": [{"source": "payload", "name": "alerts.0.labels.deployment"}]},
            ),
        )
    ]
    (folder / "hooks.json").write_text(json.dumps(hooks))
    port = free_port()
    command = [str(unpacked / "usr/bin/webhook"), "-hooks", str(folder / "hooks.json"), "-ip", "127.0.0.1"]
    url = f"http://127.0.0.1:{port}/hooks/"
    with _running("webhook", [*command, "-port", str(port)], folder, url + "empty") as server:
        yield (
            Server("webhook, empty script", url + "empty", server.process),
            # More at once would only be more that are half done at the end of a run.
            Server("webhook, kubectl get", url + "kubectl", server.process, connections=2, least_seconds=4.0),
        )


def _script(path: Path, line: str) -> Path:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return path


@contextlib.contextmanager
def _running(name: str, command: list[str], folder: Path, url: str) -> Iterator[Server]:
    folder.mkdir(parents=True, exist_ok=True)
    process = ManagedProcess(name, command, folder / "server.log")

    def answers() -> bool:
        try:
            body = json.dumps({"alerts": []})
            headers = {"Content-Type": "application/json"}
            return urllib3.request("POST", url, body=body, headers=headers, timeout=2.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        process.wait_until(answers, READY_SECONDS, "answers")
        yield Server(name, url, process)
    finally:
        process.stop()
