"""AdmissionReviews: read, and answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission.review import LONGEST_WARNING, MOST_WARNINGS, Answer, ReviewError, read_review, write_review

ASKED: dict[str, Any] = {
    "apiVersion": "admission.k8s.io/v1",
    "kind": "AdmissionReview",
    "request": {
        "uid": "7e3f",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "operation": "UPDATE",
        "namespace": "shop",
        "name": "shop",
        "userInfo": {"username": "jane"},
        "object": {"metadata": {"name": "shop"}},
        "oldObject": {"metadata": {"name": "shop"}},
        "dryRun": True,
        "options": {"fieldManager": "kubectl"},
    },
}


def encoded(**changes: Any) -> bytes:
    request = {key: value for key, value in {**ASKED["request"], **changes}.items() if value is not ...}
    return json.dumps({**ASKED, "request": request}).encode()


def test_a_request_is_read() -> None:
    asked = read_review(encoded())
    assert (asked.uid, asked.operation, asked.kind, asked.namespace) == ("7e3f", "UPDATE", "Deployment", "shop")
    assert (asked.username, asked.dry_run, asked.title) == ("jane", True, "deployment/shop")
    new = read_review(encoded(oldObject=None, dryRun=False, userInfo=..., object={"metadata": {"generateName": "s-"}}))
    assert (new.old, new.dry_run, new.username, new.name) == (None, False, "", "s-")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "body: found"),
        (b"[" * 100_000, "body: found"),
        (b"[]", "request: found NoneType, expected an object"),
        (encoded(uid=5), "uid: found int, expected a string"),
        (encoded(object=...), "object: found NoneType, expected an object"),
        (encoded(kind="Deployment"), "kind: found str, expected an object"),
        (
            json.dumps({**ASKED, "apiVersion": "admission.k8s.io/v1beta1"}).encode(),
            "expected admission.k8s.io/v1 AdmissionReview",
        ),
    ],
)
def test_what_is_no_request_is_named(body: bytes, message: str) -> None:
    with pytest.raises(ReviewError) as caught:
        read_review(body)
    assert message in str(caught.value)


def test_answers() -> None:
    operation = {"op": "add", "path": "/a", "value": "ü"}
    answer = write_review("7e3f", Answer((operation,), ("mind this",)))
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    response = answer["response"]
    assert json.loads(base64.b64decode(response.pop("patch"))) == [operation]
    assert response == {"uid": "7e3f", "allowed": True, "patchType": "JSONPatch", "warnings": ["mind this"]}
    assert write_review("1", Answer())["response"] == {"uid": "1", "allowed": True}
    refused = write_review("1", Answer((operation,), refusal="not so"))["response"]
    assert refused == {
        "uid": "1",
        "allowed": False,
        "status": {"code": 422, "reason": "Invalid", "message": "not so"},
    }


@given(
    st.lists(st.sampled_from(["", "short", "x" * 300, "a\nb\x00\u2028", "ü" * 256]) | st.text(max_size=9), max_size=30)
)
def test_warnings_fit_into_a_header(warnings: list[str]) -> None:
    sent = write_review("1", Answer(warnings=tuple(warnings)))["response"].get("warnings", [])
    assert len(sent) <= MOST_WARNINGS
    assert sum(map(len, sent)) <= 4096
    assert all(len(line) <= LONGEST_WARNING and (line.isprintable() or not line) for line in sent)
    if len(warnings) > MOST_WARNINGS:
        assert sent[-1] == f"metricops: and {len(warnings) - MOST_WARNINGS + 1} more warnings"
