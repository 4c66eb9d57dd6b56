"""Whatever is accepted reads the workload's own series alone, by the parser's word."""

from __future__ import annotations

import promql_parser as promql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.deployer.confinement import Confinement, Matcher, Series, confine, is_confined
from rules.matchers import matches
from rules.specification import WorkloadTarget
from rules.syntax import parse_query, parts
from tests.unit.rules.deployer.workload import TALK, alerts, made, problems

WHOM = WorkloadTarget("shop", "deployment", "web")
OWN = Confinement().matchers(WHOM)


def selectors(text: str) -> list[promql.VectorSelector]:
    return [part for part in parts(parse_query(text)) if isinstance(part, promql.VectorSelector)]


def pinned(selector: promql.VectorSelector) -> bool:
    equal = {(m.name, m.value) for m in selector.matchers.matchers if m.op == promql.MatchOp.Equal}
    return equal >= {("namespace", "shop"), ("deployment", "web")} and not selector.matchers.or_matchers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("up", 'up{namespace="shop",deployment="web"}'),
        ("up{}", 'up{namespace="shop",deployment="web"}'),
        ('up{a="b",}', 'up{a="b",namespace="shop",deployment="web"}'),
        ('up{namespace="shop"}', 'up{namespace="shop",deployment="web"}'),
        ('up{deployment="web" , namespace="shop"}', 'up{deployment="web" , namespace="shop"}'),
        ('{"up"}', '{"up",namespace="shop",deployment="web"}'),
        ('{__name__="up"}', '{__name__="up",namespace="shop",deployment="web"}'),
        (TALK, 'rate(http_request_total{code=~"^5.*$",namespace="shop",deployment="web"}[5m]) > 0'),
        ("SUM BY (up) (up) > 1", 'SUM BY (up) (up{namespace="shop",deployment="web"}) > 1'),
        ("sum(up) without (instance)", 'sum(up{namespace="shop",deployment="web"}) without (instance)'),
        ("by > 1", 'by{namespace="shop",deployment="web"} > 1'),
        ("sum > 1", 'sum{namespace="shop",deployment="web"} > 1'),
        ("1e3 < up offset 5m", '1e3 < up{namespace="shop",deployment="web"} offset 5m'),
        ("a{x='}'} # b\n > 1", 'a{x=\'}\',namespace="shop",deployment="web"} > 1'),
        (
            "a and on (b) group_left (c) d",
            None,  # Sets have no group_left.
        ),
        (
            'a * on ("b", c) group_left (d) e == bool 1',
            'a{namespace="shop",deployment="web"} * on ("b", c) group_left (d) e{namespace="shop",deployment="web"} '
            "== bool 1",
        ),
        (
            "max_over_time(rate(a[5m])[1h:1m]) > inf",
            'max_over_time(rate(a{namespace="shop",deployment="web"}[5m])[1h:1m]) > inf',
        ),
    ],
)
def test_matchers_are_added_and_nothing_else_changes(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="parser refuses"):
            parse_query(text)
    else:
        assert confine(text, OWN) == expected


@pytest.mark.parametrize(
    "text",
    [
        'up{namespace="other"}',
        'up{namespace!="shop"}',
        'up{namespace=~"shop"}',
        'up{namespace=~"shop|other"}',
        'up{namespace!~"x"}',
        'up{namespace=""}',
        'up{"namespace"="other"}',
        "up{namespace='other'}",
        "up{namespace=`other`}",
        'up{namespace="shop",namespace="other"}',
        'up{deployment="other"}',
        'up{a="1" or namespace="other"}',
        'up > 0 or secret{namespace="other"}',
        'up{x="}"} or secret{namespace="other"}',
        "up{x='\"'} or secret{namespace='other'} # '",
        'sum(up) by (namespace) or secret{namespace="\\x6fther"}',
    ],
)
def test_what_asks_for_another_namespace_is_refused(text: str) -> None:
    assert isinstance(confine(text, OWN), list)
    assert problems(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("absent(up)", "absent(…)"),
        ("sum(absent_over_time(up[5m]))", "absent_over_time(…)"),
        ("info(up)", "info(…)"),
        ('info(up, {__name__=~".+"})', "info(…)"),
        ('{__name__=~".+"}', "the selector"),
        ('{job="other"}', "the selector"),
        # To the parser these are metrics as well.
        ("sum(offset) > 0", "can't be told apart"),
        ("and > 1", "can't be told apart"),
        ("vector(1)", "reads no series"),
        ("vector(time()) > 0", "reads no series"),
        ('label_replace(up, "namespace", "other", "", "")', "label_replace into namespace"),
        ('label_replace(up, "statefulset", "db", "", "")', "label_replace into statefulset"),
        ('label_join(up, "metricops", "", "job")', "label_join into metricops"),
        ('label_replace(up, "alertname", "x", "", "")', "into alertname"),
        ('count_values("deployment", up)', "count_values into deployment"),
        ("up * on (pod) group_left (namespace) kube_pod_info", "a join that brings namespace"),
        # At these the parser itself fails.
        ("up offset NaN", "the parser fails"),
        ("up offset 1e999", "the parser fails"),
        ("up @ 0", "a fixed time"),
        ("up @ end()", "a fixed time"),
        ("up offset -5m", "a negative offset"),
        ("up offset 8d", "one of 8d"),
        ("rate(up[2d]) > 0", "one of 2d"),
        ("avg_over_time(up[1d:1m]) > 0", "1440 steps"),
        ("avg_over_time(up[1h:]) > 0", "without a step"),
        ("max_over_time(avg_over_time(up[1h:1m])[1h:1m]) > 0", "3600 steps"),
        ("rate(a[1d]) / rate(b[1d]) > rate(c[5m])", "found 2d5m of series read"),
        ("max_over_time(rate(a[1h])[1d:3m]) > 0", "found 20d of series read"),
        (" + ".join(f"a{number}" for number in range(17)), "17 selectors"),
        (f'up{{a="{"x" * 2048}"}}', "characters"),
        ('up > 0 # \r or secret{namespace="other"}', r"the character '\r'"),
        ("up > 0 # \u2028 x", "the character"),
        ("up\x00 > 0", ""),
        ("rate(up[$window]) > 0", "expected a range"),
        ("up[5m]", "expected a PromQL expression"),
        ('"up"', "expected a PromQL expression"),
        ("up >", "parser refuses"),
        ("", "an empty text"),
        ("# nothing", "nothing"),
    ],
)
def test_hostile_expressions(text: str, found: str) -> None:
    said = problems(text)
    assert any(found in one for one in said), said
    assert all(one.startswith("annotation metricops.dev/rule:1: ") for one in said)


def test_all_problems_are_told_at_once_with_their_columns() -> None:
    assert problems('up{namespace="a"} > 0\n  or absent(up{namespace!="b"})') == [
        "annotation metricops.dev/rule:1: line 2, column 6: found absent(…), expected what there is too much of: "
        "silence blames no release",
        'annotation metricops.dev/rule:1: line 1, column 1: found namespace="a", expected namespace="shop", or nothing '
        "about namespace: it is added",
        'annotation metricops.dev/rule:1: line 2, column 13: found namespace!="b", expected namespace="shop", or '
        "nothing about namespace: it is added",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "pods", "others"),
    [
        ("deployment", "web", "web-5d4f8c7b9-x2x4z", "web-api-5d4f8c7b9-x2x4z web-0 web-x2x4z"),
        ("statefulset", "web", "web-0 web-12", "web-api-0 web-5d4f8c7b9-x2x4z web-0-1"),
        ("daemonset", "web.1", "web.1-x2x4z", "web-1-x2x4z web.1-5d4f8c7b9-x2x4z web-x2x4z"),
    ],
)
def test_pods_are_known_by_their_names(kind: str, name: str, pods: str, others: str) -> None:
    (_, matcher) = Confinement(series=Series.POD).matchers(WorkloadTarget("shop", kind, name))
    text = confine("up", (matcher,))
    (selector,) = selectors(str(text))
    (pod,) = selector.matchers.matchers
    assert all(matches(pod, one) for one in pods.split())
    assert not any(matches(pod, one) for one in others.split())


def test_the_labels_are_the_settings() -> None:
    confinement = Confinement("kubernetes_namespace", Series.NAMESPACE)
    found = made('up{namespace="x"} > 0', confinement=confinement)
    (alert,) = alerts(found)
    assert alert.expression == 'up{namespace="x",kubernetes_namespace="shop"} > 0'
    assert alert.labels["namespace"] == "shop"
    assert [one.name for one in found.advice if one.name == "any-series"] == ["any-series"]


# Expressions that a grammar makes, with hostile parts in all places.
LABELS = st.sampled_from(["namespace", "deployment", "code", "pod", '"namespace"', "exported_namespace"])
VALUES = st.sampled_from(['"shop"', '"web"', '"other"', "'}'", '"\\""', '"#"', "`,namespace=`", '".*"', '""', "'{{'"])
MATCHER = st.tuples(LABELS, st.sampled_from(["=", "!=", "=~", "!~"]), VALUES).map("".join)
NAMES = st.sampled_from(
    ["up", "http_request_total", "a:b", "sum", "by", "e5m", "ALERTS", "start", "offset", "and", "_"]
)
SELECTOR = st.one_of(
    NAMES,
    st.tuples(NAMES, st.lists(MATCHER, max_size=3)).map(lambda made: f"{made[0]}{{{', '.join(made[1])}}}"),
    st.lists(MATCHER, min_size=1, max_size=3).map(lambda some: f"{{{' or '.join(some)}}}"),
    st.lists(MATCHER, max_size=2).map(lambda some: f"{{{','.join(['__name__=`up`', *some])}}}"),
)
SPACE = st.sampled_from([" ", "", "\n", " # x\n", "\t"])


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, SPACE, st.sampled_from(["+", "/", "and", "or", "unless", "> bool", "=="]), SPACE, inner).map(
            lambda made: f"{made[0]} {made[1]}{made[2]}{made[3]} {made[4]}"
        ),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"sum by (namespace, up) ({one})"),
        inner.map(lambda one: f"max({one}) without (pod)"),
        inner.map(lambda one: f"{one} * on (pod) group_left {one}"),
        inner.map(lambda one: f'label_replace({one}, "x", "$1", "pod", "(.*){{up}}")'),
        inner.map(lambda one: f"-{one} > 5e-3"),
        inner.map(lambda one: f"max_over_time(({one})[5m:1m]) offset 5m"),
        inner.map(lambda one: f"rate({one}[5m]) > 1"),
        inner.map(lambda one: f"{one} offset 5m"),
    )


EXPRESSION = st.recursive(SELECTOR, _wrapped, max_leaves=6)


@given(st.one_of(EXPRESSION, st.text(alphabet="up{}=~\"'`#\n ,()[]5m>ornamespace:\\", max_size=40)))
def test_whatever_is_accepted_is_confined(text: str) -> None:
    found = made(text)
    assert bool(found.groups) != bool(found.problems)
    for alert in alerts(found) if found.groups else []:
        read = selectors(alert.expression)
        assert read
        assert all(map(pinned, read)), alert.expression
        assert alert.labels["namespace"] == "shop"
        assert alert.labels["deployment"] == "web"
        assert [name for name in ("statefulset", "daemonset") if alert.labels[name]] == []
        # Stable, and confined again it stays as it is.
        assert made(text) == found
        assert confine(alert.expression, OWN) == alert.expression


def test_is_confined_sees_what_is_not() -> None:
    assert is_confined('up{namespace="shop",deployment="web"}', OWN)
    assert not is_confined('up{namespace="shop",deployment="web"} + up{namespace="shop"}', OWN)
    assert str(Matcher("a", "=~", 'b"')) == 'a=~"b\\""'
