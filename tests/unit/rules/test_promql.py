from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.promql import QueryError, functions_over, one_line


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("up", "up"),
        ("sum(\n  up # by hand\n)", "sum( up )"),
        ("up{a='#\\'  x'}  # why", "up{a='#\\'  x'}"),
        ("up{a=`\\`} == 1", "up{a=`\\`} == 1"),
        ("up{a=`two\nlines`}", "up{a=`two\nlines`}"),
        ("rate(a[5m])\t>\t0", "rate(a[5m]) > 0"),
    ],
)
def test_one_line(query: str, line: str) -> None:
    assert one_line(query) == line


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(up", r"a '\(' that nothing closes"),
        ("up)", r"a '\)' that nothing opened"),
        ("rate(up[5m)]", r"a '\)' that nothing opened"),
        ("up{a='b}", "that nothing closes"),
        ("up{a='b\n'}", "that nothing closes"),
        ("sum(up # )", r"a '\(' that nothing closes"),
        ('up{a="\\"}', "that nothing closes"),
    ],
)
def test_refused(query: str, problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        one_line(query)


@pytest.mark.parametrize(
    ("query", "functions"),
    [
        ("sum by (pod) (rate(x[$window] offset 5m))", {"rate"}),
        ("rate (x[ $window ])", {"rate"}),
        ("rate(x[$window]) - on() increase(y[$window])", {"rate", "increase"}),
        ("avg_over_time(rate(x[5m])[$window])", {"avg_over_time"}),
        ("x[$window]", {""}),
        ("(x)[$window]", {""}),
        ('rate(x{a="[$window]"}[5m])', set()),
        ("rate(x{a='\\'('}[$window])", {"rate"}),
        ("rate(x{a=`increase(`}[$window])", {"rate"}),
        ("max_over_time(rate(x[5m])[$window:])", {"max_over_time"}),
        ("rate(x[5m] ) + avg_over_time(x[ $window : 1m ])", {"avg_over_time"}),
        ("vector(1)", set()),
    ],
)
def test_functions_over(query: str, functions: set[str]) -> None:
    assert functions_over(query, "$window") == functions


@example("'\\\n)'")
@given(st.text(alphabet="ab ()[]{}'\"`\\#\n", max_size=12))
def test_what_is_accepted_stays_whole_inside_another_query(query: str) -> None:
    try:
        line = one_line(query)
    except QueryError:
        return
    assert one_line(line) == line
    assert one_line(f"sum({line})") == f"sum({line})"
    assert functions_over(f"rate(({line}) + x[$window])", "$window") >= {"rate"}
