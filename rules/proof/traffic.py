"""Series over time, in promtool's notation: what several pods count while traffic is clean, burns, or stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.promql import quoted
from rules.proof.events import Events
from rules.proof.forms import Kind
from rules.proof.labels import METRIC, Labels

PODS = {"a": Fraction(3, 5), "b": Fraction(2, 5)}
"""Two pods, and the share of the traffic that each one serves."""
STALE = "stale"
"""Instead of more segments: the series end."""
_Counts = dict[int | None, list[Fraction]]
"""By bucket (None: not a histogram) what is counted per step, in each segment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """So many steps with so many events in each."""

    steps: int
    events: Fraction
    failed: Fraction = Fraction(0)

    @property
    def ratio(self) -> Fraction:
        """The share of events that have failed."""
        return self.failed / self.events if self.events else Fraction(0)


def input_series(
    events: Events,
    segments: Sequence[Segment],
    *,
    ends: bool = False,
    labels: Labels | None = None,
    no_errors_yet: bool = False,
) -> list[dict[str, str]]:
    """The series of promtool's `input_series`; a sample at time 0, then one per step.

    Series that count nothing are there all the same, but for those of errors where there are `no_errors_yet`. `ends`:
    the series go stale after the last segment. `labels` stand in for those that name the workload. A gauge has a share
    of each sample that is good, and no traffic that could stop.
    """
    counts: dict[tuple[tuple[str, str], ...], _Counts] = {}
    kinds = [(events.good, [_good(events.kind, segment) for segment in segments])]
    if not no_errors_yet or events.kind == Kind.GAUGE:
        kinds.append((events.failed, [_failed(events.kind, segment) for segment in segments]))
    for mixture, per_step in kinds:
        for part in mixture:
            buckets = counts.setdefault(tuple({**part.labels, **(labels or {})}.items()), {})
            before = buckets.get(part.bucket, [Fraction(0)] * len(segments))
            buckets[part.bucket] = [old + part.amount * new for old, new in zip(before, per_step, strict=True)]
    return [
        {
            "series": _series({**dict(key), events.pod: pod}),
            "values": _values(events.kind, buckets, share, segments) + (f" {STALE}" if ends else ""),
        }
        for key, buckets in counts.items()
        for pod, share in PODS.items()
    ]


def _good(kind: Kind, segment: Segment) -> Fraction:
    return 1 - segment.ratio if kind == Kind.GAUGE else segment.events - segment.failed


def _failed(kind: Kind, segment: Segment) -> Fraction:
    return segment.ratio if kind == Kind.GAUGE else segment.failed


def _series(labels: Labels) -> str:
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in labels.items() if name != METRIC)
    return f"{labels[METRIC]}{{{matchers}}}"


def _values(kind: Kind, buckets: _Counts, share: Fraction, segments: Sequence[Segment]) -> str:
    if kind == Kind.GAUGE:
        values = buckets[None]
        spans = zip(values, segments, strict=True)
        return " ".join(
            [_number(values[0]), *(f"{_number(value)}x{one.steps - 1}" for value, one in spans if one.steps)]
        )
    names = sorted(buckets, key=lambda bucket: bucket or 0)
    sums = [Fraction(0) for _ in names]
    parts = [_sample(names, sums)]
    for place, segment in enumerate(segments):
        # Whole numbers: where promtool's sum of fractions comes out a bit larger than ours, a counter would start anew.
        increments = [Fraction(round(share * buckets[name][place])) for name in names]
        if kind == Kind.HISTOGRAM:
            # Prometheus 2 reads nothing after a repeated histogram.
            for _ in range(segment.steps):
                sums = [before + more for before, more in zip(sums, increments, strict=True)]
                parts.append(_sample(names, sums))
            continue
        if segment.steps:
            first = [before + more for before, more in zip(sums, increments, strict=True)]
            parts.append(f"{_sample(names, first)}+{_sample(names, increments)}x{segment.steps - 1}")
        sums = [before + more * segment.steps for before, more in zip(sums, increments, strict=True)]
    return " ".join(parts)


def _sample(buckets: Sequence[int | None], counts: Sequence[Fraction]) -> str:
    """A number, or a native histogram with these buckets; as its sum serves what fills them."""
    if buckets == [None]:
        return _number(counts[0])
    filled = {bucket or 0: count for bucket, count in zip(buckets, counts, strict=True)}
    least, most = min(filled), max(filled)
    spans = " ".join(_number(filled.get(bucket, Fraction(0))) for bucket in range(least, most + 1))
    total = _number(sum(counts, start=Fraction(0)))
    return f"{{{{schema:0 count:{total} sum:{total} offset:{least} buckets:[{spans}]}}}}"


def _number(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else repr(float(number))
