"""Specification files into values, each document by the reader of its format. All that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rules.document import read_documents
from rules.fields import Field
from rules.names import API_VERSION
from rules.objective import read_objective
from rules.problems import Problem, SpecificationError
from rules.specification import Specification

Reader = Callable[[Field], list[tuple[Specification, Field]]]
"""Reads a document: its specifications, each with the field that names it."""

READERS: dict[str, Reader] = {API_VERSION: read_objective}
"""By a document's `apiVersion`, or its `version` where a format has that."""


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
            document = Field(node, "", file, of_file)
            for specification, name in _reader(document)(document):
                _check_unique(name, specification, seen)
                specifications.append(specification)
        problems += sorted(of_file, key=lambda problem: problem.line)
    if problems:
        raise SpecificationError(problems)
    return tuple(specifications)


def _reader(document: Field) -> Reader:
    """The one of its format; what has none is read as ours, which says what is wrong with it."""
    words = (document.word(name) for name in ("apiVersion", "version"))
    return next((READERS[word] for word in words if word in READERS), read_objective)


def _check_unique(field: Field, found: Specification, seen: dict[tuple[str, str], str]) -> None:
    here = f"{field.file}:{field.line}"
    first = seen.setdefault((found.namespace, found.name), here)
    if first != here:
        where = f" in namespace {found.namespace}" if found.namespace else ""
        field.refuse(f"a name of its own{where}", f"{found.name!r}, as in {first}")
