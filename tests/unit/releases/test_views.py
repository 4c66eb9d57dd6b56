"""What is answered: it conforms to the published schemas, and holds no template."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.phases import Phase
from receiver.decision.values import Mode, RestoredBy
from receiver.intake.conformity import Conformity
from receiver.names import RELEASE_ANNOTATION
from receiver.releases.noting import Noted
from receiver.releases.opted_in import Found, Position
from receiver.releases.schemas import COMPONENTS, ref
from receiver.releases.views import noted_release, record_json, releases_of, workload_json
from receiver.rollbacks.record import Rollback, read_rollback
from receiver.workloads.stamp import ReleaseStamp, shown_facts
from tests.unit.cli.record import record
from tests.unit.scenario import NOW, V1, V2, template, workload

AT = Position("Deployment")
STAMP = ReleaseStamp(V2.template_hash, None, NOW, images={"shop": "shop:2"}, commit="c1", link="https://ci.example/1")
STAMPED = {RELEASE_ANNOTATION: STAMP.text()}


def rollback(phase: str = "Recovered", **status: Any) -> Rollback:
    return read_rollback(record(phase, mode="enabled", **status))


def conforms(component: str, value: Any) -> bool:
    assert Conformity(ref(component), COMPONENTS).problems(value) == []
    return True


def found(**changes: Any) -> Found:
    item = {"spec": {"template": template("shop:2")}}
    return Found(workload(**changes), item, Mode.ENABLED, "deployment/shop in prod", "", AT, AT)


def test_a_noted_release() -> None:
    said = noted_release(Noted(workload(annotations=STAMPED), STAMP, is_new=True, changed=True))
    assert conforms("NotedRelease", said)
    assert said["release"] == {
        "templateHash": V2.template_hash,
        "images": {"shop": "shop:2"},
        "releasedAt": "2026-03-01T12:00:00.000000Z",
        "commit": "c1",
        "link": "https://ci.example/1",
    }
    waiting = Noted(workload(rollout_began=None), STAMP, is_new=False, changed=False)
    assert conforms("NotedRelease", noted_release(waiting))


def test_a_workload() -> None:
    plain = workload_json(found(), [])
    assert conforms("Workload", plain)
    assert (plain["release"], plain["restored"], plain["images"]) == (None, None, {"shop": "shop:2"})
    note = RestoredBy("shop-2-x", V2.template_hash, NOW)
    told = workload_json(found(annotations=STAMPED, restored_by=note), [rollback()])
    assert conforms("Workload", told)
    assert told["restored"] == {"rollback": "shop-2-x", "at": "2026-03-01T12:00:00.000000Z"}
    assert told["rollbacks"][0]["phase"] == "Recovered"
    left = workload_json(found(restored_by=replace(note, template_hash="another")), [])
    assert left["restored"] is None


def test_releases_newest_first_with_what_blames_them() -> None:
    known = replace(V1, annotations={RELEASE_ANNOTATION: ReleaseStamp(V1.template_hash, commit="c0").text()})
    stale = replace(V2, annotations={RELEASE_ANNOTATION: STAMP.text()})
    told = [shown for _, _, shown in releases_of(workload(known, stale, annotations=STAMPED), [rollback()])]
    assert all(conforms("Release", shown) for shown in told)
    assert [(r["revision"], r["current"], r["release"]["commit"], len(r["rollbacks"])) for r in told] == [
        (2, True, "c1", 1),
        (1, False, "c0", 0),
    ]
    assert told[1]["rolloutBegan"]["earliest"] == "2026-02-26T12:00:00.000000Z"


def test_a_stamp_of_another_template_says_nothing() -> None:
    other = {RELEASE_ANNOTATION: replace(STAMP, template_hash="another").text()}
    (told, *_) = (shown for _, _, shown in releases_of(workload(annotations=other), []))
    assert told["release"] is None


@pytest.mark.parametrize("phase", list(Phase))
def test_a_record_is_the_custom_resource_without_its_template(phase: Phase) -> None:
    item = record(str(phase), mode="enabled")
    said = record_json(read_rollback(item))
    assert conforms("Rollback", said)
    expected = json.loads(json.dumps(item))
    del expected["spec"]["target"]["template"]
    assert said["spec"] == expected["spec"]
    assert said["status"] == expected["status"]
    assert "containers" not in json.dumps(said)


def test_whatever_stands_in_a_stamp_is_cut_down() -> None:
    facts = shown_facts(
        ReleaseStamp("h", who="w" * 9999, link="javascript:alert(1)", released_at=NOW + timedelta(days=1))
    )
    assert facts == {"releasedAt": "2026-03-02T12:00:00.000000Z", "who": "w" * 512}
