"""Whether the blame of an earlier undo still stands."""

from __future__ import annotations

from datetime import timedelta

from receiver.decision.condemnation import blame_stands
from tests.unit.scenario import NOW, past

UNDONE = NOW - timedelta(hours=1)


def test_without_an_undo_there_is_none() -> None:
    assert not blame_stands(past(undone_at=None))
    assert not blame_stands(past(undone_at=None, cleared_at=UNDONE))


def test_it_stands_until_somebody_forgives() -> None:
    assert blame_stands(past(undone_at=UNDONE))
    assert not blame_stands(past(undone_at=UNDONE, cleared_at=UNDONE))
    assert blame_stands(past(undone_at=UNDONE, cleared_at=UNDONE - timedelta(seconds=1)))
