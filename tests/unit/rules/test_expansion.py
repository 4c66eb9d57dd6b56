"""Recordings put into the expressions that use them."""

from __future__ import annotations

from datetime import timedelta

import promql_parser
import pytest

from rules.expansion import NotExpandable, Recordings, recordings_of
from rules.generate import generate
from rules.group import AlertRule, Recording
from rules.parse import parse
from tests.unit.rules.test_generate import EXAMPLES

MINUTE = timedelta(minutes=1)
RATIO = Recording("job:ratio:rate5m", "sum by (job) (rate(errors[5m])) / sum by (job) (rate(total[5m]))", {})


def expanded(expression: str, *recordings: Recording) -> str:
    return Recordings(recordings, MINUTE).expand(expression)


def same(text: str, expected: str) -> None:
    assert repr(promql_parser.parse(text)) == repr(promql_parser.parse(expected)), text


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_generated_alerts_ask_only_raw_series(name: str) -> None:
    for specification in parse(EXAMPLES[name].read_bytes(), name):
        rules = generate(specification).rules
        recordings = Recordings(recordings_of(rules), MINUTE)
        for rule in rules:
            if isinstance(rule, AlertRule):
                assert "metricops:" not in recordings.expand(rule.expression)


def test_an_expression_without_recordings_stays_word_for_word() -> None:
    text = "sum( a )  # why\n > 1"
    assert expanded(text, RATIO) == text
    # Nor need it be the parser's grammar.
    assert expanded("holt_winters(a[5m], 0.5, 0.5) > 1", RATIO) == "holt_winters(a[5m], 0.5, 0.5) > 1"


def test_a_selector_becomes_the_expression() -> None:
    same(expanded("job:ratio:rate5m > 0.1", RATIO), f"({RATIO.expression}) > 0.1")


def test_a_recording_of_recordings() -> None:
    double = Recording("job:double", "2 * job:ratio:rate5m", {})
    same(expanded("job:double > 1", RATIO, double), f"(2 * ({RATIO.expression})) > 1")


def test_labels_of_the_recording_are_set() -> None:
    fixed = Recording("r", "sum(a)", {"slo": "x$1", "team": 'a"b'})
    inner = 'label_replace(label_replace(sum(a), "slo", "x$$1", "", ""), "team", "a\\"b", "", "")'
    same(expanded('r{slo="x$1"} > 1', fixed), f"({inner}) > 1")


def test_of_several_of_one_name_those_that_match() -> None:
    one, two, three = (Recording("r", f"sum({name})", {"slo": name}) for name in ("a", "b", "c"))
    text = expanded('r{slo=~"a|b"} > 1', one, two, three)
    assert "sum(a)" in text
    assert "sum(b)" in text
    assert "sum(c)" not in text


@pytest.mark.parametrize("matcher", ['slo!="a"', 'slo!~"a|b"', 'slo="b"', 'slo=~"b.*"'])
def test_what_matches_none_of_ours_is_asked_as_it_is(matcher: str) -> None:
    same(expanded(f"r{{{matcher}}} > 1", Recording("r", "sum(a)", {"slo": "a"})), f"r{{{matcher}}} > 1")


def test_a_range_of_recordings_is_a_subquery() -> None:
    text = expanded("avg_over_time(job:ratio:rate5m[1h] offset 5m)", RATIO)
    same(text, f"avg_over_time(({RATIO.expression})[1h:1m] offset 5m)")


@pytest.mark.parametrize("moved", ["offset 5m", "offset -5m", "@ 1700000000", "@ end() offset 1h"])
def test_a_moved_selector(moved: str) -> None:
    text = expanded(f'job:ratio:rate5m{{job="}}"}} {moved}', RATIO)
    assert text.endswith(f"[1m:1m] {moved})")


@pytest.mark.parametrize(
    ("matcher", "kept"),
    [
        ('job="api"', "and"),
        ('job=""', "and"),
        ('job=~"a.*|b"', "and"),
        ('job!="api"', "unless"),
        ('job!~"a.*"', "unless"),
    ],
)
def test_a_label_of_the_series_is_filtered(matcher: str, kept: str) -> None:
    text = expanded(f"job:ratio:rate5m{{{matcher}}} > 0.1", RATIO)
    assert f" {kept} on (metricops_matches)" in " ".join(text.split())


@pytest.mark.parametrize(
    "expression", ['{__name__="job:ratio:rate5m"} > 0.1', 'label_replace(a, "x", "job:ratio:rate5m", "", "") > 1']
)
def test_a_name_that_selects_nothing_by_itself(expression: str) -> None:
    assert expanded(expression, RATIO) == expression


def test_a_label_with_the_name_of_a_recording() -> None:
    with pytest.raises(NotExpandable, match="not where"):
        expanded("sum by (r) (a) > r", Recording("r", "sum(b)", {}))


def test_what_uses_itself_is_refused() -> None:
    one, two = Recording("one", "two + 1", {}), Recording("two", "one + 1", {})
    with pytest.raises(NotExpandable, match="uses itself"):
        expanded("one > 1", one, two)


def test_what_grows_without_end_is_refused() -> None:
    many = [Recording(f"r{n + 1}x", f"r{n}x + r{n}x", {}) for n in range(30)]
    with pytest.raises(NotExpandable, match="longer than"):
        expanded("r30x > 1", *many)


def test_what_is_no_promql_is_refused() -> None:
    with pytest.raises(NotExpandable, match="parser refuses"):
        expanded("job:ratio:rate5m >", RATIO)
