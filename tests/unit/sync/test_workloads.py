"""Workloads whose annotations ask for rules, as objects."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml

from rules.deployer.confinement import Confinement, Series
from rules.deployer.objects import COMPONENT, COMPONENT_LABEL
from rules.names import RULE_ANNOTATION
from sync.blame import Policy
from sync.files import file_name, kind_of_file
from sync.objects import PROMETHEUS_RULE, WORKLOAD_KINDS, RuleObject, read_object
from sync.outcome import rejection
from sync.rendering import INVALID, Refusal, Rendered, render
from sync.watches import asking

DEPLOYMENT = WORKLOAD_KINDS[0]
TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


def workload(rule: str | None = TALK, **metadata: Any) -> RuleObject:
    annotations = {"other": "x", **({} if rule is None else {RULE_ANNOTATION: rule})}
    given = {"name": "web", "namespace": "shop", "uid": "1", "generation": 4, "annotations": annotations, **metadata}
    return read_object(DEPLOYMENT, {"metadata": given, "spec": {"replicas": 1}, "status": {"conditions": [{}]}})


def test_only_the_annotation_makes_a_difference() -> None:
    assert workload() == workload(generation=9, resourceVersion="7", labels={"a": "b"})
    assert workload() != workload("up == 0")
    assert workload().generation != workload("up == 0").generation
    assert workload(None).spec == {}


def test_its_rules_become_a_file_that_names_it() -> None:
    found = render(workload(), Policy(strict=True))
    assert isinstance(found, Rendered)
    (rule,) = yaml.safe_load(found.text)["groups"][0]["rules"]
    assert rule["expr"] == 'rate(http_request_total{code=~"^5.*$",namespace="shop",deployment="web"}[5m]) > 0'
    assert "# Written by `metricops rules sync` from Deployment shop/web" in found.text
    assert any("once-per-series" in notice for notice in found.notices)
    assert kind_of_file(file_name(workload())) == "deployment"


def test_the_policy_says_how_series_are_known() -> None:
    found = render(workload(), Policy(confinement=Confinement("ns", Series.NAMESPACE)))
    assert isinstance(found, Rendered)
    assert '{code=~"^5.*$",ns="shop"}' in found.text


def test_what_is_wrong_with_it_is_told() -> None:
    found = render(workload("up >\n"), Policy())
    assert isinstance(found, Refusal)
    assert found.reason == INVALID
    assert found.message.startswith("annotation metricops.dev/rule:1: ")


def test_what_stays_in_force_is_told_in_words() -> None:
    one = workload()
    assert rejection("x", "y", one.rules_of(1)).message == "y; its earlier rules stay in force"
    assert one.rules_of(one.generation) == "the rules of its annotations"


def test_which_are_asked() -> None:
    other = dataclasses.replace(workload(), namespace="test")
    made = RuleObject(PROMETHEUS_RULE, "shop", "metricops-deployment-web", "9", 1, {}, (), {COMPONENT_LABEL: COMPONENT})
    assert asking([workload(), other, workload(None)], {"shop"}) == [workload()]
    assert asking([made, workload(), other], {"shop", "test"}) == [made, other]
    # A person's object of that name has nothing to do with it.
    theirs = dataclasses.replace(made, labels={})
    assert asking([theirs, workload()], {"shop"}) == [theirs, workload()]
