"""A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import yaml

from receiver.cluster.api import Api, ApiError
from sandbox.binaries import DEFAULT_VERSION, ControlPlaneBinaries, control_plane_binaries
from sandbox.cache import Progress, run_folder
from sandbox.process import ManagedProcess, free_port

CONTROLLERS = (
    "deployment",
    "replicaset",
    "statefulset",
    "daemonset",
    "namespace",
    "serviceaccount",
    "clusterrole-aggregation",
    "garbage-collector",
    "disruption",
    "horizontal-pod-autoscaler",
    "root-ca-certificate-publisher",
)
WRITES = ["create", "update", "patch", "delete", "deletecollection"]
AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}]},
        {"level": "None", "users": ["system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"]},
        # Kubernetes' own controllers: that they wrote, not what.
        {"level": "Metadata", "userGroups": ["system:serviceaccounts:kube-system"], "verbs": WRITES},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        # No secret and no token in a file.
        {
            "level": "Metadata",
            "resources": [
                {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
                {"group": "authentication.k8s.io"},
            ],
        },
        {"level": "RequestResponse", "verbs": WRITES, "resources": [{"group": "metricops.dev"}, {"group": "apps"}]},
        {"level": "Metadata", "verbs": WRITES, "resources": [{"group": "", "resources": ["pods/status"]}]},
        {"level": "Request", "verbs": WRITES},
        {"level": "Metadata"},
    ],
}
"""Who wrote what, in full; who read what, by name; and nothing of what Kubernetes does for itself."""
READY_SECONDS = 60.0
RESTART_GRACE_SECONDS = 1.0
"""Its data is etcd's: what the grace is for, ending watches politely, is not worth waiting for."""


class ControlPlane:
    """A cluster without nodes. Use it as a context manager; everything is gone afterwards."""

    def __init__(
        self,
        *,
        progress: Progress,
        version: str = DEFAULT_VERSION,
        binaries: ControlPlaneBinaries | None = None,
        folder: Path | None = None,
        scheduler: bool = True,
        controllers: bool = True,
        audit_policy: Mapping[str, Any] = MappingProxyType(AUDIT_POLICY),
        keep: bool = False,
    ) -> None:
        """`folder` gets all files, and stays where it is given; a folder of our own is removed unless `keep`.

        Without `controllers` the objects stay as they are written.
        """
        self._progress = progress
        self._binaries = binaries or control_plane_binaries(version, progress=progress)
        self._remove_folder = folder is None and not keep
        self.folder = folder or run_folder("cluster")
        self._scheduler = scheduler
        self._has_controllers = controllers
        self._audit_policy = dict(audit_policy)
        self._token = secrets.token_hex(16)
        self.port = free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.audit_log = self.folder / "audit.jsonl"
        self._certificate = self.folder / "certificates/apiserver.crt"
        self._has_kubeconfig = False
        self._etcd: ManagedProcess | None = None
        self._controllers: list[ManagedProcess] = []
        self._api_server: ManagedProcess | None = None

    @property
    def version(self) -> str:
        """Which Kubernetes this is: `v1.36.3`."""
        return self._binaries.version

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def api(self) -> Api:
        """The API server, as its administrator."""
        return Api.connect(str(self.kubeconfig), user_agent="sandbox")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator. Returns its output; raises `CalledProcessError` with stderr."""
        return subprocess.run(
            [self._binaries["kubectl"], "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    @property
    def kubectl_path(self) -> Path:
        """The kubectl of this very version."""
        return self._binaries["kubectl"]

    def write_kubeconfig(self, token: str, path: Path, server: str | None = None) -> Path:
        """Write a kubeconfig that stands alone: a bearer token, the cluster's CA, a server (a proxy in front, say)."""
        authority = base64.b64encode(self._certificate.read_bytes()).decode()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "sandbox",
                    "cluster": {"server": server or self.server, "certificate-authority-data": authority},
                }
            ],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "user"}}],
            "current-context": "sandbox",
        }
        draft = path.with_name(path.name + ".draft")
        draft.touch(0o600)
        draft.write_text(yaml.safe_dump(config))
        return draft.rename(path)

    def audit_events(self) -> list[dict[str, Any]]:
        """Everything in the audit log so far (`audit.k8s.io/v1` Events)."""
        if not self.audit_log.exists():
            return []
        return [json.loads(line) for line in self.audit_log.read_text().splitlines() if line.endswith("}")]

    def restart_api_server(self) -> None:
        """Stop kube-apiserver and start it again, on the same port and data."""
        if self._api_server is not None:
            self._api_server.stop(RESTART_GRACE_SECONDS)
        self._start_api_server()

    def stop(self) -> None:
        """End everything, and remove the folder where it is our own."""
        for process in (*self._controllers, self._api_server):
            if process is not None:
                process.stop(2.0)
        if self._etcd is not None:
            self._etcd.kill()  # Its data goes too.
        if self._remove_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self._progress(f"starting Kubernetes {self.version} at {self.server}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_files()
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._etcd = self._process(
            "etcd",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        )
        self._start_api_server()
        if self._has_controllers:
            self._start_controller_manager()
        if self._scheduler:
            self._controllers.append(
                self._process(
                    "kube-scheduler", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0"
                )
            )

    def _start_controller_manager(self) -> None:
        self._controllers.append(
            self._process(
                "kube-controller-manager",
                f"--kubeconfig={self.kubeconfig}",
                f"--service-account-private-key-file={self.folder / 'service-account.key'}",
                f"--root-ca-file={self._certificate}",
                "--use-service-account-credentials",
                "--leader-elect=false",
                "--secure-port=0",
                "--kube-api-qps=200",  # Many rollouts at once must not wait for a limit meant for shared servers.
                "--kube-api-burst=400",
                f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
            )
        )

    def _write_files(self) -> None:
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f'{self._token},admin,admin,"system:masters"\n')
        tokens.chmod(0o600)
        (self.folder / "audit-policy.yaml").write_text(yaml.safe_dump(self._audit_policy))
        subprocess.run(
            ["openssl", "genrsa", "-out", self.folder / "service-account.key", "2048"], check=True, capture_output=True
        )

    def _start_api_server(self) -> None:
        key = self.folder / "service-account.key"
        self._api_server = self._process(
            "kube-apiserver",
            f"--etcd-servers={self._etcd_url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self._certificate.parent}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}",
            "--authorization-mode=Node,RBAC",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            "--endpoint-reconciler-type=none",
            f"--audit-policy-file={self.folder / 'audit-policy.yaml'}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-mode=blocking",
        )
        self._api_server.wait_until(self._is_ready, READY_SECONDS, "/readyz answers and namespace default exists")

    def _is_ready(self) -> bool:
        if self._etcd is not None:
            self._etcd.check()
        if not self._has_kubeconfig:
            if not self._certificate.exists():  # kube-apiserver makes it, and only then listens.
                return False
            self.write_kubeconfig(self._token, self.kubeconfig)
            self._has_kubeconfig = self._answers("/version")
        return self._answers("/readyz") and self._answers("/api/v1/namespaces/default")

    def _answers(self, path: str) -> bool:
        try:
            self.api().raw(path)
        except (ApiError, OSError):  # OSError: the certificate is still being written.
            return False
        return True

    def _process(self, program: str, *arguments: str | Path) -> ManagedProcess:
        return ManagedProcess(
            program,
            [self._binaries[program], *arguments],
            self.folder / f"{program}.log",
            folder=self.folder,
        )
