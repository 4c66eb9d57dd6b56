from __future__ import annotations

import pytest

from cli.release_unjudged import why_unjudged
from receiver.decision.values import NamespaceFacts
from tests.unit.scenario import workload

MODE = "metricops.dev/rollback"
ARGO_CD = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/shop"}


@pytest.mark.parametrize(
    ("labels", "namespace", "why"),
    [
        ({MODE: "enabled"}, {}, ""),
        ({}, {MODE: "enabled"}, ""),
        ({MODE: "dry-run"}, {}, ""),
        ({MODE: "approve"}, {}, ""),
        ({}, {}, "label metricops.dev/rollback is disabled"),
        ({MODE: "enabled"}, {MODE: "paused"}, "label metricops.dev/rollback is paused"),
        ({}, None, ""),
    ],
)
def test_by_the_mode(labels: dict[str, str], namespace: dict[str, str] | None, why: str) -> None:
    facts = None if namespace is None else NamespaceFacts(namespace, {})
    assert why_unjudged(workload(labels=labels), facts) == why


def test_a_mode_that_nobody_knows() -> None:
    assert MODE in why_unjudged(workload(labels={MODE: "on"}), NamespaceFacts({}, {}))


def test_by_the_owner() -> None:
    owned = why_unjudged(workload(annotations=ARGO_CD), None)
    assert owned == "Argo CD Application shop owns it, which would take an undo back"
    assert why_unjudged(workload(controlled_by="Rollout/shop"), None) == "it is controlled by Rollout/shop"
