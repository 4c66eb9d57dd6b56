"""An object's rules as the text of a rule file; SLO objects by the same code as `metricops rules generate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from rules.deployer.workload_rules import rules_of_workload
from rules.document import LOADER
from rules.generate import generate
from rules.group import RuleSet
from rules.parse import parse
from rules.problems import Problem, SpecificationError
from rules.render import render_rule_file
from sync.blame import Policy, judge
from sync.files import file_text
from sync.objects import PROMETHEUS_RULE, WORKLOAD_KINDS, RuleObject
from sync.shape import misshapen

LONGEST_MESSAGE = 4096
FOR_THANOS_ALONE = ("partial_response_strategy",)
"""Fields of a group that Prometheus refuses; prometheus-operator leaves them out for it as well."""

INVALID = "Invalid"
FOREIGN_NAMESPACE = "ForeignNamespace"

_Dumper: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A file's text, whether Prometheus will show rules of it, and what is to be told about them."""

    text: str
    has_rules: bool
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an object gives no file: one word, and what is wrong in words."""

    reason: str
    message: str


def render(one: RuleObject, policy: Policy) -> Rendered | Refusal:
    """The file of an object, or why there is none."""
    notes: tuple[str, ...] = ()
    if one.kind in WORKLOAD_KINDS:
        made = rules_of_workload(one.namespace, one.kind.short, one.name, one.spec, policy.confinement)
        if made.problems:
            return Refusal(INVALID, in_words(list(map(str, made.problems))))
        text = render_rule_file([RuleSet(one.name, one.namespace, {}, made.groups)])
        # They name this namespace, whoever is trusted.
        return Rendered(file_text(one, text), bool(made.groups), tuple(map(str, made.advice)))
    if one.kind is PROMETHEUS_RULE:
        groups = without_foreign_fields(one.spec)
        text = _dump({"groups": groups})
    else:
        try:
            specifications = parse(_document(one), str(one))
        except SpecificationError as error:
            return Refusal(INVALID, in_words([without_line(problem) for problem in error.problems]))
        text = render_rule_file(map(generate, specifications))
        groups = yaml.load(text, Loader=LOADER)["groups"]  # noqa: S506 - a safe loader
        notes = tuple(note for specification in specifications for note in specification.notes)
    problems = misshapen(groups)
    if problems:
        return Refusal(INVALID, in_words(problems))
    judgement = judge(groups, one.namespace, policy)
    if judgement.refused:
        return Refusal(FOREIGN_NAMESPACE, in_words(judgement.refused))
    return Rendered(file_text(one, text), any(group.get("rules") for group in groups), notes + judgement.open)


def without_foreign_fields(spec: Any) -> Any:
    """A PrometheusRule's groups without what only another ruler understands."""
    groups = (spec.get("groups") or []) if isinstance(spec, dict) else spec
    if not isinstance(groups, list):
        return groups
    return [
        {key: value for key, value in group.items() if key not in FOR_THANOS_ALONE}
        if isinstance(group, dict)
        else group
        for group in groups
    ]


def in_words(problems: tuple[str, ...] | list[str]) -> str:
    """Several problems in one message of bounded length."""
    text = "; ".join(problems)
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def without_line(problem: Problem) -> str:
    """A problem by its field: lines are those of a document that nobody has seen."""
    return f"{problem.field or 'document'}: found {problem.found}, expected {problem.expected}"


def _document(one: RuleObject) -> bytes:
    """The SLO file that a person would have written for this object.

    Without its namespace where the workload is in another: whether that may be is for the policy to say.
    """
    workload = one.spec.get("workload") if isinstance(one.spec, dict) else None
    blamed = workload.get("namespace") if isinstance(workload, dict) else None
    namespace = {"namespace": one.namespace} if blamed in (None, one.namespace) else {}
    document: Mapping[str, Any] = {
        "apiVersion": one.kind.api_version,
        "kind": one.kind.kind,
        "metadata": {"name": one.name, **namespace},
        "spec": one.spec,
    }
    return _dump(document).encode()


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)
