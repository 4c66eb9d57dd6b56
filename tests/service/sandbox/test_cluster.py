from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import Api, ApiError
from sandbox.cluster import ControlPlane
from sandbox.process import ProcessError, wait_until

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
SECONDS = 10.0


def processes_of(folder: Path) -> list[str]:
    """The command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(folder) in line:
            found.append(line)
    return found


def account_token(plane: ControlPlane, name: str) -> str:
    api = plane.api()
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    api.create(accounts, {"metadata": {"name": name}})
    return str(api.create(f"{accounts}/{name}/token", {"spec": {}})["status"]["token"])


def events_of(plane: ControlPlane, user: str, count: int) -> list[dict[str, Any]]:
    """A service account's audit events, once there are so many: the log is written before the answer."""

    def mine() -> list[dict[str, Any]]:
        return [event for event in plane.audit_events() if event["user"]["username"].endswith(f":{user}")]

    wait_until(lambda: len(mine()) >= count, SECONDS, f"{count} audit events of {user}")
    return mine()


def test_a_kubeconfig_stands_alone(plane: ControlPlane, tmp_path: Path) -> None:
    path = plane.write_kubeconfig(account_token(plane, "guest"), tmp_path / "guest.kubeconfig")
    assert str(plane.folder) not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ApiError) as refusal:
        Api.connect(str(path)).get(CONFIG_MAPS)
    assert refusal.value.status == 403
    assert "system:serviceaccount:default:guest" in refusal.value.message


def test_kubectl_speaks_the_same_version(plane: ControlPlane) -> None:
    assert plane.kubectl("version").count(plane.version) == 2
    with pytest.raises(subprocess.CalledProcessError) as failure:
        plane.kubectl("get", "deployment", "nobody")
    assert 'deployments.apps "nobody" not found' in failure.value.stderr


def test_the_audit_log_says_who_wrote_what_and_who_read(plane: ControlPlane, tmp_path: Path) -> None:
    token = account_token(plane, "writer")
    plane.kubectl("create", "clusterrolebinding", "writer", "--clusterrole=edit", "--serviceaccount=default:writer")
    api = Api.connect(str(plane.write_kubeconfig(token, tmp_path / "writer.kubeconfig")))
    wait_until(lambda: may_list(api), SECONDS, "the role binding counts")
    began = len(events_of(plane, "writer", 1))
    api.create(CONFIG_MAPS, {"metadata": {"name": "noted"}, "data": {"key": "value"}})
    api.create("/api/v1/namespaces/default/secrets", {"metadata": {"name": "hidden"}, "stringData": {"key": "s3cret"}})
    api.create(
        "/apis/apps/v1/namespaces/default/deployments",
        {
            "metadata": {"name": "audited"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "audited"}},
                "template": {
                    "metadata": {"labels": {"app": "audited"}},
                    "spec": {"containers": [{"name": "c", "image": "i"}]},
                },
            },
        },
    )
    api.get(CONFIG_MAPS)
    with pytest.raises(ApiError):
        api.get("/api/v1/nodes")
    config_map, secret, deployment, listed, refused = events_of(plane, "writer", began + 5)[began:]
    assert config_map["requestObject"]["data"] == {"key": "value"}
    assert "requestObject" not in secret
    assert "s3cret" not in plane.audit_log.read_text()
    assert deployment["requestObject"]["spec"]["replicas"] == 0
    assert deployment["responseObject"]["metadata"]["generation"] == 1
    assert (listed["verb"], listed["objectRef"]["resource"]) == ("list", "configmaps")
    assert (refused["verb"], refused["responseStatus"]["code"]) == ("list", 403)


def may_list(api: Api) -> bool:
    try:
        api.get(CONFIG_MAPS)
    except ApiError:
        return False
    return True


def test_controllers_work(plane: ControlPlane) -> None:
    plane.kubectl("create", "namespace", "short-lived")
    accounts = "/api/v1/namespaces/short-lived/serviceaccounts/default"
    wait_until(lambda: exists(plane, accounts), SECONDS, "the namespace has its service account")
    plane.kubectl("create", "deployment", "idle", "--image=none", "--replicas=2", "--namespace=short-lived")
    pods = "/api/v1/namespaces/short-lived/pods"
    wait_until(lambda: len(plane.api().get(pods)["items"]) == 2, SECONDS, "the Deployment has its pods")
    plane.api().delete("/api/v1/namespaces/short-lived")
    wait_until(lambda: not exists(plane, "/api/v1/namespaces/short-lived"), 30, "the namespace is gone")


def exists(plane: ControlPlane, path: str) -> bool:
    try:
        plane.api().get(path)
    except ApiError:
        return False
    return True


def test_the_api_server_comes_back_with_its_data(plane: ControlPlane) -> None:
    api = plane.api()
    api.create(CONFIG_MAPS, {"metadata": {"name": "kept"}})
    plane.restart_api_server()
    assert api.get(CONFIG_MAPS + "/kept")["metadata"]["name"] == "kept"


def test_two_run_side_by_side_and_leave_nothing(plane: ControlPlane) -> None:
    with ControlPlane(progress=print, scheduler=False) as other:
        assert other.server != plane.server
        other.api().create(CONFIG_MAPS, {"metadata": {"name": "there"}})
        assert not exists(plane, CONFIG_MAPS + "/there")
        assert len(processes_of(other.folder)) == 3
    assert processes_of(other.folder) == []
    assert not other.folder.exists()
    assert exists(plane, "/api/v1/namespaces/default")


def test_a_folder_that_is_given_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.cluster.READY_SECONDS", 0.0)
    with (
        pytest.raises(ProcessError, match="not within 0 s: kube-apiserver: /readyz answers"),
        ControlPlane(progress=print, folder=tmp_path / "cluster"),
    ):
        pass
    assert processes_of(tmp_path) == []
    assert (tmp_path / "cluster/kube-apiserver.log").exists()
