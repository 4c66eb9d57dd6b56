"""Specification files (`metricops.dev/v1`, kind `ServiceLevelObjective`) into values.

All that is wrong with them is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from rules.alerting import read_alerting
from rules.document import read_documents
from rules.fields import Field, Fields
from rules.names import API_VERSION, KIND, KIND_BY_LABEL, NAMESPACE_LABEL, WINDOW_PLACEHOLDER
from rules.problems import Problem, SpecificationError
from rules.promql import QueryError, functions_over, one_line
from rules.specification import DeployerRule, ErrorBudget, EventRatio, Specification, WorkloadTarget
from rules.windows import NO_TIME

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
A_LABEL = "lower-case letters, digits and hyphens, at most 63"


def parse(content: bytes, file: str) -> tuple[Specification, ...]:
    """All specifications of one file (UTF-8 YAML, several documents allowed). Raises `SpecificationError`."""
    return parse_files({file: content})


def parse_files(files: Mapping[str, bytes]) -> tuple[Specification, ...]:
    """All specifications of files, given by their names. Raises `SpecificationError` with all problems of all files."""
    problems: list[Problem] = []
    specifications: list[Specification] = []
    seen: dict[tuple[str, str], str] = {}
    for file, content in files.items():
        nodes, of_file = read_documents(content, file)
        for node in nodes:
            specification = _read_specification(Field(node, "", file, of_file), seen)
            if specification is not None:
                specifications.append(specification)
        problems += sorted(of_file, key=lambda problem: problem.line)
    if problems:
        raise SpecificationError(problems)
    return tuple(specifications)


def _read_specification(document: Field, seen: dict[tuple[str, str], str]) -> Specification | None:
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    if root is None:
        return None
    root.required("apiVersion", API_VERSION, lambda field: field.one_of((API_VERSION,)))
    root.required("kind", KIND, lambda field: field.one_of((KIND,)))
    metadata = root.required("metadata", "a mapping with a name", lambda field: field.mapping(("name", "labels")))
    spec = root.required(
        "spec",
        "a mapping",
        lambda field: field.mapping(("service", "workload", "objective", "window", "indicator", "alerting", "rule")),
    )
    name = metadata.required("name", "a name", lambda field: field.matching(DNS_LABEL, A_LABEL)) if metadata else None
    labels = _read_labels(metadata) if metadata else None
    if spec is None:
        return None
    service = spec.required("service", "the service's name", _read_service)
    workload = spec.required("workload", f"namespace and one of {', '.join(KIND_BY_LABEL)}", _read_workload)
    judge = _read_rule(spec) if "rule" in spec else _read_budget(spec)
    name_field = metadata.get("name") if metadata else None
    if name_field is not None and name is not None and workload is not None:
        _check_unique(name_field, name, workload.namespace, seen)
    if name is None or labels is None or service is None or workload is None or judge is None:
        return None
    return Specification(name, service, workload, judge, workload.namespace, tuple(labels.items()))


def _check_unique(field: Field, name: str, namespace: str, seen: dict[tuple[str, str], str]) -> None:
    first = seen.setdefault((namespace, name), f"{field.file}:{field.line}")
    if first != f"{field.file}:{field.line}":
        field.refuse(f"a name of its own in namespace {namespace}", f"{name!r}, as in {first}")


def _read_labels(metadata: Fields) -> dict[str, str] | None:
    nothing: dict[str, str] = {}
    return metadata.optional("labels", Field.texts, nothing)


def _read_service(field: Field) -> str | None:
    return field.matching(LABEL_VALUE, "letters, digits, hyphens, dots and underscores, at most 63")


def _read_workload(field: Field) -> WorkloadTarget | None:
    fields = field.mapping((NAMESPACE_LABEL, *KIND_BY_LABEL))
    if fields is None:
        return None
    namespace = fields.required(NAMESPACE_LABEL, "a namespace", lambda field: field.matching(DNS_LABEL, A_LABEL))
    labels = [label for label in KIND_BY_LABEL if label in fields]
    if len(labels) != 1:
        field.refuse(f"exactly one of {', '.join(KIND_BY_LABEL)}", " and ".join(labels) or "none of them")
        return None
    name = fields.required(labels[0], "a name", lambda field: field.matching(DNS_SUBDOMAIN, "a workload's name"))
    return None if namespace is None or name is None else WorkloadTarget(namespace, labels[0], name)


def _read_rule(spec: Fields) -> DeployerRule | None:
    for name in ("objective", "window", "indicator", "alerting"):
        other = spec.get(name)
        if other is not None:
            other.refuse("either rule, or objective, window and indicator", f"{name} beside rule")
    fields = spec.required("rule", "a mapping", lambda field: field.mapping(("expr", "for")))
    if fields is None:
        return None
    expression = fields.required("expr", "a PromQL expression", _read_expression)
    hold = fields.optional("for", lambda field: field.duration(least=NO_TIME), NO_TIME)
    return None if expression is None or hold is None else DeployerRule(expression, hold)


def _read_expression(field: Field) -> str | None:
    if _read_query(field) is None:
        return None
    text = str(field.node.value).strip()  # Otherwise word for word, comments included.
    if WINDOW_PLACEHOLDER in text:
        field.refuse(f"a range such as [5m] instead of {WINDOW_PLACEHOLDER}")
        return None
    return text


def _read_budget(spec: Fields) -> ErrorBudget | None:
    percentage = spec.required("objective", "a percentage such as 99.9, or a rule", _read_objective)
    period = spec.required("window", "a duration such as 30d", Field.duration)
    indicator = spec.required("indicator", "errorsOverTotal", _read_indicator)
    budget = None if percentage is None else 1 - percentage / 100
    alerting = read_alerting(spec, period, budget)
    if percentage is None or period is None or indicator is None or alerting is None:
        return None
    return ErrorBudget(percentage / 100, period, indicator, *alerting)


def _read_objective(field: Field) -> Fraction | None:
    expected = "a percentage above 0 and below 100, such as 99.9"
    percentage = field.number(expected)
    if percentage is None or 0 < percentage < 100:
        return percentage
    field.refuse(f"{expected} (at 100 there is no error budget)" if percentage >= 100 else expected)
    return None


def _read_indicator(field: Field) -> EventRatio | None:
    kinds = field.mapping(("errorsOverTotal",))
    if kinds is None:
        return None
    queries = kinds.required("errorsOverTotal", "errors and total", lambda field: field.mapping(("errors", "total")))
    if queries is None:
        return None
    expected = f"a PromQL query over [{WINDOW_PLACEHOLDER}]"
    errors = queries.required("errors", expected, _read_windowed_query)
    total = queries.required("total", expected, _read_windowed_query)
    return None if errors is None or total is None else EventRatio(total, errors=errors)


def _read_windowed_query(field: Field) -> str | None:
    query = _read_query(field)
    if query is None:
        return None
    functions = functions_over(query, WINDOW_PLACEHOLDER)
    if not functions:
        field.refuse(
            f"a PromQL query over [{WINDOW_PLACEHOLDER}], as in rate(http_request_total[{WINDOW_PLACEHOLDER}])"
        )
        return None
    # Failed events are counted as their rate times the window's length: of anything else, one failure would be many.
    others = sorted(functions - {"rate"})
    if others:
        place = f"[{WINDOW_PLACEHOLDER}]"
        found = " and ".join(f"{name}(…{place})" if name else f"{place} outside a function" for name in others)
        field.refuse(f"events per second, that is rate(…[{WINDOW_PLACEHOLDER}])", found)
        return None
    return query


def _read_query(field: Field) -> str | None:
    text = field.text()
    if text is None:
        return None
    try:
        query = one_line(text)
    except QueryError as error:
        field.refuse("a PromQL expression", str(error))
        return None
    if not query:
        field.refuse("a PromQL expression", "nothing but a comment")
        return None
    return query
