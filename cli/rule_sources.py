"""Files as rules, whichever they hold: objectives, Prometheus' rule files or PrometheusRule objects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rules.document import MOST_BYTES, read_documents
from rules.fields import Field
from rules.generate import generate
from rules.group import AlertRule, RuleSet
from rules.parse import parse_files
from rules.problems import Problem, SpecificationError
from rules.rule_file import is_rule_document, read_rule_document
from rules.specification import Specification


@dataclass(frozen=True, slots=True)
class SourcedSet:
    """The rules of one objective, or of one document of a rule file (then `specification` is None)."""

    file: str
    rules: RuleSet
    specification: Specification | None = None

    @property
    def alerts(self) -> tuple[AlertRule, ...]:
        """The alerts among them, in their order."""
        return tuple(rule for rule in self.rules.rules if isinstance(rule, AlertRule))


def read_rule_sources(files: tuple[Path, ...]) -> tuple[SourcedSet, ...]:
    """All rules of all files. Raises `SpecificationError` with all problems of all files."""
    problems: list[Problem] = []
    sets: list[SourcedSet] = []
    objectives: dict[str, bytes] = {}
    for file, content in ((str(file), content_of(file)) for file in files):
        nodes, unreadable = read_documents(content, file)
        documents = [node for node in nodes if is_rule_document(node)]
        if unreadable:
            problems += unreadable
        elif not documents:
            objectives[file] = content
        elif len(documents) < len(nodes):
            problems.append(Problem(file, 1, "", "rule groups and objectives", "files with either of them"))
        else:
            found: list[Problem] = []
            read = [read_rule_document(Field(document, "", file, found)) for document in documents]
            sets += [SourcedSet(file, one) for one in read if one is not None]
            problems += sorted(found, key=lambda problem: problem.line)
    try:
        parse_files(objectives)  # All at once: names must be unique among all files.
    except SpecificationError as error:
        problems += error.problems
    if problems:
        raise SpecificationError(problems)
    for file, content in objectives.items():
        sets += [SourcedSet(file, generate(one), one) for one in parse_files({file: content})]
    return tuple(sets)


def content_of(file: Path) -> bytes:
    """A file's bytes; one more than is allowed is enough to refuse it, however large it is."""
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)
