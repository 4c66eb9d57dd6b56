"""Cases that people write themselves, in promtool's own format: the rules' file is filled in."""

from __future__ import annotations

from pathlib import PurePath

import yaml

from rules.document import read_documents
from rules.problems import Problem, SpecificationError

SUFFIXES = (".test.yaml", ".test.yml")


def is_cases_file(name: str) -> bool:
    """Whether a file's name says that it has cases in it, and no SLO."""
    return name.endswith(SUFFIXES)


def cases_beside(file: PurePath) -> list[PurePath]:
    """Where the cases of an SLO file may be: `shop.test.yaml` beside `shop.yaml`."""
    return [file.with_name(file.stem + suffix) for suffix in SUFFIXES]


def with_rules(content: bytes, file: str, rule_file: str) -> str:
    """The same test file for the rules in `rule_file`, whatever it said itself. Raises `SpecificationError`."""
    nodes, problems = read_documents(content, file)
    if not problems and (len(nodes) != 1 or not isinstance(nodes[0], yaml.MappingNode)):
        problems = [Problem(file, 1, "", "no mapping, or several documents", "one test file of promtool")]
    if problems:
        raise SpecificationError(problems)
    return yaml.safe_dump({**yaml.safe_load(content), "rule_files": [rule_file]}, sort_keys=False, width=100_000)
