"""The deployer's own rule and objective in a request: may they be written, and are they what they have to be?

Checked as the reconciler will read them, if it is told the same of how series say whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from receiver import names
from receiver.decision.field_times import owns
from receiver.decision.values import NamespaceFacts, Workload
from receiver.intake.conformity import Problem
from receiver.releases.refusal import RefusedError
from receiver.releases.request import DEPLOYERS_OWN
from rules import problems as rule_problems
from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import DEFAULT_CONFINEMENT, rules_of_workload
from rules.names import LABEL_BY_KIND, RULES_ENABLED, RULES_LABEL

Annotations = Mapping[str, str | None]
"""Annotations that are to be so; None for one that is to go."""

FIELD_BY_ANNOTATION = {annotation: name for name, annotation in DEPLOYERS_OWN.items()}
MOST_ADVICE = 20


@dataclass(frozen=True, slots=True)
class Judged:
    """The annotations to be written, and what whoever deploys ought to know of them."""

    wanted: Annotations
    advice: tuple[str, ...] = ()


def judge(
    own: Annotations,
    workload: Workload,
    namespace: NamespaceFacts,
    confinement: Confinement = DEFAULT_CONFINEMENT,
) -> Judged:
    """Judge what a request says of the deployer's own rules.

    Raises `RefusedError`: 403 where the namespace has not opted in, 409 where somebody else writes the annotation, 400
    for what can't become rules.
    """
    given = {key: value for key, value in own.items() if value is not None}
    if given and namespace.labels.get(RULES_LABEL) != RULES_ENABLED:
        found = f"namespace {workload.ref.namespace} without it"
        expected = f"label {RULES_LABEL}={RULES_ENABLED} on the namespace"
        raise RefusedError(403, [Problem(FIELD_BY_ANNOTATION[key], found, expected) for key in given])
    _check_writers(own, workload)
    if not given:
        return Judged(own)
    after = {key: own.get(key, workload.annotations.get(key)) for key in FIELD_BY_ANNOTATION}
    asked = {key: value for key, value in after.items() if value is not None}
    ref = workload.ref
    read = rules_of_workload(ref.namespace, LABEL_BY_KIND[ref.kind], ref.name, asked, confinement)
    if read.problems:
        raise RefusedError(400, [_problem(problem) for problem in read.problems])
    return Judged(own, tuple(str(advice) for advice in read.advice[:MOST_ADVICE]))


def _check_writers(own: Annotations, workload: Workload) -> None:
    """What the manifest says is changed in the manifest: two writers would take it from each other at every apply."""
    problems = []
    for key, value in own.items():
        writers = sorted(
            str(entry.get("manager"))
            for entry in workload.managed_fields
            if entry.get("manager") != names.FIELD_MANAGER and owns(entry, "metadata", "annotations", key)
        )
        if writers and value != workload.annotations.get(key):
            found = f"annotation {key}, written by {', '.join(writers)}"
            problems.append(Problem(FIELD_BY_ANNOTATION[key], found, "the annotation changed there, or none"))
    if problems:
        raise RefusedError(409, problems)


def _problem(problem: rule_problems.Problem) -> Problem:
    """A problem of an annotation, with the field of the request in its place: `rule, line 2: alerts[0].expr`."""
    annotation = problem.file.removeprefix("annotation ")
    field = FIELD_BY_ANNOTATION.get(annotation, problem.file)
    place = f"{field}, line {problem.line}" + (f": {problem.field}" if problem.field else "")
    return Problem(place, problem.found, problem.expected)
