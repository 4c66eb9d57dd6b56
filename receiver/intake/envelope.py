"""Read a webhook delivery: Alertmanager's (version "4") and Grafana Alerting's (version "1").

Both have the same `alerts` array (Alertmanager: `notify/webhook`, template.Data). Another version whose shape fits is
taken; unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.decision.values import Alert
from receiver.errors import EnvelopeError, MalformedAlertError
from receiver.timestamps import parse_time

FORMAT_BY_VERSION = {"4": "alertmanager", "1": "grafana"}
UNKNOWN_FORMAT = "other"
FORMATS = (*FORMAT_BY_VERSION.values(), UNKNOWN_FORMAT)
STATUSES = ("firing", "resolved")
MOST_TRUNCATED = 2**64 - 1
"""Alertmanager counts in a uint64."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a delivery may carry; lengths are in characters. Labels and annotations have the same bounds."""

    alerts: int = 1000
    labels: int = 128
    name_length: int = 1024
    value_length: int = 8192
    nesting: int = 32


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call. `malformed` holds, per unreadable alert, what is wrong with it."""

    format: str
    version: str
    group_key: str
    alerts: tuple[Alert, ...]
    malformed: tuple[str, ...]
    truncated: int


def read_delivery(body: Any, bounds: Bounds) -> Delivery:
    """Read a decoded JSON body.

    Raises `EnvelopeError` where the envelope itself has another shape, naming field, found and expected.
    """
    if not isinstance(body, dict):
        raise EnvelopeError(f"body: found {_kind(body)}, expected an object")
    version = body.get("version", "")
    if not isinstance(version, str):
        raise EnvelopeError(f"version: found {_kind(version)}, expected a string such as '4'")
    items = body.get("alerts")
    if not isinstance(items, list):
        raise EnvelopeError(f"alerts: found {_kind(items)}, expected an array")
    if len(items) > bounds.alerts:
        raise EnvelopeError(f"alerts: found {len(items)} entries, expected at most {bounds.alerts}")
    group_key = body.get("groupKey", "")
    if not isinstance(group_key, str):
        raise EnvelopeError(f"groupKey: found {_kind(group_key)}, expected a string")

    group_key = group_key[: bounds.value_length]
    alerts: list[Alert] = []
    malformed: list[str] = []
    for index, item in enumerate(items):
        try:
            alerts.append(_alert(f"alerts[{index}]", item, group_key, bounds))
        except MalformedAlertError as error:
            malformed.append(str(error))
    return Delivery(
        format=FORMAT_BY_VERSION.get(version, UNKNOWN_FORMAT),
        version=version[:16],
        group_key=group_key,
        alerts=tuple(alerts),
        malformed=tuple(malformed),
        truncated=_truncated(body.get("truncatedAlerts", 0)),
    )


def _truncated(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TRUNCATED:
        raise EnvelopeError(
            f"truncatedAlerts: found {repr(value)[:80]}, expected a whole number from 0 to {MOST_TRUNCATED}"
        )
    return value


def _alert(where: str, item: Any, group_key: str, bounds: Bounds) -> Alert:
    if not isinstance(item, dict):
        raise MalformedAlertError(f"{where}: found {_kind(item)}, expected an object")
    status = item.get("status")
    if status not in STATUSES:
        raise MalformedAlertError(f"{where}.status: found {_shown(status)}, expected one of {', '.join(STATUSES)}")
    labels = _strings(f"{where}.labels", item.get("labels"), bounds)
    annotations = _strings(f"{where}.annotations", item.get("annotations", {}), bounds)
    starts_at = item.get("startsAt", "")
    try:
        moment = parse_time(starts_at)
    except (TypeError, ValueError, OverflowError):
        raise MalformedAlertError(
            f"{where}.startsAt: found {_shown(starts_at)}, expected an RFC 3339 timestamp"
        ) from None
    return Alert(
        status=status,
        labels=labels,
        annotations=annotations,
        starts_at=moment,
        fingerprint=_text(f"{where}.fingerprint", item.get("fingerprint", ""), bounds.value_length),
        generator_url=_text(f"{where}.generatorURL", item.get("generatorURL", ""), bounds.value_length),
        group_key=group_key,
    )


def _strings(where: str, value: Any, bounds: Bounds) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise MalformedAlertError(f"{where}: found {_kind(value)}, expected an object of strings")
    if len(value) > bounds.labels:
        raise MalformedAlertError(f"{where}: found {len(value)} entries, expected at most {bounds.labels}")
    for name, text in value.items():
        # Names of JSON objects are strings. Where things are is put into words only for what is wrong.
        if len(name) > bounds.name_length:
            _text(f"{where} name", name, bounds.name_length)
        if not isinstance(text, str) or len(text) > bounds.value_length:
            _text(f"{where}.{name[:80]}", text, bounds.value_length)
    return value


def _text(where: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise MalformedAlertError(f"{where}: found {_kind(value)}, expected a string")
    if len(value) > longest:
        raise MalformedAlertError(f"{where}: found {len(value)} characters, expected at most {longest}")
    return value


def _kind(value: Any) -> str:
    names = {type(None): "nothing", dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return names.get(type(value), "a number")


def _shown(value: Any) -> str:
    return repr(value)[:80] if isinstance(value, str) else _kind(value)
