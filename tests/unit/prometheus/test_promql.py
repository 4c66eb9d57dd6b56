from __future__ import annotations

import math
from typing import Any

import promql_parser
import pytest

from receiver.prometheus.promql import combined, read_parts
from rules.promql import quoted, replacement


@pytest.mark.parametrize("text", ["", "plain", 'a"b', "a\\b", "a\nb", "ü € 😀", "a\tb\r", '") or vector(1) or ("'])
def test_text_stays_text(text: str) -> None:
    parsed = promql_parser.parse(f"x{{a={quoted(text)}}}")
    assert isinstance(parsed, promql_parser.VectorSelector)
    assert [(matcher.name, matcher.value) for matcher in parsed.matchers.matchers] == [("a", text)]


def test_a_replacement_refers_to_nothing() -> None:
    assert replacement("$1 ${a} $$") == "$$1 $${a} $$$$"


def test_several_questions_are_one_query() -> None:
    query = combined({"one": "sum(a)", "two": "b > 1"})
    assert isinstance(promql_parser.parse(query), promql_parser.BinaryExpr)
    assert query.count("label_replace(") == 2


def test_the_answers_are_told_apart() -> None:
    answer = {
        "data": {
            "result": [
                {"metric": {"__name__": "x", "metricops_part": "one"}, "values": [[1.5, "0.25"], [2, "NaN"]]},
                {"metric": {"pod": "a", "metricops_part": "two"}, "values": [[1, "1"]]},
                {"metric": {"pod": "b", "metricops_part": "two"}, "values": [[1, "+Inf"]]},
            ]
        }
    }
    found = read_parts(answer)
    (one,) = found["one"]
    assert (one.labels, one.samples[0].value, one.samples[0].at.timestamp()) == ({}, 0.25, 1.5)
    assert math.isnan(one.samples[1].value)
    assert [series.labels for series in found["two"]] == [{"pod": "a"}, {"pod": "b"}]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": None},
        {"data": {"result": ["x"]}},
        {"data": {"result": [{"metric": {}}]}},
        {"data": {"result": [{"metric": {}, "values": [[1, "x"]]}]}},
        {"data": {"result": [{"metric": {}, "values": [[1e40, "1"]]}]}},
    ],
)
def test_an_answer_that_cannot_be_read_answers_nothing(answer: Any) -> None:
    assert read_parts(answer) == {}
