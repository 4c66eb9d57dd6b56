"""Ask the Prometheus HTTP API whether an alert is still active.

Protocol: `GET /api/v1/rules?type=alert`, which carries the loaded rules, their health and their active alerts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import urllib3

from receiver.decision.values import Alert
from receiver.rollbacks.machine import AlertState

UpObserver = Callable[[bool], None]


class PrometheusSource:
    """One Prometheus. `url` is its base address; an empty one means that no source is known."""

    def __init__(self, url: str, *, timeout_seconds: float = 3.0, on_answer: UpObserver | None = None) -> None:
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        )
        self._on_answer = on_answer

    def state(self, alert: Alert) -> AlertState:
        """Whether the alert is active now; UNKNOWN without an answer, or without a healthy rule of that name."""
        if not self._url:
            return AlertState.UNKNOWN
        try:
            response = self._pool.request("GET", f"{self._url}/api/v1/rules?type=alert")
            answer = json.loads(response.data) if response.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError):
            answer = None
        if self._on_answer is not None:
            self._on_answer(answer is not None)
        return alert_state(answer, alert) if answer is not None else AlertState.UNKNOWN


def alert_state(answer: Mapping[str, Any], alert: Alert) -> AlertState:
    """Read the state from an answer of `/api/v1/rules`.

    Prometheus shows an alert without external labels, so its labels are a subset of the delivered ones. An alert
    that is pending counts as active: its expression is true.
    """
    try:
        rules = [
            rule
            for group in answer["data"]["groups"]
            for rule in group["rules"]
            if rule["name"] == alert.name and _fits(rule.get("labels") or {}, alert.labels)
        ]
        if not rules or any(rule.get("health") != "ok" for rule in rules):
            return AlertState.UNKNOWN
        active = any(_fits(shown["labels"], alert.labels) for rule in rules for shown in rule.get("alerts") or [])
        return AlertState.ACTIVE if active else AlertState.ABSENT
    except (KeyError, TypeError, AttributeError):
        return AlertState.UNKNOWN


def _fits(shown: Mapping[str, str], delivered: Mapping[str, str]) -> bool:
    # A rule's own labels may be templates; those are filled in only on its alerts.
    return all(delivered.get(key) == value or "{{" in value for key, value in shown.items())
