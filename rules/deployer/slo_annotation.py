"""`metricops.dev/slo`: the short form of an objective, for the workload that it is written on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from rules.alerting import Alerting, Judged, read_alerting
from rules.deployer import bounds
from rules.deployer.reading import Whose, is_too_long, read_yaml, service_of
from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.identifiers import A_DNS_LABEL, DNS_LABEL
from rules.indicators import read_indicator
from rules.names import SLO_ANNOTATION, WINDOW_PLACEHOLDER
from rules.objective import read_percentage
from rules.problems import Problem
from rules.selectors import read_selector
from rules.specification import ErrorBudget, EventRatio, Indicator, Specification

DEFAULT_NAME = "objective"
DEFAULT_WINDOW = timedelta(days=30)
_SHORT = ("errors", "total")
_KNOWN = ("name", "objective", "window", *_SHORT, "indicator", "alerting")
_ALERTING = ("windows", "minimumErrors", "attributionWindow", "undo", "absent")
"""Without what is said to people: a template in an annotation of an alert can read every series there is."""


def read_slo(text: str, whose: Whose, problems: list[Problem]) -> Specification | None:
    """The specification of an annotation; what is wrong with it is noted in `problems`."""
    file = f"annotation {SLO_ANNOTATION}"
    if is_too_long(text, file, problems):
        return None
    root = read_yaml(text, file, problems)
    fields = root.mapping(_KNOWN) if root else None
    if fields is None:
        return None
    name = fields.optional("name", lambda field: field.matching(DNS_LABEL, A_DNS_LABEL), DEFAULT_NAME)
    percentage = fields.required("objective", "a percentage such as 99.9", read_percentage)
    period = fields.optional("window", _read_period, DEFAULT_WINDOW)
    read = _read_indicator(fields)
    indicator = _confined(read, fields, whose) if read else None
    budget = None if percentage is None else 1 - percentage / 100
    alerting = _read_alerting(fields, Judged(period, budget, whose.whom, read))
    if name is None or percentage is None or period is None or indicator is None or alerting is None:
        return None
    return Specification(
        name=name,
        service=service_of(whose.whom),
        subject=whose.whom,
        judge=ErrorBudget(
            percentage / 100,
            period,
            indicator,
            alerting.windows,
            alerting.minimum_errors,
            absent=alerting.absent,
        ),
        namespace=whose.whom.namespace,
        notes=alerting.notes,
    )


def _read_period(field: Field) -> timedelta | None:
    period = field.duration()
    if period is not None and period > bounds.LONGEST_PERIOD:
        field.refuse(f"at most {format_duration(bounds.LONGEST_PERIOD)}")
        return None
    return period


def _read_indicator(fields: Fields) -> Indicator | None:
    """The indicator, also where two selectors of counters are given for it."""
    short = [name for name in _SHORT if name in fields]
    given = fields.get("indicator")
    if given is not None and short:
        given.refuse("either indicator, or errors and total", f"indicator beside {' and '.join(short)}")
        return None
    if given is not None:
        return read_indicator(fields)
    if not short:
        fields.place.refuse("errors and total, each a selector of counters, or indicator", "none of them")
        return None
    errors, total = (fields.required(name, "a selector such as http_request_total", read_selector) for name in _SHORT)
    if errors is None or total is None:
        return None
    errors, total = (f"rate({selector}[{WINDOW_PLACEHOLDER}])" for selector in (errors, total))
    return EventRatio(total, errors=errors)


def _read_alerting(fields: Fields, judged: Judged) -> Alerting | None:
    field = fields.get("alerting")
    known = field.mapping(_ALERTING) if field else None
    if field is not None and (known is None or known.has_unknown):
        return None
    alerting = read_alerting(fields, judged, ())
    place = field or fields.place
    if alerting is not None and len(alerting.windows) > bounds.MOST_WINDOWS:
        place.refuse(f"at most {bounds.MOST_WINDOWS} windows", f"{len(alerting.windows)} windows")
        return None
    longest = max((window.long for window in alerting.windows), default=timedelta()) if alerting else timedelta()
    if longest > bounds.LONGEST_WINDOW:
        expected = f"windows of at most {format_duration(bounds.LONGEST_WINDOW)}"
        place.refuse(expected, f"one of {format_duration(longest)}")
        return None
    return alerting


def _confined(indicator: Indicator, fields: Fields, whose: Whose) -> Indicator | None:
    """The indicator over the workload's own series."""
    if not isinstance(indicator, EventRatio):
        ratio, total = (_query(query, ("indicator",), fields, whose) for query in (indicator.ratio, indicator.total))
        return None if ratio is None or total is None else replace(indicator, ratio=ratio, total=total)
    errors = _query(indicator.errors, ("errors", "indicator"), fields, whose)
    good = _query(indicator.good, ("indicator",), fields, whose)
    total = _query(indicator.total, ("total", "indicator"), fields, whose)
    if errors is None or good is None or total is None:
        return None
    return replace(indicator, errors=errors, good=good, total=total)


def _query(query: str, places: tuple[str, ...], fields: Fields, whose: Whose) -> str | None:
    """A query of the indicator, confined; an empty one stays empty."""
    field = next((field for name in places if (field := fields.get(name)) is not None), None)
    if not query or field is None:
        return query
    return whose.confined(field, query, longest=bounds.LONGEST_WINDOW)
