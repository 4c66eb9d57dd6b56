"""Ask one Alertmanager over its HTTP API (`/api/v2`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import urllib3

from receiver.alertmanager.answers import (
    Shown,
    UnreadableAnswerError,
    asks_for_undo_filter,
    held,
    read_groups,
    read_routes,
    why_not,
)
from receiver.decision.values import Alert

UpObserver = Callable[[bool], None]


class AlertmanagerError(Exception):
    """No usable answer: the message says what was asked and what came."""


class AlertmanagerSource:
    """`url` is its base address; `receiver` the name that its configuration gives to us."""

    def __init__(
        self, url: str, receiver: str, *, timeout_seconds: float = 3.0, on_answer: UpObserver | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._receiver = receiver
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        )
        self._on_answer = on_answer

    def active(self, now: datetime) -> list[Alert]:
        """Alerts that may undo, go to our receiver, and are held back by nothing. Raises `AlertmanagerError`.

        Where silence, inhibition or mute times can't be known of an alert, it is left out.
        """
        shown = self._shown(silenced="false", inhibited="false", active="true")
        if not shown:
            return []
        status = self._get("/api/v2/status")
        try:
            routes = read_routes(status["config"]["original"], self._receiver)
        except (UnreadableAnswerError, KeyError, TypeError) as error:
            raise AlertmanagerError(f"{self._url}: {error}") from error
        # An alert that two of our routes take is delivered unless both hold it back.
        chosen = {entry.alert.fingerprint: entry.alert for entry in shown if why_not(entry, routes, now) is None}
        return list(chosen.values())

    def why_held(self, alert: Alert) -> str | None:
        """What a person, or another alert, holds this alert back by; None where nothing does or nobody can tell."""
        try:
            return held(self._shown(), alert.fingerprint)
        except AlertmanagerError:
            return None

    def _shown(self, **query: str) -> list[Shown]:
        answer = self._get(
            "/api/v2/alerts/groups",
            receiver=f"^(?:{re.escape(self._receiver)})$",
            filter=asks_for_undo_filter(),
            **query,
        )
        try:
            return read_groups(answer, self._receiver)
        except UnreadableAnswerError as error:
            raise AlertmanagerError(f"{self._url}: {error}") from error

    def _get(self, path: str, **query: str) -> Any:
        answer, failure = None, ""
        try:
            response = self._pool.request("GET", self._url + path, fields=query)
            if response.status == 200:
                answer = json.loads(response.data)
            else:
                failure = f"{response.status} {response.data[:200].decode(errors='replace')}"
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            failure = str(error)
        if self._on_answer is not None:
            self._on_answer(not failure)
        if failure:
            raise AlertmanagerError(f"GET {self._url}{path}: {failure}")
        return answer
