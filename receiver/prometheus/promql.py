"""PromQL that is put together: text in it, and several questions in one query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver.decision.evidence import Sample
from rules.durations import format_duration
from rules.names import WINDOW_PLACEHOLDER
from rules.syntax import parse

PART_LABEL = "metricops_part"
"""Tells apart the answers to several questions that were asked in one query."""

_RANGE = re.compile(rf"\[\s*{re.escape(WINDOW_PLACEHOLDER)}\s*((?::[^\]]*)?)\]")


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer; its labels without its name and without the part."""

    labels: Mapping[str, str]
    samples: tuple[Sample, ...]


def over(expression: str, window: timedelta) -> str:
    """An expression with a duration in the place of `$window`."""
    return expression.replace(WINDOW_PLACEHOLDER, format_duration(window))


def pinned(expression: str, window: timedelta, moment: datetime) -> str:
    """An expression with a duration in the place of `$window`, which always ends at that moment (`@`)."""
    return _RANGE.sub(lambda found: f"[{format_duration(window)}{found[1]}] @ {moment.timestamp():.3f}", expression)


def askable(parts: Mapping[str, str]) -> dict[str, str]:
    """Those parts that are PromQL: one that the source refuses would cost the answer to all."""
    return {name: query for name, query in parts.items() if _is_promql(query)}


def _is_promql(query: str) -> bool:
    try:
        parse(query)
    except ValueError:
        return False
    return True


def combined(parts: Mapping[str, str]) -> str:
    """One query for several expressions by their names."""
    labelled = (f'label_replace({query}, "{PART_LABEL}", "{name}", "", "")' for name, query in parts.items())
    return "\nor\n".join(labelled)


def without_name(labels: Mapping[str, str]) -> dict[str, str]:
    """A series' labels without its name and without the part."""
    return {key: value for key, value in labels.items() if key not in (PART_LABEL, "__name__")}


def read_parts(answer: Mapping[str, Any]) -> dict[str, list[Series]]:
    """The series of a range query's answer by the part that they answer; nothing of an answer that can't be read."""
    found: dict[str, list[Series]] = {}
    try:
        for item in answer["data"]["result"]:
            labels = without_name(item["metric"])
            samples = tuple(Sample(datetime.fromtimestamp(float(at), UTC), float(v)) for at, v in item["values"])
            found.setdefault(item["metric"].get(PART_LABEL, ""), []).append(Series(labels, samples))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return {}
    return found
