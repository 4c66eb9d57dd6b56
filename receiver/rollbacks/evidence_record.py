"""Evidence as it is kept on a Rollback: what was asked and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from receiver.decision.evidence import Answer, Bound, Count, Evidence, Observation, Shown, SideBySide
from receiver.timestamps import format_time, parse_time
from rules.comparison import Comparison

LONGEST_QUERY = 16_384
LONGEST_TEXT = 1024
MOST_LABELS = 128
"""Characters, and labels; the schema (manifests/base/crd.yaml) has the same."""


def evidence_spec(evidence: Evidence) -> dict[str, Any]:
    """The `spec.evidence` of a record."""
    optional: dict[str, Any] = {}
    if evidence.active_at is not None:
        optional["activeAt"] = format_time(evidence.active_at)
    if evidence.onset is not None:
        optional["onset"] = format_time(evidence.onset)
    if evidence.count is not None:
        count = evidence.count
        optional["count"] = {"failed": count.failed, "events": count.events, "since": format_time(count.since)}
    if evidence.side_by_side is not None:
        optional["sideBySide"] = _side_by_side(evidence.side_by_side)
    if evidence.bound is not None:
        optional |= {"limit": repr(evidence.bound.limit), "comparison": str(evidence.bound.comparison)}
    if evidence.no_sli:
        optional["noSli"] = evidence.no_sli[:LONGEST_TEXT]
    return {
        "shown": str(evidence.shown),
        "before": _observation(evidence.before),
        "since": _observation(evidence.since),
        "query": evidence.query[:LONGEST_QUERY],
        "labels": dict(list(evidence.labels.items())[:MOST_LABELS]),
        "beganElsewhere": list(evidence.began_elsewhere[:64]),
        **optional,
    }


def _side_by_side(beside: SideBySide) -> dict[str, Any]:
    return {
        "alike": beside.alike,
        "old": repr(beside.old),
        "new": repr(beside.new),
        "oldPods": beside.old_pods,
        "newPods": beside.new_pods,
        "at": format_time(beside.at),
    }


def _observation(observation: Observation) -> dict[str, str]:
    spec = {"answer": str(observation.answer)}
    if observation.value is not None and observation.at is not None:
        # As text: JSON numbers of custom resources may come back as integers.
        spec |= {"value": repr(observation.value), "at": format_time(observation.at)}
    return spec


def read_evidence(spec: Mapping[str, Any]) -> Evidence:
    """The evidence of a record. Raises `KeyError` or `ValueError` where it does not have the schema's shape."""
    return Evidence(
        shown=Shown(spec["shown"]),
        active_at=parse_time(spec["activeAt"]) if spec.get("activeAt") else None,
        before=_read_observation(spec["before"]),
        since=_read_observation(spec["since"]),
        onset=parse_time(spec["onset"]) if spec.get("onset") else None,
        count=_read_count(spec["count"]) if spec.get("count") else None,
        side_by_side=_read_side_by_side(spec["sideBySide"]) if spec.get("sideBySide") else None,
        query=spec.get("query", ""),
        bound=_read_bound(spec),
        no_sli=spec.get("noSli", ""),
        labels=spec.get("labels") or {},
        began_elsewhere=tuple(spec.get("beganElsewhere") or ()),
    )


def _read_count(spec: Mapping[str, Any]) -> Count:
    return Count(int(spec["failed"]), int(spec["events"]), parse_time(spec["since"]))


def _read_side_by_side(spec: Mapping[str, Any]) -> SideBySide:
    ratios = float(spec["old"]), float(spec["new"])
    return SideBySide(bool(spec["alike"]), *ratios, int(spec["oldPods"]), int(spec["newPods"]), parse_time(spec["at"]))


def _read_bound(spec: Mapping[str, Any]) -> Bound | None:
    if not spec.get("limit"):
        return None
    return Bound(float(spec["limit"]), Comparison(spec.get("comparison", Comparison.ABOVE)))


def _read_observation(spec: Mapping[str, str]) -> Observation:
    value, at = spec.get("value"), spec.get("at")
    return Observation(Answer(spec["answer"]), float(value) if value else None, parse_time(at) if at else None)
