"""The rules that a workload's annotations ask for: by the same code as `metricops rules generate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rules.deployer.confinement import LONGEST_FOR_PODS, Confinement, Series
from rules.deployer.reading import Advice, Whose, place_of
from rules.deployer.rule_annotation import read_rules
from rules.deployer.slo_annotation import read_slo
from rules.generate import generate
from rules.group import AlertRule, RuleGroup
from rules.lints import lint
from rules.names import RULE_ANNOTATION, SLO_ANNOTATION
from rules.problems import Problem
from rules.specification import DeployerRule, Specification, WorkloadTarget

ANNOTATIONS = (RULE_ANNOTATION, SLO_ANNOTATION)
DEFAULT_CONFINEMENT = Confinement()


@dataclass(frozen=True, slots=True)
class WorkloadRules:
    """What a workload's annotations come to.

    With `problems` there are no `groups`: half of what was asked for would be another judgement. `advice` is what is
    worth a second thought; nothing is changed for it.
    """

    groups: tuple[RuleGroup, ...] = ()
    problems: tuple[Problem, ...] = ()
    advice: tuple[Advice, ...] = ()


def rules_of_workload(
    namespace: str,
    kind: str,
    name: str,
    annotations: Mapping[str, str],
    confinement: Confinement = DEFAULT_CONFINEMENT,
) -> WorkloadRules:
    """The rule groups of a workload, and all that is wrong with its annotations.

    `kind` is the label of its kind: deployment, statefulset or daemonset. Nothing for a workload that has none of the
    annotations. Every selector of the rules asks for the workload's namespace, every alert blames this workload.
    """
    asked = {annotation: annotations[annotation] for annotation in ANNOTATIONS if annotation in annotations}
    if not asked:
        return WorkloadRules()
    whose = Whose(WorkloadTarget(namespace, kind, name), confinement)
    problems = [*_unusable(whose)]
    advice: list[Advice] = []
    found: list[tuple[str, Specification]] = []
    if RULE_ANNOTATION in asked:
        found += ((RULE_ANNOTATION, one) for one in read_rules(asked[RULE_ANNOTATION], whose, problems, advice))
    if SLO_ANNOTATION in asked:
        found += (
            (SLO_ANNOTATION, one) for one in [read_slo(asked[SLO_ANNOTATION], whose, problems)] if one is not None
        )
    names = {one.name for annotation, one in found if annotation == RULE_ANNOTATION}
    for annotation, one in found:
        if annotation == SLO_ANNOTATION and one.name in names:
            file = f"annotation {SLO_ANNOTATION}"
            problems.append(Problem(file, 1, "name", f"the name {one.name}", "another one than those of the rules"))
    if problems:
        return WorkloadRules(problems=tuple(dict.fromkeys(problems)))
    groups = [group for _, one in found for group in _groups(one, whose.whom)]
    advice += [each for annotation, one in found for each in _second_thoughts(annotation, one)]
    return WorkloadRules(tuple(groups), (), tuple(advice))


def _groups(specification: Specification, whom: WorkloadTarget) -> tuple[RuleGroup, ...]:
    """Under names that no other workload's groups have: in some rulers all of a namespace are together."""
    made = generate(specification).groups
    prefix = f"{whom.namespace}/{whom.label}/{whom.name}/{specification.name}"
    generic = made[0].name
    return tuple(replace(group, name=f"{prefix}{group.name.removeprefix(generic)}") for group in made)


def _second_thoughts(annotation: str, specification: Specification) -> list[Advice]:
    where = place_of(annotation, specification.name)
    notes = [Advice(where, "note", note) for note in specification.notes]
    if not isinstance(specification.judge, DeployerRule):
        return notes
    alerts = [rule for rule in generate(specification).rules if isinstance(rule, AlertRule)]
    return [*notes, *(Advice(where, found.name, found.message) for alert in alerts for found in lint(alert))]


def _unusable(whose: Whose) -> list[Problem]:
    whom, longest = whose.whom, LONGEST_FOR_PODS[whose.whom.label]
    if whose.confinement.series is not Series.POD or len(whom.name) <= longest:
        return []
    found = f"a {whom.label} whose name has {len(whom.name)} characters"
    return [Problem("workload", 1, "metadata.name", found, f"at most {longest}: its pods are known by their names")]
