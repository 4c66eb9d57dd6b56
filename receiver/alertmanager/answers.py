"""Read Alertmanager's answers. Pure: JSON and YAML in, values out.

`GET /api/v2/alerts/groups` is read, not `/api/v2/alerts`: the latter has a field `mutedBy` since 0.28, but never fills
it; the former names the time intervals that mute a group, once the group was flushed for the first time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import yaml

from receiver import names
from receiver.decision.values import Alert
from receiver.timestamps import parse_time
from rules.durations import DurationError, parse_duration

DEFAULT_GROUP_WAIT = "30s"
FLUSH_MARGIN = timedelta(seconds=1)


class UnreadableAnswerError(ValueError):
    """An answer does not have the shape that Alertmanager's API promises."""


@dataclass(frozen=True, slots=True)
class Routes:
    """What the configuration says about the routes that lead to our receiver."""

    longest_wait: timedelta
    """No group of ours is flushed for the first time later than this after its alert began."""
    have_mute_times: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert in one of our receiver's groups. `held_by` says in words what keeps it from being delivered."""

    alert: Alert
    held_by: str
    updated_at: datetime
    tells_mutes: bool
    """Whether this Alertmanager tells of mute times at all (0.28 and later)."""


def read_groups(answer: Any, receiver: str) -> list[Shown]:
    """Alerts of `/api/v2/alerts/groups` in this receiver's groups. Raises `UnreadableAnswerError`."""
    try:
        return [
            _shown(item)
            for group in answer
            if group["receiver"]["name"] == receiver
            for item in group["alerts"]
            if item["status"]["state"] != "unprocessed"
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnreadableAnswerError(f"alerts/groups: {type(error).__name__} {error}") from error


def read_routes(config: str, receiver: str) -> Routes:
    """Read `config.original` of `/api/v2/status`. Raises `UnreadableAnswerError`."""
    try:
        ours = [route for route in _routes(yaml.safe_load(config)["route"], {}) if route["receiver"] == receiver]
        return Routes(
            max((parse_duration(route["group_wait"]) for route in ours), default=timedelta(0)),
            any(route.get("mute_time_intervals") or route.get("active_time_intervals") for route in ours),
        )
    except (yaml.YAMLError, DurationError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableAnswerError(f"status: config: {type(error).__name__} {error}") from error


def why_not(shown: Shown, routes: Routes, now: datetime) -> str | None:
    """None where the alert may be decided as if it had been delivered, else what speaks against it."""
    if shown.held_by:
        return shown.held_by
    if routes.have_mute_times and not shown.tells_mutes:
        return "mute times are configured, and this Alertmanager does not tell whether they hold"
    # Before its first flush a group is not known to be muted, and its delivery is still to come. After a restart of
    # Alertmanager that is the moment in which the alert comes back.
    if routes.have_mute_times and now < shown.updated_at + FLUSH_MARGIN:
        return "its group may not have been flushed yet"
    if now < shown.alert.starts_at + routes.longest_wait + FLUSH_MARGIN:
        return "its group may not have been flushed yet"
    return None


def held(shown: list[Shown], fingerprint: str) -> str | None:
    """What holds this alert back in every group that it is in; None where nothing does, or it is not shown."""
    found = [entry.held_by for entry in shown if entry.alert.fingerprint == fingerprint]
    return found[0] if found and all(found) else None


def _shown(item: Mapping[str, Any]) -> Shown:
    status = item["status"]
    holders = [
        f"{word} by {', '.join(map(str, status[field]))}"
        for field, word in (("silencedBy", "silenced"), ("inhibitedBy", "inhibited"), ("mutedBy", "muted"))
        if status.get(field)
    ]
    alert = Alert(
        status="firing",
        labels={str(key): str(value) for key, value in item["labels"].items()},
        annotations={str(key): str(value) for key, value in (item.get("annotations") or {}).items()},
        starts_at=parse_time(item["startsAt"]),
        fingerprint=str(item["fingerprint"]),
        generator_url=str(item.get("generatorURL") or ""),
        group_key="resync",
    )
    return Shown(alert, "; ".join(holders), parse_time(item["updatedAt"]), "mutedBy" in status)


def _routes(route: Mapping[str, Any], above: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The route and all below it; receiver and group_wait are inherited, mute times are not (dispatch/route.go)."""
    inherited = {
        "receiver": route.get("receiver") or above.get("receiver"),
        "group_wait": route.get("group_wait") or above.get("group_wait") or DEFAULT_GROUP_WAIT,
    }
    yield {**route, **inherited}
    for child in route.get("routes") or []:
        yield from _routes(child, inherited)


def asks_for_undo_filter() -> str:
    """The matcher, in Alertmanager's syntax, of alerts that may undo."""
    return f'{names.UNDO_LABEL}="{names.UNDO_VALUE}"'
