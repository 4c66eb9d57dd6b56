"""The HTTP of the releases API: who may ask what, and the answers. What is done for them is in `receiver/releases/`."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, jsonify, request

from receiver.cluster.api import ApiError
from receiver.errors import EnvelopeError
from receiver.intake.body import decode_body
from receiver.intake.conformity import LONGEST_SHOWN, Conformity, Problem
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.releases.lists import Lists
from receiver.releases.noting import ReleaseNotes
from receiver.releases.refusal import RefusedError
from receiver.releases.request import read_request
from receiver.releases.schemas import query_schema
from receiver.releases.views import noted_release
from receiver.web.admission import Admission
from receiver.web.callers import Callers, Refused
from receiver.web.openapi import BASE, DOCUMENT_PATH, document
from receiver.web.refusals import refusal

BODY_BYTES = 128 * 1024
NESTING = 8
LONGEST_NUMBER = 9

Answer = tuple[Response, int]


@dataclass(frozen=True, slots=True)
class ReleasesApi:
    """What answers, and who may ask. `releasers` is None where releases are not taken; `places` are for all of it."""

    notes: ReleaseNotes
    lists: Lists
    releasers: Callers | None
    readers: Callers
    places: Admission


def add_releases_api(app: Flask, api: ReleasesApi, metrics: Metrics) -> None:
    """Add the paths of the API to an application."""
    served = json.dumps(document(), indent=2) + "\n"

    @app.get(DOCUMENT_PATH)
    def openapi() -> Response:
        return Response(served, content_type="application/json")

    @app.post(f"{BASE}/releases")
    def note_release() -> Answer:
        request.max_content_length = BODY_BYTES
        return answered("noteRelease", api.releasers, lambda: _note(api.notes))

    def add_list(name: str, read: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        conformity = Conformity(query_schema(name))

        def list_them() -> Answer:
            return answered(f"list{name.capitalize()}", api.readers, lambda: (jsonify(read(_query(conformity))), 200))

        app.add_url_rule(f"{BASE}/{name}", f"list_{name}", list_them, methods=["GET"])

    def answered(operation: str, callers: Callers | None, answer: Callable[[], Answer]) -> Answer:
        response, status = _answer(callers, api.places, answer)
        response.headers["Cache-Control"] = "no-store"
        metrics.api_requests.labels(operation, str(status)).inc()
        return response, status

    add_list("releases", api.lists.releases)
    add_list("rollbacks", api.lists.rollbacks)
    add_list("workloads", api.lists.workloads)


def _answer(callers: Callers | None, places: Admission, answer: Callable[[], Answer]) -> Answer:
    refused = (
        callers.why_refused(request.headers.get("Authorization", ""), request.environ.get("gunicorn.socket"))
        if callers is not None
        else Refused(403, "releases are not taken here: METRICOPS_RELEASES_TOKEN_FILE is not set")
    )
    if refused is not None:
        return refusal(refused.status, refused.message)
    with places.place() as admitted:
        if not admitted:
            return refusal(503, "too many requests are being handled; send it again")
        try:
            return answer()
        except RefusedError as error:
            return refusal(error.status, str(error), problems=error.problems, retry_after=error.retry_after)
        except EnvelopeError as error:
            return refusal(400, str(error))
        except ApiError as error:
            log("not answered", level=logging.ERROR, path=request.path, error=str(error))
            return refusal(503, "the API server did not do its part; send it again")


def _note(notes: ReleaseNotes) -> Answer:
    if request.mimetype != "application/json":
        return refusal(415, f"Content-Type: found {request.mimetype[:80]!r}, expected 'application/json'")
    said = read_request(decode_body(request.get_data(), nesting=NESTING))
    noted = notes.note(said)
    log(
        "release noted" if noted.changed else "release was noted already",
        workload=str(said.ref),
        template=noted.stamp.template_hash,
        commit=noted.stamp.commit,
        who=noted.stamp.who,
        own=", ".join(said.own),
    )
    return jsonify(noted_release(noted)), 201 if noted.is_new else 200


def _query(conformity: Conformity) -> dict[str, Any]:
    """The query of a list. Raises `RefusedError` (400) with all that is wrong with it."""
    given = request.args.to_dict(flat=False)
    problems = [
        Problem(name[:LONGEST_SHOWN], f"{len(values)} values", "one")
        for name, values in given.items()
        if len(values) > 1
    ]
    query: dict[str, Any] = {name: values[0] for name, values in given.items()}
    limit = query.get("limit", "")
    if limit.isascii() and limit.isdigit() and len(limit) <= LONGEST_NUMBER:
        query["limit"] = int(limit)
    problems += conformity.problems(query, "query")
    if problems:
        raise RefusedError(400, problems)
    return query
