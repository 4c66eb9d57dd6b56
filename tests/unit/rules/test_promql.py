from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.promql import QueryError, one_line


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


@given(st.text(alphabet="ab ()[]{}'\"`\\#\n", max_size=12))
def test_what_is_accepted_stays_whole_inside_another_query(query: str) -> None:
    try:
        line = one_line(query)
    except QueryError:
        return
    assert one_line(line) == line
    assert one_line(f"sum({line})") == f"sum({line})"
