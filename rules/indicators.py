"""`spec.indicator`: which events count, and which of them have failed."""

from __future__ import annotations

from rules.fields import Fields
from rules.query_fields import A_QUERY, read_events_per_second
from rules.specification import EventRatio, Indicator


def read_indicator(spec: Fields) -> Indicator | None:
    """The one indicator of an objective."""
    kinds = spec.required("indicator", "errorsOverTotal", lambda field: field.mapping(("errorsOverTotal",)))
    if kinds is None:
        return None
    queries = kinds.required("errorsOverTotal", "errors and total", lambda field: field.mapping(("errors", "total")))
    if queries is None:
        return None
    errors = queries.required("errors", A_QUERY, read_events_per_second)
    total = queries.required("total", A_QUERY, read_events_per_second)
    return None if errors is None or total is None else EventRatio(total, errors=errors)
