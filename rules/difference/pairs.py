"""Which alert of the new rules is which of the old ones, also where it was renamed or given other windows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from rules import names
from rules.group import AlertRule

Pair = tuple[AlertRule | None, AlertRule | None]
SLO_LABELS = (names.SLO_LABEL, "sloth_slo")
_WHOM = (names.NAMESPACE_LABEL, *names.KIND_BY_LABEL)


def slo_of(alert: AlertRule) -> str:
    """The objective that an alert belongs to; empty where none is told."""
    return next((alert.labels[name] for name in SLO_LABELS if name in alert.labels), "")


def severity_of(alert: AlertRule) -> str:
    """`page`, `ticket`, or whatever people call it."""
    return alert.labels.get(names.SEVERITY_LABEL) or alert.labels.get("sloth_severity", "")


def workload_of(alert: AlertRule) -> dict[str, str]:
    """The labels that name whom it blames."""
    return {name: alert.labels[name] for name in _WHOM if name in alert.labels}


def _window(alert: AlertRule) -> str:
    return alert.labels.get(names.WINDOW_LABEL, "")


def _everything(alert: AlertRule) -> Hashable:
    return alert.alert, tuple(sorted(alert.labels.items())), alert.expression


_PASSES: tuple[Callable[[AlertRule], Hashable], ...] = (
    _everything,
    lambda alert: (alert.alert, tuple(sorted(alert.labels.items()))),
    lambda alert: (slo_of(alert), alert.alert, severity_of(alert), _window(alert), *sorted(workload_of(alert).items())),
    lambda alert: (slo_of(alert), alert.alert, severity_of(alert), _window(alert)),
    lambda alert: (slo_of(alert), alert.alert, severity_of(alert)) if slo_of(alert) else _everything(alert),
    lambda alert: (slo_of(alert), alert.alert, _window(alert)) if slo_of(alert) else _everything(alert),
    lambda alert: (slo_of(alert), severity_of(alert), _window(alert)) if slo_of(alert) else _everything(alert),
    # The objective has another name.
    lambda alert: (
        (alert.alert, severity_of(alert), _window(alert), *sorted(workload_of(alert).items()))
        if workload_of(alert)
        else _everything(alert)
    ),
)
"""What two alerts have in common that are one, the surest first."""


def pairs(old: Iterable[AlertRule], new: Iterable[AlertRule]) -> list[Pair]:
    """Old and new alerts in the old order, those that are gone with no new one; then those that are new."""
    waiting = list(enumerate(old))
    left = list(new)
    found: list[tuple[int, Pair]] = []
    for key in _PASSES:
        by_key: dict[Hashable, list[AlertRule]] = {}
        for alert in left:
            by_key.setdefault(key(alert), []).append(alert)
        unpaired = []
        for place, alert in waiting:
            same = by_key.get(key(alert))
            if same:
                found.append((place, (alert, same.pop(0))))
            else:
                unpaired.append((place, alert))
        waiting, left = unpaired, [alert for same in by_key.values() for alert in same]
    found += [(place, (alert, None)) for place, alert in waiting]
    found.sort(key=lambda one: one[0])
    return [pair for _, pair in found] + [(None, alert) for alert in left]
