"""Typed reading of YAML nodes that collects what is wrong instead of stopping at the first problem.

A reader that finds something wrong notes it and gives None, so that the rest is read too.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TypeVar

import yaml

from rules.durations import DurationError, parse_duration
from rules.problems import Problem

T = TypeVar("T")
Word = TypeVar("Word", bound=str)

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_LONGEST_SHOWN = 60
_LONGEST_NUMBER = 32
_MOST_FIELDS = 1000


class Field:
    """One value of a document with its place. `path` reads like `spec.alerting.windows[0].long`."""

    def __init__(self, node: yaml.Node, path: str, file: str, problems: list[Problem], line: int | None = None) -> None:
        self.node = node
        self.path = path
        self.file = file
        self.problems = problems
        self.line = int(node.start_mark.line) + 1 if line is None else line
        """From 1; of a named field, the line of its name."""

    @property
    def found(self) -> str:
        """What stands there, for a message."""
        if isinstance(self.node, yaml.MappingNode):
            return "a mapping"
        if isinstance(self.node, yaml.SequenceNode):
            return "a list"
        if self.node.tag == _TAG + "null":
            return "nothing"
        kind = {"int": " (a number)", "float": " (a number)", "bool": " (a boolean)"}
        return _shown(str(self.node.value)) + kind.get(self.node.tag.removeprefix(_TAG), "")

    @property
    def is_text(self) -> bool:
        """Whether a text stands there, and no mapping or list."""
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == _TAG + "str"

    def word(self, name: str) -> str:
        """The text of a field of this mapping, unchecked; empty where there is none."""
        if isinstance(self.node, yaml.MappingNode):
            for key, value in self.node.value:
                if isinstance(value, yaml.ScalarNode) and key.value == name:
                    return str(value.value)
        return ""

    def place_of(self, name: str) -> Field:
        """A field of this mapping, unchecked; this one where there is none."""
        if isinstance(self.node, yaml.MappingNode):
            for key, value in self.node.value:
                if key.value == name:
                    return Field(
                        value, f"{self.path}.{name}".lstrip("."), self.file, self.problems, key.start_mark.line + 1
                    )
        return self

    def refuse(self, expected: str, found: str | None = None) -> None:
        """Note a problem with this value."""
        self.problems.append(Problem(self.file, self.line, self.path, found or self.found, expected))

    def missing(self, name: str, expected: str) -> None:
        """Note a field that this mapping lacks."""
        path = f"{self.path}.{name}" if self.path else name
        self.problems.append(Problem(self.file, self.line, path, "nothing", expected))

    def mapping(self, known: Iterable[str]) -> Fields | None:
        """A mapping with only these keys."""
        fields = self.entries()
        if fields is None:
            return None
        names = list(known)
        unknown = [name for name in fields if name not in names]
        for name, field in fields.items():
            if name in unknown:
                near = difflib.get_close_matches(name[:_LONGEST_SHOWN], names, n=1)
                expected = f"{near[0]} (the nearest known field)" if near else f"one of {', '.join(names)}"
                field.refuse(expected, f"the unknown field {_shown(name)}")
        return Fields(self, fields, has_unknown=bool(unknown))

    def texts(self) -> dict[str, str] | None:
        """A mapping of any keys to texts."""
        fields = self.entries()
        if fields is None:
            return None
        return {name: text for name, field in fields.items() if (text := field.text()) is not None}

    def items(self) -> list[Field] | None:
        """A list with at least one item."""
        if not isinstance(self.node, yaml.SequenceNode) or not self.node.value:
            self.refuse("a list with at least one item", None if self.node.value else "an empty list")
            return None
        return [
            Field(node, f"{self.path}[{index}]", self.file, self.problems) for index, node in enumerate(self.node.value)
        ]

    def text(self) -> str | None:
        """A text that is not empty."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TAG + "str":
            self.refuse("a text (in quotes where it looks like something else)")
            return None
        if not self.node.value.strip():
            self.refuse("a text", "an empty text")
            return None
        return str(self.node.value)

    def prose(self) -> str | None:
        """A text that may be empty."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.tag == _TAG + "str":
            return str(self.node.value).strip()
        self.refuse("a text (in quotes where it looks like something else)")
        return None

    def one_of(self, words: Sequence[Word]) -> Word | None:
        """One of a few words."""
        text = self.text()
        for word in words:
            if text == word:
                return word
        if text is not None:
            self.refuse(f"one of {', '.join(words)}")
        return None

    def matching(self, pattern: re.Pattern[str], expected: str) -> str | None:
        """A text of a certain form."""
        text = self.text()
        if text is not None and not pattern.fullmatch(text):
            self.refuse(expected)
            return None
        return text

    def number(self, expected: str) -> Fraction | None:
        """A decimal number, exactly as it is written."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag not in (_TAG + "int", _TAG + "float"):
            self.refuse(expected)
            return None
        text = str(self.node.value)
        if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
            self.refuse(expected)
            return None
        try:
            return Fraction(Decimal(text))
        except InvalidOperation:
            self.refuse(expected)
            return None

    def count(self, *, least: int = 1) -> int | None:
        """A whole number of at least `least`."""
        expected = f"a whole number of at least {least}"
        value = self.number(expected)
        if value is not None and (value < least or value.denominator != 1):
            self.refuse(expected)
            return None
        return None if value is None else int(value)

    def boolean(self) -> bool | None:
        """`true` or `false`."""
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TAG + "bool":
            self.refuse("true or false")
            return None
        return str(self.node.value).lower() in ("true", "yes", "on")

    def duration(self, *, least: timedelta = timedelta(milliseconds=1)) -> timedelta | None:
        """A duration as Prometheus writes it, of at least `least`."""
        expected = "a duration such as 30s, 5m, 1h30m or 30d"
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag != _TAG + "str":
            self.refuse(expected)
            return None
        try:
            duration = parse_duration(str(self.node.value))
        except DurationError:
            self.refuse(f"{expected}, at most 100y")
            return None
        if duration < least:
            self.refuse(f"{expected}, longer than 0s")
            return None
        return duration

    def entries(self) -> dict[str, Field] | None:
        """A mapping's values by their names; each name stands once."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("a mapping")
            return None
        if len(self.node.value) > _MOST_FIELDS:
            self.refuse(f"at most {_MOST_FIELDS} fields", f"{len(self.node.value)} fields")
            return None
        fields: dict[str, Field] = {}
        for key, value in self.node.value:
            line = int(key.start_mark.line) + 1
            if not isinstance(key, yaml.ScalarNode):
                Field(key, self.path, self.file, self.problems).refuse("a name")
                continue
            name = str(key.value)
            path = f"{self.path}.{name[:_LONGEST_SHOWN]}".lstrip(".")
            field = Field(value, path, self.file, self.problems, line)
            if name in fields:
                field.refuse("each field once", "the field a second time")
            fields.setdefault(name, field)
        return fields


class Fields:
    """The fields of a mapping; whether it `has_unknown` ones as well has been told already."""

    def __init__(self, place: Field, fields: dict[str, Field], *, has_unknown: bool = False) -> None:
        self.place = place
        self.has_unknown = has_unknown
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def get(self, name: str) -> Field | None:
        """A field that may be missing."""
        return self._fields.get(name)

    def given(self, name: str) -> Field | None:
        """A field that may be missing; one without a value (`name:`) is."""
        field = self._fields.get(name)
        return None if field is None or field.node.tag == _TAG + "null" else field

    def required(self, name: str, expected: str, read: Callable[[Field], T | None]) -> T | None:
        """Read a field that must be there; `expected` says what is missing where it isn't."""
        field = self._fields.get(name)
        if field is None:
            self.place.missing(name, expected)
            return None
        return read(field)

    def optional(self, name: str, read: Callable[[Field], T | None], default: T) -> T | None:
        """Read a field that may be missing."""
        field = self._fields.get(name)
        return default if field is None else read(field)


def _shown(text: str) -> str:
    return repr(text) if len(text) <= _LONGEST_SHOWN else repr(text[:_LONGEST_SHOWN]) + "…"
