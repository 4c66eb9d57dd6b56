"""Whether a deployer's expression is one that a shared Prometheus can bear, and that can blame a release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import promql_parser as promql

from rules.deployer import bounds
from rules.deployer.confinement import Refused
from rules.deployer.selections import Place, calls
from rules.durations import format_duration
from rules.names import SEVERITY_LABEL
from rules.syntax import children, parse_query, parts
from rules.texts import RESERVED_LABELS
from rules.windows import NO_TIME

RESERVED = (*RESERVED_LABELS, SEVERITY_LABEL, "__name__")
"""Labels that a rule of a workload sets itself, so that an expression has no business with them."""
_FUNCTIONS = frozenset(
    """
    abs acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min cos cosh count_over_time
    day_of_month day_of_week day_of_year days_in_month deg delta deriv double_exponential_smoothing exp first_over_time
    floor histogram_avg histogram_count histogram_fraction histogram_quantile histogram_stddev histogram_stdvar
    histogram_sum hour idelta increase irate label_join label_replace last_over_time ln log10 log2 mad_over_time
    max_over_time min_over_time minute month pi predict_linear present_over_time quantile_over_time rad rate resets
    round scalar sgn sin sinh sort sort_by_label sort_by_label_desc sort_desc sqrt stddev_over_time stdvar_over_time
    sum_over_time tan tanh time timestamp vector year
    """.split()  # noqa: SIM905 - as a list of seventy strings nobody reads it
)
"""Those that read nothing but their arguments, and give nothing where these give nothing."""
_ABSENCE = ("absent", "absent_over_time")
_NO_SERIES = "series of the workload, as in rate(http_request_total[5m])"


def examine(text: str, longest: timedelta = bounds.LONGEST_RANGE) -> list[Refused]:
    """All that is wrong with an expression that `parse_query` reads; no range in it may be longer than `longest`."""
    expression = parse_query(text)
    found = [*_characters(text), *_size(text, expression)]
    for part in parts(expression):
        match part:
            case promql.VectorSelector():
                found += [*_named(part), *_moved(part)]
            case promql.MatrixSelector():
                found += _range(part.range, longest)
            case promql.SubqueryExpr():
                found += [*_range(part.range or NO_TIME, longest), *_moved(part)]
            case promql.Call():
                found += _call(part, text)
            case promql.AggregateExpr():
                found += _aggregation(part)
            case promql.BinaryExpr():
                found += _joined(part)
    return [*found, *_steps(expression, 1), *_read(expression, longest)]


def _characters(text: str) -> Iterator[Refused]:
    # To Prometheus a carriage return ends a comment: what stands behind it would be read by it alone.
    odd = next((at for at, one in enumerate(text) if not (one.isprintable() or one in "\n\t")), None)
    if odd is not None:
        yield Refused(Place(odd, text[odd]), f"the character {text[odd]!r}", "printable text")


def _size(text: str, expression: promql.Expr) -> Iterator[Refused]:
    if len(text) > bounds.LONGEST_EXPRESSION:
        yield Refused(None, f"{len(text)} characters", f"at most {bounds.LONGEST_EXPRESSION}")
    selectors = sum(isinstance(part, promql.VectorSelector) for part in parts(expression))
    if not selectors:
        yield Refused(None, "an expression that reads no series", _NO_SERIES)
    if selectors > bounds.MOST_SELECTORS:
        yield Refused(None, f"{selectors} selectors", f"at most {bounds.MOST_SELECTORS}")


def _named(selector: promql.VectorSelector) -> Iterator[Refused]:
    is_named = any(one.name == "__name__" and one.op == promql.MatchOp.Equal for one in selector.matchers.matchers)
    if not selector.name and not is_named:
        yield Refused(None, f"the selector {selector.prettify()}", "a metric's name in each selector")


def _moved(part: promql.VectorSelector | promql.SubqueryExpr) -> Iterator[Refused]:
    offset = part.offset or NO_TIME
    if part.at is not None:
        yield Refused(None, "a fixed time (@)", "an expression about now: at a fixed time it never changes")
    if offset < NO_TIME:
        yield Refused(None, "a negative offset", "an expression about what has been")
    if offset > bounds.LONGEST_OFFSET:
        expected = f"an offset of at most {format_duration(bounds.LONGEST_OFFSET)}"
        yield Refused(None, f"one of {format_duration(offset)}", expected)


def _range(length: timedelta, longest: timedelta) -> Iterator[Refused]:
    if length > longest:
        expected = f"a range of at most {format_duration(longest)}"
        yield Refused(None, f"one of {format_duration(length)}", expected)


def _steps(expression: promql.Expr, around: int) -> Iterator[Refused]:
    """How often the innermost of nested subqueries is evaluated."""
    if isinstance(expression, promql.SubqueryExpr):
        if not expression.step:
            yield Refused(None, "a subquery without a step", "one with a step, as in [1h:1m]")
            return
        around *= max(1, (expression.range or NO_TIME) // expression.step)
        if around > bounds.MOST_STEPS:
            yield Refused(None, f"{around} steps of a subquery", f"at most {bounds.MOST_STEPS}")
            return
    for child in children(expression):
        yield from _steps(child, around)


def _read(expression: promql.Expr, longest: timedelta) -> Iterator[Refused]:
    """How much is read by all selectors together, each as often as the subqueries around it mean."""
    total, waiting = NO_TIME, [(1, expression)]
    while waiting:
        times, part = waiting.pop()
        if isinstance(part, promql.MatrixSelector):
            total += times * part.range
            continue
        if isinstance(part, promql.VectorSelector):
            total += times * bounds.ONE_SAMPLE
        if isinstance(part, promql.SubqueryExpr) and part.step:
            times = min(times, bounds.MOST_STEPS) * max(1, (part.range or NO_TIME) // part.step)
        waiting += [(times, child) for child in children(part)]
    most = bounds.MOST_READ * longest
    if total > most:
        expected = f"at most {format_duration(most)}: fewer selectors, shorter ranges or longer steps"
        yield Refused(None, f"{format_duration(total)} of series read, all ranges together", expected)


def _call(call: promql.Call, text: str) -> Iterator[Refused]:
    name, arguments = call.func.name, list(call.args)
    place = next((one for one in calls(text) if one.text == name), None)
    if name in _ABSENCE:
        yield Refused(place, f"{name}(…)", "what there is too much of: silence blames no release")
    elif name not in _FUNCTIONS:
        yield Refused(place, f"{name}(…)", "a function that reads nothing but its arguments")
    elif name in ("label_replace", "label_join"):
        yield from _written(arguments[1], place, name)


def _aggregation(expression: promql.AggregateExpr) -> Iterator[Refused]:
    if str(expression.op) == "count_values" and expression.param is not None:
        yield from _written(expression.param, None, "count_values")


def _written(label: promql.Expr, place: Place | None, name: str) -> Iterator[Refused]:
    if isinstance(label, promql.StringLiteral) and label.val in RESERVED:
        yield Refused(place, f"{name} into {label.val}", "another label: this one is the rule's own")


def _joined(expression: promql.BinaryExpr) -> Iterator[Refused]:
    modifier = expression.modifier
    for label in (modifier.group_labels or ()) if modifier is not None else ():
        if label in RESERVED:
            yield Refused(None, f"a join that brings {label}", "other labels: this one is the rule's own")
