"""OpenSLO's specifications: `openslo/v1`, kind `SLO`, with the objects that it refers to."""

from __future__ import annotations

import re
from datetime import timedelta

import yaml

from rules import names
from rules.durations import format_duration
from rules.fields import Field
from rules.foreign.assembly import Objective, specification_of
from rules.foreign.context import Context, Placed
from rules.foreign.labels import pairs, series_labels
from rules.foreign.metadata import Metadata, object_name, read_metadata
from rules.foreign.openslo.alerts import Policies, read_policies
from rules.foreign.openslo.goals import METHODS, read_goal
from rules.foreign.openslo.indicators import read_indicator
from rules.foreign.openslo.objects import read_duration
from rules.foreign.scaled import LEAST_PERIOD, windows_over
from rules.foreign.workloads import subject_of
from rules.identifiers import A_LABEL_VALUE, LABEL_VALUE
from rules.specification import AlertTexts

KIND = "SLO"

_SPEC = (
    "description",
    "service",
    "indicator",
    "indicatorRef",
    "timeWindow",
    "budgetingMethod",
    "objectives",
    "alertPolicies",
)
_A_WINDOW = "one rolling window such as {duration: 30d, isRolling: true}"
_NO_LABEL = re.compile(r"[^a-zA-Z0-9_]")


def read_slo(document: Field, context: Context) -> Placed:
    """The objectives of an SLO: a specification for each."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    metadata = read_metadata(root, ("displayName",)) if root else None
    spec = root.required("spec", "a mapping", lambda field: field.mapping(_SPEC)) if root else None
    if spec is None:
        return []
    service = spec.required("service", "the service's name", lambda field: field.matching(LABEL_VALUE, A_LABEL_VALUE))
    period = spec.required("timeWindow", _A_WINDOW, _read_period)
    method = spec.required("budgetingMethod", f"one of {', '.join(METHODS)}", lambda field: field.one_of(METHODS))
    indicator = read_indicator(spec, context)
    policies = read_policies(spec.given("alertPolicies"), period, context)
    description = spec.given("description")
    described = description.prose() if description else ""
    items = spec.required("objectives", "a list of objectives", Field.items) or []
    if metadata is None or metadata.name is None:
        return []
    name = object_name(str(metadata.name.node.value))
    subject = subject_of(
        metadata.workload, metadata.workload_namespace, context.settings.workloads, service or "", name
    )
    if not name:
        metadata.name.refuse("a name with letters or digits")
    labels = series_labels(_labels(metadata))
    windows = policies.windows if policies is not None and policies.windows is not None else None
    if windows is None and period is not None:
        windows = windows_over(period)
    goals = [read_goal(item, method, indicator, windows) for item in items]
    if service is None or period is None or policies is None or described is None or subject is None or windows is None:
        return []
    found: Placed = []
    page, ticket = (_texts(policies, severity) for severity in ("page", "ticket"))
    for index, (item, goal) in enumerate(zip(items, goals, strict=True)):
        if goal is None:
            continue
        place = metadata.name if len(items) == 1 else item
        specification = specification_of(
            Objective(
                place,
                name if len(items) == 1 else object_name(name, goal.name or str(index + 1)),
                service,
                subject,
                goal.target,
                period,
                goal.sli.indicator,
                windows,
                goal.sli.grouping,
                metadata.namespace,
                (),
                pairs(labels),
                "",
                page,
                ticket,
                described,
                policies.absent,
                policies.notes,
            )
        )
        if specification is not None:
            found.append((specification, place))
    return found


def _read_period(field: Field) -> timedelta | None:
    items = field.items()
    if items is None:
        return None
    if len(items) != 1:
        field.refuse(_A_WINDOW, f"{len(items)} windows")
        return None
    fields = items[0].mapping(("duration", "isRolling", "calendar"))
    if fields is None:
        return None
    rolling, calendar = fields.given("isRolling"), fields.given("calendar")
    rolls = rolling.boolean() if rolling else calendar is None
    if calendar is not None or rolls is False:
        items[0].refuse(
            f"{_A_WINDOW}: alerts look back, they do not begin anew on a day of the calendar", "a calendar's"
        )
    length = fields.required("duration", "a duration such as 30d or 4w", read_duration)
    if length is not None and length < LEAST_PERIOD and rolls:
        items[0].refuse(f"a duration of at least {format_duration(LEAST_PERIOD)}", format_duration(length))
        return None
    return length if rolls and calendar is None else None


def _labels(metadata: Metadata) -> dict[str, Field]:
    """The object's labels by names that series may have; of several values all are kept."""
    found: dict[str, Field] = {}
    for key, field in metadata.labels.items():
        name = _NO_LABEL.sub("_", key)
        if name in found:
            field.refuse("a name of its own, also with _ for all but letters and digits", repr(key))
            continue
        items = field.items() if isinstance(field.node, yaml.SequenceNode) else None
        if items:
            texts = [text for item in items if (text := item.text()) is not None]
            node = yaml.ScalarNode("tag:yaml.org,2002:str", ",".join(texts), field.node.start_mark)
            found[name] = Field(node, field.path, field.file, field.problems, field.line)
        else:
            found[name] = field
    return found


def _texts(policies: Policies, severity: str) -> AlertTexts:
    word = dict(policies.words).get("page" if severity == "page" else "ticket")
    return AlertTexts(((names.SEVERITY_LABEL, word),) if word else ())
