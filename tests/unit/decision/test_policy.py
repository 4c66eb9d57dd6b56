from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.decision.policy import InvalidPolicy, Policy, effective_policy
from receiver.decision.values import Defaults, EvidencePolicy, Mode
from tests.unit.scenario import namespace, workload

MODE = "metricops.dev/rollback"
DURATIONS = {
    "metricops.dev/cooldown": "1m",
    "metricops.dev/attribution-window": "2m",
    "metricops.dev/act-within": "3m",
    "metricops.dev/evidence": "require-evidence",
}


def policy(
    of_workload: str | None, of_namespace: str | None, annotations: dict[str, str], outer: dict[str, str]
) -> Policy:
    return effective_policy(
        workload(labels={MODE: of_workload} if of_workload else {}, annotations=annotations),
        namespace({MODE: of_namespace} if of_namespace else {}, outer),
        Defaults(),
    )


@pytest.mark.parametrize(
    ("of_workload", "of_namespace", "mode", "where"),
    [
        (None, None, Mode.DISABLED, "default"),
        ("enabled", None, Mode.ENABLED, "deployment/shop in prod"),
        (None, "dry-run", Mode.DRY_RUN, "namespace/prod"),
        ("approve", "dry-run", Mode.APPROVE, "deployment/shop in prod"),
        ("enabled", "paused", Mode.PAUSED, "namespace/prod"),
        ("enabled", "disabled", Mode.DISABLED, "namespace/prod"),
        ("paused", "enabled", Mode.PAUSED, "deployment/shop in prod"),
    ],
)
def test_whose_word_counts(of_workload: str | None, of_namespace: str | None, mode: Mode, where: str) -> None:
    found = policy(of_workload, of_namespace, {}, {})
    assert (found.mode, found.mode_from) == (mode, where)


def test_without_a_word_the_defaults_hold() -> None:
    found, defaults = policy("enabled", None, {}, {}), Defaults()
    assert (found.cooldown, found.attribution_window) == (defaults.cooldown, defaults.attribution_window)
    assert (found.act_within, found.evidence) == (defaults.act_within, defaults.evidence)


@pytest.mark.parametrize(
    ("annotations", "outer"), [(DURATIONS, {}), ({}, DURATIONS), (DURATIONS, dict.fromkeys(DURATIONS, "unread"))]
)
def test_the_nearer_annotation_counts(annotations: dict[str, str], outer: dict[str, str]) -> None:
    found = policy("enabled", None, annotations, outer)
    assert found.cooldown == timedelta(minutes=1)
    assert found.attribution_window == timedelta(minutes=2)
    assert found.act_within == timedelta(minutes=3)
    assert found.evidence is EvidencePolicy.REQUIRE_EVIDENCE


@pytest.mark.parametrize(
    ("mode", "annotations", "key"),
    [("on", {}, MODE), ("enabled", {"metricops.dev/cooldown": "soon"}, "metricops.dev/cooldown")],
)
def test_what_can_not_be_read_is_named(mode: str, annotations: dict[str, str], key: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        policy(mode, None, annotations, {})
    assert refused.value.key == key
