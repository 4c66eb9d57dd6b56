"""YAML in block style: PyYAML decides how a text is spelt, and the blocks around it are written here.

PyYAML takes 1.5 s for the rules of a thousand objectives, with libyaml: most of it goes into a node and a look at every
pattern of its resolver for each of 300,000 texts, most of which are the same labels again.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

Value = Any
"""A text, a mapping of values by names of one short line, or a list of texts and of mappings that are not empty."""

_FIRST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz(")
"""What a text that needs no quotes begins with, if it is not one of the words below."""
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_COMMON = re.compile(r"[\n -~\xa1-\u1fff\u2030-\ud7ff]*")
"""Characters that libyaml and PyYAML's own writer spell alike; all others are escaped."""
_PLAIN_LINE = r"[!-~](?:[ -~]*[!-~])?"
_PLAIN_LINES = re.compile(rf"{_PLAIN_LINE}(?:\n{_PLAIN_LINE})+")
"""A text of several lines that PyYAML writes as they are, in a literal block."""
_LINE = re.compile(r"(?<=\n)(?=[^\n])")
_WIDTH = 1_000_000
_STEP = "  "

_Base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump(value: dict[str, Value] | list[Value]) -> str:
    """The YAML of a value; the same value always gives the same bytes, with libyaml and without."""
    parts: list[str] = []
    _block(value, "", "", parts)
    return "".join(parts)


def _block(value: Value, first: str, indent: str, parts: list[str]) -> None:
    """Write a mapping or a list that is not empty; its first line begins with `first`, the others with `indent`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            parts.append(f"{first}{_text(key, indent)}:")
            first = indent
            if isinstance(inner, str):
                parts.append(f" {_text(inner, indent)}\n")
            elif not inner:
                parts.append(f" {'{}' if isinstance(inner, dict) else '[]'}\n")
            elif isinstance(inner, dict):
                parts.append("\n")
                _mapping(inner, indent + _STEP, parts)
            else:
                parts.append("\n")
                _block(inner, indent, indent, parts)
        return
    for item in value:
        if isinstance(item, str):
            parts.append(f"{first}- {_text(item, indent)}\n")
        else:
            _block(item, f"{first}- ", indent + _STEP, parts)
        first = indent


def _mapping(value: dict[str, Value], indent: str, parts: list[str]) -> None:
    items = tuple(value.items())
    if all(isinstance(inner, str) for _, inner in items):
        parts.append(_texts(items, indent))
    else:
        _block(value, indent, indent, parts)


@lru_cache(maxsize=64)
def _texts(items: tuple[tuple[str, str], ...], indent: str) -> str:
    """A mapping of texts: the labels of a rule are most often those of the one before."""
    return "".join(f"{indent}{_text(key, indent)}: {_text(text, indent)}\n" for key, text in items)


def _text(text: str, indent: str) -> str:
    spelt = text if _is_plain(text) else _spelt(text)
    return _LINE.sub(indent, spelt) if indent and "\n" in spelt else spelt


def _is_plain(text: str) -> bool:
    """Whether it surely needs no quotes: text methods take a tenth of the time of a pattern."""
    return (
        text[:1] in _FIRST
        and text.isascii()
        and text.isprintable()
        and ": " not in text
        and " #" not in text
        and text[-1] not in ": "
        and text.lower() not in _WORDS
    )


class _Dumper(_Base):  # type: ignore[misc] # which of two classes, is known only when it runs
    """With block style for texts of several lines."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent)


@lru_cache(maxsize=4096)
def _spelt(text: str) -> str:
    if _PLAIN_LINES.fullmatch(text):
        return "|-\n" + _STEP + text.replace("\n", "\n" + _STEP)
    is_common = _COMMON.fullmatch(text) is not None
    # Without something after it, a text that ends with empty lines would end the document as well.
    listed = str(yaml.dump([text, "after"], Dumper=_Dumper, width=_WIDTH, allow_unicode=is_common))
    return listed.removeprefix("- ").rpartition("\n- after\n")[0]
