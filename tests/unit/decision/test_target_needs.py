"""What the target would find: refused only by what is known, and about the target alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from receiver.decision.decide import decide
from receiver.decision.references import Dependencies, Finding, NeededKind, Reference
from receiver.decision.target_needs import WITH_THE_RELEASE, stopped_serving
from receiver.decision.values import Interval, World
from tests.unit.scenario import NOW, ROLLOUT, V1, V2, alert, past, revision, workload, world

SECOND = timedelta(seconds=1)
CONFIG = Reference(NeededKind.CONFIG_MAP, "config")
SERVED_UNTIL = ROLLOUT + SECOND


def needs(*findings: Finding, of: str = V1.template_hash) -> World:
    return world(dependencies=Dependencies(of, findings))


def changed(at: datetime | None, by: str = "ci") -> Finding:
    return Finding(CONFIG, True, (), at, by)


def word(given: World) -> str:
    return decide(given).reason.word


def test_a_change_with_the_release_or_after_it() -> None:
    first = SERVED_UNTIL - WITH_THE_RELEASE + SECOND
    assert word(needs(changed(first))) == "configuration-changed"
    assert word(needs(changed(NOW))) == "configuration-changed"
    assert word(needs(changed(first - SECOND))) == "undo"
    assert word(needs(changed(None))) == "undo"


def test_what_the_target_began_with_is_no_change() -> None:
    """Two releases within a minute: the first one's ConfigMap did not come with the second."""
    young = replace(V1, created_at=ROLLOUT - 10 * SECOND)
    given = replace(needs(changed(ROLLOUT - 9 * SECOND)), workload=workload(young, V2))
    assert word(given) == "undo"
    later = replace(needs(changed(ROLLOUT - 8 * SECOND)), workload=workload(young, V2))
    assert word(later) == "configuration-changed"


def test_it_says_who_and_when() -> None:
    said = decide(needs(changed(ROLLOUT))).detail
    assert said.startswith("ci wrote ConfigMap config at 2026-03-01T11:58:00Z; ")
    assert said.endswith("revision 1, which uses it, served until 2026-03-01T11:58:01Z")
    assert "an unknown manager wrote" in decide(needs(changed(ROLLOUT, by=""))).detail


@pytest.mark.parametrize("kind", list(NeededKind))
def test_gone(kind: NeededKind) -> None:
    gone = Finding(Reference(kind, "x"), False)
    assert word(needs(gone)) == "dependency-gone"
    assert f"needs {kind} x: there is none" in decide(needs(gone)).detail
    assert word(needs(replace(gone, is_there=True))) == "undo"
    assert word(needs(replace(gone, is_there=None))) == "undo"
    optional = replace(gone, reference=Reference(kind, "x", is_optional=True))
    assert word(needs(optional)) == "undo"
    assert word(needs(optional, gone)) == "dependency-gone"


def test_missing_keys() -> None:
    missing = Finding(CONFIG, True, ("a", "b"))
    assert word(needs(missing)) == "dependency-gone"
    assert decide(needs(missing)).detail.endswith("with a, b")
    many = replace(missing, missing_keys=tuple("abcdefghijkl"))
    assert decide(needs(many)).detail.endswith("with a, b, c, d, e, f, g, h, i, j")
    assert word(needs(replace(missing, reference=replace(CONFIG, is_optional=True)))) == "undo"


def test_what_was_found_of_another_template_says_nothing() -> None:
    assert word(needs(Finding(CONFIG, False), changed(NOW), of=V2.template_hash)) == "undo"


def test_the_order() -> None:
    both = needs(Finding(CONFIG, False), changed(NOW))
    assert word(both) == "configuration-changed"
    assert word(replace(both, stopped="the switch")) == "configuration-changed"
    irreversible = workload(annotations={"metricops.dev/irreversible": "yes"})
    assert word(replace(both, workload=irreversible)) == "irreversible"


class TestServedUntil:
    """An older target served until its own successor came."""

    v3 = revision(3, created_at=NOW)

    def test_the_release_before(self) -> None:
        assert stopped_serving(workload(), V1) == SERVED_UNTIL
        assert stopped_serving(workload(rollout_began=None), V1) is None

    def test_without_a_successor_in_the_history(self) -> None:
        current = replace(workload(), revisions=(V1,))
        assert stopped_serving(current, V1) == SERVED_UNTIL

    def test_an_older_one(self) -> None:
        v2 = revision(2, created_at=ROLLOUT - timedelta(hours=1))
        given = workload(V1, v2, self.v3, rollout_began=Interval(NOW, NOW))
        assert stopped_serving(given, V1) == v2.created_at
        assert stopped_serving(given, v2) == NOW
        condemned = past(blamed_hash=v2.template_hash, undone_at=ROLLOUT - timedelta(minutes=30))
        early = alert(starts_at=NOW + SECOND)
        for at, reason in ((v2.created_at, "configuration-changed"), (v2.created_at - WITH_THE_RELEASE, "undo")):
            found = Dependencies(V1.template_hash, (changed(at),))
            later = world(workload=given, alert=early, rollbacks=(condemned,), dependencies=found, now=NOW + SECOND)
            assert word(later) == reason

    def test_a_successor_that_was_taken_up_again_tells_nothing(self) -> None:
        v2 = revision(2, earlier=(0,), created_at=ROLLOUT - timedelta(days=9))
        assert stopped_serving(workload(V1, v2, self.v3), V1) == SERVED_UNTIL
