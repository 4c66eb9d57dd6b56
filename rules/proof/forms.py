"""A query as arithmetic on the series that it selects: which of them an event has to be counted in.

`sum(rate(a[$window])) - sum(rate(b{le="0.3"}[$window]))` is the form `1 · a − 1 · b`. Only queries whose value
is such a sum, or one divided by another, can be given series that make it come out as wanted. Gauges and native
histograms are read likewise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import promql_parser as promql

from rules.promql import QueryError
from rules.specification import EventRatio, Indicator
from rules.syntax import bare, constant, parse_query

_COUNTING = ("rate", "increase")
_SAMPLING = ("sum_over_time", "avg_over_time", "count_over_time")
_PASSING = ("label_replace", "label_join", "sort", "sort_desc", "scalar", "clamp_min", "clamp_max", "clamp")
_COMPARING = (">", ">=", "<", "<=", "!=", "==")
_GAUGES = "reads a gauge otherwise than by its sum, average or count over the window ({0})"
_REASONS = {
    "histogram": "reads a histogram otherwise than by histogram_count and histogram_fraction ({0})",
    "_over_time": _GAUGES,
    "delta": _GAUGES,
    "deriv": _GAUGES,
}


class NotTestable(ValueError):  # noqa: N818 - a kind of specification, not a failure
    """There are no series that would prove the rules; the message says why, as the end of a sentence."""


Form = dict[int, Fraction]
"""How much each reading, by its place in `Forms.reads`, counts in a query's value; at `CONSTANT` what is added."""
CONSTANT = -1


class Kind(Enum):
    """What series are to a query."""

    COUNTER = "counters"
    GAUGE = "gauges"
    """Each sample is an event, or says how many of them there were."""
    HISTOGRAM = "native histograms"


@dataclass(frozen=True, slots=True)
class Read:
    """How a query reads the series of a selector; of a native histogram what is above `low` and at most `high`."""

    selector: promql.VectorSelector
    function: str
    low: float = -math.inf
    high: float = math.inf

    @property
    def kind(self) -> Kind:
        """What the series must be."""
        if self.function.startswith("histogram"):
            return Kind.HISTOGRAM
        return Kind.GAUGE if self.function in _SAMPLING else Kind.COUNTER


@dataclass(frozen=True, slots=True)
class Forms:
    """Failed events and all events, and what else counts all events, as forms over the readings."""

    reads: tuple[Read, ...]
    errors: Form
    total: Form
    events: Form | None

    @property
    def selectors(self) -> list[promql.VectorSelector]:
        """Those of the readings, in their order."""
        return [read.selector for read in self.reads]

    @property
    def kind(self) -> Kind:
        """What all series are."""
        return self.reads[0].kind


@dataclass(frozen=True, slots=True)
class _Value:
    """(`above` + `constant`) / `below`; without `below`, the value is `above`, or the constant alone."""

    above: Form
    below: Form | None = None
    constant: Fraction = Fraction(0)

    @property
    def is_constant(self) -> bool:
        return not self.above and self.below is None


def forms_of(indicator: Indicator) -> Forms:
    """The forms of an indicator's queries. Raises `NotTestable`."""
    reader = _Reader()
    if isinstance(indicator, EventRatio):
        total = reader.read(indicator.total)
        if indicator.good:
            errors = _plus(total, reader.read(indicator.good), Fraction(-1))
        else:
            errors = reader.read(indicator.errors)
        forms = Forms(tuple(reader.reads), errors, total, None)
    else:
        ratio = reader.value(indicator.ratio)
        above, below = ratio.above, ratio.below
        if below is None:
            if not all(reader.reads[place].function == "avg_over_time" for place in above):
                raise NotTestable("gives an error ratio that is not one count of events divided by another")
            above, below = {**above, CONSTANT: ratio.constant}, {CONSTANT: Fraction(1)}
        events = reader.read(indicator.total) if indicator.total else None
        forms = Forms(tuple(reader.reads), above, below, events)
    if len({read.kind for read in forms.reads}) > 1:
        raise NotTestable(f"reads {' and '.join(sorted(read.kind.value for read in forms.reads))} at once")
    functions = {read.function for read in forms.reads}
    if forms.kind == Kind.COUNTER and len(functions) > 1:
        raise NotTestable(f"counts with {' and '.join(sorted(functions))}, which are different units")
    return forms


class _Reader:
    def __init__(self) -> None:
        self.reads: list[Read] = []

    def read(self, query: str) -> Form:
        value = self.value(query)
        if value.below is not None or value.constant or not value.above:
            raise NotTestable("is no sum of counters' rates")
        return value.above

    def value(self, query: str) -> _Value:
        try:
            return self._value(parse_query(query))
        except QueryError as error:
            raise NotTestable(f"has {error}") from None

    def _value(self, expression: promql.Expr) -> _Value:
        expression = bare(expression)
        match expression:
            case promql.NumberLiteral():
                return _constant(expression.val)
            case promql.UnaryExpr():
                return _times(self._value(expression.expr), Fraction(-1))
            case promql.AggregateExpr():
                return self._aggregate(expression)
            case promql.Call():
                return self._call(expression)
            case promql.BinaryExpr():
                return self._binary(expression)
            case promql.VectorSelector():
                raise NotTestable(_GAUGES.format(expression.name or "{…}"))
        raise NotTestable("has a part that is no sum of counters' rates")

    def _aggregate(self, expression: promql.AggregateExpr) -> _Value:
        operator = str(expression.op)
        value = self._value(expression.expr)
        # Every pod is given the same error ratio: which of them is taken does not matter.
        averages = value.below is not None or all(
            self.reads[place].function == "avg_over_time" for place in value.above
        )
        if operator in (("avg", "min", "max") if averages else ("sum",)):
            return value
        raise NotTestable(f"takes the {operator} of {'ratios' if value.below is not None else 'counters'}")

    def _call(self, call: promql.Call) -> _Value:
        name = call.func.name
        if name in (*_COUNTING, *_SAMPLING) and isinstance(call.args[0], promql.MatrixSelector):
            selector = call.args[0].vector_selector
            if selector.offset or selector.at is not None:
                raise NotTestable("looks at an earlier or a fixed time (offset, @)")
            return self._reading(Read(selector, name))
        if call.args and isinstance(call.args[0], promql.SubqueryExpr):
            raise NotTestable(f"looks at what an expression was over time ({name} of a subquery)")
        if name == "histogram_count":
            return self._of_histogram(call.args[0], name)
        if name == "histogram_fraction":
            low, high = (constant(bound) for bound in call.args[:2])
            if low is None or high is None:
                raise NotTestable("has a histogram_fraction between bounds that are no constants")
            share = self._of_histogram(call.args[2], name, low, high)
            return _Value(share.above, self._of_histogram(call.args[2], "histogram_count").above)
        if name in _PASSING:
            return self._value(call.args[0])
        if name == "vector":
            return self._value(call.args[0])
        for part, reason in _REASONS.items():
            if part in name:
                raise NotTestable(reason.format(name))
        raise NotTestable(f"uses {name}(), whose value can't be set by feeding counters")

    def _reading(self, read: Read) -> _Value:
        self.reads.append(read)
        return _Value({len(self.reads) - 1: Fraction(1)})

    def _of_histogram(self, rate: promql.Expr, function: str, low: float = -math.inf, high: float = math.inf) -> _Value:
        """Of the rate of one native histogram, summed or not, what is counted between two bounds."""
        before = len(self.reads)
        value = self._value(rate)
        [read, *others] = self.reads[before:]
        if others or value != _Value({before: Fraction(1)}) or read.kind != Kind.COUNTER:
            raise NotTestable(f"has a {function} of something else than the rate of one histogram")
        self.reads.pop()
        return self._reading(Read(read.selector, function, low, high))

    def _binary(self, expression: promql.BinaryExpr) -> _Value:
        operator = str(expression.op)
        left = self._value(expression.lhs)
        if operator == "or":
            return left  # There are series for the left side; the right one stands in where there are none.
        right = self._value(expression.rhs)
        if operator in _COMPARING and right.is_constant and not _gives_bool(expression):
            return left
        match operator:
            case "+":
                return _added(left, right, Fraction(1))
            case "-":
                return _added(left, right, Fraction(-1))
            case "*" if right.is_constant:
                return _times(left, right.constant)
            case "*" if left.is_constant:
                return _times(right, left.constant)
            # A share of what is counted, times that.
            case "*" if left.below is not None and right.below is None and self._same(left.below, right.above):
                return _Value(left.above)
            case "*" if right.below is not None and left.below is None and self._same(right.below, left.above):
                return _Value(right.above)
            case "/" if right.is_constant and right.constant:
                return _times(left, 1 / right.constant)
            case "/" if left.below is None and right.below is None and not (left.constant or right.constant):
                return _Value(left.above, right.above)
        raise NotTestable(f"has a {operator!r} that is no arithmetic on counters' rates")

    def _same(self, one: Form, other: Form) -> bool:
        return self._by_text(one) == self._by_text(other)

    def _by_text(self, form: Form) -> dict[tuple[str, str, float, float], Fraction]:
        reads = ((self.reads[place], amount) for place, amount in form.items())
        return {(str(read.selector), read.function, read.low, read.high): amount for read, amount in reads}


def _gives_bool(expression: promql.BinaryExpr) -> bool:
    return expression.modifier is not None and bool(expression.modifier.return_bool)


def _constant(number: float) -> _Value:
    try:
        return _Value({}, None, Fraction(str(number)))
    except ValueError:
        raise NotTestable(f"has the number {number}") from None


def _added(left: _Value, right: _Value, sign: Fraction) -> _Value:
    if left.below is None and right.below is None:
        return _Value(_plus(left.above, right.above, sign), None, left.constant + sign * right.constant)
    if left.below is not None and right.is_constant:
        return _Value(_plus(left.above, left.below, sign * right.constant), left.below)
    if right.below is not None and left.is_constant:
        return _Value(_plus(_scaled(right.below, left.constant), right.above, sign), right.below)
    raise NotTestable("adds ratios up")


def _times(value: _Value, factor: Fraction) -> _Value:
    return _Value(_scaled(value.above, factor), value.below, value.constant * factor)


def _plus(left: Form, right: Form, factor: Fraction) -> Form:
    return {place: left.get(place, Fraction(0)) + factor * right.get(place, Fraction(0)) for place in {**left, **right}}


def _scaled(form: Form, factor: Fraction) -> Form:
    return {place: amount * factor for place, amount in form.items()}
