"""The API server's clock, by the Date of its answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
import urllib3
from kubernetes.client import Configuration

from receiver.cluster.api import Api, ApiError


@pytest.fixture
def answers() -> Iterator[list[urllib3.HTTPResponse]]:
    """What is answered to one request after the other."""
    given: list[urllib3.HTTPResponse] = []
    with patch.object(urllib3.PoolManager, "request", lambda *_args, **_more: given.pop(0)):
        yield given


def answer(date: str | None, status: int = 200) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(b"{}", headers={"Date": date} if date else {}, status=status)


def test_it_is_that_of_the_latest_answer_and_goes_on(answers: list[urllib3.HTTPResponse]) -> None:
    api = Api(Configuration(host="http://127.0.0.1:1"))
    assert api.server_time is None
    moment = datetime(2031, 3, 1, 12, tzinfo=UTC)
    answers[:] = [answer("Sat, 01 Mar 2031 12:00:00 GMT"), answer(None), answer("Sat, 01 Mar 2031 13:00:00 GMT", 404)]
    api.get("/api")
    assert api.server_time is not None
    assert moment <= api.server_time < moment + timedelta(seconds=5)
    api.get("/api")
    steady = time.monotonic() + 60
    with patch.object(time, "monotonic", lambda: steady):
        assert api.server_time > moment + timedelta(seconds=55)
    with pytest.raises(ApiError):
        api.get("/api")  # A refusal tells the time as well.
    assert moment + timedelta(hours=1) <= api.server_time


@pytest.mark.parametrize("date", ["yesterday", "Sat, 99 Mar 2031 12:00:00 GMT"])
def test_a_date_that_is_none(answers: list[urllib3.HTTPResponse], date: str) -> None:
    api = Api(Configuration(host="http://127.0.0.1:1"))
    answers[:] = [answer(date)]
    api.get("/api")
    assert api.server_time is None
