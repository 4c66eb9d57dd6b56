"""`python -m sandbox.node`: run a stand-in node until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from receiver.cluster.api import ApiError
from sandbox.node.client import NodeApi
from sandbox.node.node import Node
from sandbox.node.signals import StopSignal


def main() -> int:
    """Run the node. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.node", description=main.__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="whose cluster to join, as an administrator")
    parser.add_argument("--name", default="standin-1", help="the Node object's name")
    parser.add_argument("--images", type=Path, action="append", default=[], help="a further folder of images")
    parser.add_argument("--run", type=Path, help="where logs and volumes go (default: a temporary folder)")
    parser.add_argument("--bind", action="store_true", help="bind pending pods to this node: for want of a scheduler")
    parser.add_argument(
        "--backoff", type=float, default=1.0, help="seconds before the second restart of a container; doubles up to 30"
    )
    options = parser.parse_args()
    for needed in ("bwrap", "nsenter"):
        if shutil.which(needed) is None:
            print(f"{needed} not found: install Debian's packages bubblewrap and util-linux", file=sys.stderr)
            return 1
    stop = StopSignal()
    with tempfile.TemporaryDirectory(prefix="standin-node-") as temporary:
        run_folder = (options.run or Path(temporary)).resolve()
        try:
            api = NodeApi.connect(str(options.kubeconfig), user_agent="standin-node")
            node = Node(api, options.name, run_folder, options.images, binds=options.bind, backoff=options.backoff)
            node.start()
        except ApiError as error:
            print(f"{options.kubeconfig}: {error}", file=sys.stderr)
            return 1
        print(f"node {options.name} is Ready; logs below {run_folder}", flush=True)
        stop.wait()
        node.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
