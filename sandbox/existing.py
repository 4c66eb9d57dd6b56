"""A cluster that exists already, by its kubeconfig, in place of the sandbox's own control plane."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from receiver.cluster.api import Api
from sandbox.binaries import control_plane_binaries
from sandbox.cache import Progress
from sandbox.cluster import ControlPlane
from sandbox.kubeconfig import cluster_of, with_token


class ExistingCluster:
    """What the sandbox needs of a cluster, over an administrator's kubeconfig."""

    def __init__(self, kubeconfig: Path, *, progress: Progress) -> None:
        self.kubeconfig = kubeconfig.resolve()
        self.server = str(cluster_of(self.kubeconfig)["server"])
        on_path = shutil.which("kubectl")
        self.kubectl_path = Path(on_path) if on_path else control_plane_binaries(progress=progress)["kubectl"]
        self.version = str(self.api().get("/version")["gitVersion"])
        progress(f"using Kubernetes {self.version} at {self.server}")

    def api(self) -> Api:
        """The API server, as its administrator."""
        return Api.connect(str(self.kubeconfig), user_agent="sandbox")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator. Returns its output; raises `CalledProcessError` with stderr."""
        return subprocess.run(
            [self.kubectl_path, "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def write_kubeconfig(self, token: str, path: Path, server: str | None = None) -> Path:
        """Write a kubeconfig with another bearer token."""
        return with_token(self.kubeconfig, token, path, server=server)

    def audit_events(self) -> list[dict[str, Any]] | None:
        """None: its audit log is out of reach."""
        return None


Cluster = ControlPlane | ExistingCluster
