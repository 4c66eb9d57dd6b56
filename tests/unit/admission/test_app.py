"""The HTTP edge: whatever happens behind it, a deploy goes on."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from admission.admit import Verdict, admit
from admission.app import OUR_FAULT, PATH, create_app
from admission.metrics import AdmissionMetrics
from admission.review import AdmissionRequest
from tests.unit.admission.requests import NOW, workload

NAMES = ["metadata", "spec", "template", "annotations", "labels", "containers", "image", "name", "metricops.dev/rule"]


def client(judge: Any = None, metrics: AdmissionMetrics | None = None, *, ready: bool = True) -> FlaskClient:
    def judged(request: AdmissionRequest) -> Verdict:
        return admit(request, NOW, None, ())

    app = create_app(judge or judged, lambda: ready, metrics or AdmissionMetrics(), body_limit=65536)
    return app.test_client()


def review(**changes: Any) -> dict[str, Any]:
    request = {
        "uid": "7e3f",
        "kind": {"kind": "Deployment"},
        "operation": "CREATE",
        "namespace": "shop",
        "object": workload(),
        **changes,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def counted(metrics: AdmissionMetrics, **labels: str) -> float:
    return metrics.registry.get_sample_value("metricops_admission_requests_total", labels) or 0.0


def test_a_release_is_stamped_and_counted() -> None:
    metrics = AdmissionMetrics()
    answer = client(metrics=metrics).post(PATH, json=review())
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["response"]["allowed"] is True
    assert answer.json["response"]["patchType"] == "JSONPatch"
    assert counted(metrics, kind="Deployment", outcome="stamped") == 1


@pytest.mark.parametrize(
    "item", [{}, {"metadata": {}}, {"metadata": {"labels": 5}, "spec": {"template": {}}}, {"metadata": [], "spec": {}}]
)
def test_what_we_cannot_handle_goes_through_with_a_warning(item: Any) -> None:
    metrics = AdmissionMetrics()
    answer = client(metrics=metrics).post(PATH, json=review(object=item))
    assert answer.json is not None
    assert answer.json["response"] == {"uid": "7e3f", "allowed": True, "warnings": [OUR_FAULT]}
    assert counted(metrics, kind="Deployment", outcome="failed") == 1


def test_so_does_what_fails_behind() -> None:
    def broken(_request: AdmissionRequest) -> Verdict:
        raise RecursionError("too deep")

    answer = client(broken).post(PATH, json=review())
    assert answer.json is not None
    assert answer.json["response"]["allowed"] is True


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": {"kind": "ReplicaSet"}},
        {"operation": "DELETE", "object": {"metadata": {}}},
        {"subResource": "scale", "object": {"metadata": {}}},
        {"object": {**workload(), "metadata": {"name": "shop", "deletionTimestamp": "2026-03-01T12:00:00Z"}}},
    ],
)
def test_what_is_not_ours_passes(changes: dict[str, Any]) -> None:
    answer = client().post(PATH, json=review(**changes))
    assert answer.json is not None
    assert answer.json["response"] == {"uid": "7e3f", "allowed": True}


def test_what_is_no_review_is_told_so() -> None:
    metrics = AdmissionMetrics()
    answer = client(metrics=metrics).post(PATH, data=b"{")
    assert answer.status_code == 400
    assert counted(metrics, kind="other", outcome="unreadable") == 1
    assert client().post(PATH, data=b"x" * 70_000).status_code == 413
    assert client().get(PATH).status_code == 405
    assert client().get("/nowhere").status_code == 404


def test_probes_and_metrics() -> None:
    assert client().get("/healthz").status_code == 200
    assert client().get("/readyz").status_code == 200
    assert client(ready=False).get("/readyz").status_code == 503
    metrics = AdmissionMetrics()
    asking = client(metrics=metrics)
    asking.post(PATH, json=review(object=workload("shop")))
    page = asking.get("/metrics").data.decode()
    assert 'metricops_admission_warnings_total{about="image"} 1.0' in page
    assert "metricops_admission_seconds_count 1.0" in page


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    max_leaves=12,
)


@given(anything, anything, anything)
def test_whatever_comes_nothing_is_stopped(item: Any, old: Any, user: Any) -> None:
    """Not even what no API server sends: it is let through, or told to be no review."""
    answer = client().post(PATH, json=review(object=item, oldObject=old, userInfo=user, operation="UPDATE"))
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json is not None
        assert answer.json["response"]["allowed"] is True
