"""Texts that a matcher's pattern matches: each form that people write gives one; one that isn't read gives none."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.matchers import UnreadablePattern
from rules.proof.patterns import MOST_SAMPLES, samples


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("5..", "500"),
        ("^5.*$", "5"),
        ("(5..|429)", "500"),
        ("[45]..", "400"),
        ("[^2].*", "a"),
        ("[^0-9a-z]", "A"),
        (".+", "0"),
        (".*", ""),
        ("", ""),
        ("a{3}b{0,2}", "aaa"),
        (r"1(\.0)?", "1.0"),
        (r"\d{3}", "000"),
        ("GET|POST", "GET"),
        ("(?:GET|POST)/(?P<version>v[12])", "GET/v1"),
        ("(?i)get", "get"),
        (r"/api/v\d+/[a-z_-]+", "/api/v0/a"),
        ("[]a]", "]"),
    ],
)
def test_the_simplest_text(pattern: str, first: str) -> None:
    assert samples(pattern)[0] == first


def test_every_alternative_has_its_text() -> None:
    assert {"200", "300", "404"} <= set(samples("2..|3..|404"))


@pytest.mark.parametrize("pattern", [r"\pN+", "[[:digit:]]", "(a", "a{2,1}", "*", "(?<a"])
def test_a_pattern_that_python_reads_otherwise(pattern: str) -> None:
    try:
        assert samples(pattern) == []
    except UnreadablePattern as error:
        assert pattern in str(error)  # noqa: PT017 - either is right


PIECES = st.sampled_from(
    ["a", "5", ".", ".*", "[45]", "[^2]", "(a|b)", "(x)?", "b+", r"\.", r"\d", "c{2}", "|", "(?:y)*"]
)


@given(st.lists(PIECES, max_size=6).map("".join))
def test_what_comes_out_matches(pattern: str) -> None:
    found = samples(pattern)
    assert found
    assert len(found) <= MOST_SAMPLES
    assert all(re.fullmatch(pattern, text, re.DOTALL) for text in found)
