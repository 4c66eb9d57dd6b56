"""The receiver's judgement over episodes, with the records so far."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cli.replay.alerts import Evaluated, ReplayedAlert, shown_at
from cli.replay.episodes import Episode
from cli.replay.report import Replay, as_json, as_lines
from cli.replay.simulation import Judgement, Simulation, alert_of, blamed_workloads
from cli.replay.timeline import Rollout, Timeline
from receiver.decision.budget import Limits
from receiver.decision.evidence import Answer, Evidence
from receiver.decision.values import Alert, Defaults, Interval, Workload, WorkloadRef
from receiver.prometheus.rules_answer import began_elsewhere, read_alert
from rules.group import AlertRule
from tests.unit.scenario import LABELS, NOW, REF, evidence

RULE = ReplayedAlert("f", "g", AlertRule("ErrorBudgetBurn", "x > 1", timedelta(0), {"metricops": "undo"}, {}), "x > 1")
DAY = 24 * 60


def at(minute: float) -> datetime:
    return NOW + timedelta(minutes=minute)


def fires(start: float, end: float | None, **labels: str) -> Episode:
    return Episode({**LABELS, **labels}, at(start), at(start), None if end is None else at(end))


def rollouts(*changes: tuple[float, str], ref: WorkloadRef = REF) -> Timeline:
    known = [(-DAY, "v1"), *changes]
    return Timeline(ref, tuple(Rollout(Interval(at(minute), at(minute)), name) for minute, name in known), "a test")


def run(
    *episodes: Episode,
    known: tuple[Timeline, ...] = (),
    said: Mapping[str, Evidence] | None = None,
    **changes: Any,
) -> list[Judgement]:
    """The decisions; `said` is what the source answers by the revision that runs, a bad release unless given."""

    def ask(_alert: Alert, workload: Workload, _now: datetime) -> Evidence:
        assert workload.current is not None
        return (said or {}).get(workload.current.name, evidence(active_at=None))

    limits = changes.pop("limits", Limits())
    timelines = {timeline.ref: timeline for timeline in known}
    simulation = Simulation([Evaluated(RULE, episodes)], timelines, ask, defaults=Defaults(**changes), limits=limits)
    return simulation.run(at(0), at(10 * DAY), lambda _: None)


def told(found: list[Judgement]) -> list[tuple[float, str, str]]:
    return [((j.at - NOW) / timedelta(minutes=1), str(j.outcome), j.reason) for j in found]


def test_a_bad_release_is_undone_once() -> None:
    found = run(fires(5, 60), fires(5, 60, long_window="6h"), fires(70, 80), known=(rollouts((2, "v2")),))
    # A second alert about it, and the same one later, are duplicates of the first.
    assert told(found) == [
        (5, "undone", "undo"),
        (5, "duplicate", "already-claimed"),
        (70, "duplicate", "already-claimed"),
    ]
    assert found[0].detail == "revision 2 (v2) to revision 1 (v1)"
    assert {j.rollback for j in found} == {found[0].rollback}


def test_what_changes_while_it_fires_is_told_once() -> None:
    few = evidence(active_at=None, since=Answer.GOOD)
    found = run(fires(5, 60), known=(rollouts((2, "v2")),), said={"v2": few})
    # Judged again seven times: later it is merely late.
    assert told(found) == [(5, "refused", "good-since")]


def test_a_rollout_during_an_alert_is_judged() -> None:
    found = run(fires(300, 400), known=(rollouts((310, "v2")),))
    assert told(found) == [(300, "refused", "outside-attribution-window"), (310, "undone", "undo")]


def test_a_second_bad_release_waits_for_the_cooldown() -> None:
    known = rollouts((2, "v2"), (6, "v3"))
    found = run(fires(3, 5), fires(7, 30), known=(known,))
    assert told(found) == [(3, "undone", "undo"), (7, "deferred", "in-cooldown"), (8, "undone", "undo")]
    assert found[2].detail == "revision 3 (v3) to revision 1 (v1)"


def test_an_alert_that_ends_in_the_cooldown() -> None:
    found = run(fires(3, 5), fires(6.5, 7), known=(rollouts((2, "v2"), (6, "v3")),))
    assert told(found) == [(3, "undone", "undo"), (6.5, "deferred", "in-cooldown"), (8, "refused", "alert-gone")]


def test_a_release_that_was_replaced_in_the_cooldown() -> None:
    found = run(fires(3, 5), fires(6.5, 9), known=(rollouts((2, "v2"), (6, "v3"), (7.5, "v4")),))
    assert ("refused", "template-changed") in [(outcome, reason) for _, outcome, reason in told(found)]


def test_a_condemned_release_that_comes_back() -> None:
    found = run(fires(3, 5), fires(60, 70), known=(rollouts((2, "v2"), (20, "v3"), (55, "v2")),))
    assert told(found) == [(3, "undone", "undo"), (60, "refused", "condemned")]


def test_a_restore_is_left_alone() -> None:
    found = run(fires(60, 70), known=(rollouts((2, "v2"), (55, "v1")),))
    assert told(found) == [(60, "refused", "restore")]


def test_the_budget_of_the_namespace() -> None:
    other = WorkloadRef("Deployment", "prod", "cart")
    known = (rollouts((2, "v2")), rollouts((2, "v2"), ref=other))
    found = run(fires(5, 20), fires(6, 70, deployment="cart"), known=known, limits=Limits(namespace=1))
    assert told(found) == [(5, "undone", "undo"), (6, "refused", "over-budget")]
    assert (
        run(fires(5, 20), fires(70, 80, deployment="cart"), known=(known[0], rollouts((65, "v2"), ref=other)))[
            1
        ].outcome
        == "undone"
    )


def test_without_any_rollout_nothing_is_said() -> None:
    assert told(run(fires(5, 60))) == [(5, "unknown", "")]


def test_an_alert_without_a_workload() -> None:
    assert told(run(fires(5, 60, deployment=""))) == [(5, "ignored", "no-workload-label")]


def test_what_fired_before_is_not_judged() -> None:
    assert run(fires(-5, 60), known=(rollouts((2, "v2")),)) == []


def test_what_the_source_would_have_shown() -> None:
    shop, cart = fires(5, 10), fires(7, 10, deployment="cart")
    then = shown_at(at(8), [Evaluated(RULE, (shop, cart))])
    assert read_alert(then, alert_of(shop)).active_at == at(5)
    assert began_elsewhere(then, alert_of(shop), at(5), timedelta(minutes=5)) == ("deployment/cart in prod",)
    assert read_alert(shown_at(at(12), [Evaluated(RULE, (shop,))]), alert_of(shop)).active_at is None


def test_the_workloads_that_are_blamed() -> None:
    found = blamed_workloads([Evaluated(RULE, (fires(5, 6), fires(7, 8), fires(5, 6, deployment="")))])
    assert found == {REF}


def test_labels_of_an_alert() -> None:
    labels = {"team": "{{ $labels.owner }}s", "deployment": "{{$labels.app}}", "gone": "", "metricops": "undo"}
    rule = AlertRule("A", "x", timedelta(0), labels, {})
    series = {"__name__": "x", "owner": "us", "app": "shop", "gone": "here", "deployment": "other", "namespace": "n"}
    assert ReplayedAlert("f", "g", rule).labels(series) == {
        **{"alertname": "A", "team": "uss", "deployment": "shop", "metricops": "undo"},
        **{"owner": "us", "app": "shop", "namespace": "n"},
    }


def report(*judgements: Judgement, **changes: Any) -> Replay:
    given = {"fired": 3, "unseen": 1, "timelines": [rollouts((2, "v2"))], "notes": ["something\x1b[31m failed"]}
    return Replay(at(0), at(DAY), timedelta(minutes=1), judgements, **{**given, **changes})


def test_a_report_for_people() -> None:
    found = run(fires(5, 60, deployment="a\x1b[31m"), known=(), said={})
    lines = as_lines(report(*found))
    assert lines[0].split() == ["TIME", "WORKLOAD", "ALERT", "OUTCOME", "REASON", "DETAIL"]
    assert "3 alerts that ask for an undo fired; decisions: 1 unknown. 1 fired already" in "\n".join(lines)
    assert not any("\x1b" in line for line in lines)
    assert "- Rollouts by a test: prod/deployment/shop." in lines
    assert as_lines(report(fired=1, unseen=0, notes=[]))[0].endswith(
        "1 alert that asks for an undo fired; decisions: none."
    )


def test_a_report_for_machines() -> None:
    found = as_json(report(*run(fires(5, 60), known=(rollouts((2, "v2")),))))
    (decision,) = found["decisions"]
    assert decision["workload"] == {"kind": "Deployment", "namespace": "prod", "name": "shop"}
    assert (decision["outcome"], decision["reason"]) == ("undone", "undo")
    assert decision["evidence"]["since"]["answer"] == "bad"
    assert found["summary"]["undone"] == 1
    assert found["assumptions"]
