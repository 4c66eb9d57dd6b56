"""The page about objectives shows what is accepted, and names every field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.parse import parse
from rules.schema import schema

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/slo.md").read_text()
SHOWN = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", SHOWN)
def test_examples_are_accepted(text: str) -> None:
    assert parse(text.encode(), "slo.md")


def fields(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for inner in part.values():
            yield from fields(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from fields(inner)


@pytest.mark.parametrize("field", sorted(set(fields(schema()))))
def test_every_field_is_named(field: str) -> None:
    assert re.search(rf"\b{field}\b", PAGE), field
