"""Specifications with anything in any place: they are read or refused, and what is read gives rules; nothing else."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.foreign.context import Settings
from rules.generate import generate
from rules.parse import parse
from rules.problems import Problem, SpecificationError
from rules.render import render_prometheus_rules
from tests.unit.rules.foreign.examples import SPECS

DOCUMENTS = {file.name: list(yaml.safe_load_all(file.read_text())) for file in sorted(SPECS.iterdir())}
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**18),
    st.floats(),
    st.sampled_from(
        [
            "",
            " ",
            "{{",
            "}}",
            "{{ .window }}",
            "$window",
            "[$window]",
            "x[$window]",
            "rate(x[$window])",
            "sum()",
            "1",
            "NaN",
            "99.9",
            "1e9",
            "0",
            "-1",
            "5m",
            "1M",
            "1w",
            "0m",
            "100y",
            "deployment/x",
            "a/b/c",
            "é",
            "\u2028",
            "#",
            "'",
            '"',
            "sum by (a) (rate(x[{{.window}}]))",
            "a / b",
            "vector(1)",
            "time()",
            '"x"',
            "x[5m]",
            "x offset 5m",
            "-x",
            "count by (le) (x)",
            "{{ $value }}",
            "{{ end }}",
            "{{ if }}",
            "prometheus/v1",
            "Occurrences",
            "page",
            "gt",
        ]
    ),
    st.text(max_size=8),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from(["name", "query", "spec", "metric", "x"]), st.text(max_size=3), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in below for place in places(inner, (*path, key)))]


def put(documents: list[Any], path: tuple[Any, ...], value: Any) -> list[Any]:
    changed = copy.deepcopy(documents)
    inner: Any = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_anything_in_any_place(name: str, data: st.DataObject) -> None:
    documents = DOCUMENTS[name]
    changed = documents
    for _ in range(data.draw(st.integers(1, 2))):
        paths = [path for path in places(changed) if path]
        changed = put(changed, data.draw(st.sampled_from(paths)), data.draw(ANYTHING))
    text = yaml.safe_dump_all(changed, allow_unicode=True)
    problems: tuple[Problem, ...] = ()
    try:
        render_prometheus_rules(map(generate, parse(text.encode(), name, Settings(period=timedelta(days=14)))))
    except SpecificationError as error:
        problems = error.problems
    assert all(len(str(problem)) < 1000 for problem in problems)
