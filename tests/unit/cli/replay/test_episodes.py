"""From evaluations to the times during which an alert fired, as Prometheus' rule manager has it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.replay.episodes import episodes
from cli.replay.grid import Grid, grid_over
from tests.unit.scenario import NOW

STEP = timedelta(minutes=1)


def minutes(found: str, hold: int = 0, lingers: int = 0) -> list[tuple[int, int, int | None]]:
    """Begin of the expression, of the firing, its end (minutes); `x` is a value."""
    grid = Grid(NOW, STEP, len(found))
    present = [index for index, mark in enumerate(found) if mark == "x"]
    times = episodes({}, present, grid, hold=hold * STEP, lingers=lingers * STEP)

    def minute(moment: object) -> int:
        return (moment - NOW) // STEP  # type: ignore[operator, no-any-return]

    return [(minute(e.active_at), minute(e.starts_at), minute(e.ends_at) if e.ends_at else None) for e in times]


@pytest.mark.parametrize(
    ("found", "hold", "lingers", "expected"),
    [
        ("....", 0, 0, []),
        (".xx.", 0, 0, [(1, 1, 3)]),
        ("xx..", 0, 0, [(0, 0, 2)]),
        (".x.x", 0, 0, [(1, 1, 2), (3, 3, None)]),
        # `for`: every evaluation in between must give it.
        (".xx.....", 2, 0, []),
        (".xxx....", 2, 0, [(1, 3, 4)]),
        (".xx.xxx.", 2, 0, [(4, 6, 7)]),
        (".xxxxx", 2, 0, [(1, 3, None)]),
        # `keep_firing_for`: from the first evaluation without it.
        (".x....", 0, 2, [(1, 1, 4)]),
        (".x.x....", 0, 2, [(1, 1, 6)]),
        (".x...x..", 0, 2, [(1, 1, 4), (5, 5, None)]),
        # What is pending does not linger.
        (".x.x.", 1, 3, []),
    ],
)
def test_times(found: str, hold: int, lingers: int, expected: list[tuple[int, int, int | None]]) -> None:
    assert minutes(found, hold, lingers) == expected


def test_whether_it_fires() -> None:
    ended, going_on = episodes({}, [1, 2, 4], Grid(NOW, STEP, 5), hold=timedelta(0), lingers=timedelta(0))
    assert [ended.fires_at(NOW + n * STEP) for n in range(5)] == [False, True, True, False, False]
    assert going_on.fires_at(NOW + 100 * STEP)


def test_a_grid_is_the_same_whenever_it_is_made() -> None:
    grid = grid_over(NOW + timedelta(seconds=1), NOW + timedelta(minutes=10, seconds=59), STEP)
    assert (grid.start, grid.points, grid.end) == (NOW + STEP, 10, NOW + 10 * STEP)
    assert grid_over(NOW, NOW, STEP) == Grid(NOW, STEP, 1)


def test_a_grid_in_parts() -> None:
    grid = Grid(NOW, STEP, 5)
    parts = list(grid.parts(2))
    assert [(part.start, part.points) for part in parts] == [
        (NOW, 2),
        (NOW + 2 * STEP, 2),
        (NOW + 4 * STEP, 1),
    ]
    assert [grid.index(part.end) for part in parts] == [1, 3, 4]
