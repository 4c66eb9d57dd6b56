"""What both annotations have in common: text into YAML, expressions into confined ones, advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import yaml

from rules.deployer import bounds
from rules.deployer.confinement import Confinement, Refused, Series, confine
from rules.deployer.examination import examine
from rules.deployer.selections import column
from rules.document import read_documents
from rules.durations import format_duration
from rules.fields import Field
from rules.names import KIND_BY_LABEL, WINDOW_PLACEHOLDER
from rules.problems import Problem
from rules.specification import Labels, WorkloadTarget

LONGEST_SERVICE = 63
TEXT_TAG = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Advice:
    """What can be used, but is worth a second thought. `where` is the annotation and the rule; `name` one word."""

    where: str
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} ({self.name})"


@dataclass(frozen=True, slots=True)
class Whose:
    """The workload that is annotated, and how its series are known."""

    whom: WorkloadTarget
    confinement: Confinement

    def confined(self, field: Field, text: str, series: Series | None = None, *, longest: timedelta) -> str | None:
        """An expression, read from this field, over the workload's own series; problems are noted at their columns.

        `longest` bounds its ranges, and is what `$window` stands for at the most.
        """
        refused = examine(text.replace(WINDOW_PLACEHOLDER, format_duration(longest)), longest)
        outcome = confine(text, self.confinement.matchers(self.whom, series))
        refused += outcome if isinstance(outcome, list) else []
        for one in dict.fromkeys(refused):
            _note(field, text, one)
        return outcome if isinstance(outcome, str) and not refused else None


def is_too_long(text: str, file: str, problems: list[Problem]) -> bool:
    """Whether an annotation is longer than it may be; then that is noted."""
    size = len(text.encode("utf-8", "replace"))
    if size > bounds.MOST_BYTES:
        problems.append(Problem(file, 1, "", f"{size} bytes", f"at most {bounds.MOST_BYTES}"))
    return size > bounds.MOST_BYTES


def read_yaml(text: str, file: str, problems: list[Problem]) -> Field | None:
    """The one document of an annotation; what is wrong is noted."""
    nodes, found = read_documents(text.encode("utf-8", "replace"), file)
    problems += found
    if len(nodes) > 1:
        problems.append(Problem(file, nodes[1].start_mark.line + 1, "", "a second document", "one document"))
    return Field(nodes[0], "", file, problems) if len(nodes) == 1 else None


def read_text(text: str, file: str, problems: list[Problem]) -> Field:
    """An annotation that is one text, as a field."""
    return Field(yaml.ScalarNode(TEXT_TAG, text), "", file, problems, line=1)


def place_of(annotation: str, name: str) -> str:
    """A rule of an annotation, in words."""
    return f"annotation {annotation}, {name}"


def service_of(whom: WorkloadTarget) -> str:
    """The label `service` of a workload's rules: its name, cut where that is longer than a label's value may be."""
    return whom.name[:LONGEST_SERVICE].rstrip("-.")


def other_kinds(whom: WorkloadTarget) -> Labels:
    """Labels that a series may have and an alert of this workload must not: empty, they are no labels to Prometheus.

    An alert that names two workloads undoes neither.
    """
    return tuple((label, "") for label in KIND_BY_LABEL if label != whom.label)


def _note(field: Field, text: str, one: Refused) -> None:
    at = column(text, one.place.start) if one.place is not None else ""
    path = ", ".join(filter(None, (field.path, at)))
    field.problems.append(Problem(field.file, field.line, path, one.found, one.expected))
