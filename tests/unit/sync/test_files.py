from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sync.files import Changes, Origin, changes, file_name, file_text, kind_of_file, origin_of
from sync.objects import KINDS, OBJECTIVE
from tests.unit.sync.objects import rule_object

LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
NAME = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True)


def test_a_name_is_readable_and_always_the_same() -> None:
    assert file_name(rule_object("web", "shop")) == "metricops-sync.rule.shop.web.9925fceaadd7.yml"


@given(LABEL, NAME, st.sampled_from(KINDS))
def test_any_object_has_a_file_that_a_file_system_takes_and_that_is_ours(
    namespace: str, name: str, kind: object
) -> None:
    file = file_name(rule_object(name, namespace, kind))  # type: ignore[arg-type]
    assert len(file.encode()) <= 255
    assert kind_of_file(file) == kind.short  # type: ignore[attr-defined]


def test_no_two_objects_share_a_file() -> None:
    long = "a" * 200
    objects = [
        rule_object("b.c", "a"),
        rule_object("c", "a.b"),
        rule_object("b.c", "a", OBJECTIVE),
        rule_object(long + "x"),
        rule_object(long + "y"),
    ]
    assert len({file_name(one) for one in objects}) == len(objects)


def test_a_name_that_no_api_server_would_give_stays_in_the_folder() -> None:
    file = file_name(rule_object("../../etc/passwd\n", "A/b"))
    assert "/" not in file
    assert kind_of_file(file) == "rule"


@pytest.mark.parametrize(
    "name",
    [
        "shop.yml",
        "metricops-sync.rule.shop.web.yml",
        "metricops-sync.rule.shop.web.1a6fbf8a0d58.yml.bak",
        "metricops-sync.other.shop.web.1a6fbf8a0d58.yml",
        "x-metricops-sync.rule.shop.web.1a6fbf8a0d58.yml",
        ".metricops-sync",
    ],
)
def test_other_files_are_not_ours(name: str) -> None:
    assert kind_of_file(name) is None


def test_a_file_says_where_it_came_from_and_is_still_a_rule_file() -> None:
    text = file_text(rule_object(uid="u-1", generation=7), "groups: []\n")
    assert origin_of(text) == Origin("u-1", 7)
    assert yaml.safe_load(text) == {"groups": []}
    assert text.startswith(
        "# Written by `metricops rules sync` from PrometheusRule shop/web: change that object instead."
    )


@pytest.mark.parametrize(
    "text", ["", "groups: []", "a\n# metricops-sync: {", "# metricops-sync: {}\n", "# metricops-sync: 1"]
)
def test_a_text_without_a_mark_has_no_origin(text: str) -> None:
    assert origin_of(text) is None


RULE, OTHER, SLO = (
    f"metricops-sync.{kind}.shop.{name}.1a6fbf8a0d58.yml" for kind, name in (("rule", "a"), ("rule", "b"), ("slo", "c"))
)


def test_what_is_as_it_should_be_is_left_alone() -> None:
    assert not changes({RULE: "1", SLO: "2"}, {RULE: "1", SLO: "2"}, {"rule", "slo"})


def test_what_is_missing_or_was_edited_is_written_and_what_is_stale_removed() -> None:
    found = changes({RULE: "edited", OTHER: "stale"}, {RULE: "1", SLO: "2"}, {"rule", "slo"})
    assert found == Changes({RULE: "1", SLO: "2"}, (OTHER,))


def test_of_a_kind_that_could_not_be_listed_nothing_is_removed() -> None:
    assert changes({RULE: "1", SLO: "2"}, {}, {"slo"}) == Changes({}, (SLO,))
    assert not changes({RULE: "1", SLO: "2"}, {}, set())
