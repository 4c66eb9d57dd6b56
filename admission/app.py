"""The Flask application: AdmissionReviews in, answers out. It never stops a deploy for a fault of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from admission.admit import Outcome, Verdict
from admission.metrics import AdmissionMetrics
from admission.review import AdmissionRequest, Answer, ReviewError, read_review, write_review
from receiver.logs import log
from receiver.web.probes import add_probes

PATH = "/admission/v1/release"
OUR_FAULT = "metricops: the release could not be stamped, and goes through without (see the log of metricops-admission)"


def create_app(
    judge: Callable[[AdmissionRequest], Verdict],
    is_ready: Callable[[], bool],
    metrics: AdmissionMetrics,
    *,
    body_limit: int,
) -> Flask:
    """The application. `judge` may raise anything; `body_limit` is in bytes."""
    app = Flask("admission")
    app.config["MAX_CONTENT_LENGTH"] = body_limit

    @app.post(PATH)
    def release() -> tuple[Response, int]:
        began = time.perf_counter()
        try:
            asked = read_review(request.get_data())
        except ReviewError as error:
            metrics.request_judged("", Outcome.UNREADABLE)
            log("review not read", level=logging.WARNING, detail=str(error))
            return jsonify(error=str(error)), 400
        verdict = _judged(judge, asked)
        metrics.request_judged(asked.kind, verdict.outcome)
        for notice in verdict.notices:
            metrics.warnings[notice.about].inc()
        metrics.seconds.observe(time.perf_counter() - began)
        return jsonify(write_review(asked.uid, verdict.answer)), 200

    unready = "the namespaces or the certificate are not known yet"
    add_probes(app, metrics.registry, is_ready=is_ready, unready=unready)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        return jsonify(error=f"{request.method} {request.path[:200]}: {error.name}"), error.code or 500

    return app


def _judged(judge: Callable[[AdmissionRequest], Verdict], asked: AdmissionRequest) -> Verdict:
    fields: dict[str, Any] = {"kind": asked.kind, "namespace": asked.namespace, "name": asked.name}
    try:
        verdict = judge(asked)
    except Exception:
        # Whatever it is, it must not be what keeps a release from being deployed.
        logging.getLogger("metricops").exception("request not judged: %s", fields)
        return Verdict(Answer(warnings=(OUR_FAULT,)), Outcome.FAILED)
    if verdict.outcome is not Outcome.UNCHANGED:
        log(str(verdict.outcome), **fields, who=asked.username, dry_run=asked.dry_run, refusal=verdict.answer.refusal)
    return verdict
