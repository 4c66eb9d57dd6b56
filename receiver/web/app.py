"""The Flask application: deliveries in, answers out. Everything else happens behind `handle`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from receiver.cluster.api import ApiError
from receiver.decision.values import Alert
from receiver.errors import EnvelopeError
from receiver.intake.body import decode_body
from receiver.intake.envelope import UNKNOWN_FORMAT, Bounds, Delivery, read_delivery
from receiver.logs import log
from receiver.metrics import MALFORMED, DeliveryOutcome, Metrics
from receiver.rollbacks.claims import Outcome, record_decision
from receiver.web.admission import Admission
from receiver.web.callers import Callers
from receiver.web.probes import add_probes
from receiver.web.refusals import refusal


def create_app(
    handle: Callable[[Alert], Outcome],
    is_ready: Callable[[], bool],
    metrics: Metrics,
    *,
    callers: Callers,
    admission: Admission,
    body_limit: int,
    bounds: Bounds,
) -> Flask:
    """The application. `body_limit` is in bytes."""
    app = Flask("receiver")
    app.config["MAX_CONTENT_LENGTH"] = body_limit

    @app.post("/api/v1/alerts")
    def alerts() -> tuple[Response, int]:
        began = time.perf_counter()
        kind = UNKNOWN_FORMAT
        outcome = DeliveryOutcome.REFUSED
        try:
            refused = callers.why_refused(
                request.headers.get("Authorization", ""), request.environ.get("gunicorn.socket")
            )
            if refused is not None:
                if refused.status >= 500:
                    outcome = DeliveryOutcome.RETRY
                return refusal(refused.status, refused.message)
            if request.mimetype != "application/json":
                return refusal(415, f"Content-Type: found {request.mimetype[:80]!r}, expected 'application/json'")
            with admission.place() as admitted:
                if not admitted:
                    outcome = DeliveryOutcome.OVERLOAD
                    return refusal(503, "too many deliveries are being handled; send it again")
                delivery = read_delivery(decode_body(request.get_data(), nesting=bounds.nesting), bounds)
                kind = delivery.format
                body, complete = _handle_all(delivery, handle, metrics)
            outcome = DeliveryOutcome.ACCEPTED if complete else DeliveryOutcome.RETRY
            return jsonify(body), 200 if complete else 503
        except EnvelopeError as error:
            return refusal(400, str(error))
        finally:
            metrics.deliveries[kind, outcome].inc()
            metrics.delivery_seconds.observe(time.perf_counter() - began)

    unready = "the API server has not answered with the Rollbacks yet"
    add_probes(app, metrics.registry, is_ready=is_ready, unready=unready)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        status = error.code or 500
        if status == 413:
            return refusal(413, f"body: expected at most {request.max_content_length} bytes")
        message = f"{request.method} {request.path[:200]}: {error.name}"
        return refusal(status, message, allowed=getattr(error, "valid_methods", None))

    return app


def _handle_all(
    delivery: Delivery, handle: Callable[[Alert], Outcome], metrics: Metrics
) -> tuple[dict[str, Any], bool]:
    """Decide every alert; one that can't be decided now makes the whole delivery come again, which is harmless."""
    if delivery.truncated:
        metrics.truncated_alerts.inc(delivery.truncated)
        log("alerts were truncated", level=logging.WARNING, count=delivery.truncated, group=delivery.group_key)
    for message in delivery.malformed:
        metrics.alerts[MALFORMED].inc()
        log("malformed alert", level=logging.WARNING, detail=message, group=delivery.group_key)
    answers: list[dict[str, Any]] = []
    complete = True
    for alert in delivery.alerts:
        metrics.alerts[alert.status].inc()
        try:
            answers.append(_answer(alert, handle(alert), metrics))
        except ApiError as error:
            complete = False
            log("alert not decided", level=logging.ERROR, fingerprint=alert.fingerprint, error=str(error))
            answers.append({"fingerprint": alert.fingerprint, "error": "the API server did not answer; send it again"})
    return {"alerts": answers, "malformed": list(delivery.malformed)}, complete


def _answer(alert: Alert, outcome: Outcome, metrics: Metrics) -> dict[str, Any]:
    decision = outcome.decision
    record_decision(alert, outcome, metrics)
    return {
        "fingerprint": alert.fingerprint,
        "verdict": str(decision.verdict),
        "reason": decision.reason.word,
        "detail": decision.detail,
        "rollback": outcome.record,
    }
