"""pyrra's specifications: `pyrra.dev/v1alpha1`, kind `ServiceLevelObjective`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules import names
from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.foreign.assembly import Objective, specification_of
from rules.foreign.context import Context, Placed
from rules.foreign.labels import alert_annotations, merged, pairs, series_labels
from rules.foreign.metadata import object_labels, read_metadata
from rules.foreign.pyrra_indicators import PyrraIndicator, read_indicator
from rules.foreign.scaled import LEAST_PERIOD, windows_over
from rules.foreign.workloads import subject_of
from rules.identifiers import DNS_SUBDOMAIN, LABEL_VALUE
from rules.objective import with_budget
from rules.specification import AlertTexts, Labels
from rules.windows import BurnWindow

API_VERSION = "pyrra.dev/v1alpha1"
KIND = "ServiceLevelObjective"
PREFIX = "pyrra.dev/"
"""Of labels and annotations of the object that go on to the alerts."""
SEVERITIES = {"page": "critical", "ticket": "warning"}
"""What pyrra calls them."""

_LEAST_ABSENCE = timedelta(minutes=5)
"""Prometheus itself takes so long to call a series gone that is not scraped any more."""
_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{0,20})?")
_A_TARGET = 'a percentage above 0 and below 100 in quotes, such as "99.9"'


def read_pyrra(document: Field, context: Context) -> Placed:
    """The objective of a document."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec", "status"))
    metadata = read_metadata(root) if root else None
    known = ("description", "target", "window", "indicator", "alerting", "partial_response_strategy")
    spec = root.required("spec", "a mapping", lambda field: field.mapping(known)) if root else None
    if spec is None:
        return []
    target = spec.required("target", _A_TARGET, _read_target)
    period = spec.required("window", "a duration such as 4w", _read_period)
    found = spec.required("indicator", "ratio, latency, latencyNative or bool_gauge", read_indicator)
    alerting = _read_alerting(spec.given("alerting"))
    description = spec.given("description")
    described = description.prose() if description else ""
    if metadata is None or metadata.name is None:
        return []
    name = metadata.name.matching(DNS_SUBDOMAIN, "a Kubernetes object's name")
    labels = pairs(series_labels(_propagated(metadata.labels)))
    passed_on = alert_annotations(_propagated(metadata.annotations))
    service = _service(name or "", labels, found)
    subject = subject_of(
        metadata.workload, metadata.workload_namespace, context.settings.workloads, service, name or ""
    )
    if name is None or target is None or period is None or found is None or alerting is None or described is None:
        return []
    if subject is None:
        return []
    windows = windows_over(period)
    page, ticket = (
        AlertTexts(((names.SEVERITY_LABEL, SEVERITIES[word]),), passed_on, alerting.disabled)
        for word in ("page", "ticket")
    )
    specification = specification_of(
        Objective(
            metadata.name,
            name,
            service,
            subject,
            target / 100,
            period,
            found.indicator,
            windows,
            found.grouping,
            metadata.namespace,
            object_labels(metadata.labels),
            merged(found.fixed, labels),
            alerting.name,
            page,
            ticket,
            described,
            _absent_for(windows, 1 - target / 100) if alerting.absent else None,
            alerting.notes,
        )
    )
    return [(specification, metadata.name)] if specification else []


@dataclass(frozen=True, slots=True)
class _Alerting:
    name: str = ""
    disabled: bool = False
    absent: bool = True
    notes: tuple[str, ...] = ()


def _read_alerting(place: Field | None) -> _Alerting | None:
    fields = place.mapping(("disabled", "burnrates", "absent", "name", "absentName")) if place else None
    if fields is None:
        return None if place else _Alerting()
    disabled = _flag(fields, "disabled", default=False)
    burn_rates = _flag(fields, "burnrates", default=True)
    absent = _flag(fields, "absent", default=True)
    name, absent_name = fields.given("name"), fields.given("absentName")
    alert, other = (field.prose() if field else "" for field in (name, absent_name))
    if disabled is None or burn_rates is None or absent is None or alert is None or other is None:
        return None
    notes = (f"the alert for series that are gone is called {names.ABSENT_ALERT}, not {other}",) if other else ()
    return _Alerting(alert, disabled or not burn_rates, absent and not disabled, notes)


def _absent_for(windows: tuple[BurnWindow, ...], budget: Fraction) -> timedelta:
    """How long series are gone before people are told: as long as the fastest page takes to find that all fails."""
    times = [found for window in windows if (found := window.detection_time(budget, Fraction(1))) is not None]
    return max(min(times), _LEAST_ABSENCE) if times else windows[0].long


def _flag(fields: Fields, name: str, *, default: bool) -> bool | None:
    field = fields.given(name)
    return field.boolean() if field else default


def _read_target(field: Field) -> Fraction | None:
    text = field.text()
    if text is None:
        return None
    if not _DECIMAL.fullmatch(text):
        field.refuse(_A_TARGET)
        return None
    return with_budget(field, Fraction(text), _A_TARGET)


def _read_period(field: Field) -> timedelta | None:
    period = field.duration()
    if period is not None and period < LEAST_PERIOD:
        field.refuse(f"a duration of at least {format_duration(LEAST_PERIOD)}")
        return None
    return period


def _propagated(entries: Mapping[str, Field]) -> dict[str, Field]:
    return {name.removeprefix(PREFIX): field for name, field in entries.items() if name.startswith(PREFIX)}


def _service(name: str, labels: Labels, found: PyrraIndicator | None) -> str:
    """What the object or its series call the service; else the objective's own name."""
    said = dict(found.fixed if found else ()) | dict(labels)
    service = said.get(names.SERVICE_LABEL, "")
    return service if LABEL_VALUE.fullmatch(service) else name
