"""Starting a stand-in node as a process of its own, and waiting until it is Ready."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from receiver.cluster.api import Api, ApiError, object_path
from sandbox.process import ManagedProcess

DEFAULT_NAME = "standin-1"
READY_SECONDS = 20.0
STOP_SECONDS = 15.0
"""Longer than the node gives its containers: pass it to `ManagedProcess.stop`, so that the node can clear up."""


def start_node(
    kubeconfig: Path,
    *,
    run_folder: Path,
    name: str = DEFAULT_NAME,
    images: Sequence[Path] = (),
    bind: bool = False,
    backoff: float | None = None,
) -> ManagedProcess:
    """Start a node for this cluster. Returns when its Node object is Ready; end it with `stop(STOP_SECONDS)`.

    `run_folder` gets the logs: `node.log`, and `<namespace>_<pod>/<container>.log`. `images` are further folders of
    images; `bind` makes the node bind pending pods, for a control plane without a scheduler; `backoff` is the wait
    before a container's second restart in seconds (1 unless given; it doubles). Raises `ProcessError`.
    """
    run_folder.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [sys.executable, "-m", "sandbox.node", "--kubeconfig", kubeconfig, "--name", name]
    command += ["--run", run_folder, *(["--bind"] if bind else [])]
    if backoff is not None:
        command += ["--backoff", str(backoff)]
    for folder in images:
        command += ["--images", folder]
    node = ManagedProcess(f"node {name}", command, run_folder / "node.log")
    try:
        api = Api.connect(str(kubeconfig))
        node.wait_until(lambda: is_ready(api, name), READY_SECONDS, "its Node object is Ready")
    except BaseException:
        node.stop(STOP_SECONDS)
        raise
    return node


def is_ready(api: Api, name: str) -> bool:
    """Whether the cluster has a Node of this name that is Ready and takes pods."""
    try:
        node = api.get(object_path("v1", "nodes", None, name))
    except ApiError:
        return False
    conditions = {entry["type"]: entry["status"] for entry in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")
