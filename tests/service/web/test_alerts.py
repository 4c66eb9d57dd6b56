"""Flask's edge: what is answered to good and bad deliveries. The decisions themselves are a function given here."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from receiver.cluster.api import ApiError
from receiver.decision import reasons
from receiver.decision.values import Alert, Decision
from receiver.intake.envelope import Bounds
from receiver.metrics import Metrics
from receiver.rollbacks.claims import Outcome
from receiver.web.admission import Admission
from receiver.web.app import create_app
from receiver.web.callers import Callers
from receiver.web.token import TokenFile

TOKEN = "s3cret"
BODY_LIMIT = 20_000
BOUNDS = Bounds(alerts=10, labels=20, name_length=30, value_length=9000, nesting=12)


def item(**changes: Any) -> dict[str, Any]:
    return {
        "status": "firing",
        "labels": {"alertname": "Burn", "namespace": "prod", "deployment": "shop", "metricops": "undo"},
        "annotations": {},
        "startsAt": "2026-03-01T12:00:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "f1",
        **changes,
    }


def envelope(*alerts: Any, **changes: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "alerts": list(alerts),
        "somethingNew": {"that": ["is", "ignored"]},
        **changes,
    }


def nested(levels: int) -> Any:
    """Arrays in arrays, with an empty one in the middle."""
    return [] if levels == 1 else [nested(levels - 1)]


class Edge:
    """The application over its test client; `handled` are the alerts that reached the judgement."""

    def __init__(self, client: FlaskClient, metrics: Metrics, handled: list[Alert]) -> None:
        self.client = client
        self.metrics = metrics
        self.handled = handled

    def post(self, body: Any, **options: Any) -> TestResponse:
        options.setdefault("headers", {"Authorization": f"Bearer {TOKEN}"})
        options.setdefault("content_type", "application/json")
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post("/api/v1/alerts", data=data, **options)

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def make_edge(tmp_path: Path) -> Callable[..., Edge]:
    def make(failing: Callable[[Alert], Exception | None] = lambda _: None, ready: bool = True) -> Edge:
        handled: list[Alert] = []

        def handle(alert: Alert) -> Outcome:
            error = failing(alert)
            if error is not None:
                raise error
            handled.append(alert)
            return Outcome(Decision(reasons.NOT_ASKED, "as a test wants it"))

        token = tmp_path / "token"
        token.write_text(TOKEN + "\n")
        metrics = Metrics()
        app = create_app(
            handle,
            lambda: ready,
            metrics,
            callers=Callers(TokenFile(token)),
            admission=Admission(1),
            body_limit=BODY_LIMIT,
            bounds=BOUNDS,
        )
        return Edge(app.test_client(), metrics, handled)

    return make


@pytest.fixture
def edge(make_edge: Callable[..., Edge]) -> Edge:
    return make_edge()


def test_alertmanager_delivery(edge: Edge) -> None:
    answer = edge.post(envelope(item(), item(fingerprint="f2", status="resolved")))
    assert answer.status_code == 200
    assert [alert.fingerprint for alert in edge.handled] == ["f1", "f2"]
    assert [entry["reason"] for entry in answer.get_json()["alerts"]] == ["not-asked", "not-asked"]
    assert edge.sample("metricops_deliveries_total", format="alertmanager", outcome="accepted") == 1
    assert edge.sample("metricops_alerts_total", status="firing") == 1
    assert edge.sample("metricops_alerts_total", status="resolved") == 1
    assert edge.sample("metricops_decisions_total", reason="not-asked") == 2
    assert edge.sample("metricops_delivery_seconds_count") == 1


@pytest.mark.parametrize(("version", "counted"), [("1", "grafana"), ("4", "alertmanager"), ("7", "other")])
def test_versions_whose_shape_fits_are_taken_and_counted(edge: Edge, version: str, counted: str) -> None:
    extra = {"orgId": 1, "title": "t", "message": "m"} if version == "1" else {}
    assert edge.post(envelope(item(values={"B": 1}), version=version, **extra)).status_code == 200
    assert len(edge.handled) == 1
    assert edge.sample("metricops_deliveries_total", format=counted, outcome="accepted") == 1


def test_truncated_alerts_are_counted(edge: Edge) -> None:
    assert edge.post(envelope(item(), truncatedAlerts=3)).status_code == 200
    assert edge.sample("metricops_truncated_alerts_total") == 3


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        ("text", "alerts[1]: found a string, expected an object"),
        ({}, "alerts[1].status: found nothing"),
        (item(status="burning"), "alerts[1].status: found 'burning'"),
        (item(status=["firing"]), "alerts[1].status: found an array"),
        (item(labels=None), "alerts[1].labels: found nothing, expected an object of strings"),
        (item(labels={"a": 1}), "alerts[1].labels.a: found a number, expected a string"),
        (item(labels={str(n): "x" for n in range(200)}), "alerts[1].labels: found 200 entries"),
        (item(annotations=[]), "alerts[1].annotations: found an array"),
        (item(startsAt="yesterday"), "alerts[1].startsAt: found 'yesterday', expected an RFC 3339 timestamp"),
        (item(startsAt="2026-03-01T12:00:00"), "alerts[1].startsAt"),
        (item(startsAt=5), "alerts[1].startsAt: found a number"),
        (item(startsAt="9999-12-31T23:59:59-23:59"), "alerts[1].startsAt"),
        (item(fingerprint=None), "alerts[1].fingerprint: found nothing, expected a string"),
        (item(fingerprint="f" * 9001), "alerts[1].fingerprint: found 9001 characters, expected at most 9000"),
        (item(labels={"a" * 31: "x"}), "alerts[1].labels name: found 31 characters, expected at most 30"),
        (item(labels={"a": "x" * 9001}), "alerts[1].labels.a: found 9001 characters, expected at most 9000"),
        (item(annotations={"a": "x" * 9001}), "alerts[1].annotations.a: found 9001 characters"),
        (item(annotations={str(n): "x" for n in range(21)}), "alerts[1].annotations: found 21 entries"),
        (item(labels={str(n): "x" for n in range(21)}), "alerts[1].labels: found 21 entries, expected at most 20"),
    ],
)
def test_one_bad_alert_among_good_ones(edge: Edge, bad: Any, named: str) -> None:
    answer = edge.post(envelope(item(), bad, item(fingerprint="f3")))
    assert answer.status_code == 200
    assert [alert.fingerprint for alert in edge.handled] == ["f1", "f3"]
    assert named in answer.get_json()["malformed"][0]
    assert edge.sample("metricops_alerts_total", status="malformed") == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "body: found"),
        (b'{"version": "4", "alerts": [', "body: found"),
        (b"\xff\xfe", "body: found"),
        ([], "body: found an array, expected an object"),
        (None, "body: found nothing"),
        ("text", "body: found a string"),
        ({}, "alerts: found nothing, expected an array"),
        ({"alerts": {}}, "alerts: found an object, expected an array"),
        ({"alerts": [], "version": 4}, "version: found a number, expected a string"),
        ({"alerts": [], "groupKey": []}, "groupKey: found an array"),
        ({"alerts": [], "truncatedAlerts": "many"}, "truncatedAlerts: found 'many'"),
        ({"alerts": [], "truncatedAlerts": -1}, "truncatedAlerts: found -1"),
        ({"alerts": [], "truncatedAlerts": 10**400}, "truncatedAlerts: found 1000"),
        ({"alerts": [{}] * 11}, "alerts: found 11 entries, expected at most 10"),
        ({"alerts": [], "more": nested(12)}, "body: found nesting that is too deep, expected at most 12 levels"),
        (b"[" * 9000 + b"]" * 9000, "body: found nesting that is too deep"),
        (b'{"alerts":' + b'{"a":' * 3000 + b"1" + b"}" * 3001, "body: found nesting that is too deep"),
    ],
)
def test_an_envelope_that_cannot_be_read_is_a_400_that_names_the_field(edge: Edge, body: Any, named: str) -> None:
    answer = edge.post(body)
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]
    assert edge.handled == []
    assert edge.sample("metricops_deliveries_total", format="other", outcome="refused") == 1


def test_what_is_just_within_the_bounds_is_taken(edge: Edge) -> None:
    labels = {**item()["labels"], "a" * 30: "x" * 4000, **{str(n): "x" for n in range(15)}}
    assert len(labels) == 20
    answer = edge.post(envelope(item(labels=labels, fingerprint="f" * 9000), *[item()] * 9, more=nested(11)))
    assert answer.status_code == 200
    assert answer.get_json()["malformed"] == []
    assert len(edge.handled) == 10


def test_huge_body(edge: Edge) -> None:
    answer = edge.post(envelope(item(annotations={"a": "x" * BODY_LIMIT})))
    assert answer.status_code == 413
    assert str(BODY_LIMIT) in answer.get_json()["error"]
    assert edge.sample("metricops_deliveries_total", format="other", outcome="refused") == 1


def test_wrong_method(edge: Edge) -> None:
    answer = edge.client.get("/api/v1/alerts")
    assert answer.status_code == 405
    assert "error" in answer.get_json()


def test_unknown_path(edge: Edge) -> None:
    assert edge.client.get("/api/v2/alerts").status_code == 404


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_wrong_content_type(edge: Edge, content_type: str) -> None:
    answer = edge.post(envelope(item()), content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["error"]
    assert edge.handled == []


def test_content_type_with_a_charset(edge: Edge) -> None:
    assert edge.post(envelope(item()), content_type="application/json; charset=utf-8").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_without_a_valid_token(edge: Edge, header: str) -> None:
    answer = edge.post(envelope(item()), headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert edge.handled == []


def test_an_alert_that_cannot_be_decided_now_makes_the_delivery_come_again(make_edge: Callable[..., Edge]) -> None:
    edge = make_edge(lambda alert: ApiError(0, "timed out") if alert.fingerprint == "f1" else None)
    answer = edge.post(envelope(item(), item(fingerprint="f2")))
    assert answer.status_code == 503
    assert [alert.fingerprint for alert in edge.handled] == ["f2"]
    assert edge.sample("metricops_deliveries_total", format="alertmanager", outcome="retry") == 1


def test_health_readiness_and_metrics(make_edge: Callable[..., Edge]) -> None:
    assert make_edge().client.get("/healthz").status_code == 200
    assert make_edge().client.get("/readyz").status_code == 200
    assert make_edge(ready=False).client.get("/readyz").status_code == 503
    page = make_edge().client.get("/metrics")
    assert page.status_code == 200
    assert "metricops_decisions_total" in page.get_data(as_text=True)


def test_every_outcome_of_a_delivery_is_counted_from_the_start() -> None:
    registry = Metrics().registry
    for kind in ("alertmanager", "grafana", "other"):
        for outcome in ("accepted", "refused", "retry", "overload"):
            labels = {"format": kind, "outcome": outcome}
            assert registry.get_sample_value("metricops_deliveries_total", labels) == 0
