"""Rule groups as PrometheusRule objects or as rule files; the same groups give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rules.block_yaml import dump
from rules.durations import format_duration
from rules.group import Recording, Rule, RuleGroup, RuleSet
from rules.rule_file import OPERATOR_API, OPERATOR_KIND

HEADER = "# Made by `metricops rules generate`: change the SLO file instead.\n"
MANAGED_BY = {"app.kubernetes.io/managed-by": "metricops"}
MOST_BYTES = 512 * 1024
"""prometheus-operator puts an object's groups into a ConfigMap of at most this size, and refuses larger ones."""
MIMIR_NAMESPACE = "metricops"
"""Mimir's namespace of rules that belong to no namespace of Kubernetes."""


class TooLargeError(ValueError):
    """A rule group that fits into no object; the message names it."""


def render_rule_file(sets: Iterable[RuleSet], header: str = HEADER) -> str:
    """One file for Prometheus' `rule_files`."""
    return header + _groups([group for one in sets for group in one.groups])


def render_mimir_namespaces(sets: Iterable[RuleSet], header: str = HEADER) -> str:
    """A file for `mimirtool rules sync`: a document per namespace, in the order in which they come first."""
    namespaces: dict[str, list[RuleGroup]] = {}
    for one in sets:
        namespaces.setdefault(one.namespace or MIMIR_NAMESPACE, []).extend(one.groups)
    return header + "---\n".join(
        dump({"namespace": namespace}) + _groups(groups) for namespace, groups in namespaces.items()
    )


def render_prometheus_rules(sets: Iterable[RuleSet], header: str = HEADER, most_bytes: int = MOST_BYTES) -> str:
    """PrometheusRule objects (monitoring.coreos.com/v1), one per specification, in the namespace that it names.

    A specification whose groups take more than `most_bytes` becomes several, numbered from 2. Raises `TooLargeError`.
    """
    return header + "---\n".join(text for one in sets for text in _objects(one, most_bytes))


def _objects(one: RuleSet, most_bytes: int) -> Iterator[str]:
    whole = _object(one)
    # Most are far below: characters are counted first, which take at most four bytes.
    if len(whole) * 4 <= most_bytes or len(whole.encode()) <= most_bytes:
        yield whole
        return
    number, together = 1, list[RuleGroup]()
    for group in one.groups:
        if together and len(_object(_part(one, number, [*together, group])).encode()) > most_bytes:
            yield _object(_part(one, number, together))
            number, together = number + 1, []
        together.append(group)
        size = len(_object(_part(one, number, [group])).encode())
        if size > most_bytes:
            raise TooLargeError(f"{one.name}: the group {group.name} takes {size} bytes, more than {most_bytes}")
    yield _object(_part(one, number, together))


def _part(one: RuleSet, number: int, groups: list[RuleGroup]) -> RuleSet:
    return replace(one, name=one.name if number == 1 else f"{one.name}-{number}", groups=tuple(groups))


def prometheus_rule(one: RuleSet) -> dict[str, Any]:
    """A PrometheusRule object (monitoring.coreos.com/v1), whatever its size."""
    return {
        "apiVersion": OPERATOR_API,
        "kind": OPERATOR_KIND,
        "metadata": {
            "name": one.name,
            **({"namespace": one.namespace} if one.namespace else {}),
            "labels": {**one.labels, **MANAGED_BY},
        },
        "spec": {"groups": [_group(group) for group in one.groups]},
    }


def _object(one: RuleSet) -> str:
    return dump(prometheus_rule(one))


def _groups(groups: list[RuleGroup]) -> str:
    return dump({"groups": [_group(group) for group in groups]})


def _group(group: RuleGroup) -> dict[str, Any]:
    times = {"interval": group.interval, "query_offset": group.query_offset}
    return {
        "name": group.name,
        **{name: format_duration(time) for name, time in times.items() if time},
        "rules": [_rule(rule) for rule in group.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expression, "labels": rule.labels}
    times = {"for": rule.hold, "keep_firing_for": rule.lingers}
    return {
        "alert": rule.alert,
        "expr": rule.expression,
        **{name: format_duration(time) for name, time in times.items() if time},
        "labels": rule.labels,
        "annotations": rule.annotations,
    }
