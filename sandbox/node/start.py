"""Starting a stand-in node as a process of its own, and waiting until it is Ready."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from receiver.cluster.api import Api, ApiError, object_path

DEFAULT_NAME = "standin-1"
READY_SECONDS = 20.0
STOP_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1


class NodeStartError(Exception):
    """The node did not become Ready; the message holds the end of its log."""


class NodeProcess:
    """A running stand-in node; a context manager that stops it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log
        """What the node itself has to say; the containers' logs lie beside it."""

    @property
    def pid(self) -> int:
        """The node's process id."""
        return self._process.pid

    def stop(self) -> None:
        """Have the node end its containers and remove itself from the cluster."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_node(
    kubeconfig: Path,
    *,
    run_folder: Path,
    name: str = DEFAULT_NAME,
    images: tuple[Path, ...] = (),
    bind: bool = False,
) -> NodeProcess:
    """Start a node for this cluster. Returns when its Node object is Ready.

    `run_folder` gets the logs; `images` are further folders of images; `bind` makes the node bind pending pods,
    for a control plane without a scheduler. Raises `NodeStartError`.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    log = run_folder / "node.log"
    command = [sys.executable, "-m", "sandbox.node", "--kubeconfig", str(kubeconfig), "--name", name]
    command += ["--run", str(run_folder), *(["--bind"] if bind else [])]
    for folder in images:
        command += ["--images", str(folder)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=_die_with_parent
        )
    node = NodeProcess(process, log)
    try:
        _wait_until_ready(Api.connect(str(kubeconfig)), name, process, log)
    except BaseException:
        node.stop()
        raise
    return node


def _wait_until_ready(api: Api, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        if log.stat().st_size and is_ready(api, name):
            return
        time.sleep(0.05)
    raise NodeStartError(f"node {name} is not Ready; {log}: {log.read_text(errors='replace')[-2000:] or 'empty'}")


def is_ready(api: Api, name: str) -> bool:
    """Whether the cluster has a Node of this name that is Ready and takes pods."""
    try:
        node = api.get(object_path("v1", "nodes", None, name))
    except ApiError:
        return False
    conditions = {entry["type"]: entry["status"] for entry in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
