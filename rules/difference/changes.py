"""The changes from old alerts to new ones, each in a sentence, the most dangerous first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from rules import names
from rules.difference.conditions import Condition, conditions, plain_text
from rules.difference.pairs import pairs, severity_of, slo_of, workload_of
from rules.difference.recorded import recorded_changes
from rules.durations import format_duration
from rules.group import AlertRule, RuleSet

MEASURED = (names.ERROR_RATIO_RECORD, names.ERRORS_RECORD, names.EVENTS_RECORD)
"""The recordings that alerts are reckoned from."""
EVIDENCE = (
    names.SLI_ANNOTATION,
    names.LIMIT_ANNOTATION,
    names.SHORT_WINDOW_ANNOTATION,
    names.ERRORS_ANNOTATION,
    names.EVENTS_ANNOTATION,
)


class Danger(IntEnum):
    """How dangerous a change is, the most dangerous first."""

    MORE_UNDONE = 0
    """Something may be undone that was not before, or sooner, or for another reason."""
    LESS_UNDONE = 1
    """Something is no longer undone, or later."""
    PAGES = 2
    """People are woken up otherwise than before, or no longer."""
    ALERTS = 3
    """Other alerts."""
    TEXTS = 4
    """What people and routes read: names, labels, annotations, recordings."""

    @property
    def mark(self) -> str:
        """As it stands before a line."""
        return ("UNDO+", "UNDO-", "PAGE", "ALERT", "TEXT")[self]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `slo` and `alert` say of what (`alert` is empty where it is of the objective's recordings)."""

    danger: Danger
    slo: str
    alert: str
    words: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.slo, self.alert, self.words) if part)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"danger": self.danger.name.lower(), "slo": self.slo, "alert": self.alert, "change": self.words}


def differences(old: Iterable[RuleSet], new: Iterable[RuleSet]) -> list[Change]:
    """All changes, the most dangerous first; empty where the rules say the same."""
    before, after = list(old), list(new)
    alerts_before, alerts_after = _alerts(before), _alerts(after)
    found: list[Change] = []
    for alert, other in pairs(alerts_before, alerts_after):
        if alert is None or other is None:
            found += _one_sided(alert, other)
        else:
            found += _changed(alert, other)
    undoing = {slo_of(alert) for alert in (*alerts_before, *alerts_after) if _undoes(alert)}
    for one in recorded_changes(before, after):
        counts = one.slo in undoing and one.record.startswith(MEASURED)
        found.append(Change(Danger.MORE_UNDONE if counts else Danger.TEXTS, one.slo, one.record, one.words))
    return sorted(found, key=lambda change: change.danger)


def _alerts(sets: Iterable[RuleSet]) -> list[AlertRule]:
    return [rule for one in sets for rule in one.rules if isinstance(rule, AlertRule)]


def _undoes(alert: AlertRule) -> bool:
    return alert.labels.get(names.UNDO_LABEL) == names.UNDO_VALUE


def _title(alert: AlertRule) -> str:
    severity, window = severity_of(alert), alert.labels.get(names.WINDOW_LABEL, "")
    what = f"{severity} over {window}" if severity and window else severity
    return f"{alert.alert} ({what})" if what else alert.alert


def _whom(alert: AlertRule) -> str:
    found = workload_of(alert)
    for label, kind in names.KIND_BY_LABEL.items():
        if label in found:
            return f"the {kind} {found.get(names.NAMESPACE_LABEL, '?')}/{found[label]}"
    return "the workload that its series name"


def _fires(alert: AlertRule) -> str:
    found = conditions(alert)
    hold = f" for {format_duration(alert.hold)}" if alert.hold else ""
    return (" and ".join(one.words() for one in found) or f"on {plain_text(alert)}") + hold


def _one_sided(old: AlertRule | None, new: AlertRule | None) -> Iterator[Change]:
    if new is not None:
        danger, undoes = _of(new), f", and may undo {_whom(new)}" if _undoes(new) else ""
        if undoes:
            danger = Danger.MORE_UNDONE
        yield Change(danger, slo_of(new), _title(new), f"is new: {_fires(new)}{undoes}")
    if old is not None:
        danger, undone = _of(old), f"; it could undo {_whom(old)}" if _undoes(old) else ""
        yield Change(danger, slo_of(old), _title(old), f"is gone{undone}")


def _of(alert: AlertRule) -> Danger:
    if _undoes(alert):
        return Danger.LESS_UNDONE
    return Danger.PAGES if severity_of(alert) in ("page", "critical") else Danger.ALERTS


def _changed(old: AlertRule, new: AlertRule) -> Iterator[Change]:
    """What is different between two alerts that are one."""

    def change(danger: Danger, words: str) -> Change:
        return Change(danger, slo_of(new), _title(new), words)

    both = _undoes(old) and _undoes(new)
    if _undoes(old) != _undoes(new):
        word = f"may undo {_whom(new)} now" if _undoes(new) else f"may no longer undo {_whom(old)}"
        yield change(Danger.MORE_UNDONE if _undoes(new) else Danger.LESS_UNDONE, word)
    if workload_of(old) != workload_of(new):
        words = f"blames {_whom(new)} instead of {_whom(old)}"
        yield change(Danger.MORE_UNDONE if both else _of(new), words)
    if old.alert != new.alert:
        yield change(Danger.TEXTS, f"was called {old.alert}")
    for words, sooner in _conditions_changed(old, new):
        yield change((Danger.MORE_UNDONE if sooner else Danger.LESS_UNDONE) if both else _of_pair(old, new), words)
    for name, before, after in (
        ("fires", old.hold, new.hold),
        ("stops", old.lingers, new.lingers),
    ):
        if before != after:
            shorter = after < before
            danger = (Danger.MORE_UNDONE if shorter else Danger.LESS_UNDONE) if both else _of_pair(old, new)
            words = f"{name} after {format_duration(after)} instead of {format_duration(before)}"
            yield change(danger, words)
    asked = [name for name in EVIDENCE if _evidence(old).get(name) != _evidence(new).get(name)]
    if both and asked:
        yield change(Danger.MORE_UNDONE, f"gives the receiver other evidence to judge by: {', '.join(asked)}")
    yield from (change(Danger.TEXTS, words) for words in _texts_changed(old, new))


def _of_pair(old: AlertRule, new: AlertRule) -> Danger:
    """Where not both of them undo: as it is for people."""
    return min((_of(one) for one in (old, new) if not _undoes(one)), default=Danger.ALERTS)


def _conditions_changed(old: AlertRule, new: AlertRule) -> Iterator[tuple[str, bool]]:
    """What changed in the expression, and whether the alert may fire sooner for it."""
    before, after = conditions(old), conditions(new)
    if not before or not after:
        if plain_text(old) != plain_text(new):
            yield f"asks {plain_text(new)} instead of {plain_text(old)}", True
        return
    kept = {one.kind for one in before} & {one.kind for one in after}
    for one in before:
        if one.kind not in kept:
            yield f"no longer {_asks(one)} {one.words()}", not one.instead
    for one in after:
        if one.kind not in kept:
            yield f"{_asks(one)} {one.words()}{'' if one.instead else ' as well'}", one.instead
    rest = ([one for one in found if one.kind in kept] for found in (before, after))
    told: dict[str, bool] = {}
    for one, other in zip(*rest, strict=False):
        if one != other:
            # Both windows of a burn have the same limit.
            words = f"{_asks(one)} {one.changed_words(other)}"
            told[words] = told.get(words, False) or _is_sooner(one, other)
    yield from told.items()


def _asks(condition: Condition) -> str:
    return "goes on for" if condition.instead else "asks for"


def _is_sooner(old: Condition, new: Condition) -> bool:
    shorter = old.window is not None and new.window is not None and new.window < old.window
    return new.is_reached_before(old) or shorter


def _texts_changed(old: AlertRule, new: AlertRule) -> Iterator[str]:
    told = {names.UNDO_LABEL, names.NAMESPACE_LABEL, *names.KIND_BY_LABEL}
    labels = [{name: value for name, value in one.labels.items() if name not in told} for one in (old, new)]
    yield from _each("label", *labels)
    before, after = (_without_evidence(one.annotations) for one in (old, new))
    different = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    # Of several, most only repeat in words what has changed elsewhere.
    if len(different) > 1:
        yield f"has other annotations: {', '.join(different)}"
    else:
        yield from _each("annotation", before, after)


def _each(kind: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if name not in after:
            yield f"has no {kind} {name} any more ({before[name]})"
        elif name not in before:
            yield f"has a new {kind} {name}: {after[name]}"
        elif before[name] != after[name]:
            yield f"has {kind} {name} {after[name]} instead of {before[name]}"


def _evidence(alert: AlertRule) -> dict[str, str]:
    return {name: alert.annotations[name] for name in EVIDENCE if name in alert.annotations}


def _without_evidence(annotations: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in annotations.items() if name not in EVIDENCE}
