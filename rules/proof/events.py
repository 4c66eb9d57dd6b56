"""Which series count a good event and a failed one, so that the objective's own queries see them so.

Each kind of series is known by what the readings say of it, that is by how much it adds to the failed events and to all
of them. A mixture of series that adds (0, 1) is a good event, one that adds (1, 1) a failed one. Of a native histogram
the kinds are its buckets; of a gauge it is the value that decides.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from rules.matchers import matches
from rules.proof.forms import CONSTANT, Form, Forms, Kind, NotTestable, Read
from rules.proof.labels import METRIC, Labels, another_value, label_sets, matchers_of, selects
from rules.specification import ErrorBudget, PerWorkload, Specification

_POD_LABELS = ("pod", "instance", "replica", "metricops_pod")
MOST_KINDS = 40


class Part(NamedTuple):
    """A series, and how many counts of it one event is; of a native histogram in `bucket`, of a gauge its value.

    The bucket n is the one of schema 0 that ends at 2^n.
    """

    labels: Labels
    amount: Fraction
    bucket: int | None = None


Mixture = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Events:
    """What a good and a failed event are. `labels` are those that name the workload and the group, if any do.

    `pod` is a label that no query looks at: what several pods count is told apart by it. `neighbour` has other values
    for some of `labels`: another workload, which no alert of this one may speak of; empty where there is none.
    """

    kind: Kind
    good: Mixture
    failed: Mixture
    labels: Labels
    pod: str
    neighbour: Labels


class _Series(NamedTuple):
    """One kind of series, and which of the readings count it."""

    labels: Labels
    counted: tuple[bool, ...]
    bucket: int | None = None


def events_of(specification: Specification, budget: ErrorBudget, forms: Forms) -> Events:
    """The events of an objective. Raises `NotTestable` where no mixture of series makes them."""
    subject = specification.subject
    own = (subject.namespace_from, subject.name_from) if isinstance(subject, PerWorkload) else ()
    required = (*own, *budget.grouping)
    groups: dict[tuple[str, ...], dict[tuple[bool, ...], _Series]] = {}
    for labels in label_sets(forms.selectors, required):
        group = tuple(labels[name] for name in required)
        counted = tuple(selects(selector, labels) for selector in forms.selectors)
        if any(counted):
            found = _Series(_needed(forms, labels, required), counted)
            groups.setdefault(group, {}).setdefault(counted, found)
    for group, kinds in groups.items():
        good, failed = _mixtures(forms, list(kinds.values()))
        if good and failed:
            shared = dict(zip(required, group, strict=True))
            asked = {matcher.name for selector in forms.selectors for matcher in selector.matchers.matchers}
            pod = next(name for name in _POD_LABELS if name not in asked | set(required))
            # Another workload rather than another group of the same one.
            neighbour = _neighbour(forms, (*reversed(own), *budget.grouping), shared)
            return Events(forms.kind, good, failed, shared, pod, neighbour)
    raise NotTestable("gives no way to tell a failed event from a good one by the series' labels")


def _mixtures(forms: Forms, kinds: list[_Series]) -> tuple[Mixture, Mixture]:
    if forms.kind == Kind.GAUGE:
        return next(((good, failed) for one in kinds for good, failed in _gauge(forms, one)), ((), ()))
    if forms.kind == Kind.HISTOGRAM:
        kinds = [series for one in kinds for series in _buckets(forms.reads, one)]
    if len(kinds) > MOST_KINDS:
        raise NotTestable(f"tells {len(kinds)} kinds of series apart, more than {MOST_KINDS}")
    counted = [form for form in (forms.errors, forms.total, forms.events) if form is not None]
    columns = [(series, [_counts(form, series) for form in counted]) for series in kinds]
    ones = [Fraction(1)] * (len(counted) - 1)
    return _mixture(columns, [Fraction(0), *ones]), _mixture(columns, [Fraction(1), *ones])


def _gauge(forms: Forms, series: _Series) -> Iterator[tuple[Mixture, Mixture]]:
    """The values at which all is good and at which all has failed: errors and all events are linear in the value."""
    if not all(series.counted):
        return
    fixed_errors, errors = _by_value(forms, forms.errors)
    fixed_total, total = _by_value(forms, forms.total)
    if total or not errors:
        raise NotTestable("reads a gauge that does not say which share of time is good")
    values = ((share * fixed_total - fixed_errors) / errors for share in (0, 1))
    good, failed = ((Part(series.labels, value),) for value in values)
    yield good, failed


def _by_value(forms: Forms, form: Form) -> tuple[Fraction, Fraction]:
    """What a form is for each sample: a constant, and a multiple of the sample's value."""
    fixed = [amount for place, amount in form.items() if _is_fixed(forms, place)]
    valued = [amount for place, amount in form.items() if not _is_fixed(forms, place)]
    return sum(fixed, start=Fraction(0)), sum(valued, start=Fraction(0))


def _is_fixed(forms: Forms, place: int) -> bool:
    return place == CONSTANT or forms.reads[place].function == "count_over_time"


def _buckets(reads: Sequence[Read], series: _Series) -> Iterator[_Series]:
    """A bucket below every bound that a reading has, and one above, with a bucket between them and the bounds."""
    bounds = [bound for read in reads for bound in (read.low, read.high) if 0 < bound < math.inf]
    if not bounds:
        return
    for bucket in (math.floor(math.log2(min(bounds))) - 1, math.ceil(math.log2(max(bounds))) + 2):
        inside = (read.low <= 2.0 ** (bucket - 1) and 2.0**bucket <= read.high for read in reads)
        counted = tuple(mine and there for mine, there in zip(series.counted, inside, strict=True))
        yield _Series(series.labels, counted, bucket)


def _counts(form: Form, series: _Series) -> Fraction:
    return sum((amount for place, amount in form.items() if series.counted[place]), start=Fraction(0))


def _mixture(columns: list[tuple[_Series, list[Fraction]]], wanted: list[Fraction]) -> Mixture:
    """The smallest mixture of the columns that adds up to what is wanted; empty where there is none."""
    for size in range(1, len(wanted) + 1):
        for chosen in itertools.combinations(columns, size):
            amounts = _solved([counts for _, counts in chosen], wanted)
            if amounts is not None and all(amount > 0 for amount in amounts):
                return tuple(
                    Part(series.labels, amount, series.bucket)
                    for (series, _), amount in zip(chosen, amounts, strict=True)
                )
    return ()


def _solved(columns: Sequence[list[Fraction]], wanted: list[Fraction]) -> list[Fraction] | None:
    """The one solution of a linear system (Gauss-Jordan elimination); None where there is none, or more."""
    rows = [[*(column[place] for column in columns), goal] for place, goal in enumerate(wanted)]
    for place in range(len(columns)):
        pivot = next((row for row in rows[place:] if row[place]), None)
        if pivot is None:
            return None
        rows.remove(pivot)
        scaled = [number / pivot[place] for number in pivot]
        rows = [[number - row[place] * own for number, own in zip(row, scaled, strict=True)] for row in rows]
        rows.insert(place, scaled)
    if any(row[-1] for row in rows[len(columns) :]):
        return None
    return [row[-1] for row in rows[: len(columns)]]


def _needed(forms: Forms, labels: Labels, required: Sequence[str]) -> Labels:
    """Without the labels that only queries for other metrics look at."""
    metric = labels[METRIC]
    asked = {
        matcher.name
        for selector in forms.selectors
        if all(matches(matcher, metric) for matcher in matchers_of(selector) if matcher.name == METRIC)
        for matcher in matchers_of(selector)
    }
    return {name: value for name, value in labels.items() if name in asked or name in required}


def _neighbour(forms: Forms, names: Sequence[str], labels: Labels) -> Labels:
    for name in names:
        other = another_value(forms.selectors, name, labels[name])
        if other is not None:
            return {**labels, name: other}
    return {}
