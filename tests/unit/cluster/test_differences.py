"""Only differences of what is asked about are passed on."""

from __future__ import annotations

from receiver.cluster.differences import Differences

Value = tuple[str, str]


def test_differences() -> None:
    told: list[str] = []
    news = Differences[Value](lambda one: ("shop", one[0]), lambda one: bool(one[1]), lambda: told.append("x"))
    for value, expected in (
        (("web", ""), 0),
        (("web", "rule"), 1),
        (("web", "rule"), 1),
        (("web", "other"), 2),
        (("db", "rule"), 3),
        (("web", ""), 4),
        (("web", ""), 4),
    ):
        news.changed(value)
        assert len(told) == expected, value
    news.gone(("shop", "web"))
    news.gone(("shop", "never-seen"))
    assert len(told) == 4
    news.gone(("shop", "db"))
    assert len(told) == 5
    news.changed(("db", "rule"))
    assert len(told) == 6
