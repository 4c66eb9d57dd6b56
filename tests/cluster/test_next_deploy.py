"""After our undo, the next deploy gives exactly its manifest: no leftover, no conflict, no force.

`pytest -s` prints the table of docs/decisions/0007-next-deploy.md at the end: our undo beside `kubectl rollout undo`.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import object_path
from receiver.workloads.ownership import LAST_APPLIED
from receiver.workloads.registry import KINDS
from tests.cluster.conftest import Cluster
from tests.cluster.releases import NAME, ONE, THREE, TWO, manifest
from tests.cluster.shop import PLURALS, WAYS, Shop, compare, try_to, version_in


@pytest.fixture(params=list(PLURALS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


MakeShop = Callable[[str], Shop]


@pytest.fixture
def make_shop(cluster: Cluster, kubectl: Path) -> Iterator[MakeShop]:
    """Workloads of the same name, each in a namespace of its own."""
    namespaces: list[str] = []

    def make(kind: str) -> Shop:
        name = f"test-{secrets.token_hex(4)}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        cluster.api.create("/api/v1/namespaces", body)
        namespaces.append(name)
        return Shop(cluster, kubectl, name, kind)

    yield make
    for name in namespaces:
        cluster.api.delete(object_path("v1", "namespaces", name=name))


def fresh(shop: Shop, way: tuple[str, ...], *, inject: str | None = None) -> dict[str, Any]:
    """What the third release is where there was nothing before it."""
    shop.deploy(way, THREE)
    if inject is not None:
        shop.inject(inject)
    return shop.seen()


@pytest.fixture(scope="module")
def table() -> Iterator[dict[tuple[str, str], tuple[str, str]]]:
    """(case, kind) → (after ours, after kubectl's); printed at the end."""
    rows: dict[tuple[str, str], tuple[str, str]] = {}
    yield rows
    head = "\n| the next deploy | kind | after our undo | after `kubectl rollout undo` |\n|---|---|---|---|\n"
    lines = [f"| {case} | {kind} | {ours} | {theirs} |\n" for (case, kind), (ours, theirs) in rows.items()]
    sys.stdout.write(head + "".join(lines))


Table = dict[tuple[str, str], tuple[str, str]]
Undo = Callable[[Shop], None]


def by_us(shop: Shop) -> None:
    shop.undo()


def by_kubectl(shop: Shop) -> None:
    newest = [revision for revision in shop.read().revisions if version_in(revision.template) == "one"][-1]
    shop.undo_by_kubectl(newest.number)


@pytest.mark.parametrize("way", list(WAYS))
def test_the_same_deployer(make_shop: MakeShop, kind: str, way: str, table: Table) -> None:
    expected = fresh(make_shop(kind), WAYS[way])

    def run(undo: Undo) -> str:
        shop = make_shop(kind)
        shop.deploy(WAYS[way], ONE)
        before = shop.seen()
        shop.deploy(WAYS[way], TWO)
        undo(shop)
        assert undo is by_kubectl or shop.seen() == before
        return try_to(lambda: shop.deploy(WAYS[way], THREE)) or compare(shop.seen(), expected)

    ours, theirs = table[way, kind] = run(by_us), run(by_kubectl)
    assert ours == "exact", theirs


@pytest.mark.parametrize("way", ["client-side apply", "server-side apply"])
def test_two_appliers_on_one_object(make_shop: MakeShop, kind: str, way: str, table: Table) -> None:
    with_one, with_two = (fresh(make_shop(kind), WAYS[way], inject=value) for value in ("1", "2"))

    def run(undo: Undo) -> str:
        shop = make_shop(kind)
        shop.deploy(WAYS[way], ONE)
        shop.inject("1")
        before = shop.seen()
        shop.deploy(WAYS[way], TWO)
        shop.inject("2")
        undo(shop)
        assert undo is by_kubectl or shop.seen() == before
        conflict = try_to(lambda: shop.deploy(WAYS[way], THREE))
        if conflict:
            return conflict
        first = compare(shop.seen(), with_one)
        second = try_to(lambda: shop.inject("2")) or compare(shop.seen(), with_two)
        return first if first == second else f"{first}; the second applier then: {second}"

    ours, theirs = table[f"{way}, two appliers", kind] = run(by_us), run(by_kubectl)
    assert ours == "exact", theirs


@pytest.mark.parametrize("way", ["client-side apply", "server-side apply"])
def test_a_bad_release_by_kubectl_set(make_shop: MakeShop, kind: str, way: str, table: Table) -> None:
    expected = fresh(make_shop(kind), WAYS[way])

    def run(undo: Undo) -> str:
        shop = make_shop(kind)
        shop.deploy(WAYS[way], ONE)
        before = shop.seen()
        workload = f"{kind.lower()}/{NAME}"
        shop.kubectl("set", "env", workload, "--containers=main", "VERSION=two", "ONLY_ONE-", "BY_HAND=1")
        shop.expect_another_revision()
        undo(shop)
        assert undo is by_kubectl or shop.seen() == before
        return try_to(lambda: shop.deploy(WAYS[way], THREE)) or compare(shop.seen(), expected)

    ours, theirs = table[f"{way}, the bad release by `kubectl set`", kind] = run(by_us), run(by_kubectl)
    assert ours == "exact", theirs


def test_from_client_side_to_server_side(make_shop: MakeShop, kind: str, table: Table) -> None:
    """kubectl takes its own client-side entry over, at the first apply with --server-side. Without any undo between
    them, it cannot change a volume's kind in that moment."""
    server_side = ("apply", "--server-side")
    three = {**THREE, "volumes": {name: of for name, of in THREE["volumes"].items() if name != "kind"}}
    steady = make_shop(kind)
    steady.deploy(WAYS["client-side apply"], ONE)
    steady.deploy(server_side, three)
    expected = steady.seen()

    def run(undo: Undo) -> str:
        shop = make_shop(kind)
        shop.deploy(WAYS["client-side apply"], ONE)
        shop.deploy(WAYS["client-side apply"], TWO)
        undo(shop)
        return try_to(lambda: shop.deploy(server_side, three)) or compare(shop.seen(), expected)

    ours, theirs = table["from client-side to server-side apply", kind] = run(by_us), run(by_kubectl)
    assert ours == "exact", theirs


def test_the_restored_release_deployed_again_changes_nothing(make_shop: MakeShop, kind: str) -> None:
    for way in WAYS.values():
        shop = make_shop(kind)
        shop.deploy(way, ONE)
        shop.deploy(way, TWO)
        shop.undo()
        before = shop.seen(), shop.generation()
        shop.kubectl(*way, "-f", "-", stdin=manifest(kind, shop.namespace, ONE))
        assert (shop.seen(), shop.generation() if kind != "Deployment" else before[1]) == before


class TestBetweenTheSteps:
    """The undo is a PATCH of the workload and one of its managedFields; a crash can come between."""

    def test_whoever_goes_on_settles_it_and_once_more_is_nothing(self, make_shop: MakeShop, kind: str) -> None:
        shop = make_shop(kind)
        shop.deploy(WAYS["server-side apply"], ONE)
        shop.deploy(WAYS["server-side apply"], TWO)
        shop.undo(settle=False)
        assert shop.managers_of_template() == {"ci", "metricops"}
        settled = [KINDS[kind].settle_ownership(shop.api, shop.ref) for _ in range(2)]
        assert settled == [True, True]
        assert shop.managers_of_template() == {"ci"}
        shop.deploy(WAYS["server-side apply"], THREE)
        assert compare(shop.seen(), fresh(make_shop(kind), WAYS["server-side apply"])) == "exact"

    @pytest.mark.parametrize("way", list(WAYS))
    def test_a_deploy_between_them(self, make_shop: MakeShop, kind: str, way: str) -> None:
        """A client-side apply or an update wins; a server-side apply has to come once more."""
        shop = make_shop(kind)
        shop.deploy(WAYS[way], ONE)
        shop.deploy(WAYS[way], TWO)
        shop.undo(settle=False)
        conflict = try_to(lambda: shop.deploy(WAYS[way], THREE))
        assert bool(conflict) == (way == "server-side apply")
        assert KINDS[kind].settle_ownership(shop.api, shop.ref)
        if conflict:
            shop.deploy(WAYS[way], THREE)
        assert compare(shop.seen(), fresh(make_shop(kind), WAYS[way])) == "exact"

    def test_the_generation_stays(self, make_shop: MakeShop, kind: str) -> None:
        shop = make_shop(kind)
        shop.deploy(WAYS["server-side apply"], ONE)
        shop.deploy(WAYS["server-side apply"], TWO)
        shop.undo(settle=False)
        before = shop.generation()
        KINDS[kind].settle_ownership(shop.api, shop.ref)
        assert shop.generation() == before


def test_policy_stays_and_facts_come_back(make_shop: MakeShop, kind: str) -> None:
    shop = make_shop(kind)
    shop.deploy(WAYS["client-side apply"], ONE)
    shop.kubectl("annotate", f"{kind.lower()}/{NAME}", "metricops.dev/cooldown=9m", "tool/of-a-person=x")
    shop.deploy(WAYS["client-side apply"], TWO)
    shop.kubectl("annotate", "--overwrite", f"{kind.lower()}/{NAME}", "metricops.dev/cooldown=1m")
    shop.undo()
    annotations = shop.api.get(shop.path)["metadata"]["annotations"]
    assert annotations["metricops.dev/cooldown"] == "1m"
    assert annotations["kubernetes.io/change-cause"] == "one"
    assert annotations["metricops.dev/commit"] == ONE["annotations"]["metricops.dev/commit"]
    assert annotations["tool/of-a-person"] == "x"
    assert annotations["note/one"] == "1"
    assert "note/two" not in annotations
    applied = json.loads(annotations[LAST_APPLIED])
    assert applied["metadata"]["annotations"] == ONE["annotations"]
    shop.deploy(WAYS["client-side apply"], THREE)
    annotations = shop.api.get(shop.path)["metadata"]["annotations"]
    assert annotations["tool/of-a-person"] == "x"
    assert "kubernetes.io/change-cause" not in annotations
