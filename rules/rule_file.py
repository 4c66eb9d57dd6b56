"""Rules that others wrote: Prometheus' rule files, and PrometheusRule objects, as rule sets.

Formats: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and the prometheus-operator's
`monitoring.coreos.com/v1`. All that is wrong is told at once.
"""

from __future__ import annotations

import re
from datetime import timedelta

import yaml

from rules.fields import Field, Fields
from rules.group import AlertRule, Recording, Rule, RuleGroup, RuleSet
from rules.names import NAMESPACE_LABEL
from rules.promql import QueryError
from rules.syntax import parse_query
from rules.windows import NO_TIME

OPERATOR_API, OPERATOR_KIND = "monitoring.coreos.com/v1", "PrometheusRule"
_RULE_FIELDS = ("alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations")
_GROUP_FIELDS = (
    *("name", "interval", "limit", "query_offset", "labels", "rules"),
    *("partial_response_strategy", "source_tenants", "evaluation_delay", "align_evaluation_time_on_interval"),
)
"""Those of Prometheus, and of the Thanos and Mimir rulers."""
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def is_rule_document(document: yaml.Node) -> bool:
    """Whether a document has rule groups, and not an objective."""
    if not isinstance(document, yaml.MappingNode):
        return False
    keys = {str(key.value): value for key, value in document.value if isinstance(key, yaml.ScalarNode)}
    kind = keys.get("kind")
    return "groups" in keys or (isinstance(kind, yaml.ScalarNode) and kind.value == OPERATOR_KIND)


def read_rule_document(document: Field) -> RuleSet | None:
    """The rules of one document; what is wrong with it is noted in the field's problems, then None may come."""
    root = document.mapping(("groups", NAMESPACE_LABEL, "apiVersion", "kind", "metadata", "spec", "status"))
    if root is None:
        return None
    name, namespace, holder = document.file, "", root
    if "kind" in root:
        root.required("apiVersion", OPERATOR_API, lambda field: field.one_of((OPERATOR_API,)))
        spec = root.required("spec", "a mapping with groups", lambda field: field.mapping(("groups",)))
        metadata = root.get("metadata")
        said = _metadata(metadata.node) if metadata else {}
        name, namespace = said.get("name", name), said.get(NAMESPACE_LABEL, "")
        if spec is None:
            return None
        holder = spec
    groups = holder.required("groups", "a list of rule groups", Field.items) or []
    read = [group for group in map(_read_group, groups) if group is not None]
    return RuleSet(name, namespace, {}, tuple(read))


def _metadata(node: yaml.Node) -> dict[str, str]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): str(value.value) for key, value in pairs if isinstance(value, yaml.ScalarNode)}


def _read_group(field: Field) -> RuleGroup | None:
    group = field.mapping(_GROUP_FIELDS)
    if group is None:
        return None
    name = group.required("name", "the group's name", Field.text)
    interval = group.optional("interval", _read_duration, NO_TIME)
    offset = group.optional("query_offset", _read_duration, NO_TIME)
    labels = _read_texts(group, "labels")
    items = group.get("rules")
    # A group without rules is allowed, and common where it is made from a template.
    nodes = items.node.value if items and isinstance(items.node, yaml.SequenceNode) else []
    rules = [_read_rule(item, labels) for item in (items.items() or [] if items and nodes else [])]
    if name is None:
        return None
    return RuleGroup(name, tuple(rule for rule in rules if rule is not None), interval or None, offset or None)


def _read_rule(field: Field, group_labels: dict[str, str]) -> Rule | None:
    rule = field.mapping(_RULE_FIELDS)
    if rule is None:
        return None
    given = [name for name in ("alert", "record") if name in rule]
    if len(given) != 1:
        field.refuse("either alert or record", " and ".join(given) or "neither")
        return None
    name = rule.required(given[0], "a name", Field.text)
    expression = rule.required("expr", "a PromQL expression", _read_expression)
    labels = {**group_labels, **_read_texts(rule, "labels")}
    if given == ["record"]:
        record = rule.required("record", "a metric's name", lambda field: field.matching(_METRIC, "a metric's name"))
        return None if record is None or expression is None else Recording(record, expression, labels)
    hold = rule.optional("for", _read_duration, NO_TIME)
    lingers = rule.optional("keep_firing_for", _read_duration, NO_TIME)
    annotations = _read_texts(rule, "annotations")
    if name is None or expression is None or hold is None or lingers is None:
        return None
    return AlertRule(name, expression, hold, labels, annotations, lingers)


def _read_expression(field: Field) -> str | None:
    if not isinstance(field.node, yaml.ScalarNode):
        field.refuse("a PromQL expression")
        return None
    text = str(field.node.value)
    try:
        parse_query(text)
    except QueryError as error:
        field.refuse("a PromQL expression", str(error))
        return None
    return text


def _read_duration(field: Field) -> timedelta | None:
    if isinstance(field.node, yaml.ScalarNode) and field.node.value == "0":
        return NO_TIME
    return field.duration(least=NO_TIME)


def _read_texts(fields: Fields, name: str) -> dict[str, str]:
    """Labels or annotations: any scalar is taken as its text, as Prometheus does."""
    field = fields.get(name)
    if field is None:
        return {}
    if not isinstance(field.node, yaml.MappingNode):
        field.refuse("a mapping")
        return {}
    found = {}
    for key, value in field.node.value:
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            found[str(key.value)] = str(value.value)
        else:
            Field(value, f"{field.path}.{key.value}", field.file, field.problems).refuse("a text")
    return found
