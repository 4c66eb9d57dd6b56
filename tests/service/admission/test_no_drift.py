"""The stamp is nobody's drift: whoever applies the same again, or compares, finds nothing to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.cluster.api import JsonObject
from sandbox.admission import AdmissionProcess
from sandbox.cluster import ControlPlane
from tests.service.admission.deployer import (
    ARGO_CD,
    CLIENT_SIDE,
    FLUX,
    SERVER_SIDE,
    WAYS,
    Deployer,
    manifest,
    owners_of_the_stamp,
    settled,
    stamp_of,
)

pytestmark = pytest.mark.usefixtures("webhook")
COMMIT = {number: str(number) * 40 for number in (1, 2, 3)}


def release(number: int, kind: str = "Deployment") -> JsonObject:
    """Release 1, 2, …, with its commit and cause."""
    said = {"metricops.dev/commit": COMMIT[number], "kubernetes.io/change-cause": f"release {number}"}
    return manifest(f"shop:{number}", said, kind)


@pytest.fixture
def shop(plane: ControlPlane, namespace: str, webhook: AdmissionProcess) -> Deployer:
    return Deployer(plane, namespace)


@pytest.mark.parametrize(
    ("kind", "way"),
    [*(("Deployment", way) for way in WAYS), ("StatefulSet", "client-side"), ("DaemonSet", "Flux")],
)
def test_the_same_manifest_twice(plane: ControlPlane, namespace: str, kind: str, way: str) -> None:
    shop = Deployer(plane, namespace, kind)
    shop.kubectl(*WAYS[way], of=release(1, kind))
    first, stamp = shop.live(), shop.stamp()
    assert (stamp.commit, stamp.change_cause, stamp.images) == (COMMIT[1], "release 1", {"main": "shop:1"})
    again = shop.run(*WAYS[way], of=release(1, kind))
    assert (again.returncode, again.stderr) == (0, "")
    second = shop.live()
    assert settled(second) == settled(first)
    assert second["metadata"]["generation"] == 1
    assert owners_of_the_stamp(second) == owners_of_the_stamp(first)
    if way == "client-side":
        assert again.stdout.strip().endswith("unchanged")


@pytest.mark.parametrize("way", [CLIENT_SIDE, SERVER_SIDE], ids=" ".join)
def test_kubectl_diff_shows_nothing(shop: Deployer, way: tuple[str, ...]) -> None:
    shop.kubectl(*way, of=release(1))
    shop.live()
    compared = shop.run("diff", *way[1:], of=release(1))
    assert (compared.returncode, compared.stdout) == (0, ""), compared.stderr


@pytest.mark.parametrize("way", [CLIENT_SIDE, ARGO_CD, FLUX], ids=" ".join)
def test_a_dry_run_foretells_what_is_stored(shop: Deployer, way: tuple[str, ...]) -> None:
    shop.kubectl(*way, of=release(1))
    stored = shop.live()
    assert settled(shop.foretold(*way, of=release(1))) == settled(stored)
    # A release that would be one is foretold with its stamp, and nothing is kept of it.
    foretold = stamp_of(shop.foretold(*way, of=release(2)))
    assert settled(shop.live()) == settled(stored)
    shop.kubectl(*way, of=release(2))
    released = shop.stamp()
    assert replace(foretold, rollout_began=released.rollout_began, released_at=released.released_at) == released


def test_two_tools_that_apply_server_side_are_in_nobodys_way(shop: Deployer) -> None:
    shop.kubectl(*SERVER_SIDE, "--field-manager=ci", of=release(1))
    labels = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "labels": {"team": "a"}}}
    shop.kubectl(*SERVER_SIDE, "--field-manager=labels", of=labels)
    shop.kubectl(*SERVER_SIDE, "--field-manager=ci", of=release(2))  # Without force: a conflict would fail.
    assert shop.stamp().commit == COMMIT[2]
    assert shop.live()["metadata"]["labels"]["team"] == "a"


def test_a_put_that_drops_the_stamp_keeps_it(shop: Deployer) -> None:
    shop.kubectl("create", of=release(1))
    stamp = shop.stamp()
    shop.kubectl("replace", of=release(1))
    assert shop.stamp() == stamp
    shop.kubectl("replace", of=release(2))
    assert shop.stamp().commit == COMMIT[2]
    assert shop.stamp().template_hash != stamp.template_hash


def test_scaling_is_no_release(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    stamp = shop.stamp()
    shop.kubectl("scale", "deployment/shop", "--replicas=1")
    # As a HorizontalPodAutoscaler writes it.
    shop.api.merge_patch(f"{shop.path}/scale", {"spec": {"replicas": 2}})
    assert shop.live()["spec"]["replicas"] == 2
    assert shop.stamp() == stamp
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    assert shop.stamp() == stamp


def test_a_restart_is_a_release_of_the_same_commit(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    stamp = shop.stamp()
    shop.kubectl("rollout", "restart", "deployment/shop")
    restarted = shop.stamp()
    assert restarted.template_hash != stamp.template_hash
    assert (restarted.commit, restarted.change_cause) == (COMMIT[1], "")


def test_an_image_set_by_hand_has_no_commit_until_somebody_says_so(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    shop.kubectl("set", "image", "deployment/shop", "main=shop:9")
    by_hand = shop.stamp()
    assert (by_hand.images, by_hand.commit, by_hand.change_cause) == ({"main": "shop:9"}, "", "")
    # The way that Kubernetes' documentation shows: the cause is annotated after the change.
    shop.kubectl("annotate", "--overwrite", "deployment/shop", "kubernetes.io/change-cause=hotfix")
    assert shop.stamp() == replace(by_hand, change_cause="hotfix")


def test_kubectls_undo_is_a_rollout_of_its_own(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    first = shop.stamp()
    shop.kubectl(*CLIENT_SIDE, of=release(2))
    second = shop.stamp()
    shop.kubectl("rollout", "undo", "deployment/shop")
    undone = shop.stamp()
    assert (undone.template_hash, undone.images, undone.commit) == (first.template_hash, first.images, COMMIT[1])
    assert undone.rollout_began is not None
    assert second.rollout_began is not None
    assert undone.rollout_began >= second.rollout_began


def test_other_metadata_is_no_release(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    stamp, spec = shop.stamp(), shop.live()["spec"]
    shop.kubectl("annotate", "deployment/shop", "note/by-hand=x")
    shop.kubectl("label", "deployment/shop", "team=a")
    # As Argo CD does at every commit where the annotation comes from its revision.
    shop.kubectl("annotate", "--overwrite", "deployment/shop", f"metricops.dev/commit={COMMIT[2]}")
    after = shop.live()
    assert (after["spec"], shop.stamp()) == (spec, stamp)
    assert (after["metadata"]["annotations"]["note/by-hand"], after["metadata"]["labels"]["team"]) == ("x", "a")
    assert shop.replica_sets() == 1


def test_helms_three_way_patch(shop: Deployer) -> None:
    # Helm 3: a strategic merge patch of what differs between the last release's manifest, the new one and the object.
    shop.kubectl("create", of=release(1))
    stamp = shop.stamp()
    shop.kubectl("patch", "deployment/shop", "--type=strategic", "-p", "{}")
    assert shop.stamp() == stamp
    change = (
        '{"metadata":{"annotations":{"metricops.dev/commit":"%s"}},"spec":{"template":{"spec":{"containers":[%s]}}}}'
    )
    patch = change % (COMMIT[2], '{"name":"main","image":"shop:2"}')
    shop.kubectl("patch", "deployment/shop", "--type=strategic", "-p", patch)
    upgraded = shop.stamp()
    assert (upgraded.images, upgraded.commit) == ({"main": "shop:2"}, COMMIT[2])
    # A rollback of Helm's is an upgrade to the old manifest.
    patch = change % (COMMIT[1], '{"name":"main","image":"shop:1"}')
    shop.kubectl("patch", "deployment/shop", "--type=strategic", "-p", patch)
    assert (shop.stamp().template_hash, shop.stamp().commit) == (stamp.template_hash, COMMIT[1])


def test_whoever_sends_a_stamp_is_not_believed(shop: Deployer) -> None:
    shop.kubectl(*CLIENT_SIDE, of=release(1))
    stamp = shop.stamp()
    forged = replace(stamp, who="somebody else", commit=COMMIT[3]).text()
    shop.kubectl("annotate", "--overwrite", "deployment/shop", f"metricops.dev/release={forged}")
    assert shop.stamp() == stamp
    # A manifest that was taken out of the cluster with its stamp: told, and not believed.
    copied = release(2)
    copied["metadata"]["annotations"]["metricops.dev/release"] = stamp.text()
    assert "leave it out" in shop.run(*CLIENT_SIDE, of=copied).stderr
    assert shop.stamp().commit == COMMIT[2]
