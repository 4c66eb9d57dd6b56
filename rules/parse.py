"""Specification files into values, each document by the reader of its format. All that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Mapping

from rules.document import read_documents
from rules.fields import Field
from rules.foreign.context import DEFAULTS, Context, Settings
from rules.formats import read_objectives, read_shared
from rules.problems import Problem, SpecificationError
from rules.specification import Specification
from rules.unique import UniqueNames


def parse(content: bytes, file: str, settings: Settings = DEFAULTS) -> tuple[Specification, ...]:
    """All specifications of one file (UTF-8 YAML, several documents allowed). Raises `SpecificationError`."""
    return parse_files({file: content}, settings)


def parse_files(files: Mapping[str, bytes], settings: Settings = DEFAULTS) -> tuple[Specification, ...]:
    """All specifications of files, given by their names. Raises `SpecificationError` with all problems of all files.

    `settings` are for other tools' formats; their documents may refer to one another across files.
    """
    problems: dict[str, list[Problem]] = {}
    documents: list[Field] = []
    for file, content in files.items():
        nodes, problems[file] = read_documents(content, file)
        documents += [Field(node, "", file, problems[file]) for node in nodes]
    context = Context.of(settings)
    for document in documents:
        read_shared(document, context)
    specifications: list[Specification] = []
    names = UniqueNames()
    for document in documents:
        for specification, name in read_objectives(document, context):
            names.claim(name, specification)
            specifications.append(specification)
    found = [
        problem for file in files for problem in sorted(dict.fromkeys(problems[file]), key=lambda problem: problem.line)
    ]
    if found:
        raise SpecificationError(found)
    return tuple(specifications)
