"""OpenSLO's alert policies: each condition is a burn rate over one window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.foreign.context import Context
from rules.foreign.openslo.objects import read_duration, referred
from rules.windows import NO_TIME, BurnWindow, Severity

SEVERITIES: dict[str, Severity] = {"page": "page", "critical": "page", "ticket": "ticket", "warning": "ticket"}
"""Words for a condition's severity; the alert's label keeps the word."""
_POLICY = (
    "description",
    "alertWhenNoData",
    "alertWhenResolved",
    "alertWhenBreaching",
    "conditions",
    "notificationTargets",
)
_CONDITION = ("kind", "threshold", "lookbackWindow", "alertAfter")
_LEAST_ABSENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Policies:
    """The windows of all policies of an SLO, the words for their severities, and what is told of them.

    `windows` is None where there is no policy. People are told of series that have been `absent` for so long.
    """

    windows: tuple[BurnWindow, ...] | None = None
    words: tuple[tuple[Severity, str], ...] = ()
    absent: timedelta | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Condition:
    window: BurnWindow
    word: str
    place: Field


def read_policies(field: Field | None, period: timedelta | None, context: Context) -> Policies | None:
    """`alertPolicies`: names of policies, `{alertPolicyRef: name}`, or the policies themselves."""
    items = field.items() if field is not None else []
    if items is None:
        return None
    found = [_read_policy(item, context) for item in items]
    policies = [one for one in found if one is not None]
    if len(policies) != len(items):
        return None
    if not items:
        return Policies()
    conditions = [condition for policy in policies for condition in policy.conditions]
    words = _words(conditions)
    windows = _distinct(conditions, period)
    if words is None or windows is None:
        return None
    return Policies(
        windows,
        tuple(words.items()),
        min((policy.absent for policy in policies if policy.absent is not None), default=None),
        tuple(dict.fromkeys(note for policy in policies for note in policy.notes)),
    )


@dataclass(frozen=True, slots=True)
class _Policy:
    conditions: tuple[_Condition, ...]
    absent: timedelta | None
    notes: tuple[str, ...]


def _read_policy(item: Field, context: Context) -> _Policy | None:
    if item.is_text:
        name = item.text()
        spec = context.objects.get(("AlertPolicy", name or ""))
        if spec is None:
            item.refuse("the name of an object of kind AlertPolicy in one of the files")
            return None
        return _read_policy_spec(spec, context)
    fields = item.mapping(("alertPolicyRef", "apiVersion", "kind", "metadata", "spec"))
    if fields is None:
        return None
    if "alertPolicyRef" in fields:
        return referred(fields, "alertPolicyRef", "AlertPolicy", context, lambda spec: _read_policy_spec(spec, context))
    return fields.required("spec", "a mapping, or alertPolicyRef", lambda spec: _read_policy_spec(spec, context))


def _read_policy_spec(spec: Field, context: Context) -> _Policy | None:
    fields = spec.mapping(_POLICY)
    if fields is None:
        return None
    breaching = _flag(fields, "alertWhenBreaching", default=True)
    no_data = _flag(fields, "alertWhenNoData", default=False)
    resolved = _flag(fields, "alertWhenResolved", default=False)
    items = fields.required("conditions", "a list of conditions", Field.items)
    read = [_read_condition(item, context) for item in items or ()]
    conditions = tuple(condition for condition in read if condition is not None)
    if breaching is None or no_data is None or resolved is None or not conditions or len(conditions) != len(read):
        return None
    notes = []
    if fields.given("notificationTargets") is not None:
        notes.append("notificationTargets are not read: Alertmanager's routes say whom an alert tells")
    if resolved:
        notes.append("alertWhenResolved is not read: it is send_resolved of Alertmanager's receivers")
    holds = [condition.window.hold for condition in conditions]
    return _Policy(conditions if breaching else (), max(*holds, _LEAST_ABSENCE) if no_data else None, tuple(notes))


def _read_condition(item: Field, context: Context) -> _Condition | None:
    fields = item.mapping(("conditionRef", "apiVersion", "kind", "metadata", "spec"))
    if fields is None:
        return None
    if "conditionRef" in fields:
        return referred(fields, "conditionRef", "AlertCondition", context, _read_condition_spec)
    return fields.required("spec", "a mapping, or conditionRef", _read_condition_spec)


def _read_condition_spec(spec: Field) -> _Condition | None:
    fields = spec.mapping(("description", "severity", "condition"))
    if fields is None:
        return None
    word = fields.required("severity", f"one of {', '.join(SEVERITIES)}", lambda field: field.one_of(tuple(SEVERITIES)))
    condition = fields.required(
        "condition", "kind, threshold and lookbackWindow", lambda field: field.mapping(_CONDITION)
    )
    if condition is None:
        return None
    kind = condition.given("kind")
    if kind is not None and kind.one_of(("burnrate",)) is None:
        return None
    threshold = condition.required("threshold", "a burn rate above 0", _read_threshold)
    window = condition.required("lookbackWindow", "a duration such as 1h", read_duration)
    after = condition.given("alertAfter")
    hold = NO_TIME if after is None or after.node.value in ("0m", "0") else read_duration(after)
    if word is None or threshold is None or window is None or hold is None:
        return None
    return _Condition(BurnWindow(SEVERITIES[word], window, window, threshold, hold, undo=False), word, spec)


def _read_threshold(field: Field) -> Fraction | None:
    expected = "a burn rate above 0, such as 14.4"
    threshold = field.number(expected)
    if threshold is not None and threshold <= 0:
        field.refuse(expected)
        return None
    return threshold


def _words(conditions: list[_Condition]) -> dict[Severity, str] | None:
    found: dict[Severity, str] = {}
    for condition in conditions:
        word = found.setdefault(condition.window.severity, condition.word)
        if word != condition.word:
            condition.place.refuse("one word for one severity of an SLO", f"{condition.word} beside {word}")
            return None
    return found


def _distinct(conditions: list[_Condition], period: timedelta | None) -> tuple[BurnWindow, ...] | None:
    """The windows of all conditions, of which the fastest page may undo."""
    seen: set[tuple[Severity, timedelta]] = set()
    for condition in conditions:
        window = condition.window
        if period is not None and window.long > period:
            condition.place.refuse(
                f"a lookbackWindow of at most the SLO's window, {format_duration(period)}", format_duration(window.long)
            )
            return None
        if (window.severity, window.long) in seen:
            condition.place.refuse(
                "each lookbackWindow once per severity", f"{window.severity} over {format_duration(window.long)} again"
            )
            return None
        seen.add((window.severity, window.long))
    fastest = min((one.window.long for one in conditions if one.window.severity == "page"), default=None)
    return tuple(
        replace(one.window, undo=one.window.severity == "page" and one.window.long == fastest) for one in conditions
    )


def _flag(fields: Fields, name: str, *, default: bool) -> bool | None:
    field = fields.given(name)
    return field.boolean() if field else default
