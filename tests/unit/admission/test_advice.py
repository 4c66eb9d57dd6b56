"""What whoever deploys is told, and what not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admission.advice import About, notices
from admission.images import is_mutable
from admission.judgement import RuleJudgement
from receiver.decision.values import NamespaceFacts
from tests.unit.admission.requests import Item, request, workload

MODE = "metricops.dev/rollback"
ENABLED = NamespaceFacts({MODE: "enabled"}, {})


def told(item: Item, namespace: NamespaceFacts | None = ENABLED, **changes: Any) -> list[str]:
    return [notice.text for notice in notices(request(item, **changes), namespace, RuleJudgement())]


def test_there_is_nothing_to_say_of_what_is_well() -> None:
    assert told(workload()) == []
    assert told(workload(revisionHistoryLimit=1)) == []


def test_no_history() -> None:
    text = "metricops: deployment/shop: revisionHistoryLimit is 0: no revision is kept that an undo could bring back"
    assert told(workload(revisionHistoryLimit=0)) == [text]
    assert len(text) < 120


@pytest.mark.parametrize(
    ("image", "mutable"),
    [
        ("shop", True),
        ("shop:latest", True),
        ("registry:5000/team/shop", True),
        ("registry:5000/team/shop:latest", True),
        ("shop:1.4", False),
        ("registry:5000/team/shop:1", False),
        ("shop@sha256:00ff", False),
        ("shop:latest@sha256:00ff", False),
        ("shop:latest-1", False),
    ],
)
def test_images_that_may_become_others(image: str, mutable: bool) -> None:
    assert is_mutable(image) is mutable
    advice = "has no fixed tag: an undo may give the same image back"
    text = f"metricops: deployment/shop: container main: image {image} {advice}"
    assert told(workload(image)) == ([text] if mutable else [])


def test_many_images_are_counted() -> None:
    item = workload()
    item["spec"]["template"]["spec"]["initContainers"] = [{"name": f"i{n}", "image": "init"} for n in range(9)]
    texts = told(item)
    assert len(texts) == 4
    assert texts[-1] == "metricops: deployment/shop: 6 more containers have images without a fixed tag"


def test_what_we_do_not_undo() -> None:
    item = workload()
    item["metadata"]["ownerReferences"] = [{"kind": "Rollout", "name": "shop", "uid": "1", "controller": True}]
    assert told(item) == ["metricops: deployment/shop: controlled by Rollout/shop: its releases are not undone"]
    git = workload(annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/shop"})
    assert told(git) == [
        "metricops: deployment/shop: owned by Argo CD Application shop, which would revert an undo: none is made"
    ]


class TestPolicy:
    def test_everything_that_cannot_be_read_is_named(self) -> None:
        item = workload(
            annotations={
                "metricops.dev/cooldown": "soon",
                "metricops.dev/act-within": "5 minutes",
                "metricops.dev/evidence": "none",
                "metricops.dev/observe-first": "-1",
            }
        )
        item["metadata"]["labels"][MODE] = "on"
        texts = told(item)
        assert len(texts) == 5
        assert all(text.startswith("metricops: deployment/shop in shop: ") for text in texts)
        assert (
            "metricops: deployment/shop in shop: annotation metricops.dev/cooldown: found 'soon', "
            "expected a duration such as 5m or 1h30m"
        ) in texts
        assert any("label metricops.dev/rollback: found 'on', expected one of enabled" in text for text in texts)

    def test_the_namespaces_counts_as_well(self) -> None:
        facts = NamespaceFacts({MODE: "enabled"}, {"metricops.dev/cooldown": "soon"})
        assert told(workload(), facts) == [
            "metricops: namespace/shop: annotation metricops.dev/cooldown: found 'soon', "
            "expected a duration such as 5m or 1h30m"
        ]
        assert told(workload(annotations={"metricops.dev/cooldown": "1m"}), facts) == []

    def test_so_does_its_word_on_invalid_rules(self) -> None:
        facts = NamespaceFacts({MODE: "enabled"}, {"metricops.dev/invalid-rule": "deny"})
        assert told(workload(), facts) == [
            "metricops: namespace/shop: annotation metricops.dev/invalid-rule: found 'deny', expected warn or refuse"
        ]

    @pytest.mark.parametrize(
        ("of_workload", "of_namespace", "heard"),
        [
            (None, None, False),
            ("enabled", None, True),
            ("dry-run", {}, True),
            ("disabled", {MODE: "enabled"}, False),
            ("enabled", {MODE: "disabled"}, False),
            (None, {MODE: "enabled"}, True),
            (None, {MODE: "paused"}, True),
            (None, {}, False),
        ],
    )
    def test_only_who_takes_part_is_told(
        self, of_workload: str | None, of_namespace: dict[str, str] | None, heard: bool
    ) -> None:
        item = workload(revisionHistoryLimit=0)
        item["metadata"]["labels"] = {} if of_workload is None else {MODE: of_workload}
        facts = NamespaceFacts(of_namespace or {}, {})
        assert bool(told(item, facts)) is heard

    def test_where_the_namespace_is_not_known_the_selectors_word_counts(self) -> None:
        item = workload(revisionHistoryLimit=0)
        item["metadata"]["labels"] = {}
        assert told(item, None) != []
        item["metadata"]["labels"] = {MODE: "disabled"}
        assert told(item, None) == []


def test_what_a_notice_is_about() -> None:
    judged = RuleJudgement(("wrong",), ("mind this",))
    found = notices(request(workload("shop", revisionHistoryLimit=0)), ENABLED, judged)
    assert [notice.about for notice in found] == [About.RULE, About.ADVICE, About.HISTORY, About.IMAGE]
    assert [notice.text for notice in found][:2] == [
        "metricops: deployment/shop: wrong",
        "metricops: deployment/shop: mind this",
    ]


@pytest.mark.parametrize("way", ["client-side", "server-side", "by kubectl's undo"])
def test_a_stamp_in_the_manifest_would_be_a_difference_for_ever(way: str) -> None:
    item = workload()
    metadata = item["metadata"]
    metadata["annotations"] = {"metricops.dev/release": "{}"}
    template: dict[str, Any] = {"f:template": {"f:spec": {}}}
    fields = {"f:metadata": {"f:annotations": {"f:metricops.dev/release": {}}}, "f:spec": template}
    if way == "client-side":
        applied = json.dumps({"metadata": {"annotations": {"metricops.dev/release": "{}"}}})
        metadata["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = applied
    elif way == "server-side":
        metadata["managedFields"] = [{"manager": "ci", "operation": "Apply", "fieldsV1": fields}]
    else:
        metadata["managedFields"] = [{"manager": "kubectl", "operation": "Update", "fieldsV1": fields}]
    found = [text for text in told(item) if "leave it out" in text]
    assert len(found) == (0 if way == "by kubectl's undo" else 1)
