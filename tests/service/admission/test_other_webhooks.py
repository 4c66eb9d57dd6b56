"""Another webhook that changes the template after us: the stamp is that of the template that is stored."""

from __future__ import annotations

import pytest

from receiver.cluster.api import Api
from receiver.decision.templates import template_hash
from sandbox.certificates import Authority
from tests.service.admission.servers import OtherServer, adds_a_sidecar, asked_alone
from tests.service.admission.workloads import certain, create, manifest, path, stamp_of


@pytest.mark.usefixtures("webhook")
@pytest.mark.parametrize("name", ["a-before-us", "z-after-us"])
def test_the_stamp_is_of_what_is_stored(api: Api, namespace: str, authority: Authority, name: str) -> None:
    with (
        OtherServer(authority.sign(name), adds_a_sidecar) as server,
        asked_alone(api, server, authority, namespace, name),
    ):
        item = create(api, manifest(namespace, paused=True))
        stamp = certain(stamp_of(item))
        assert sorted(stamp.images) == ["main", "sidecar"]
        assert stamp.template_hash == template_hash(item["spec"]["template"])
        changed = api.merge_patch(path(namespace), {"spec": {"replicas": 2}})
        assert stamp_of(changed) == stamp


@pytest.mark.usefixtures("webhook")
@pytest.mark.parametrize("name", ["a-before-us", "z-after-us"])
def test_a_manifest_that_does_not_know_of_the_sidecar_is_no_release(
    api: Api, namespace: str, authority: Authority, name: str
) -> None:
    # We are asked about a template without it first, where the other webhook comes after us: a release, so far.
    with (
        OtherServer(authority.sign(name), adds_a_sidecar) as server,
        asked_alone(api, server, authority, namespace, name),
    ):
        first = create(api, manifest(namespace, paused=True))
        put = api.replace(path(namespace), manifest(namespace, paused=True))
        assert put["spec"] == first["spec"]
        assert stamp_of(put) == stamp_of(first) == certain(stamp_of(first))
        released = manifest(namespace, paused=True)
        released["spec"]["template"]["spec"]["containers"][0]["image"] = "other:2"
        second = api.replace(path(namespace), released)
        stamp = certain(stamp_of(second))
        assert stamp.template_hash == template_hash(second["spec"]["template"])
        assert (stamp.images["main"], stamp.images["sidecar"]) == ("other:2", "p:1")
