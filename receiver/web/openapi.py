"""The OpenAPI 3.1 document of the releases API, made of the schemas that requests are checked by."""

from __future__ import annotations

from typing import Any

from receiver.releases.schemas import COMPONENTS, FILTERS, QUERIES, Schema, ref

BASE = "/api/v1"
DOCUMENT_PATH = f"{BASE}/openapi.json"

_ERRORS = {
    400: "The request is not as it must be: all that is wrong with it.",
    401: "A bearer token is needed, and a valid one was not there.",
    403: "Not allowed: the workload or its namespace has not opted in, or releases are not taken here.",
    404: "There is no such workload.",
    405: "The path has no such method.",
    409: "The live workload is not as the request says. With Retry-After: it may become so, try again.",
    410: "`continue` is too old: begin again without it.",
    413: "The body is larger than may be.",
    415: "The body is not said to be JSON.",
    503: "Not just now: try again after the seconds in Retry-After.",
}
_TOO_LONG = {
    "description": "The request's line is longer than 4094 bytes.",
    "content": {"text/html": {"schema": {"type": "string"}}},
}
"""The server's own answer, before anything of ours sees the request."""
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}


def document() -> Schema:
    """The document as it is served."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MetricOps releases",
            "version": "1",
            "summary": "What was released, what was undone, and why.",
            "description": "A CD system says what it released; whoever wants to know reads what ran when.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The receiver."}],
        "paths": {
            f"{BASE}/releases": {"get": _list_of("releases", "ReleasePage"), "post": _post()},
            f"{BASE}/rollbacks": {"get": _list_of("rollbacks", "RollbackPage")},
            f"{BASE}/workloads": {"get": _list_of("workloads", "WorkloadPage")},
        },
        "components": {
            "schemas": COMPONENTS,
            "securitySchemes": {
                "release": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of METRICOPS_RELEASES_TOKEN_FILE. It delivers no alert.",
                },
                "read": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of METRICOPS_READ_TOKEN_FILE, where that is set, or of the other.",
                },
            },
        },
    }


def _list_of(listed: str, page: str) -> Schema:
    """The GET of a list."""
    return {
        "operationId": f"list{listed.capitalize()}",
        "summary": str(COMPONENTS[page]["description"]),
        "security": [{}, {"read": []}],
        "parameters": [
            {"name": name, "in": "query", "description": FILTERS[name][1], "schema": FILTERS[name][0]}
            for name in QUERIES[listed]
        ],
        "responses": {"200": _answer("One page.", page), **_errors(400, 401, 403, 410, 503), "414": _TOO_LONG},
    }


def _post() -> Schema:
    return {
        "operationId": "noteRelease",
        "summary": "Say what was released.",
        "description": (
            "To be called after the release was applied: it describes the live pod template. The same request again "
            "changes nothing."
        ),
        "security": [{"release": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": ref("ReleaseRequest")}}},
        "responses": {
            "200": _answer("It was noted already, or is noted now with other statements.", "NotedRelease"),
            "201": _answer("It is noted now.", "NotedRelease"),
            **_errors(400, 401, 403, 404, 409, 413, 415, 503),
        },
    }


def _answer(meaning: str, component: str) -> Schema:
    return {"description": meaning, "content": {"application/json": {"schema": ref(component)}}}


def _errors(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            **_answer(_ERRORS[status], "Error"),
            **({"headers": _RETRY} if status in (409, 503) else {}),
        }
        for status in statuses
    }
