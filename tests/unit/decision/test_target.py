from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from receiver.decision.target import choose_target
from receiver.decision.values import Revision
from tests.unit.scenario import NOW, past, revision, workload, world


def target_of(*history: Revision, **world_changes: object) -> int | None:
    found = choose_target(workload(*history), world(**world_changes))
    return found.number if found else None


def test_newest_earlier_revision() -> None:
    assert target_of(revision(1), revision(2), revision(3)) == 2


def test_gaps_in_the_history_do_not_matter() -> None:
    assert target_of(revision(1), revision(4), revision(9)) == 4


def test_condemned_revision_is_skipped() -> None:
    two = revision(2)
    assert target_of(revision(1), two, revision(3), rollbacks=(past(blamed_hash=two.template_hash),)) == 1


def test_condemnation_ends() -> None:
    two = revision(2)
    old = past(blamed_hash=two.template_hash, undone_at=NOW - timedelta(days=31))
    assert target_of(revision(1), two, revision(3), rollbacks=(old,)) == 2


def test_revision_that_a_person_left_by_an_undo_is_skipped() -> None:
    # 1, 2, 3 were released; 3 was undone to 2 (now 4); then 5 was released.
    assert target_of(revision(1), revision(3), revision(4, "shop:2", earlier=(2,)), revision(5)) == 4
    # After a further restore of 1 (now 5) everything newer was left.
    left = (revision(3), revision(4, "shop:2", earlier=(2,)), revision(5, "shop:1", earlier=(1,)))
    assert target_of(*left, revision(6)) == 5


def test_a_revision_that_came_back_and_was_followed_by_a_release_is_one_again() -> None:
    # 2 was undone to 1 (now 3), a person took that back (2 is now 4), then 5 was released.
    reverted = (revision(3, "shop:1", earlier=(1,)), revision(4, "shop:2", earlier=(2,)), revision(5))
    assert target_of(*reverted) == 4


def test_a_cleared_revision_is_a_target_again() -> None:
    two = revision(2)
    undone = past(blamed_hash=two.template_hash)
    assert undone.undone_at is not None
    for cleared_at, target in ((undone.undone_at, 2), (undone.undone_at - timedelta(seconds=1), 1)):
        record = replace(undone, cleared_at=cleared_at)
        assert target_of(revision(1), two, revision(3), rollbacks=(record,)) == target


def test_a_revision_that_never_completed_is_no_target() -> None:
    never = revision(2, never_completed=True)
    assert target_of(revision(1), never, revision(3)) == 1
    assert target_of(never, revision(3)) is None


def test_the_same_template_is_no_target() -> None:
    assert target_of(revision(1, "shop:same"), revision(2, "shop:same")) is None


def test_no_history() -> None:
    assert target_of(revision(1)) is None


def test_unknown_current_revision_has_no_target() -> None:
    assert choose_target(workload(revision(1), revision(2), current=None), world()) is None


def test_condemnation_lasts_to_its_last_moment() -> None:
    two = revision(2)
    last = past(blamed_hash=two.template_hash, undone_at=NOW - timedelta(days=30))
    assert target_of(revision(1), two, revision(3), rollbacks=(last,)) == 1
    over = replace(last, undone_at=NOW - timedelta(days=30, seconds=1))
    assert target_of(revision(1), two, revision(3), rollbacks=(over,)) == 2


def test_what_a_restore_left_stays_left_when_the_restored_is_condemned() -> None:
    # 1, 2, 3 were released; 3 was undone to 2 (now 4), which was blamed later; then 5 was released.
    restored = revision(4, "shop:2", earlier=(2,))
    history = (revision(1), revision(3), restored, revision(5))
    assert target_of(*history, rollbacks=(past(blamed_hash=restored.template_hash),)) == 1


def test_the_current_revision_is_no_target_even_if_its_template_reads_otherwise() -> None:
    # A ControllerRevision lacks the defaults that an upgrade has given the live template since.
    one, two = revision(1), revision(2)
    found = choose_target(workload(one, two, template_hash="with-new-defaults"), world())
    assert found == one
