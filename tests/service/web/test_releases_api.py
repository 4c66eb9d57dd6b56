"""The edge of the releases API: who may ask what in which form. What is done for them is a function given here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from receiver.cluster.api import ApiError
from receiver.intake.conformity import Conformity, Problem
from receiver.intake.envelope import Bounds
from receiver.metrics import Metrics
from receiver.releases.noting import Noted
from receiver.releases.refusal import RefusedError
from receiver.releases.request import ReleaseRequest
from receiver.releases.schemas import COMPONENTS, ref
from receiver.web.admission import Admission
from receiver.web.app import create_app
from receiver.web.callers import Callers
from receiver.web.openapi import document
from receiver.web.releases import BODY_BYTES, ReleasesApi, add_releases_api
from receiver.web.token import AnyToken, TokenFile
from receiver.workloads.stamp import ReleaseStamp
from tests.unit.scenario import NOW, V2, workload

DELIVERIES, RELEASES, READS = "deliveries", "releases", "reads"
BODY = {"namespace": "prod", "workload": {"kind": "Deployment", "name": "shop"}, "commit": "c1"}
LISTS = ("releases", "rollbacks", "workloads")
ERROR = Conformity(ref("Error"), COMPONENTS)


class Behind:
    """What the edge hands requests to: it notes them, and answers or raises what it was told to."""

    def __init__(self) -> None:
        self.noted: list[ReleaseRequest] = []
        self.queries: list[dict[str, Any]] = []
        self.raises: Exception | None = None
        self.is_new = True
        self.gate: threading.Event | None = None

    def note(self, request: ReleaseRequest) -> Noted:
        if self.raises:
            raise self.raises
        self.noted.append(request)
        return Noted(workload(), ReleaseStamp(V2.template_hash, released_at=NOW), self.is_new, changed=self.is_new)

    def page(self, query: dict[str, Any]) -> dict[str, Any]:
        if self.gate:
            self.gate.wait(10)
        if self.raises:
            raise self.raises
        self.queries.append(query)
        return {"items": []}

    releases = rollbacks = workloads = page


class Edge:
    def __init__(self, client: FlaskClient, behind: Behind, metrics: Metrics) -> None:
        self.client, self.behind, self.metrics = client, behind, metrics

    def post(self, body: Any = BODY, token: str = RELEASES, **options: Any) -> TestResponse:
        options.setdefault("content_type", "application/json")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/api/v1/releases", data=data, headers=headers, **options)

    def get(self, path: str, token: str = "") -> TestResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.get(f"/api/v1/{path}", headers=headers)

    def requests(self, operation: str, code: int) -> float:
        labels = {"operation": operation, "code": str(code)}
        return self.metrics.registry.get_sample_value("metricops_api_requests_total", labels) or 0.0


def refused(answer: TestResponse, status: int) -> dict[str, Any]:
    """The body of a refusal, which has the published shape."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    assert ERROR.problems(body) == []
    return body


@pytest.fixture
def make_edge(tmp_path: Path) -> Callable[..., Edge]:
    def token_file(name: str) -> TokenFile:
        (tmp_path / name).write_text(name)
        return TokenFile(tmp_path / name)

    def make(*, releases: bool = True, reads: bool = False) -> Edge:
        metrics, behind = Metrics(), Behind()
        app = create_app(
            lambda _alert: pytest.fail("no alert may come through"),
            lambda: True,
            metrics,
            callers=Callers(token_file(DELIVERIES)),
            admission=Admission(1),
            body_limit=4 * BODY_BYTES,
            bounds=Bounds(),
        )
        api = ReleasesApi(
            cast(Any, behind),
            cast(Any, behind),
            releasers=Callers(token_file(RELEASES)) if releases else None,
            readers=Callers(AnyToken((token_file(READS), token_file(RELEASES)))) if reads else Callers(),
            places=Admission(1),
        )
        add_releases_api(app, api, metrics)
        return Edge(app.test_client(), behind, metrics)

    return make


@pytest.fixture
def edge(make_edge: Callable[..., Edge]) -> Edge:
    return make_edge()


def test_a_release_is_noted(edge: Edge) -> None:
    answer = edge.post()
    assert answer.status_code == 201
    assert Conformity(ref("NotedRelease"), COMPONENTS).problems(answer.get_json()) == []
    assert answer.headers["Cache-Control"] == "no-store"
    assert [request.statements for request in edge.behind.noted] == [{"commit": "c1"}]
    edge.behind.is_new = False
    assert edge.post().status_code == 200
    assert (edge.requests("noteRelease", 201), edge.requests("noteRelease", 200)) == (1, 1)


@pytest.mark.parametrize("token", ["", "wrong", DELIVERIES, READS])
def test_no_other_token_notes_a_release(make_edge: Callable[..., Edge], token: str) -> None:
    edge = make_edge(reads=True)
    answer = edge.post(token=token)
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert edge.behind.noted == []


@pytest.mark.parametrize("token", [RELEASES, READS])
def test_no_other_token_delivers_an_alert(make_edge: Callable[..., Edge], token: str) -> None:
    alert = {"status": "firing", "labels": {"metricops": "undo"}, "startsAt": "2026-03-01T12:00:00Z"}
    answer = make_edge(reads=True).client.post(
        "/api/v1/alerts", json={"alerts": [alert]}, headers={"Authorization": f"Bearer {token}"}
    )
    refused(answer, 401)


def test_without_the_setting_releases_are_not_taken(make_edge: Callable[..., Edge]) -> None:
    assert "METRICOPS_RELEASES_TOKEN_FILE" in refused(make_edge(releases=False).post(), 403)["error"]


@pytest.mark.parametrize("listed", LISTS)
def test_reading_is_open_or_needs_its_own_token(make_edge: Callable[..., Edge], listed: str) -> None:
    assert make_edge().get(listed).status_code == 200
    edge = make_edge(reads=True)
    for token in ("", "wrong", DELIVERIES):
        refused(edge.get(listed, token), 401)
    for token in (READS, RELEASES):
        assert edge.get(listed, token).get_json() == {"items": []}
    assert edge.requests(f"list{listed.capitalize()}", 401) == 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b'{"namespace": ', "body"),
        (b"\xff", "body"),
        ([], "body"),
        ({**BODY, "imgages": ["a"]}, "imgages"),
        ({**BODY, "workload": {"kind": "Deployment", "name": "Shop"}}, "workload.name"),
        ({**BODY, "commit": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}}}, "body"),
    ],
)
def test_a_body_that_is_wrong(edge: Edge, body: Any, field: str) -> None:
    said = refused(edge.post(body), 400)
    assert field in said["error"]
    assert [problem["field"] for problem in said.get("problems", [{"field": "body"}])] == [field]
    assert edge.behind.noted == []


def test_a_body_that_is_too_large(edge: Edge) -> None:
    said = refused(edge.post({**BODY, "who": "w" * BODY_BYTES}), 413)
    assert f"at most {BODY_BYTES} bytes" in said["error"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_said_to_be_json(edge: Edge, content_type: str) -> None:
    refused(edge.post(content_type=content_type), 415)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=1e2", "limit"),
        ("limit=٣", "limit"),
        ("limit=9999999999999999999999", "limit"),
        ("namespace=", "namespace"),
        ("namespace=../x", "namespace"),
        ("namespace=a&namespace=b", "namespace"),
        ("kind=pod", "kind"),
        ("since=2026-03-01T12:00:00+02:00", "since"),  # A plus sign is a space here.
        ("continue=", "continue"),
        ("naem=x", "naem"),
    ],
)
def test_a_query_that_is_wrong(edge: Edge, query: str, field: str) -> None:
    said = refused(edge.get(f"releases?{query}"), 400)
    assert [problem["field"] for problem in said["problems"]] == [field]
    assert edge.behind.queries == []


def test_a_query_that_is_right(edge: Edge) -> None:
    query = "namespace=prod&kind=Deployment&name=shop&mode=dry-run&phase=Recovered&limit=7&since=2026-03-01T12:00:00Z"
    assert edge.get(f"rollbacks?{query}").status_code == 200
    assert edge.behind.queries == [
        {
            "namespace": "prod",
            "kind": "Deployment",
            "name": "shop",
            "mode": "dry-run",
            "phase": "Recovered",
            "limit": 7,
            "since": "2026-03-01T12:00:00Z",
        }
    ]


def test_what_stands_behind_refuses(edge: Edge) -> None:
    edge.behind.raises = RefusedError(409, [Problem("images[0]", "'a'", "b")], retry_after=2)
    answer = edge.post()
    assert refused(answer, 409) == {
        "error": "images[0]: found 'a', expected b",
        "problems": [{"field": "images[0]", "found": "'a'", "expected": "b"}],
    }
    assert answer.headers["Retry-After"] == "2"
    edge.behind.raises = RefusedError(410, [Problem("continue", "old", "new")])
    assert "Retry-After" not in edge.get("workloads").headers
    edge.behind.raises = ApiError(0, "secret address", path="/somewhere")
    for answer in (edge.post(), edge.get("releases")):
        assert "secret" not in refused(answer, 503)["error"]
        assert answer.headers["Retry-After"] == "1"


def test_too_many_at_once(edge: Edge) -> None:
    edge.behind.gate = threading.Event()
    first = threading.Thread(target=edge.get, args=("workloads",))
    first.start()
    try:
        while edge.get("workloads?limit=x").status_code != 503:
            pass
        answer = edge.get("workloads")
        refused(answer, 503)
        assert answer.headers["Retry-After"] == "1"
        assert edge.client.get("/healthz").status_code == 200
    finally:
        edge.behind.gate.set()
        first.join()


def test_methods(edge: Edge) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        answer = edge.client.open("/api/v1/releases", method=method)
        refused(answer, 405)
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    answer = edge.client.post("/api/v1/rollbacks")
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    head = edge.client.head("/api/v1/rollbacks")
    assert (head.status_code, head.get_data()) == (200, b"")
    options = edge.client.options("/api/v1/releases")
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    refused(edge.get("release"), 404)


def test_the_document_is_what_is_served(make_edge: Callable[..., Edge]) -> None:
    answer = make_edge(reads=True).get("openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.get_json() == document()
