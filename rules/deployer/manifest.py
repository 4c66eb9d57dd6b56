"""Manifests of workloads, as they stand in a repository: the rules that their annotations ask for."""

from __future__ import annotations

from dataclasses import replace

import yaml

from rules.deployer.objects import rule_set
from rules.deployer.workload_rules import ANNOTATIONS, WorkloadRules, rules_of_workload
from rules.fields import Field
from rules.group import RuleSet
from rules.names import LABEL_BY_KIND, NAMESPACE_LABEL

API_VERSION = "apps/v1"


def is_workload_document(document: Field) -> bool:
    """Whether it is a Deployment, a StatefulSet or a DaemonSet."""
    return document.word("apiVersion") == API_VERSION and document.word("kind") in LABEL_BY_KIND


def read_workload_document(document: Field) -> RuleSet | None:
    """The rules of a workload's annotations; None where it has none. What is wrong is noted at its line."""
    kind, metadata = document.word("kind"), document.place_of("metadata")
    annotations = metadata.place_of("annotations")
    given = {name: annotations.word(name) for name in ANNOTATIONS if annotations.place_of(name) is not annotations}
    name, namespace = metadata.word("name"), metadata.word(NAMESPACE_LABEL)
    if not given:
        return None
    if not name or not namespace:
        metadata.missing(NAMESPACE_LABEL if name else "name", "the workload's, which its rules name")
        return None
    found = rules_of_workload(namespace, LABEL_BY_KIND[kind], name, given)
    _note(found, annotations)
    return rule_set(namespace, LABEL_BY_KIND[kind], name, found.groups, {}) if found.groups else None


def _note(found: WorkloadRules, annotations: Field) -> None:
    for problem in found.problems:
        annotation = next((name for name in ANNOTATIONS if problem.file.endswith(name)), "")
        place = annotations.place_of(annotation)
        # The text of a block scalar begins on the line after its indicator.
        is_block = isinstance(place.node, yaml.ScalarNode) and place.node.style in ("|", ">")
        line = place.line + problem.line - (0 if is_block else 1)
        path = ", ".join(filter(None, (place.path, problem.field)))
        annotations.problems.append(replace(problem, file=annotations.file, line=line, field=path))
