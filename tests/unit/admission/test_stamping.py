"""Which stamp a workload has once a request has gone through."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission.review import AdmissionRequest
from admission.stamping import ROOM, patch_to, wanted_stamp
from receiver.decision.templates import template_hash
from receiver.workloads.ownership import MOST_ANNOTATION_BYTES
from receiver.workloads.stamp import ReleaseStamp, read_stamp
from tests.unit.admission.requests import (
    EARLIER,
    NOW,
    PERSON,
    RECEIVER,
    RELEASE,
    Item,
    patched,
    request,
    stamp_of,
    stamped,
    workload,
)

FORGED = '{"templateHash":"forged","rolloutBegan":"2020-01-01T00:00:00Z"}'


def after(asked: AdmissionRequest, now: datetime = NOW) -> Item:
    """The object once the request has gone through."""
    return patched(asked.item, patch_to(asked.item, wanted_stamp(asked, now, {RECEIVER}).text))


def stamp_after(asked: AdmissionRequest, now: datetime = NOW) -> ReleaseStamp | None:
    return read_stamp(after(asked, now)["metadata"].get("annotations") or {})


class TestRelease:
    def test_a_new_workload_is_stamped(self) -> None:
        item = workload("registry.example.com/shop:1@sha256:00ff")
        stamp = stamp_after(request(item))
        assert stamp == ReleaseStamp(
            template_hash(item["spec"]["template"]),
            NOW,
            NOW,
            PERSON,
            {"main": "registry.example.com/shop:1@sha256:00ff"},
        )

    def test_a_changed_template_is_stamped_anew(self) -> None:
        old, item = stamped(workload("shop:1")), stamped(workload("shop:2"), stamp_of(workload("shop:1")))
        stamp = stamp_after(request(item, old))
        assert stamp is not None
        assert stamp.template_hash == template_hash(item["spec"]["template"])
        assert (stamp.rollout_began, stamp.who, stamp.images) == (NOW, PERSON, {"main": "shop:2"})

    @pytest.mark.parametrize("sent", [FORGED, "", "not json", stamp_of(workload("shop:2"), who="somebody else").text()])
    def test_what_the_caller_says_of_it_counts_for_nothing(self, sent: str) -> None:
        honest = stamp_after(request(workload("shop:2"), stamped(workload("shop:1"))))
        assert stamp_after(request(stamped(workload("shop:2"), sent), stamped(workload("shop:1")))) == honest
        assert stamp_after(request(stamped(workload("shop:2"), sent))) == honest

    def test_a_persons_undo_is_a_release_of_its_own(self) -> None:
        """kubectl brings the revision's annotations back, and with them its stamp."""
        one, two = workload("shop:1"), stamped(workload("shop:2"))
        stamp = stamp_after(request(stamped(one, stamp_of(one, who=PERSON)), two))
        assert stamp is not None
        assert (stamp.rollout_began, stamp.released_at) == (NOW, NOW)

    @pytest.mark.parametrize("ago", [1, 5, 9])
    def test_also_within_seconds_of_the_release_that_it_undoes(self, ago: int) -> None:
        first, second = NOW - timedelta(seconds=ago), NOW - timedelta(seconds=ago / 2)
        facts: dict[str, Any] = {"who": PERSON, "images": {"main": "shop:1"}}
        one = stamped(workload("shop:1"), stamp_of(workload("shop:1"), **facts, rollout_began=first, released_at=first))
        two = stamped(workload("shop:2"), stamp_of(workload("shop:2"), rollout_began=second, released_at=second))
        stamp = stamp_after(request(one, two))
        assert stamp is not None
        assert stamp.rollout_began == NOW

    def test_facts_are_bounded(self) -> None:
        item = workload("x" * 600)
        item["spec"]["template"]["spec"]["initContainers"] = [
            {"name": f"init-{number}", "image": f"init:{number}"} for number in range(40)
        ]
        stamp = stamp_after(request(item, username="u" * 5000))
        assert stamp is not None
        assert len(stamp.images) == 16
        assert "main" not in stamp.images
        assert len(stamp.who) == 256


class TestNoRelease:
    @pytest.mark.parametrize("sent", [None, FORGED, ""])
    def test_the_stamp_stays(self, sent: str | None) -> None:
        old = stamped(workload(annotations={"a": "b"}))
        item = workload() if sent is None else stamped(workload(), sent)
        assert after(request({**item, "spec": {**item["spec"], "replicas": 9}}, old))["metadata"]["annotations"] == {
            RELEASE: old["metadata"]["annotations"][RELEASE]
        }

    def test_nothing_is_written_where_nothing_is_to_be_changed(self) -> None:
        old = stamped(workload())
        assert patch_to(old, wanted_stamp(request(copy.deepcopy(old), old), NOW).text) == ()
        bare = workload()
        assert patch_to(bare, wanted_stamp(request(workload(), bare), NOW).text) == ()

    def test_nobody_but_us_says_what_was_not_known(self) -> None:
        assert after(request(stamped(workload()), workload()))["metadata"]["annotations"] == {}

    def test_templates_are_compared_by_meaning(self) -> None:
        old = stamped(workload())
        item = copy.deepcopy(old)
        template = item["spec"]["template"]
        template["metadata"] = {"annotations": {}, "labels": {"app": "shop", "pod-template-hash": "abc"}}
        assert after(request(item, old)) == item

    def test_an_outdated_stamp_stays_as_it_is(self) -> None:
        """Somebody released while the webhook was away: it counts for nothing, and nothing better is known."""
        old = stamped(workload("shop:2"), stamp_of(workload("shop:1")))
        assert after(request(workload("shop:2"), old))["metadata"]["annotations"] == old["metadata"]["annotations"]


class TestHeldBack:
    def test_the_rollout_begins_when_the_pause_ends(self) -> None:
        paused = workload("shop:2", paused=True)
        stamp = stamp_after(request(paused, stamped(workload("shop:1"))))
        assert stamp is not None
        assert (stamp.rollout_began, stamp.released_at, stamp.held_back) == (None, NOW, True)
        held, later = stamped(paused, stamp), NOW + timedelta(hours=1)
        resumed = copy.deepcopy(held)
        resumed["spec"]["paused"] = False
        begun = stamp_after(request(resumed, held), later)
        assert begun is not None
        assert (begun.rollout_began, begun.released_at, begun.held_back) == (later, NOW, False)
        assert after(request(stamped(resumed, begun), held), later + timedelta(seconds=1)) == stamped(resumed, begun)

    def test_what_has_pods_already_was_not_held_back(self) -> None:
        held = stamped(workload(paused=True), stamp_of(workload(), rollout_began=None, held_back=True))
        held["status"] = {"updatedReplicas": 2}
        stamp = stamp_after(request(workload(), held))
        assert stamp == stamp_of(workload(), rollout_began=None, held_back=False)

    @pytest.mark.parametrize("began", [EARLIER, None])
    def test_a_pause_in_the_middle_moves_nothing(self, began: datetime | None) -> None:
        going = stamped(workload(), stamp_of(workload(), rollout_began=began))
        paused = copy.deepcopy(going)
        paused["spec"]["paused"] = True
        assert after(request(paused, going)) == paused
        assert after(request(going, paused)) == going


class TestReceiver:
    """The API server has authenticated it: nobody else has its name."""

    def test_what_it_restores_is_kept(self) -> None:
        restored = stamped(workload("shop:1"), stamp_of(workload("shop:1"), rollout_began=NOW))
        old = stamped(workload("shop:2"))
        assert after(request(restored, old, username=RECEIVER)) == restored
        assert after(request(restored, old)) != restored

    def test_what_it_was_told_is_kept(self) -> None:
        told = stamped(workload(), stamp_of(workload(), commit="abc1234"))
        assert after(request(told, workload(), username=RECEIVER)) == told

    @pytest.mark.parametrize("sent", [None, FORGED, "not json"])
    def test_without_a_stamp_for_the_template_its_undo_is_stamped(self, sent: str | None) -> None:
        one = workload("shop:1") if sent is None else stamped(workload("shop:1"), sent)
        stamp = stamp_after(request(one, stamped(workload("shop:2")), username=RECEIVER))
        assert stamp is not None
        assert (stamp.rollout_began, stamp.who) == (NOW, RECEIVER)


class TestSources:
    def test_the_commit_is_that_of_this_release(self) -> None:
        old = stamped(workload("shop:1", {"metricops.dev/commit": "aaaaaaa"}), stamp_of(workload("shop:1")))
        applied = stamp_after(request(workload("shop:2", {"metricops.dev/commit": "bbbbbbb"}), old))
        assert applied is not None
        assert applied.commit == "bbbbbbb"
        by_hand = stamp_after(request(workload("shop:2", {"metricops.dev/commit": "aaaaaaa"}), old))
        assert by_hand is not None
        assert by_hand.commit == ""

    def test_what_is_annotated_afterwards_is_added(self) -> None:
        old = stamped(workload(), stamp_of(workload(), images={"main": "shop:1"}))
        item = copy.deepcopy(old)
        item["metadata"]["annotations"]["kubernetes.io/change-cause"] = "a better shop"
        stamp = stamp_after(request(item, old))
        assert stamp == stamp_of(workload(), images={"main": "shop:1"}, change_cause="a better shop")


class TestRoom:
    """The API server takes 256 KiB of annotations: a deploy must not be refused for our stamp."""

    def filled(self, left: int, image: str = "shop:1") -> Item:
        return workload(image, {"big": "x" * (MOST_ANNOTATION_BYTES - ROOM - len("big") - left)})

    def test_without_room_there_is_no_stamp(self) -> None:
        text = wanted_stamp(request(workload()), NOW).text or ""
        needed = len(RELEASE) + len(text)
        assert wanted_stamp(request(self.filled(needed)), NOW).text is not None
        wanted = wanted_stamp(request(self.filled(needed - 1)), NOW)
        assert (wanted.text, wanted.no_room) == (None, True)

    def test_a_stamp_that_was_dropped_is_not_put_back_without_room(self) -> None:
        wanted = wanted_stamp(request(self.filled(10), stamped(workload())), NOW)
        assert (wanted.text, wanted.no_room) == (None, True)
        assert wanted_stamp(request(workload(), stamped(workload())), NOW).text is not None


names = st.sampled_from(["shop:1", "shop:2", "shop@sha256:0f", "other"])
PAST = [EARLIER, NOW - timedelta(seconds=3)]
ANY = [*PAST, NOW, NOW + timedelta(seconds=3)]


@st.composite
def items(draw: st.DrawFn, times: list[datetime]) -> Item:
    moments = st.sampled_from(times)
    annotations = draw(st.none() | st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=3)))
    item = workload(draw(names), annotations, paused=draw(st.booleans()))
    sent = draw(st.sampled_from(["none", "forged", "own", "other's"]))
    if sent == "forged":
        return stamped(item, draw(st.text(max_size=9)))
    if sent == "none":
        return item
    about = item if sent == "own" else workload(draw(names))
    began, held_back = draw(st.none() | moments), draw(st.booleans())
    facts = {"rollout_began": began, "released_at": draw(moments), "held_back": held_back, "who": PERSON}
    return stamped(item, stamp_of(about, **facts))


@given(items(ANY), st.none() | items(PAST), st.sampled_from([PERSON, RECEIVER]), st.floats(0, 9))
def test_asked_again_nothing_changes_and_nothing_else_is_touched(
    item: Item, old: Item | None, username: str, later: float
) -> None:
    asked = request(item, old, username=username)
    once = after(asked)
    again = after(request(once, old, username=username), NOW + timedelta(seconds=later))
    assert again == once
    assert once["spec"] == item["spec"]

    def others(of: Item) -> dict[str, str]:
        return {k: v for k, v in (of["metadata"].get("annotations") or {}).items() if k != RELEASE}

    assert others(once) == others(item)
    assert {**once["metadata"], "annotations": None} == {**item["metadata"], "annotations": None}


@given(items(ANY), items(PAST))
def test_another_webhook_may_change_the_template_in_between(item: Item, old: Item) -> None:
    once = after(request(item, old))
    changed = copy.deepcopy(once)
    changed["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "proxy:7"})
    stamp = stamp_after(request(changed, old), NOW + timedelta(seconds=1))
    assert stamp is not None
    assert stamp.template_hash == template_hash(changed["spec"]["template"])
    assert stamp.images["sidecar"] == "proxy:7"
