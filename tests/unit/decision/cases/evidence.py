"""What the source of metrics says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from receiver.decision.evidence import Answer, Count, Observation, Shown, SideBySide
from receiver.decision.values import Defaults, World
from tests.unit.decision.cases.worlds import Case, at_least
from tests.unit.scenario import NOW, ROLLOUT, evidence, namespace, workload, world

REQUIRE = {"metricops.dev/evidence": "require-evidence"}
REQUIRING = workload(annotations=REQUIRE)
AT_LEAST_ONE = {"metricops.dev/minimum-failed-events": "1"}
NINE = evidence(count=Count(9, 20, ROLLOUT))


def beside(**changes: Any) -> World:
    """Old and new pods fail alike."""
    found = replace(SideBySide(True, 0.31, 0.33, 2, 3, NOW), **changes)
    return world(evidence=evidence(side_by_side=found))


EVIDENCE: list[Case] = [
    ("not-true", world(evidence=evidence(shown=Shown.ABSENT)), world(evidence=evidence(shown=Shown.UNKNOWN))),
    ("bad-before", world(evidence=evidence(before=Answer.BAD)), world(evidence=evidence(before=Answer.GOOD))),
    ("good-since", world(evidence=evidence(since=Answer.GOOD)), world(evidence=evidence(since=Answer.UNKNOWN))),
    (
        "too-few-events",
        world(evidence=evidence(count=Count(4, 9, ROLLOUT))),
        world(evidence=evidence(count=Count(5, 9, ROLLOUT))),
    ),
    ("too-few-events", world(evidence=evidence(count=Count(0, 0, ROLLOUT))), world(evidence=evidence(count=None))),
    (
        "too-few-events",
        world(workload=at_least("10"), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE),
        world(workload=at_least("9"), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE),
    ),
    (
        "too-few-events",
        world(defaults=Defaults(minimum_failed_events=10), evidence=NINE),
        world(
            defaults=Defaults(minimum_failed_events=10), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE
        ),
    ),
    ("good-since", world(evidence=evidence(since=Answer.GOOD, count=Count(0, 9, ROLLOUT))), world(evidence=NINE)),
    ("bad-alike", beside(), beside(alike=False)),
    # The old pods are not bad (above 10 %): what is alike is no trouble.
    ("bad-alike", beside(), beside(old=0.1)),
    ("bad-alike", beside(), world(evidence=evidence(side_by_side=None))),
    ("no-evidence", world(workload=REQUIRING), world(workload=REQUIRING, evidence=evidence())),
    (
        "no-evidence",
        world(workload=REQUIRING, evidence=evidence(before=Observation())),
        world(evidence=evidence(before=Observation())),
    ),
    (
        "no-evidence",
        world(namespace=namespace(annotations=REQUIRE), evidence=evidence(shown=Shown.UNKNOWN)),
        world(namespace=namespace(annotations=REQUIRE), evidence=evidence()),
    ),
    (
        "wide-fault",
        world(evidence=evidence(began_elsewhere=("a", "b", "c"))),
        world(evidence=evidence(began_elsewhere=("a", "b"))),
    ),
]
