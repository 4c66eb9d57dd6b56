"""YAML documents whose values know their lines, read with limits."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from rules.problems import Problem, SpecificationError

MOST_BYTES = 1024 * 1024
MOST_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Value:
    """A YAML value with its place; mappings hold `Value`s by key, sequences hold `Value`s."""

    file: str
    line: int
    field: str
    content: Any

    def problem(self, found: str, expected: str) -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.field, found, expected)

    @property
    def shown(self) -> str:
        """What was found, for a message."""
        if isinstance(self.content, dict):
            return "a mapping"
        if isinstance(self.content, list):
            return "a list"
        return "nothing" if self.content is None else repr(self.content)[:80]


class Reader:
    """Takes typed values out of documents, and collects what is wrong instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, value: Value, expected: str, found: str | None = None) -> None:
        """Note a problem."""
        self.problems.append(value.problem(found or value.shown, expected))

    def mapping(self, value: Value, known: Iterable[str]) -> dict[str, Value]:
        """A mapping with no other fields than the known ones; empty where it is none."""
        if not isinstance(value.content, dict):
            self.wrong(value, "a mapping")
            return {}
        names = list(known)
        for key, item in value.content.items():
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f"{near[0]} (the nearest known field)" if near else f"one of {', '.join(names)}"
                self.problems.append(Problem(item.file, item.line, item.field, "an unknown field", hint))
        return {key: item for key, item in value.content.items() if key in names}

    def required(self, parent: Value, fields: dict[str, Value], name: str, expected: str) -> Value | None:
        """A field that must be there."""
        if name not in fields:
            field = f"{parent.field}.{name}" if parent.field else name
            self.problems.append(Problem(parent.file, parent.line, field, "nothing", expected))
        return fields.get(name)

    def text(self, value: Value | None, expected: str = "text") -> str:
        """A string that is not empty; empty where it is wrong."""
        if value is None:
            return ""
        if not isinstance(value.content, str) or not value.content.strip():
            self.wrong(value, expected)
            return ""
        return value.content


def read_documents(text: bytes, file: str) -> Iterator[Value]:
    """The documents of a file. Raises `SpecificationError` for what is no YAML, too big, too deep, or has aliases."""
    if len(text) > MOST_BYTES:
        raise SpecificationError([Problem(file, 0, "file", f"{len(text)} bytes", f"at most {MOST_BYTES} bytes")])
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise SpecificationError([Problem(file, line, f"*{event.anchor}", "an alias", "the value itself")])
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found = str(getattr(error, "problem", None) or error).splitlines()[0][:200]
        raise SpecificationError([Problem(file, mark.line + 1 if mark else 0, "file", found, "YAML")]) from error
    except (RecursionError, UnicodeDecodeError) as error:
        raise SpecificationError([Problem(file, 0, "file", "bytes that are no readable text", "YAML")]) from error
    if not nodes:
        raise SpecificationError([Problem(file, 0, "file", "nothing", "at least one document")])
    loader = yaml.SafeLoader("")
    for node in nodes:
        yield _value(loader, node, file, "", 0)


def _value(loader: yaml.SafeLoader, node: yaml.Node, file: str, field: str, depth: int) -> Value:
    line = node.start_mark.line + 1
    if depth > MOST_DEPTH:
        raise SpecificationError([Problem(file, line, field, "deep nesting", f"at most {MOST_DEPTH} levels")])
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Value] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            inner = f"{field}.{key}" if field else key
            if key in content:
                place = key_node.start_mark.line + 1
                raise SpecificationError([Problem(file, place, inner, "the field twice", "it once")])
            found = _value(loader, value_node, file, inner, depth + 1)
            content[key] = Value(file, key_node.start_mark.line + 1, inner, found.content)
        return Value(file, line, field, content)
    if isinstance(node, yaml.SequenceNode):
        items = [_value(loader, item, file, f"{field}[{n}]", depth + 1) for n, item in enumerate(node.value)]
        return Value(file, line, field, items)
    try:
        return Value(file, line, field, loader.construct_object(node))
    except (yaml.YAMLError, ValueError) as error:
        raise SpecificationError([Problem(file, line, field, str(error)[:120], "a plain value")]) from error
