"""The stop switch: what stops, what lets pass, and what is no answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from receiver.cluster.api import Api, ApiError
from receiver.cluster.control import Position, StopSwitch


class Answering:
    """An API server that gives one answer."""

    def __init__(self, answer: dict[str, Any] | ApiError) -> None:
        self._answer = answer

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/api/v1/namespaces/metricops-system/configmaps/metricops-control"
        if isinstance(self._answer, ApiError):
            raise self._answer
        return self._answer

    def raw(self, path: str) -> bytes:
        assert path == "/readyz"
        return b"ok"


def asked(answer: dict[str, Any] | ApiError) -> Position:
    return StopSwitch(cast(Api, Answering(answer)), "metricops-system").read()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"undo": "stop"}, "says stop"),
        ({"undo": "Run"}, "found 'Run', expected run or stop"),
        ({}, "found None, expected run or stop"),
        (None, "found None, expected run or stop"),
    ],
)
def test_stopped(data: Any, said: str) -> None:
    assert said in str(asked({"metadata": {}, "data": data}).stopped)


def test_run() -> None:
    assert asked({"metadata": {}, "data": {"undo": "run"}}) == Position(None)


def test_released_at_is_when_the_key_was_written() -> None:
    def entry(key: str, time: str) -> dict[str, Any]:
        return {"manager": key, "operation": "Update", "time": time, "fieldsV1": {"f:data": {".": {}, f"f:{key}": {}}}}

    fields = [entry("undo", "2026-03-01T12:00:00Z"), entry("other", "2026-03-01T13:00:00Z")]
    running = {"metadata": {"managedFields": fields}, "data": {"undo": "run"}}
    assert asked(running) == Position(None, datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert asked({**running, "data": {"undo": "stop"}}).released_at is None


@pytest.mark.parametrize(("status", "reason"), [(403, "Forbidden"), (404, "NotFound")])
def test_a_switch_that_is_missing_or_forbidden_stops(status: int, reason: str) -> None:
    assert f"cannot be read: {status} {reason}" in str(asked(ApiError(status, "", reason=reason)).stopped)


@pytest.mark.parametrize("status", [0, 401, 409, 422, 429, 500, 503])
def test_no_answer_is_no_refusal(status: int) -> None:
    with pytest.raises(ApiError):
        asked(ApiError(status, "for a moment"))
