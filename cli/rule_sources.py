"""Files as rules, whichever they hold: objectives, rule files, PrometheusRules, or manifests of workloads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.deployer.manifest import is_workload_document, read_workload_document
from rules.document import read_documents
from rules.fields import Field
from rules.foreign.context import DEFAULTS, Settings
from rules.generate import generate
from rules.group import AlertRule, RuleSet
from rules.parse import parse_files
from rules.problems import Problem, SpecificationError
from rules.rule_file import is_rule_document, read_rule_document
from rules.specification import Specification


@dataclass(frozen=True, slots=True)
class SourcedSet:
    """The rules of one objective, or of one document of a rule file or one manifest (then `specification` is None).

    `source` says which, for a message.
    """

    source: str
    rules: RuleSet
    specification: Specification | None = None

    @property
    def alerts(self) -> tuple[AlertRule, ...]:
        """The alerts among them, in their order."""
        return tuple(rule for rule in self.rules.rules if isinstance(rule, AlertRule))


def read_rule_sources(files: Mapping[str, bytes], settings: Settings = DEFAULTS) -> tuple[SourcedSet, ...]:
    """All rules of all files, given by their names. Raises `SpecificationError` with all problems of all files."""
    problems: list[Problem] = []
    sets: list[SourcedSet] = []
    objectives: dict[str, bytes] = {}
    for file, content in files.items():
        nodes, _ = read_documents(content, file)
        found: list[Problem] = []
        workloads = [one for node in nodes if is_workload_document(one := Field(node, "", file, found))]
        if workloads:
            # What else a manifest has, a Service say, is none of the rules' business.
            made = [read_workload_document(one) for one in workloads]
            sets += [SourcedSet(f"{file}, {one.name}", one) for one in made if one is not None]
            problems += sorted(found, key=lambda problem: problem.line)
            continue
        documents = [node for node in nodes if is_rule_document(node)]
        if not documents:
            objectives[file] = content
        elif len(documents) < len(nodes):
            problems.append(Problem(file, 1, "", "rule groups and objectives", "files with either of them"))
        else:
            read = [read_rule_document(Field(document, "", file, found)) for document in documents]
            sets += [SourcedSet(file, one) for one in read if one is not None]
            problems += sorted(found, key=lambda problem: problem.line)
    specifications: tuple[Specification, ...] = ()
    try:
        specifications = parse_files(objectives, settings)
    except SpecificationError as error:
        problems += error.problems
    if problems:
        raise SpecificationError(problems)
    return (*sets, *(SourcedSet(f"objective {one.name}", generate(one), one) for one in specifications))
