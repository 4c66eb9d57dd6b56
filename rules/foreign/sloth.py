"""sloth's specifications: `prometheus/v1`, and `sloth.slok.dev/v1`, kind `PrometheusServiceLevel`.

The two differ in how fields are spelt, and in where they stand; they name neither period nor windows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.foreign.assembly import Objective, specification_of
from rules.foreign.context import SHORTEST_PERIOD, Context, Placed
from rules.foreign.labels import merged, pairs, read_alert_labels, read_annotations, read_series_labels
from rules.foreign.metadata import Metadata, object_labels, object_name, read_metadata
from rules.foreign.query import Sli, event_ratio, read_query
from rules.foreign.quotient import raw_ratio
from rules.foreign.workloads import WORKLOAD_LABEL, subject_of
from rules.identifiers import A_LABEL_VALUE, LABEL_VALUE
from rules.objective import read_percentage
from rules.specification import (
    AlertTexts,
    Specification,
)
from rules.windows import BurnWindow

PLAIN_VERSION = "prometheus/v1"
OBJECT_VERSION = "sloth.slok.dev/v1"
OBJECT_KIND = "PrometheusServiceLevel"

_NO_METADATA = Metadata()
_OF_SLOTH = re.compile(r"(?:\$labels|\.Labels)\.sloth_(id|service|slo)\b")


@dataclass(frozen=True, slots=True)
class _Spelling:
    errors: str
    total: str
    ratio: str
    page: str
    ticket: str
    plugins: str


_PLAIN = _Spelling("error_query", "total_query", "error_ratio_query", "page_alert", "ticket_alert", "slo_plugins")
_OBJECT = _Spelling("errorQuery", "totalQuery", "errorRatioQuery", "pageAlert", "ticketAlert", "sloPlugins")


def read_plain(document: Field, context: Context) -> Placed:
    """The objectives of a `prometheus/v1` document."""
    root = document.mapping(("version", "service", "labels", _PLAIN.plugins, "slos"))
    return _read_service(root, _PLAIN, _NO_METADATA, context) if root else []


def read_object(document: Field, context: Context) -> Placed:
    """The objectives of a PrometheusServiceLevel."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec", "status"))
    metadata = read_metadata(root) if root else None
    spec = (
        root.required("spec", "a mapping", lambda field: field.mapping(("service", "labels", _OBJECT.plugins, "slos")))
        if root
        else None
    )
    return _read_service(spec, _OBJECT, metadata or _NO_METADATA, context) if spec else []


def _read_service(spec: Fields, spelling: _Spelling, metadata: Metadata, context: Context) -> Placed:
    service = spec.required("service", "the service's name", _read_name)
    labels = read_series_labels(spec.given("labels"))
    _refuse_plugins(spec.given(spelling.plugins))
    items = spec.required("slos", "a list of objectives", Field.items) or []
    reader = _Reader(spelling, metadata, context, service or "", labels)
    found = [reader.read(item) for item in items]
    return [placed for placed in found if placed is not None] if service is not None else []


@dataclass(frozen=True, slots=True)
class _Alerting:
    name: str
    page: AlertTexts
    ticket: AlertTexts


@dataclass(frozen=True, slots=True)
class _Reader:
    spelling: _Spelling
    metadata: Metadata
    context: Context
    service: str
    labels: dict[str, Field]

    def read(self, place: Field) -> tuple[Specification, Field] | None:
        fields = place.mapping(("name", "objective", "description", "labels", "plugins", "sli", "alerting"))
        if fields is None:
            return None
        name = fields.required("name", "the objective's name", _read_name)
        percentage = fields.required("objective", "a percentage such as 99.9", read_percentage)
        description = fields.given("description")
        described = description.prose() if description else ""
        labels = self.labels | read_series_labels(fields.given("labels"))
        _refuse_plugins(fields.given("plugins"))
        sli = fields.required("sli", "events or raw", self._read_indicator)
        alerting = self._read_alerting(fields.given("alerting"))
        subject = subject_of(
            labels.pop(WORKLOAD_LABEL, None) or self.metadata.workload,
            self.metadata.workload_namespace,
            self.context.settings.workloads,
            self.service,
            name or "",
        )
        name_field = fields.get("name")
        if name is None or percentage is None or described is None or sli is None or alerting is None:
            return None
        if subject is None or name_field is None:
            return None
        of_sloth = {"sloth_id": f"{self.service}-{name}", "sloth_service": self.service, "sloth_slo": name}
        page, ticket = (
            _with_labels_of_sloth(texts, {**of_sloth, "sloth_severity": severity})
            for severity, texts in (("page", alerting.page), ("ticket", alerting.ticket))
        )
        found = specification_of(
            Objective(
                name_field,
                object_name(self.service, name),
                self.service,
                subject,
                percentage / 100,
                self.context.settings.period,
                sli.indicator,
                self._windows(place),
                sli.grouping,
                self.metadata.namespace,
                object_labels(self.metadata.labels),
                pairs(labels),
                alerting.name,
                page,
                ticket,
                described,
            )
        )
        return (found, name_field) if found else None

    def _windows(self, place: Field) -> tuple[BurnWindow, ...]:
        period = self.context.settings.period
        windows = self.context.windows_of(period)
        if not windows:
            place.refuse(
                f"a period of at least {format_duration(SHORTEST_PERIOD)}, or a catalogue (AlertWindows) for it",
                f"a period of {format_duration(period)}",
            )
        return windows

    def _read_indicator(self, place: Field) -> Sli | None:
        kinds = place.mapping(("events", "raw", "plugin"))
        if kinds is None:
            return None
        given = [name for name in ("events", "raw", "plugin") if kinds.given(name) is not None]
        plugin = kinds.given("plugin")
        if plugin is not None:
            _refuse_plugin(plugin)
            return None
        if len(given) != 1:
            place.refuse("exactly one of events and raw", " and ".join(given) or "none of them")
            return None
        raw, events = kinds.given("raw"), kinds.given("events")
        return self._read_raw(raw) if raw else self._read_events(events) if events else None

    def _read_raw(self, place: Field) -> Sli | None:
        fields = place.mapping((self.spelling.ratio,))
        query = (
            fields.required(self.spelling.ratio, "a PromQL query over [{{.window}}]", read_query) if fields else None
        )
        return None if query is None else raw_ratio(place, query)

    def _read_events(self, place: Field) -> Sli | None:
        fields = place.mapping((self.spelling.errors, self.spelling.total))
        if fields is None:
            return None
        expected = "a PromQL query over [{{.window}}]"
        errors = fields.required(self.spelling.errors, expected, read_query)
        total = fields.required(self.spelling.total, expected, read_query)
        if errors is None or total is None:
            return None
        if errors.text == total.text:
            place.refuse("errors that are a part of all events", "the same query twice")
            return None
        return event_ratio(place, total, errors=errors)

    def _read_alerting(self, place: Field | None) -> _Alerting | None:
        page, ticket = self.spelling.page, self.spelling.ticket
        if place is None:
            return _Alerting("", AlertTexts(), AlertTexts())
        fields = place.mapping(("name", "labels", "annotations", page, ticket))
        if fields is None:
            return None
        name = fields.given("name")
        alert = name.prose() if name else ""
        both = AlertTexts(read_alert_labels(fields.given("labels")), read_annotations(fields.given("annotations")))
        texts = [_read_texts(fields.given(severity), both) for severity in (page, ticket)]
        if alert is None or texts[0] is None or texts[1] is None:
            return None
        return _Alerting(alert, texts[0], texts[1])


def _read_texts(place: Field | None, both: AlertTexts) -> AlertTexts | None:
    if place is None:
        return both
    fields = place.mapping(("disable", "labels", "annotations"))
    if fields is None:
        return None
    disabled = fields.optional("disable", Field.boolean, default=False)
    labels = read_alert_labels(fields.given("labels"))
    annotations = read_annotations(fields.given("annotations"))
    if disabled is None:
        return None
    return AlertTexts(merged(both.labels, labels), merged(both.annotations, annotations), disabled)


def _read_name(field: Field) -> str | None:
    return field.matching(LABEL_VALUE, A_LABEL_VALUE)


def _refuse_plugins(place: Field | None) -> None:
    fields = place.mapping(("overridePrevious", "chain")) if place is not None else None
    chain = fields.given("chain") if fields else None
    for plugin in (chain.items() or []) if chain else []:
        _refuse_plugin(plugin)


def _refuse_plugin(place: Field) -> None:
    entries = place.entries() or {}
    identity = entries.get("id")
    place.refuse("queries of its own", f"the plugin {identity.found if identity else place.found}, which is sloth's")


def _with_labels_of_sloth(texts: AlertTexts, labels: dict[str, str]) -> AlertTexts:
    """The alert's own labels and those that sloth gives it: routes that match on them keep working."""
    annotations = tuple((name, _expanded(text, labels)) for name, text in texts.annotations)
    return replace(texts, labels=merged(tuple(labels.items()), texts.labels), annotations=annotations)


def _expanded(text: str, labels: dict[str, str]) -> str:
    """An annotation in which sloth's own labels are texts: our series do not have them, and they never change."""
    return _OF_SLOTH.sub(lambda found: f'"{labels["sloth_" + found[1]]}"', text)
