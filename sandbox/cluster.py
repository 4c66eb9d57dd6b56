"""A real control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from receiver.cluster.api import Api, ApiError
from sandbox.binaries import DEFAULT_VERSION, ControlPlaneBinaries, control_plane_binaries
from sandbox.cache import Progress, run_folder
from sandbox.process import ManagedProcess, free_port, wait_until

CONTROLLERS = (
    "deployment",
    "replicaset",
    "statefulset",
    "daemonset",
    "namespace",
    "serviceaccount",
    "garbage-collector",
    "disruption",
    "horizontal-pod-autoscaler",
    "root-ca-certificate-publisher",
)
AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}]},
        {"level": "None", "users": ["system:apiserver", "system:kube-scheduler", "system:kube-controller-manager"]},
        {
            "level": "RequestResponse",
            "verbs": ["create", "update", "patch", "delete"],
            "resources": [
                {"group": "metricops.dev"},
                {"group": "apps", "resources": ["deployments", "statefulsets", "daemonsets"]},
            ],
        },
        {"level": "Metadata"},
    ],
}
READY_SECONDS = 60.0


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
    ) -> None:
        self._progress = progress
        self._binaries = binaries or control_plane_binaries(version, progress=progress)
        self._own_folder = folder is None
        self.folder = folder or run_folder("cluster")
        self._scheduler = scheduler
        self._token = secrets.token_hex(16)
        self.port = free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.audit_log = self.folder / "audit.jsonl"
        self._processes: list[ManagedProcess] = []
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
        """Write a kubeconfig: a bearer token, the cluster's CA, and a server (a proxy in front, say)."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "sandbox",
                    "cluster": {
                        "server": server or self.server,
                        "certificate-authority": str(self.folder / "certificates/apiserver.crt"),
                    },
                }
            ],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "user"}}],
            "current-context": "sandbox",
        }
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path

    def audit_events(self) -> list[dict[str, Any]]:
        """Everything in the audit log so far (`audit.k8s.io/v1` Events)."""
        if not self.audit_log.exists():
            return []
        return [json.loads(line) for line in self.audit_log.read_text().splitlines() if line.endswith("}")]

    def restart_api_server(self) -> None:
        """Stop kube-apiserver and start it again, on the same port and data."""
        if self._api_server is not None:
            self._api_server.stop()
        self._start_api_server()

    def stop(self) -> None:
        """End everything and remove the folder."""
        for process in [*reversed(self._processes), *([self._api_server] if self._api_server else [])]:
            if process.name != "etcd":
                process.stop(2.0)
        for process in self._processes:
            process.kill()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        self._progress(f"starting Kubernetes {self.version} at {self.server}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_files()
        self._etcd_url = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self._processes.append(
            self._process(
                "etcd",
                "--data-dir",
                self.folder / "etcd",
                "--listen-client-urls",
                self._etcd_url,
                "--advertise-client-urls",
                self._etcd_url,
                "--listen-peer-urls",
                peer,
                "--initial-advertise-peer-urls",
                peer,
                "--initial-cluster",
                f"default={peer}",
                "--unsafe-no-fsync",
                "--log-level",
                "warn",
            )
        )
        self._start_api_server()
        self._processes.append(
            self._process(
                "kube-controller-manager",
                "--kubeconfig",
                self.kubeconfig,
                "--service-account-private-key-file",
                self.folder / "service-account.key",
                "--root-ca-file",
                self.folder / "certificates/apiserver.crt",
                "--use-service-account-credentials",
                "--leader-elect=false",
                "--secure-port=0",
                f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
            )
        )
        if self._scheduler:
            self._processes.append(
                self._process(
                    "kube-scheduler", "--kubeconfig", self.kubeconfig, "--leader-elect=false", "--secure-port=0"
                )
            )

    def _write_files(self) -> None:
        self.write_kubeconfig(self._token, self.kubeconfig)
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f'{self._token},admin,admin,"system:masters"\n')
        tokens.chmod(0o600)
        (self.folder / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
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
            f"--cert-dir={self.folder / 'certificates'}",
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
        self._api_server.wait_until(self._is_ready, READY_SECONDS, "/readyz answers")
        api = self.api()
        wait_until(lambda: _answers(api, "/api/v1/namespaces/default"), READY_SECONDS, "namespace default exists")

    def _is_ready(self) -> bool:
        certificate = self.folder / "certificates/apiserver.crt"
        return certificate.exists() and _answers(self.api(), "/readyz")

    def _process(self, program: str, *arguments: str | Path) -> ManagedProcess:
        return ManagedProcess(
            program,
            [self._binaries[program], *arguments],
            self.folder / f"{program}.log",
            folder=self.folder,
        )


def _answers(api: Api, path: str) -> bool:
    try:
        api.raw(path)
    except (ApiError, OSError):
        return False
    return True
