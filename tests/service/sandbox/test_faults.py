"""Each fault, before and after the effect, in front of a real API server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.cluster.api import Api, ApiError, JsonObject
from sandbox import faults
from sandbox.cluster import ControlPlane
from sandbox.faults import Fault, FaultProxy, Injection, Request
from sandbox.kubeconfig import certificate_authority, cluster_of, with_token
from sandbox.shipped import exists

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
CODES = {Fault.CONFLICT: 409, Fault.UNPROCESSABLE: 422, Fault.THROTTLED: 429, Fault.BROKEN: 500}


@pytest.fixture
def proxy(plane: ControlPlane, tmp_path: Path) -> Iterator[FaultProxy]:
    server = str(cluster_of(plane.kubeconfig)["server"])
    with FaultProxy(server, str(certificate_authority(plane.kubeconfig, tmp_path))) as proxy:
        yield proxy


@pytest.fixture
def client(plane: ControlPlane, proxy: FaultProxy, tmp_path: Path) -> Api:
    token = plane_token(plane)
    kubeconfig = with_token(plane.kubeconfig, token, tmp_path / "proxied.kubeconfig", server=proxy.url)
    return Api.connect(str(kubeconfig), read_timeout=2.0)


def plane_token(plane: ControlPlane) -> str:
    return (plane.folder / "tokens.csv").read_text().split(",")[0]


def config_map(name: str) -> JsonObject:
    return {"metadata": {"name": name}}


def is_create(request: Request) -> bool:
    return request.verb == "POST" and request.path.startswith(CONFIG_MAPS)


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.SLOW])
def test_faults(plane: ControlPlane, proxy: FaultProxy, client: Api, fault: Fault, after_effect: bool) -> None:
    name = f"{fault}-{after_effect}".lower()
    called: list[bool] = []
    injection = proxy.inject(
        Injection(
            fault,
            is_create,
            after_effect=after_effect,
            then=lambda: called.append(exists(plane.api(), f"{CONFIG_MAPS}/{name}")),
        )
    )
    with pytest.raises(ApiError) as caught:
        client.create(CONFIG_MAPS, config_map(name))
    assert caught.value.status == CODES.get(fault, 0)
    assert exists(plane.api(), f"{CONFIG_MAPS}/{name}") is after_effect
    assert called == [after_effect]
    assert injection.hits == 1

    client.create(CONFIG_MAPS, config_map(f"{name}-again"))  # One hit was asked for.
    assert injection.hits == 1


def test_a_reset_is_no_ordinary_end(proxy: FaultProxy, client: Api) -> None:
    proxy.inject(Injection(Fault.RESET, is_create))
    with pytest.raises(ApiError, match="reset by peer"):
        client.create(CONFIG_MAPS, config_map("reset"))


@pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
def test_slow_answers_are_answers(proxy: FaultProxy, client: Api, after_effect: bool) -> None:
    proxy.inject(Injection(Fault.SLOW, is_create, after_effect=after_effect))
    began = time.monotonic()
    client.create(CONFIG_MAPS, config_map(f"slow-{after_effect}".lower()))
    assert time.monotonic() - began >= faults.SLOW_SECONDS


def test_only_what_matches_and_as_often_as_asked(proxy: FaultProxy, client: Api) -> None:
    injection = proxy.inject(Injection(Fault.BROKEN, is_create, times=2))
    assert client.get(CONFIG_MAPS)["kind"] == "ConfigMapList"
    for _ in range(2):
        with pytest.raises(ApiError):
            client.create(CONFIG_MAPS, config_map("counted"))
    client.create(CONFIG_MAPS, config_map("counted"))
    assert injection.hits == 2


def test_what_nothing_matches_passes_unchanged(plane: ControlPlane, client: Api) -> None:
    assert client.get("/version") == plane.api().get("/version")
    with pytest.raises(ApiError) as caught:
        client.get(f"{CONFIG_MAPS}/missing")
    assert (caught.value.status, caught.value.reason) == (404, "NotFound")
