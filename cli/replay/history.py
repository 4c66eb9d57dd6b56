"""Ask a Prometheus HTTP API about the past: within its limits, with time-outs, and with errors in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import urllib3

from cli.replay.grid import Grid
from receiver.decision.evidence import Sample
from receiver.prometheus.promql import Series, read_parts
from receiver.prometheus.questions import Questions
from receiver.prometheus.source import FORM

MOST_POINTS = 11_000
"""Of one series in one answer: Prometheus refuses more."""
LEAST_POINTS = 60
MOST_SERIES = 10_000
MOST_REQUESTS = 10_000
PART_OF = timedelta(days=1)
"""A query over more than that is asked in parts, so that each answer comes soon."""


class HistoryError(Exception):
    """The source can't be reached, or does not answer as Prometheus does; the message says which."""


class QueryRefused(HistoryError):  # noqa: N818 - what the source did
    """The source refuses this query; the message is its own."""


class _TooMuchError(QueryRefused):
    """The source has not the time, or the memory, for a query as long as this."""


class History:
    """A Prometheus, or anything with its API. `asked` is told of each request, before it is sent."""

    def __init__(
        self,
        url: str,
        timeout_seconds: float,
        headers: Mapping[str, str] | None = None,
        asked: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._url = url.rstrip("/")
        timeout = urllib3.Timeout(connect=timeout_seconds, read=timeout_seconds)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout, headers=dict(headers or {}))
        self._asked = asked
        self._timeout_seconds = timeout_seconds
        self.requests = 0

    def over(self, query: str, grid: Grid, *, looks_back: timedelta = timedelta(0)) -> list[Series]:
        """The query at each moment of the grid, in as many requests as it takes. Raises `HistoryError`.

        What a request `looks_back` it reads once more for the next one, so that few long ones are the cheaper.
        """
        most = max(LEAST_POINTS, min(MOST_POINTS, max(PART_OF, 2 * looks_back) // grid.step))
        found: dict[frozenset[tuple[str, str]], list[Sample]] = {}
        for part in grid.parts(most):
            for series in self._part(query, part):
                found.setdefault(frozenset(series.labels.items()), []).extend(series.samples)
                if len(found) > MOST_SERIES:
                    raise QueryRefused(f"more than {MOST_SERIES} series")
        return [Series(dict(labels), tuple(samples)) for labels, samples in found.items()]

    def evidence(self, asked: Questions) -> dict[str, list[Series]] | None:
        """What the receiver would have asked about a rollout; None where the source refuses. Raises `HistoryError`."""
        try:
            return read_parts(self._range(asked.query, asked.start, asked.end, asked.step))
        except QueryRefused:
            return None

    def values(self, label: str, grid: Grid) -> list[str]:
        """All values of a label within that time. Raises `HistoryError`."""
        path = f"/api/v1/label/{label}/values?start={grid.start.timestamp():.0f}&end={grid.end.timestamp():.0f}"
        answer = self._ask(path, "GET")
        return [str(value) for value in answer.get("data") or []]

    def _part(self, query: str, grid: Grid) -> list[Series]:
        try:
            answer = self._range(query, grid.start, grid.end, grid.step)
        except _TooMuchError:
            if grid.points <= LEAST_POINTS:
                raise
            return [series for half in grid.parts(-(-grid.points // 2)) for series in self._part(query, half)]
        return read_parts(answer).get("", [])

    def _range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Mapping[str, Any]:
        return self._ask(
            "/api/v1/query_range",
            query=query,
            start=f"{start.timestamp():.3f}",
            end=f"{end.timestamp():.3f}",
            step=f"{step.total_seconds():.3f}",
        )

    def _ask(self, path: str, method: str = "POST", **parameters: str) -> Mapping[str, Any]:
        if self.requests >= MOST_REQUESTS:
            raise HistoryError(f"more than {MOST_REQUESTS} requests: ask about less time, or fewer rules")
        self.requests += 1
        self._asked(self.requests)
        try:
            # Long queries don't fit into every proxy's longest URL.
            response = self._pool.request(method, self._url + path, fields=parameters, **FORM[method])
        except urllib3.exceptions.ReadTimeoutError:
            raise _TooMuchError(f"{self._url} has not answered within {self._timeout_seconds:g} s") from None
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise HistoryError(f"{self._url} cannot be reached: {error}") from None
        try:
            answer = json.loads(response.data)
            status, why = answer["status"], str(answer.get("error", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise HistoryError(f"{self._url} did not answer as Prometheus does: HTTP {response.status}") from None
        if status == "success":
            return dict(answer)
        if answer.get("errorType") in ("timeout", "canceled") or "too many samples" in why:
            raise _TooMuchError(f"{self._url} refuses: {why}")
        raise QueryRefused(why or f"HTTP {response.status}")
