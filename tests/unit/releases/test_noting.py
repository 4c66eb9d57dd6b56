"""The stamp of a release that was noted, and the patch that writes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.values import Interval
from receiver.intake.conformity import Problem
from receiver.names import RELEASE_ANNOTATION
from receiver.releases.noting import note_operations, stamp_after
from receiver.releases.refusal import RefusedError
from receiver.releases.request import read_request
from receiver.workloads.stamp import ReleaseStamp, read_stamp
from tests.unit.scenario import NOW, ROLLOUT, V2, workload

IMAGES = {"shop": "shop:2"}


def stamped(**facts: Any) -> dict[str, str]:
    stamp = ReleaseStamp(V2.template_hash, **{"released_at": ROLLOUT, "images": IMAGES, **facts})
    return {RELEASE_ANNOTATION: stamp.text()}


def test_a_first_word_says_nothing_of_when_the_rollout_began() -> None:
    stamp, is_new = stamp_after({"commit": "c1", "changeCause": "why"}, workload(), IMAGES, NOW)
    assert is_new
    assert stamp == ReleaseStamp(V2.template_hash, None, NOW, images=IMAGES, commit="c1", change_cause="why")
    assert "rolloutBegan" not in json.loads(stamp.text())


def test_what_was_known_stays_and_what_is_said_wins() -> None:
    known = workload(annotations=stamped(rollout_began=ROLLOUT, who="ci", commit="c1", link="https://ci.example"))
    stamp, is_new = stamp_after({"commit": "c2"}, known, IMAGES, NOW)
    assert not is_new
    assert stamp == replace(read_stamp(known.annotations) or stamp, commit="c2")
    assert (stamp.rollout_began, stamp.released_at, stamp.who) == (ROLLOUT, ROLLOUT, "ci")


@pytest.mark.parametrize("annotation", ["{}", "nonsense", json.dumps({"templateHash": "another", "commit": "c0"})])
def test_what_is_of_no_use_is_replaced(annotation: str) -> None:
    stamp, is_new = stamp_after({}, workload(annotations={RELEASE_ANNOTATION: annotation}), IMAGES, NOW)
    assert (is_new, stamp.commit, stamp.released_at) == (True, "", NOW)


def test_the_same_template_released_once_more_gets_a_stamp_of_its_own() -> None:
    """An earlier rollout's stamp: the template was left, and has come back."""
    again = Interval(NOW - timedelta(seconds=5), NOW)
    old = stamped(released_at=NOW - timedelta(hours=1), commit="c1")
    stamp, is_new = stamp_after({}, workload(annotations=old, rollout_began=again), IMAGES, NOW)
    assert (is_new, stamp.commit) == (True, "")
    a_moment_before = stamped(released_at=again.earliest - timedelta(seconds=30), commit="c1")
    stamp, is_new = stamp_after({}, workload(annotations=a_moment_before, rollout_began=again), IMAGES, NOW)
    assert (is_new, stamp.commit) == (False, "c1")


def test_a_rollout_that_was_held_back_keeps_its_stamp() -> None:
    """It was released long before it began."""
    held = stamped(released_at=NOW - timedelta(hours=1), commit="c1", held_back=True)
    stamp, is_new = stamp_after({}, workload(annotations=held), IMAGES, NOW)
    assert (is_new, stamp.commit) == (False, "c1")


def test_the_patch_is_guarded_and_touches_annotations_alone() -> None:
    operations = note_operations(workload(annotations={"a/b": "1", "x": "y"}), {"a/b": "2", "c~d": "3", "x": None})
    assert operations[:2] == [
        {"op": "test", "path": "/metadata/uid", "value": "u-1"},
        {"op": "test", "path": "/metadata/generation", "value": 7},
    ]
    assert operations[2]["op"] == "test"
    assert operations[3:] == [
        {"op": "test", "path": "/metadata/annotations/a~1b", "value": "1"},
        {"op": "test", "path": "/metadata/annotations/c~0d", "value": None},
        {"op": "test", "path": "/metadata/annotations/x", "value": "y"},
        {"op": "add", "path": "/metadata/annotations/a~1b", "value": "2"},
        {"op": "add", "path": "/metadata/annotations/c~0d", "value": "3"},
        {"op": "remove", "path": "/metadata/annotations/x"},
    ]


def test_the_patch_of_a_workload_without_annotations() -> None:
    operations = note_operations(workload(), {"a": "1"})
    assert operations[-2:] == [
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": {"a": "1"}},
    ]


def test_a_request_as_values() -> None:
    body = {
        "namespace": "prod",
        "workload": {"kind": "StatefulSet", "name": "db"},
        "images": ["db:1"],
        "commit": "c1",
        "rule": "a > 0",
        "slo": None,
    }
    request = read_request(body)
    assert (str(request.ref), request.images, request.statements) == (
        "statefulset/db in prod",
        ("db:1",),
        {"commit": "c1"},
    )
    assert request.own == {"metricops.dev/rule": "a > 0", "metricops.dev/slo": None}


def test_half_of_a_character_is_no_text() -> None:
    body = {"namespace": "prod", "workload": {"kind": "Deployment", "name": "shop"}, "who": "a\ud800"}
    with pytest.raises(RefusedError) as refused:
        read_request(body)
    assert refused.value.problems == (Problem("body", "half of a surrogate pair", "text"),)
