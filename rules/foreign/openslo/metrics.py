"""Where an OpenSLO indicator's numbers come from: metric sources that speak PromQL."""

from __future__ import annotations

from rules.fields import Field
from rules.foreign.context import Context
from rules.foreign.openslo.objects import referred
from rules.foreign.query import Query, read_any_query

SOURCES = ("Prometheus", "Thanos", "Cortex", "Mimir", "VictoriaMetrics", "AmazonPrometheus")
"""Types of sources that are asked in PromQL; upper and lower case are the same."""


def read_metric(place: Field, context: Context) -> Query | None:
    """The query of a metric: `{metricSource: {type, spec: {query}}}`."""
    holder = place.mapping(("metricSource",))
    source = (
        holder.required(
            "metricSource", "type and spec", lambda field: field.mapping(("metricSourceRef", "type", "spec"))
        )
        if holder
        else None
    )
    if source is None:
        return None
    reference, kind = source.given("metricSourceRef"), source.given("type")
    if kind is not None:
        spoken = _read_type(kind)
    elif reference is not None:
        spoken = referred(source, "metricSourceRef", "DataSource", context, _read_data_source)
    else:
        spoken = None
        source.place.missing("type", f"one of {', '.join(SOURCES)}, or metricSourceRef")
    if spoken is None:
        return None
    spec = source.required("spec", "a query", lambda field: field.mapping(("query", "queryType")))
    if spec is None:
        return None
    language = spec.given("queryType")
    if language is not None and str(language.node.value).lower() != "promql":
        language.refuse("promql")
    return spec.required("query", "a PromQL query", read_any_query)


def _read_data_source(spec: Field) -> str | None:
    fields = spec.mapping(("description", "type", "connectionDetails"))
    return fields.required("type", f"one of {', '.join(SOURCES)}", _read_type) if fields else None


def _read_type(field: Field) -> str | None:
    text = field.text()
    if text is not None and text.lower() not in map(str.lower, SOURCES):
        field.refuse(f"one of {', '.join(SOURCES)}: only PromQL becomes rules")
        return None
    return text
