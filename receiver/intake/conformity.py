"""JSON checked by the very JSON Schema that is published: all that is wrong at once, each as field, found, expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from receiver.timestamps import parse_time

LONGEST_SHOWN = 60
MOST_PROBLEMS = 50
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "array": "a list",
    "boolean": "true or false",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what somebody sent; `field` reads like `workload.kind` or `images[0]`."""

    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found}, expected {self.expected}"

    def as_json(self) -> dict[str, str]:
        """As it is answered."""
        return {"field": self.field, "found": self.found, "expected": self.expected}


class Conformity:
    """One schema, to check values by. `named` are those that it refers to as `#/components/schemas/…`."""

    def __init__(self, schema: Mapping[str, Any], named: Mapping[str, Any] | None = None) -> None:
        whole = {**schema, "components": {"schemas": dict(named or {})}}
        self._validator = _Validator(whole, format_checker=_FORMATS)

    def problems(self, value: Any, where: str = "body") -> list[Problem]:
        """What is wrong with a value, in the order of its fields; one of each field. `where` names the value itself."""
        found: dict[str, Problem] = {}
        for error in sorted(self._validator.iter_errors(value), key=lambda error: [str(part) for part in error.path]):
            for problem in _told(error, where):
                found.setdefault(problem.field, problem)
        return list(found.values())[:MOST_PROBLEMS]


def shown(value: Any) -> str:
    """A value for a message: short, and of a container only what it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = str(value)
    short = text[:LONGEST_SHOWN]
    told = repr(short) if isinstance(value, str) else f"{short} (a number)"
    return told if len(text) <= LONGEST_SHOWN else f"{told}…"


def _told(error: ValidationError, where: str) -> Iterator[Problem]:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    field, schema = _field(error.absolute_path), error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "required":
        for name in wanted:
            if name not in instance:
                yield Problem(_joined(field, name), "nothing", _meaning(schema, name))
    elif error.validator == "additionalProperties":
        known = list(schema.get("properties") or ())
        for name in instance:
            if name not in known:
                near = difflib.get_close_matches(name[:LONGEST_SHOWN], known, n=1)
                expected = f"{near[0]} (the nearest known field)" if near else f"one of {', '.join(known)}"
                yield Problem(_joined(field, name[:LONGEST_SHOWN]), "an unknown field", expected)
    else:
        found = shown(instance)
        if error.validator == "maxLength":
            found = f"{len(instance)} characters"
        elif error.validator == "maxItems":
            found = f"{len(instance)} entries"
        yield Problem(field or where, found, _expected(str(error.validator), wanted, schema))


def _expected(validator: str, wanted: Any, schema: Mapping[str, Any]) -> str:
    if validator == "type":
        return " or ".join(_WORDS[word] for word in ([wanted] if isinstance(wanted, str) else wanted))
    if validator == "enum":
        return f"one of {', '.join(wanted)}"
    bounds = {
        "minLength": "a text that is not empty",
        "maxLength": f"at most {wanted} characters",
        "minItems": f"at least {wanted} entries",
        "maxItems": f"at most {wanted} entries",
        "minimum": f"at least {wanted}",
        "maximum": f"at most {wanted}",
    }
    if validator == "format":
        return "an RFC 3339 timestamp such as 2026-03-01T12:00:00Z"
    return bounds.get(validator) or str(schema.get("description", f"{validator} {wanted}")).rstrip(".")


def _meaning(schema: Mapping[str, Any], name: str) -> str:
    described = ((schema.get("properties") or {}).get(name) or {}).get("description", "")
    return str(described).rstrip(".") or "a value"


def _field(path: Any) -> str:
    field = ""
    for part in path:
        field = f"{field}[{part}]" if isinstance(part, int) else _joined(field, part)
    return field


def _joined(field: str, name: str) -> str:
    return f"{field}.{name}" if field else name


def _whole_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
    """ECMA's `$` is the end of the text; Python's lets a line feed follow."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _TIME.fullmatch(value):
        return False
    try:
        parse_time(value.upper())
    except (ValueError, OverflowError):
        return False
    return True


_FORMATS = FormatChecker(formats=())
_FORMATS.checks("date-time")(_is_time)
_Validator = validators.extend(Draft202012Validator, {"pattern": _whole_pattern})  # type: ignore[no-untyped-call]
