"""What to ask about the rule that raised an alert: its SLI, from its annotations or out of its expression.

Everything comes from the rule that the source has loaded; of the alert, only the labels that the source itself shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from receiver import names
from receiver.decision.evidence import Bound
from receiver.prometheus.promql import over
from rules.durations import DurationError, parse_duration
from rules.identifiers import LABEL_NAME
from rules.names import (
    CONDITION_ANNOTATION,
    ERRORS_ANNOTATION,
    EVENTS_ANNOTATION,
    LIMIT_ANNOTATION,
    SHORT_WINDOW_ANNOTATION,
    WINDOW_PLACEHOLDER,
)
from rules.promql import quoted, replacement
from rules.threshold import NoThreshold, read_threshold

ESCAPED_BRACES = '{{ "{{" }}'
PER_POD_LABELS = ("pod", "pod_name", "pod_ip", "instance", "node", "uid", "container_id")
"""Labels that tell pods of one workload apart. A new release has new pods: by their own series it was never good."""

IDENTITY_LABELS = (names.NAMESPACE_LABEL, *names.KIND_BY_LABEL)
MOST_LABELS = 32


class NoSli(ValueError):  # noqa: N818 - a kind of rule, not a failure
    """The rule has no SLI that could be asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Sli:
    """How to ask the SLI of a rule: a PromQL expression, how far back it looks, and which values are bad.

    Where it `has_any_window`, the expression has the placeholder `$window` for its range. `labels` are the labels that
    the series must have, those of `free_labels` may have any value; None where the expression gives one series,
    whatever its labels. `errors` and `events` ask for failed and all events per second, with that placeholder; empty
    where the rule does not tell them apart.
    """

    expression: str
    window: timedelta
    bound: Bound
    has_any_window: bool = False
    labels: Mapping[str, str] | None = None
    free_labels: frozenset[str] = frozenset()
    errors: str = ""
    events: str = ""

    @property
    def query(self) -> str:
        """The expression over the rule's own window."""
        return self.over(self.window)

    def over(self, window: timedelta) -> str:
        """The expression over a window, where it has any."""
        return over(self.expression, window) if self.has_any_window else self.expression

    def fits(self, series: Mapping[str, str]) -> bool:
        """Whether a series of the answer is this alert's."""
        if self.labels is None:
            return True
        fixed = {key: value for key, value in series.items() if key not in self.free_labels}
        return fixed.items() <= self.labels.items()


def read_sli(rule: Mapping[str, Any], shown: Mapping[str, str]) -> Sli:
    """The SLI of a loaded rule (an item of `/api/v1/rules`) for the alert with the labels that the source shows.

    Raises `NoSli`.
    """
    carried = carried_sli(rule, shown)
    if carried is not None:
        return carried
    condition = (rule.get("annotations") or {}).get(CONDITION_ANNOTATION, "").replace(ESCAPED_BRACES, "{{")
    try:
        threshold = read_threshold(condition or rule.get("query") or "")
    except NoThreshold as why:
        raise NoSli(str(why)) from None
    bound = Bound(threshold.limit, threshold.comparison)
    return _of_this_alert(threshold.sli, threshold.window, bound, set(rule.get("labels") or {}), shown)


def carried_sli(rule: Mapping[str, Any], shown: Mapping[str, str]) -> Sli | None:
    """The SLI that a generated rule carries in its annotations; None where it has none.

    A rule for many workloads has one series for each: what it asks is narrowed to the series with the labels that the
    source shows for the alert and that the rule does not set itself. Raises `NoSli` where it cannot be asked.
    """
    annotations = rule.get("annotations") or {}
    if names.SLI_ANNOTATION not in annotations:
        return None
    expression, errors, events = (
        annotations.get(name, "").replace(ESCAPED_BRACES, "{{")
        for name in (names.SLI_ANNOTATION, ERRORS_ANNOTATION, EVENTS_ANNOTATION)
    )
    try:
        window = parse_duration(annotations[SHORT_WINDOW_ANNOTATION])
        limit = float(annotations[LIMIT_ANNOTATION])
    except (KeyError, ValueError, DurationError) as error:
        raise NoSli(f"the rule's annotations cannot be read: {type(error).__name__} {error}") from None
    if WINDOW_PLACEHOLDER not in expression or not window:
        raise NoSli(f"the rule's annotation {names.SLI_ANNOTATION} is not over {WINDOW_PLACEHOLDER}, or that is zero")
    if WINDOW_PLACEHOLDER not in errors or WINDOW_PLACEHOLDER not in events:
        errors = events = ""
    own = _own_labels(rule.get("labels") or {}, shown)
    if own:
        expression = _narrowed(f"({expression})", own)
        errors, events = (_narrowed(f"({query})", own) if query else "" for query in (errors, events))
    return Sli(expression, window, Bound(limit), has_any_window=True, errors=errors, events=events)


def _own_labels(set_by_rule: Mapping[str, str], shown: Mapping[str, str]) -> dict[str, str]:
    """The labels of an alert's own series. Raises `NoSli` where they can't tell it from those of other alerts."""
    if not shown:
        if names.NAMESPACE_LABEL in set_by_rule and set_by_rule.keys() & names.KIND_BY_LABEL.keys():
            return {}
        raise NoSli("the rule judges many workloads, and the alert's own labels are not known")
    own = {key: value for key, value in shown.items() if key not in {*set_by_rule, names.ALERT_NAME_LABEL}}
    if len(own) > MOST_LABELS or not all(map(LABEL_NAME.fullmatch, own)):
        raise NoSli("the alert's labels cannot be asked for")
    return own


def _narrowed(query: str, labels: Mapping[str, str]) -> str:
    """Only the series that have these labels; a series without a label has it empty."""
    one = "vector(1)"
    for key, value in sorted(labels.items()):
        one = f'label_replace({one}, "{key}", {quoted(replacement(value))}, "", "")'
    return f"{query} and on ({', '.join(sorted(labels))}) {one}"


def _of_this_alert(
    expression: str, window: timedelta, bound: Bound, rule_labels: set[str], shown: Mapping[str, str]
) -> Sli:
    """The worst of the workload's pods, narrowed to the series that the alert stands for.

    A label that the rule sets hides the series' own, so it says nothing about them; except for the workload's labels,
    where a series that has them must name the alert's workload.
    """
    hidden = rule_labels | {names.ALERT_NAME_LABEL}
    own = {key: value for key, value in shown.items() if key not in hidden and key not in PER_POD_LABELS}
    worst = "min" if bound.comparison.is_lower_bound else "max"
    query = f"{worst} without ({', '.join(PER_POD_LABELS)}) ({expression})"
    known = {key: value for key, value in own.items() if LABEL_NAME.fullmatch(key)}
    if 0 < len(known) <= MOST_LABELS:
        query = _narrowed(query, known)
    identity = {key: shown[key] for key in IDENTITY_LABELS if key in shown}
    free = frozenset(rule_labels.difference(IDENTITY_LABELS))
    return Sli(query, window, bound, labels={**own, **identity}, free_labels=free)
