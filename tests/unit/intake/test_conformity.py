"""What is wrong with a request, all at once, as field, found, expected."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.intake.conformity import Conformity
from receiver.releases.schemas import COMPONENTS, query_schema, ref

REQUEST = Conformity(ref("ReleaseRequest"), COMPONENTS)
QUERY = Conformity(query_schema("rollbacks"))
GOOD: dict[str, Any] = {"namespace": "shop", "workload": {"kind": "Deployment", "name": "shop"}}


def told(conformity: Conformity, value: Any) -> list[str]:
    return [str(problem) for problem in conformity.problems(value)]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"images": ["ghcr.io/acme/shop:2", "envoy@sha256:" + "0" * 64]},
        {"commit": "9f8e7d6", "link": "https://ci.example/jobs/7?tab=log", "who": "the pipeline", "changeCause": "é"},
        {"rule": "a > 0\n", "slo": None},
        {"link": "http://ci.example:8080"},
    ],
)
def test_what_may_be_sent(more: dict[str, Any]) -> None:
    assert told(REQUEST, {**GOOD, **more}) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"namespace": "Shop"}, "namespace: found 'Shop', expected A namespace: a DNS label"),
        ({"namespace": "a" * 64}, "namespace: found 64 characters, expected at most 63 characters"),
        ({"namespace": "shop\n"}, "namespace: found 'shop\\n', expected A namespace: a DNS label"),
        ({"workload": "deployment/shop"}, "workload: found 'deployment/shop', expected an object"),
        ({"workload": {"kind": "Deployment"}}, "workload.name: found nothing, expected A workload's name"),
        ({"workload": {"kind": "Job", "name": "a"}}, "workload.kind: found 'Job', expected one of Deployment, "),
        ({"images": []}, "images: found an empty list, expected at least 1 entries"),
        ({"images": ["a"] * 65}, "images: found 65 entries, expected at most 64 entries"),
        ({"images": ["a", 1]}, "images[1]: found 1 (a number), expected a text"),
        ({"images": ["a\u0000"]}, "images[0]: found 'a\\x00', expected As the template names it"),
        ({"image": "shop:2"}, "image: found an unknown field, expected images (the nearest known field)"),
        ({"zzz": 1}, "zzz: found an unknown field, expected one of namespace, workload, "),
        ({"commit": ""}, "commit: found '', expected a text that is not empty"),
        ({"commit": None}, "commit: found null, expected a text"),
        ({"commit": "a b"}, "commit: found 'a b', expected The commit that was built"),
        ({"link": "javascript:alert(1)"}, "link: found 'javascript:alert(1)', expected A page about it"),
        ({"link": "https://user:secret@ci.example/"}, "link: found 'https://user:secret@ci.example/', expected"),
        ({"link": "https://1:22@ci.example/"}, "link: found"),
        ({"link": "https://ci.example/a b"}, "link: found"),
        ({"link": "http://[x"}, "link: found"),
        ({"changeCause": "one\ntwo"}, "changeCause: found 'one\\ntwo', expected Why it was released, in one line"),
        ({"who": True}, "who: found true, expected a text"),
        ({"rule": ["a"]}, "rule: found a list, expected a text or null"),
        ({"rule": "x" * 16385}, "rule: found 16385 characters, expected at most 16384 characters"),
    ],
)
def test_each_problem_names_field_found_and_expected(more: dict[str, Any], expected: str) -> None:
    (problem,) = told(REQUEST, {**GOOD, **more})
    assert problem.startswith(expected)


def test_all_problems_are_told_at_once_and_one_of_each_field() -> None:
    problems = REQUEST.problems({"workload": {"kind": "x", "nam": "y"}, "commit": " " * 200, "more": 1})
    assert {problem.field for problem in problems} == {
        "namespace",
        "workload.kind",
        "workload.name",
        "workload.nam",
        "commit",
        "more",
    }


@pytest.mark.parametrize("body", [None, 1, "text", [], True])
def test_what_is_no_object(body: Any) -> None:
    (problem,) = told(REQUEST, body)
    assert problem.startswith("body: found ")
    assert problem.endswith("expected an object")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"limit": 0}, "limit: found 0 (a number), expected at least 1"),
        ({"limit": 501}, "limit: found 501 (a number), expected at most 500"),
        ({"since": "yesterday"}, "since: found 'yesterday', expected an RFC 3339 timestamp"),
        ({"since": "2026-03-01T12:00:00"}, "since: found"),
        ({"until": "2026-02-30T12:00:00Z"}, "until: found"),
        ({"until": "9999-12-31T23:59:59-23:59"}, "until: found"),
        ({"phase": "Done"}, "phase: found 'Done', expected one of Claimed, "),
        ({"mode": "on"}, "mode: found 'on', expected one of enabled, "),
        ({"namspace": "a"}, "namspace: found an unknown field, expected namespace (the nearest known field)"),
    ],
)
def test_queries(query: dict[str, Any], expected: str) -> None:
    (problem,) = told(QUERY, query)
    assert problem.startswith(expected)


def test_a_good_query() -> None:
    assert told(QUERY, {"since": "2026-03-01T12:00:00.5+02:00", "until": "2026-03-01t12:00:00z", "limit": 500}) == []
