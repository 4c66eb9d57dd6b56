"""`metricops.dev/rule`: one PromQL expression, or a list of rules with names, as YAML or JSON."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import yaml

from rules import names
from rules.alerts import template_text
from rules.deployer import bounds
from rules.deployer.confinement import Series
from rules.deployer.reading import (
    Advice,
    Whose,
    is_too_long,
    other_kinds,
    place_of,
    read_text,
    read_yaml,
    service_of,
)
from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.identifiers import A_DNS_LABEL, DNS_LABEL
from rules.names import RULE_ANNOTATION
from rules.problems import Problem
from rules.query_fields import read_expression
from rules.specification import AlertTexts, DeployerRule, Specification
from rules.windows import NO_TIME

ONLY_NAME = "rule"
"""What a rule without a name of its own is called."""
ANY_SERIES = "any-series"
_KNOWN = ("name", "expr", "for", "minimumEvents", "events", "series")
_LIST = re.compile(rf"\s*(?:\[|-\s|\{{\s*\"(?:{'|'.join(_KNOWN)})\"\s*:|(?:{'|'.join(_KNOWN)})\s*:\s)")
"""How a list or a mapping begins. An expression that begins with a minus has no space behind it."""


def read_rules(text: str, whose: Whose, problems: list[Problem], advice: list[Advice]) -> list[Specification]:
    """The specifications of an annotation; what is wrong with it is noted in `problems`."""
    file = f"annotation {RULE_ANNOTATION}"
    if is_too_long(text, file, problems):
        return []
    if not _LIST.match(text):
        only = _read_plain(read_text(text, file, problems), whose, advice)
        return [] if only is None else [only]
    root = read_yaml(text, file, problems)
    if root is None:
        return []
    items = [root] if isinstance(root.node, yaml.MappingNode) else root.items() or []
    if len(items) > bounds.MOST_RULES:
        root.refuse(f"at most {bounds.MOST_RULES} rules", f"{len(items)} rules")
        return []
    read = [_read_entry(item, whose, advice, default=ONLY_NAME if len(items) == 1 else "") for item in items]
    found = [one for one in read if one is not None]
    twice = [name for name, times in Counter(one.name for one in found).items() if times > 1]
    for name in twice:
        root.refuse("a name of its own for each rule", f"the name {name} twice")
    return found


def _read_plain(field: Field, whose: Whose, advice: list[Advice]) -> Specification | None:
    text = read_expression(field)
    confined = whose.confined(field, text, longest=bounds.LONGEST_RANGE) if text else None
    if text is None or confined is None:
        return None
    _advise(ONLY_NAME, whose, whose.confinement.series, advice)
    return _specification(ONLY_NAME, DeployerRule(confined, NO_TIME), whose, _words(text))


def _read_entry(item: Field, whose: Whose, advice: list[Advice], *, default: str) -> Specification | None:
    fields = item.mapping(_KNOWN)
    if fields is None:
        return None
    name = fields.optional("name", _read_name, default)
    if name == "":
        item.missing("name", "a name, as there are several rules")
    series = fields.optional("series", lambda field: field.one_of(tuple(Series)), whose.confinement.series)
    text = fields.required("expr", "a PromQL expression", read_expression)
    expression = _confined(fields, "expr", text, whose, series)
    hold = fields.optional("for", _read_hold, NO_TIME)
    guard = _read_guard(fields, whose, series)
    if not name or text is None or expression is None or hold is None or guard is None or series is None:
        return None
    _advise(name, whose, series, advice)
    if not guard:
        return _specification(name, DeployerRule(expression, hold), whose, _words(text))
    # The receiver looks at the comparison alone: how many events there were says nothing about how bad they are.
    annotations = {**_words(text), names.CONDITION_ANNOTATION: template_text(expression)}
    return _specification(name, DeployerRule(f"({expression}) and on () ({guard})", hold), whose, annotations)


def _advise(name: str, whose: Whose, series: Series, advice: list[Advice]) -> None:
    if series is Series.NAMESPACE:
        message = f"it reads the series of every workload of the namespace, and blames {whose.whom} for all of them"
        advice.append(Advice(place_of(RULE_ANNOTATION, name), ANY_SERIES, message))


def _read_guard(fields: Fields, whose: Whose, series: Series | None) -> str | None:
    """The condition that enough events were seen; empty where none is asked for."""
    least = fields.optional("minimumEvents", _read_minimum, 0)
    if ("minimumEvents" in fields) != ("events" in fields):
        found = "one without the other"
        fields.place.refuse("both minimumEvents and events, such as increase(http_request_total[5m])", found)
        return None
    if "events" not in fields:
        return ""
    text = fields.required("events", "how many events there were", read_expression)
    events = _confined(fields, "events", text, whose, series)
    # An increase of many pods does not add up to a whole number.
    return None if least is None or events is None else f"round(sum({events})) >= {least}"


def _confined(fields: Fields, name: str, text: str | None, whose: Whose, series: Series | None) -> str | None:
    field = fields.get(name)
    if field is None or not text:
        return None
    return whose.confined(field, text, series, longest=bounds.LONGEST_RANGE)


def _specification(name: str, rule: DeployerRule, whose: Whose, annotations: dict[str, str]) -> Specification:
    return Specification(
        name=name,
        service=service_of(whose.whom),
        subject=whose.whom,
        judge=rule,
        namespace=whose.whom.namespace,
        page=AlertTexts(other_kinds(whose.whom), tuple(annotations.items())),
    )


def _words(text: str) -> dict[str, str]:
    return {names.DEPLOYERS_WORDS_ANNOTATION: template_text(text)}


def _read_name(field: Field) -> str | None:
    return field.matching(DNS_LABEL, A_DNS_LABEL)


def _read_hold(field: Field) -> timedelta | None:
    hold = field.duration(least=NO_TIME)
    if hold is not None and hold > bounds.LONGEST_HOLD:
        field.refuse(f"at most {format_duration(bounds.LONGEST_HOLD)}: by then no rollout is blamed any more")
        return None
    return hold


def _read_minimum(field: Field) -> int | None:
    number = field.count()
    if number is not None and number > bounds.MOST_MINIMUM_EVENTS:
        field.refuse(f"at most {bounds.MOST_MINIMUM_EVENTS}")
        return None
    return number
