"""Whom a foreign objective judges: the nearest word wins."""

from __future__ import annotations

import pytest

from rules.foreign.context import Settings
from rules.foreign.workloads import Workloads, read_workloads, workload_of
from rules.problems import SpecificationError
from rules.specification import ForPeople, WorkloadTarget
from tests.unit.rules.foreign.reading import read, refusal
from tests.unit.rules.foreign.test_sloth import CART, OBJECT, PLAIN

ALL = WorkloadTarget("all", "deployment", "all")
BY_SERVICE = WorkloadTarget("a", "statefulset", "b")
BY_OBJECTIVE = WorkloadTarget("c", "daemonset", "d")
MAPPING = """\
cart: {namespace: a, statefulset: b}
cart/availability: {namespace: c, daemonset: d}
"""


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("shop/deployment/cart", CART),
        ("deployment/cart", CART),
        ("shop/cronjob/cart", None),
        ("cart", None),
        ("a/b/c/d", None),
        ("Shop/deployment/cart", None),
        ("shop/deployment/", None),
        ("", None),
    ],
)
def test_the_short_form(text: str, subject: WorkloadTarget | None) -> None:
    assert workload_of(text, "shop") == subject


def test_without_a_namespace_the_short_form_says_too_little() -> None:
    assert workload_of("deployment/cart") is None


def test_the_nearest_word_wins() -> None:
    mapping = read_workloads(MAPPING.encode(), "w.yaml")
    assert mapping == {"cart": BY_SERVICE, "cart/availability": BY_OBJECTIVE}
    for_all, of_service, of_objective = (
        Settings(workloads=workloads)
        for workloads in (Workloads(ALL), Workloads(ALL, {"cart": BY_SERVICE}), Workloads(ALL, mapping))
    )
    assert read(PLAIN).subject == ForPeople()
    assert read(PLAIN, for_all).subject == ALL
    assert read(PLAIN, of_service).subject == BY_SERVICE
    assert read(PLAIN, of_objective).subject == BY_OBJECTIVE
    labelled = PLAIN.replace("team: buy", "metricops_workload: shop/deployment/cart")
    assert read(labelled, of_objective).subject == CART
    assert read(OBJECT, of_objective).subject == CART


def test_the_label_of_an_objective_wins_over_the_services_and_is_no_label_of_series() -> None:
    text = PLAIN.replace("team: buy", "metricops_workload: shop/deployment/other").replace(
        "    objective: 99.9", "    labels: {metricops_workload: shop/deployment/cart}\n    objective: 99.9"
    )
    found = read(text)
    assert (found.subject, found.series_labels, found.namespace) == (CART, (), "shop")


def test_a_namespace_beside_the_objects_own() -> None:
    text = OBJECT.replace("deployment/cart", "deployment/cart, metricops.dev/namespace: prod")
    found = read(text)
    assert (str(found.subject), found.namespace) == ("Deployment prod/cart", "shop")
    assert refusal(OBJECT.replace("deployment/cart", "deployment/cart, metricops.dev/namespace: Prod"))[0].startswith(
        "7: metadata.annotations.metricops.dev/namespace: found 'Prod', expected lower-case letters"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cart: {namespace: a}", "w:1: cart: found none of them, expected exactly one of deployment"),
        ("cart: {namespace: a, deploymnt: b}", "w:1: cart.deploymnt: found the unknown field 'deploymnt', expected"),
        ("cart: a", "w:1: cart: found 'a', expected a mapping"),
        (
            "cart: {namespace: a, deployment: b}\ncart: {namespace: a, deployment: b}",
            "w:2: cart: found the field a sec",
        ),
        ("- a", "w:1: document: found a list, expected a mapping"),
        ("", "w:1: document: found no document"),
    ],
)
def test_a_mapping_with_faults(text: str, problem: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        read_workloads(text.encode(), "w")
    assert any(str(one).startswith(problem) for one in caught.value.problems), caught.value
