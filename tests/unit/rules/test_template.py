"""Which texts are templates that Prometheus can expand; promtool's own judgement is asked in tests/service/rules."""

from __future__ import annotations

import pytest

from rules.template import template_problem
from tests.unit.rules.templates import BAD, GOOD, USELESS


@pytest.mark.parametrize("text", GOOD)
def test_good(text: str) -> None:
    assert template_problem(text) == ""


@pytest.mark.parametrize("text", [*BAD, *USELESS])
def test_bad(text: str) -> None:
    assert template_problem(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ $labels.a", "a {{ that no }} closes"),
        ("{{ if true }}", "a block without end"),
        ("{{ x }}", "the unknown function x in {{ x }}"),
        ("{{ $x }}", "the unknown variable $x in {{ $x }}"),
        ("{{ print (1 }}", "a ( that nothing closes in {{ print (1 }}"),
        ("{{ end }}", "an end of nothing in {{ end }}"),
        ("{{ $value > 1 }}", "'>' in {{ $value > 1 }}"),
    ],
)
def test_the_words(text: str, problem: str) -> None:
    assert template_problem(text) == problem


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ["{{ " + '""' * 2_000, "{{ " * 2_000, "{{ (" * 1_000, '{{ "' + "\\a" * 2_000, "{{/*" * 2_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    assert template_problem(text)
