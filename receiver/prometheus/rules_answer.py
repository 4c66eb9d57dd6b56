"""Read Prometheus' answer to `GET /api/v1/rules?type=alert`: which rule raised an alert, and what it shows now.

Prometheus shows an alert without external labels, and alert relabelling may have added, changed or dropped labels on
the way; so an alert is found by its name and by labels that don't contradict the delivered ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from receiver import names
from receiver.decision.evidence import Shown
from receiver.decision.values import Alert
from receiver.prometheus.sli import NoSli, Sli, carried_sli, read_sli
from receiver.timestamps import parse_time


@dataclass(frozen=True, slots=True)
class Reading:
    """What the answer says about one alert; `no_sli` says why there is no `sli`. `labels` are those shown."""

    shown: Shown
    active_at: datetime | None = None
    sli: Sli | None = None
    no_sli: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    rule_is_healthy: bool = False
    lingers: timedelta = timedelta(0)
    """How long the alert stays active after its expression has ended (`keep_firing_for`)."""


def read_alert(answer: Mapping[str, Any], alert: Alert, last_shown: Mapping[str, str] | None = None) -> Reading:
    """What the source shows of an alert. An alert that is pending is not firing, but not absent either: unknown.

    `last_shown` are the labels that the source showed it with when it was active: what an absent alert's SLI is read
    by, where the rule does not carry one.
    """
    try:
        rules = [rule for rule in _rules(answer) if _is_raised_by(rule, alert)]
        if not rules:
            return Reading(Shown.ABSENT)
        shown = [(rule, item) for rule in rules for item in rule.get("alerts") or [] if _fits(item["labels"], alert)]
        for state in ("firing", "pending"):
            for rule, item in shown:
                if item.get("state") == state:
                    found = Shown.FIRING if state == "firing" else Shown.UNKNOWN
                    return _reading(found, rule, item)
        healthy = all(rule.get("health") == "ok" for rule in rules)
        # Rules of one name for several workloads can look at different things: then none speaks for this alert.
        slis = [_sli_of_absent(rule, last_shown or {}) for rule in rules]
        sli = slis[0] if all(sli == slis[0] for sli in slis) else None
        return Reading(Shown.ABSENT if healthy else Shown.UNKNOWN, sli=sli, rule_is_healthy=healthy)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Reading(Shown.UNKNOWN)


def _reading(found: Shown, rule: Mapping[str, Any], item: Mapping[str, Any]) -> Reading:
    lingers = timedelta(seconds=rule.get("keepFiringFor", 0))
    said = Reading(found, parse_time(item["activeAt"]), labels=item["labels"], lingers=lingers)
    try:
        return replace(said, sli=read_sli(rule, item["labels"]))
    except NoSli as why:
        return replace(said, no_sli=str(why))


def _sli_of_absent(rule: Mapping[str, Any], last_shown: Mapping[str, str]) -> Sli | None:
    try:
        return read_sli(rule, last_shown) if last_shown else carried_sli(rule, last_shown)
    except NoSli:
        return None


def began_elsewhere(answer: Mapping[str, Any], alert: Alert, onset: datetime, within: timedelta) -> tuple[str, ...]:
    """The other workloads of which an alert that may undo fires, and began within this time of the onset."""
    own = _workload(alert.labels)
    found: set[str] = set()
    try:
        for rule in _rules(answer):
            for item in rule.get("alerts") or []:
                labels = item["labels"]
                if labels.get(names.UNDO_LABEL) != names.UNDO_VALUE or item.get("state") != "firing":
                    continue
                workload = _workload(labels)
                if workload and workload != own and abs(parse_time(item["activeAt"]) - onset) <= within:
                    found.add(workload)
    except (KeyError, TypeError, AttributeError, ValueError):
        return ()
    return tuple(sorted(found))


def _rules(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for group in answer["data"]["groups"]:
        yield from group["rules"]


def _is_raised_by(rule: Mapping[str, Any], alert: Alert) -> bool:
    # A rule's own labels may be templates; those are filled in only on its alerts.
    labels = {key: value for key, value in (rule.get("labels") or {}).items() if "{{" not in value}
    return rule["name"] == alert.name and _fits(labels, alert)


def _fits(shown: Mapping[str, str], alert: Alert) -> bool:
    return all(alert.labels.get(key, value) == value for key, value in shown.items())


def _workload(labels: Mapping[str, str]) -> str:
    for label in names.KIND_BY_LABEL:
        if labels.get(label) and labels.get(names.NAMESPACE_LABEL):
            return f"{label}/{labels[label]} in {labels[names.NAMESPACE_LABEL]}"
    return ""
