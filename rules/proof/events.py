"""Which series count a good event and a failed one, so that the objective's own queries see them so.

Each label set is known by what the selectors say of it, that is by how much it adds to the failed events and to all of
them. A mixture of label sets that adds (0, 1) is a good event, one that adds (1, 1) a failed one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.matchers import matches
from rules.proof.forms import Form, Forms, NotTestable
from rules.proof.labels import METRIC, Labels, another_value, label_sets, matchers_of, selects
from rules.specification import ErrorBudget, PerWorkload, Specification

Mixture = tuple[tuple[Labels, Fraction], ...]
"""Label sets, and how many counts of each one event is."""
_POD_LABELS = ("pod", "instance", "replica", "metricops_pod")
MOST_KINDS = 40


@dataclass(frozen=True, slots=True)
class Events:
    """What a good and a failed event are. `labels` are those that name the workload and the group, if any do.

    `pod` is a label that no query looks at: what several pods count is told apart by it. `neighbour` has other values
    for some of `labels`: another workload, which no alert of this one may speak of; empty where there is none.
    """

    good: Mixture
    failed: Mixture
    labels: Labels
    pod: str
    neighbour: Labels


def events_of(specification: Specification, budget: ErrorBudget, forms: Forms) -> Events:
    """The events of an objective. Raises `NotTestable` where no mixture of series makes them."""
    subject = specification.subject
    own = (subject.namespace_from, subject.name_from) if isinstance(subject, PerWorkload) else ()
    required = (*own, *budget.grouping)
    kinds: dict[tuple[str, ...], dict[tuple[bool, ...], Labels]] = {}
    for labels in label_sets(forms.selectors, required):
        group = tuple(labels[name] for name in required)
        answers = tuple(selects(selector, labels) for selector in forms.selectors)
        if any(answers):
            kinds.setdefault(group, {}).setdefault(answers, _needed(forms, labels, required))
    for group, found in kinds.items():
        good, failed = _mixtures(forms, found)
        if good and failed:
            shared = dict(zip(required, group, strict=True))
            asked = {matcher.name for selector in forms.selectors for matcher in selector.matchers.matchers}
            pod = next(name for name in _POD_LABELS if name not in asked | set(required))
            # Another workload rather than another group of the same one.
            return Events(good, failed, shared, pod, _neighbour(forms, (*reversed(own), *budget.grouping), shared))
    raise NotTestable("gives no way to tell a failed event from a good one by the series' labels")


def _mixtures(forms: Forms, kinds: dict[tuple[bool, ...], Labels]) -> tuple[Mixture, Mixture]:
    if len(kinds) > MOST_KINDS:
        raise NotTestable(f"tells {len(kinds)} kinds of series apart, more than {MOST_KINDS}")
    counted = [form for form in (forms.errors, forms.total, forms.events) if form is not None]
    columns = [(labels, [_counts(form, answers) for form in counted]) for answers, labels in kinds.items()]
    ones = [Fraction(1)] * (len(counted) - 1)
    return _mixture(columns, [Fraction(0), *ones]), _mixture(columns, [Fraction(1), *ones])


def _counts(form: Form, answers: tuple[bool, ...]) -> Fraction:
    return sum((amount for place, amount in form.items() if answers[place]), start=Fraction(0))


def _mixture(columns: list[tuple[Labels, list[Fraction]]], wanted: list[Fraction]) -> Mixture:
    """The smallest mixture of the columns that adds up to what is wanted; empty where there is none."""
    for size in range(1, len(wanted) + 1):
        for chosen in itertools.combinations(columns, size):
            amounts = _solved([counts for _, counts in chosen], wanted)
            if amounts is not None and all(amount > 0 for amount in amounts):
                return tuple((labels, amount) for (labels, _), amount in zip(chosen, amounts, strict=True))
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
