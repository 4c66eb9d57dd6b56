from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import click
import pytest

from cli.release_wait import Verdict, await_verdict, came_too_late, judged
from receiver.decision.values import RestoredBy, Workload
from receiver.rollbacks.record import Rollback, read_rollback
from receiver.workloads.stamp import ReleaseStamp
from tests.unit.cli.record import record
from tests.unit.scenario import NOW, V1, V2, workload

WEEK = timedelta(days=7)
UNDONE_AT = "2026-03-01T12:00:01Z"
RELEASED = workload()
OTHER = workload(V2, V1)
AGAIN = workload(uid="u-2")


def blaming(phase: str, *, undone: bool = False) -> Rollback:
    return read_rollback(record(phase, mode="enabled", **({"undoneAt": UNDONE_AT} if undone else {})))


class TestJudged:
    @pytest.mark.parametrize(
        ("phase", "undone", "in_time", "code"),
        [
            ("Undoing", False, True, 1),
            ("RolledBack", True, True, 1),
            ("Recovered", True, True, 1),
            ("Contested", True, True, 1),
            ("Superseded", True, True, 1),
            ("Failed", False, True, 1),
            ("Claimed", False, True, None),
            ("Deferred", False, True, None),
            ("AwaitingApproval", False, True, None),
            ("AwaitingApproval", False, False, 1),
            ("Deferred", False, False, 1),
            ("OverBudget", False, False, 1),
            ("Expired", False, False, 1),
            ("Rejected", False, False, 0),
            ("Superseded", False, False, 0),
            ("DryRun", False, False, 0),
            ("DryRun", False, True, None),
        ],
    )
    def test_by_the_phase(self, phase: str, undone: bool, in_time: bool, code: int | None) -> None:
        verdict = judged(RELEASED, RELEASED, [blaming(phase, undone=undone)], in_time=in_time)
        assert (None if verdict is None else verdict.code) == code

    def test_it_names_the_record_and_what_to_type(self) -> None:
        verdict = judged(RELEASED, OTHER, [blaming("RolledBack", undone=True)], in_time=True)
        assert verdict is not None
        name = record()["metadata"]["name"]
        assert verdict.said.startswith("the release was undone: deployment/shop in prod, revision 2")
        assert verdict.said.endswith(f"metricops rollbacks show {name}")

    def test_a_dry_run_is_told(self) -> None:
        verdict = judged(RELEASED, RELEASED, [blaming("DryRun")], in_time=False)
        assert verdict is not None
        assert "would have been undone" in verdict.said

    @pytest.mark.parametrize("now", [None, OTHER, AGAIN])
    def test_what_was_replaced_gets_no_verdict(self, now: Workload | None) -> None:
        verdict = judged(RELEASED, now, [], in_time=True)
        assert verdict is not None
        assert verdict.code == 3


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.01)


def waited(*seen: Workload | None, records: Sequence[Rollback] = (), seconds: float = 60.0) -> tuple[Verdict, float]:
    """The verdict and when it came. The last of `seen` stays; records are there from the start."""
    left, time = list(seen), Time()
    verdict = await_verdict(
        lambda: left.pop(0) if len(left) > 1 else left[0],
        lambda: list(records),
        seconds,
        clock=time.clock,
        sleep=time.sleep,
    )
    return verdict, time.now


class TestAwaited:
    def test_a_release_that_stands(self) -> None:
        verdict, at = waited(RELEASED)
        assert verdict.code == 0
        assert 60 <= at < 63

    def test_the_revision_is_waited_for(self) -> None:
        assert waited(replace(RELEASED, current=None), RELEASED, OTHER)[0].code == 3

    def test_a_revision_that_never_comes(self) -> None:
        with pytest.raises(click.ClickException, match="no revision of its template after 60 s"):
            waited(replace(RELEASED, current=None))

    def test_a_workload_that_is_not_there(self) -> None:
        with pytest.raises(click.ClickException, match="no such workload"):
            waited(None)

    def test_records_of_another_revision_or_object_are_not_its(self) -> None:
        records = [blaming("RolledBack", undone=True)]
        assert waited(RELEASED, records=records)[0].code == 1
        assert waited(OTHER, records=records)[0].code == 0
        assert waited(AGAIN, records=records)[0].code == 0


class TestWhatIsMeant:
    commit = "c63b323186ea1320a31290de6dcc094c06385e75"
    earlier = "0" * 39 + "1"
    restored = RestoredBy("shop-2-abc", V1.template_hash, NOW)

    def back(self, **annotations: str) -> Workload:
        """The workload after an undo."""
        return workload(V2, V1, restored_by=self.restored, annotations=annotations)

    @pytest.mark.parametrize(
        "annotations",
        [
            {"metricops.dev/commit": commit},
            {"metricops.dev/commit": f"https://github.com/team/shop/commit/{commit}"},
            {"metricops.dev/release": ReleaseStamp(V2.template_hash, commit=commit[:12]).text()},
        ],
    )
    def test_the_commit_runs(self, annotations: dict[str, str]) -> None:
        assert came_too_late(workload(annotations=annotations), self.commit, NOW) is None

    @pytest.mark.parametrize(
        "annotations",
        [
            {},
            {"metricops.dev/commit": earlier},
            {"metricops.dev/release": ReleaseStamp("of another template", commit=commit).text()},
        ],
    )
    def test_another_one_runs(self, annotations: dict[str, str]) -> None:
        verdict = came_too_late(workload(annotations=annotations), self.commit, NOW)
        assert verdict is not None
        assert verdict.code == 3

    def test_it_was_undone_before_anybody_waited(self) -> None:
        verdict = came_too_late(self.back(**{"metricops.dev/commit": self.earlier}), self.commit, NOW + WEEK)
        assert verdict is not None
        assert verdict.code == 1
        assert "shop-2-abc" in verdict.said

    def test_the_revert_is_a_release_of_its_own(self) -> None:
        assert came_too_late(self.back(**{"metricops.dev/commit": self.commit}), self.commit, NOW - WEEK) is None

    def test_without_a_commit_only_a_fresh_undo_counts(self) -> None:
        verdict = came_too_late(self.back(), "", NOW - timedelta(minutes=1))
        assert verdict is not None
        assert verdict.code == 1
        assert came_too_late(self.back(), "", NOW + timedelta(seconds=1)) is None

    def test_a_template_that_came_after_the_undo(self) -> None:
        assert came_too_late(workload(restored_by=self.restored), "", NOW - WEEK) is None
