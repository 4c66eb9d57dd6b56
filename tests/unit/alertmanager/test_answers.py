from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.alertmanager.answers import Routes, UnreadableAnswerError, held, read_groups, read_routes, why_not

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LABELS = {"alertname": "Burn", "namespace": "prod", "deployment": "shop", "metricops": "undo"}
PLAIN = Routes(timedelta(seconds=5), have_mute_times=False)
MUTING = Routes(timedelta(seconds=5), have_mute_times=True)


def group(
    *,
    receiver: str = "metricops",
    began: str = "2026-03-01T11:59:00.000Z",
    updated: str = "2026-03-01T11:59:30Z",
    **status: Any,
) -> dict[str, Any]:
    shown = {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [], **status}
    alert = {
        "labels": LABELS,
        "annotations": {"summary": "it burns"},
        "startsAt": began,
        "updatedAt": updated,
        "fingerprint": "f1",
        "status": {key: value for key, value in shown.items() if value is not None},
    }
    return {"receiver": {"name": receiver}, "labels": {"namespace": "prod"}, "alerts": [alert]}


def test_an_active_alert_is_decided_as_if_delivered() -> None:
    (shown,) = read_groups([group()], "metricops")
    assert why_not(shown, PLAIN, NOW) is None
    assert (shown.alert.status, shown.alert.labels, shown.alert.fingerprint) == ("firing", LABELS, "f1")
    assert shown.alert.starts_at == NOW - timedelta(minutes=1)


def test_other_receivers_alerts_are_not_ours() -> None:
    assert read_groups([group(receiver="people"), group(receiver="metricops-eu")], "metricops") == []


def test_unprocessed_alerts_are_not_known_yet() -> None:
    assert read_groups([group(state="unprocessed")], "metricops") == []


@pytest.mark.parametrize(
    ("field", "word"),
    [("silencedBy", "silenced by x"), ("inhibitedBy", "inhibited by x"), ("mutedBy", "muted by x")],
)
def test_what_holds_an_alert_back(field: str, word: str) -> None:
    held_back: dict[str, Any] = {"state": "suppressed", field: ["x"]}
    shown = read_groups([group(**held_back)], "metricops")
    assert why_not(shown[0], PLAIN, NOW) == word
    assert held(shown, "f1") == word


def test_held_in_one_group_and_not_in_the_other_is_not_held() -> None:
    shown = read_groups([group(mutedBy=["nights"]), group()], "metricops")
    assert held(shown, "f1") is None
    assert held(shown[:1], "f1") == "muted by nights"
    assert held(shown[:1], "another") is None


@pytest.mark.parametrize(
    ("tells", "routes", "decided"),
    [(True, MUTING, True), (True, PLAIN, True), (False, PLAIN, True), (False, MUTING, False)],
)
def test_mute_times_that_cannot_be_known_start_nothing(tells: bool, routes: Routes, decided: bool) -> None:
    (shown,) = read_groups([group(mutedBy=[] if tells else None)], "metricops")
    assert shown.tells_mutes is tells
    assert (why_not(shown, routes, NOW) is None) is decided


@pytest.mark.parametrize(("began", "decided"), [("2026-03-01T11:59:54.001Z", False), ("2026-03-01T11:59:54Z", True)])
def test_a_first_delivery_is_not_overtaken(began: str, decided: bool) -> None:
    (shown,) = read_groups([group(began=began)], "metricops")
    assert (why_not(shown, PLAIN, NOW) is None) is decided


@pytest.mark.parametrize(("routes", "decided"), [(MUTING, False), (PLAIN, True)])
def test_an_alert_that_has_just_come_is_not_known_to_be_unmuted(routes: Routes, decided: bool) -> None:
    (shown,) = read_groups([group(updated="2026-03-01T11:59:59.500Z")], "metricops")
    assert (why_not(shown, routes, NOW) is None) is decided


@pytest.mark.parametrize(
    "answer",
    [None, {"status": "error"}, [1], [{"receiver": {"name": "metricops"}}], [group(began="soon")], [group(state=None)]],
)
def test_another_shape_is_said(answer: Any) -> None:
    with pytest.raises(UnreadableAnswerError, match="alerts/groups"):
        read_groups(answer, "metricops")


ROUTES = """
route:
  receiver: people
  group_wait: 2m
  mute_time_intervals: {top}
  routes:
    - receiver: metricops
      group_wait: 1s
      routes:
        - matchers: [team="shop"]
          group_wait: 10s
          active_time_intervals: {ours}
    - matchers: [team="cart"]
      group_wait: 5m
      mute_time_intervals: [nights]
receivers: [{{name: people}}, {{name: metricops}}]
"""


def test_routes_inherit_receiver_and_wait_but_not_mute_times() -> None:
    routes = read_routes(ROUTES.format(top="[]", ours="[]"), "metricops")
    assert routes == Routes(timedelta(seconds=10), have_mute_times=False)
    assert read_routes(ROUTES.format(top="[]", ours="[office]"), "metricops").have_mute_times
    assert not read_routes(ROUTES.format(top="[nights]", ours="[]"), "metricops").have_mute_times
    assert read_routes(ROUTES.format(top="[]", ours="[]"), "people").have_mute_times


def test_the_default_wait_is_alertmanagers() -> None:
    assert read_routes("route: {receiver: metricops}", "metricops").longest_wait == timedelta(seconds=30)


@pytest.mark.parametrize("text", ["", "route: [", "route: 1", "route: {receiver: metricops, group_wait: soon}"])
def test_a_configuration_that_cannot_be_read_is_said(text: str) -> None:
    with pytest.raises(UnreadableAnswerError, match="status"):
        read_routes(text, "metricops")
