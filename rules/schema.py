"""Our own format as a JSON Schema (draft 2020-12), for editors: it completes fields and tells what can't be right.

The reader says more: what PromQL is, and what numbers make together.
"""

from __future__ import annotations

from typing import Any

from rules import identifiers, names
from rules.alerting import DEFAULT_ATTRIBUTION_WINDOW
from rules.durations import format_duration
from rules.indicators import BOUND
from rules.own_windows import PRESET
from rules.specification import DEFAULT_MINIMUM_ERRORS
from rules.texts import RESERVED_ANNOTATIONS, RESERVED_LABELS
from rules.windows import SEVERITIES

Schema = dict[str, Any]

_OVER = f"[{names.WINDOW_PLACEHOLDER}]"
_DURATION_PATTERN = (
    "^(?=[0-9])" + "".join(f"([0-9]{{1,9}}{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")) + "$"
)


def schema() -> Schema:
    """The schema of one document."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{names.KIND} ({names.API_VERSION})",
        "description": "An objective of a service, from which `metricops rules generate` makes Prometheus rules.",
        **_fields(
            {
                "apiVersion": {"const": names.API_VERSION},
                "kind": {"const": names.KIND},
                "metadata": _fields(
                    {
                        "name": _name("Names the objective; with the workload it tells its series from all others."),
                        "namespace": _name("Where the rules go; that of the workload, if one is named."),
                        "labels": _texts("Labels of the PrometheusRule object."),
                        "annotations": _texts("For other tools."),
                    },
                    required=("name",),
                ),
                "spec": _spec(),
            },
            required=("apiVersion", "kind", "metadata", "spec"),
        ),
    }


def _spec() -> Schema:
    budget = ("objective", "window", "indicator")
    return {
        **_fields(
            {
                "service": {
                    "type": "string",
                    "pattern": _whole(identifiers.LABEL_VALUE.pattern),
                    "description": "The service, as the label `service` of recordings and alerts.",
                },
                "description": _text("What the objective is about, in words; the first line of its alerts'."),
                "workload": _workload(),
                "labels": _labels("Labels of all recordings and alerts.", (*RESERVED_LABELS, names.SEVERITY_LABEL)),
                "annotations": _labels("Annotations of all alerts.", RESERVED_ANNOTATIONS, templates=True),
                "runbook": _link("What to do when an alert fires."),
                "dashboard": _link("Where to look when an alert fires."),
                "objective": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "exclusiveMaximum": 100,
                    "description": "The share of events that must be good, in percent.",
                },
                "window": _duration("The period over which the objective is kept, such as 30d."),
                "indicator": _indicator(),
                "alerting": _alerting(),
                "rule": _fields(
                    {
                        "expr": _text(
                            "PromQL of your own, word for word: while it gives anything, the release is bad."
                        ),
                        "for": _duration("How long it must give something before the alert fires (default 0s)."),
                        "undo": _boolean("Whether the alert may undo (default true, where a workload is named)."),
                    },
                    required=("expr",),
                    description="Instead of objective, window and indicator.",
                ),
            },
            required=("service",),
        ),
        "oneOf": [
            {"required": list(budget), "not": {"required": ["rule"]}},
            {"required": ["rule"], "not": {"anyOf": [{"required": [name]} for name in (*budget, "alerting")]}},
        ],
    }


def _workload() -> Schema:
    namespace = _name("The workload's namespace.")
    kinds = {label: _subdomain(f"The name of the {kind}.") for label, kind in names.KIND_BY_LABEL.items()}
    label = {"type": "string", "pattern": _whole(identifiers.LABEL_NAME.pattern)}
    return {
        "description": "Whom an alert blames. Without it people are alerted, and nothing is ever undone.",
        "oneOf": [
            *(_fields({"namespace": namespace, kind: kinds[kind]}, required=("namespace", kind)) for kind in kinds),
            _fields(
                {
                    "per": {
                        "enum": list(kinds),
                        "description": "One objective for many workloads: each alert blames the one of its series.",
                    },
                    "namespaceLabel": {
                        **label,
                        "description": "The series' label with the namespace (default namespace).",
                    },
                    "nameLabel": {**label, "description": "The series' label with the name (default the kind)."},
                },
                required=("per",),
            ),
        ],
    }


def _indicator() -> Schema:
    query = f"a PromQL query over {_OVER}, one series or many, which are summed"
    kinds: Schema = {
        "errorsOverTotal": _fields(
            {"errors": _text(f"Failed events per second: {query}."), "total": _text(f"All events: {query}.")},
            required=("errors", "total"),
        ),
        "goodOverTotal": _fields(
            {"good": _text(f"Good events per second: {query}."), "total": _text(f"All events: {query}.")},
            required=("good", "total"),
        ),
        "latency": {
            **_fields(
                {
                    "buckets": _text("Selector of a classic histogram's buckets, without le."),
                    "histogram": _text("Selector of a native histogram."),
                    "threshold": {
                        "anyOf": [
                            {"type": "number", "exclusiveMinimum": 0},
                            {"type": "string", "pattern": f"^(?=[0.]*[1-9])({BOUND.pattern})$"},
                        ],
                        "description": "The longest that a good event takes, in the histogram's unit; of a classic "
                        "one, the bound of one of its buckets.",
                    },
                },
                required=("threshold",),
            ),
            "oneOf": [{"required": ["buckets"]}, {"required": ["histogram"]}],
        },
        "booleanGauge": _fields(
            {"metric": _text("Selector of a gauge that is 1 while all is well, else 0.")}, required=("metric",)
        ),
        "raw": _fields(
            {
                "errorRatio": _text(f"The error ratio, between 0 and 1: a PromQL query over {_OVER}."),
                "total": _text("All events per second, without which nothing can be counted."),
            },
            required=("errorRatio",),
        ),
    }
    return {**_fields(kinds), "minProperties": 1, "maxProperties": 1, "description": "Which events are good."}


def _alerting() -> Schema:
    return _fields(
        {
            "windows": {
                "description": f"Pairs of windows; {PRESET}: those of the Site Reliability Workbook (the default).",
                "oneOf": [{"const": PRESET}, {"type": "array", "minItems": 1, "items": _burn_window()}],
            },
            "minimumErrors": {
                "type": "integer",
                "minimum": 0,
                "default": DEFAULT_MINIMUM_ERRORS,
                "description": "So many failed events an alert must have seen in its long window before it may undo.",
            },
            "attributionWindow": _duration(
                "The receiver's: an alert that may need longer to fire must not undo "
                f"(default {format_duration(DEFAULT_ATTRIBUTION_WINDOW)})."
            ),
            "undo": _boolean("Whether any alert may undo (default true: the fastest page may)."),
            "absent": _duration("People are told where the series have been gone for so long (default: never)."),
            **{
                severity: _fields(
                    {
                        "labels": _labels(f"Labels of {severity} alerts.", RESERVED_LABELS),
                        "annotations": _labels(
                            f"Annotations of {severity} alerts.", RESERVED_ANNOTATIONS, templates=True
                        ),
                        "disabled": _boolean("Leaves these alerts out (default false)."),
                    }
                )
                for severity in SEVERITIES
            },
        },
        description="When to alert, whom, and what may undo.",
    )


def _burn_window() -> Schema:
    return {
        **_fields(
            {
                "severity": {"enum": list(SEVERITIES), "description": "Whether a person is woken up."},
                "long": _duration("The long window: how far back errors count."),
                "short": _duration("The short window, after which the alert ends."),
                "budget": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "maximum": 100,
                    "description": "Alert once this percentage of the error budget would go in the long window.",
                },
                "factor": {"type": "number", "exclusiveMinimum": 0, "description": "The same as a burn rate."},
                "for": _duration("How long before it fires (default 0s)."),
                "undo": _boolean("Whether it may undo (default: the page with the shortest long window alone)."),
            },
            required=("severity", "long", "short"),
        ),
        "oneOf": [{"required": ["budget"]}, {"required": ["factor"]}],
    }


def _fields(properties: Schema, *, required: tuple[str, ...] = (), description: str = "") -> Schema:
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "additionalProperties": False,
        **({"required": list(required)} if required else {}),
        "properties": properties,
    }


def _text(description: str) -> Schema:
    return {"type": "string", "pattern": r"\S", "description": description}


def _texts(description: str) -> Schema:
    return {
        "type": "object",
        "additionalProperties": {"type": "string", "pattern": r"\S"},
        "description": description,
    }


def _labels(description: str, reserved: tuple[str, ...], *, templates: bool = False) -> Schema:
    value: Schema = {"type": "string", "pattern": r"\S"}
    if not templates:
        value["not"] = {"pattern": r"\{\{"}
    return {
        "type": "object",
        "propertyNames": {"pattern": _whole(identifiers.LABEL_NAME.pattern), "not": {"enum": list(reserved)}},
        "additionalProperties": value,
        "description": description,
    }


def _name(description: str) -> Schema:
    return {"type": "string", "pattern": _whole(identifiers.DNS_LABEL.pattern), "description": description}


def _subdomain(description: str) -> Schema:
    part = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    return {"type": "string", "maxLength": 253, "pattern": rf"^{part}(\.{part})*$", "description": description}


def _link(description: str) -> Schema:
    return {"type": "string", "pattern": r"^https?://\S{1,2000}$", "description": description}


def _duration(description: str) -> Schema:
    return {"type": "string", "pattern": _DURATION_PATTERN, "description": description}


def _boolean(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _whole(pattern: str) -> str:
    return f"^({pattern})$"
