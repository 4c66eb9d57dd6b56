"""Kubernetes Events: for telling, not for keeping."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import uuid4

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.logs import log
from receiver.timestamps import format_time

MESSAGE_LENGTH = 1024
TELL_AGAIN = timedelta(minutes=50)
"""Events live for an hour: what lasts is told again before that."""


def tell(
    api: Api,
    regarding: JsonObject,
    *,
    reason: str,
    message: str,
    now: datetime,
    warning: bool = False,
    controller: str = "receiver",
    action: str = "Rollback",
) -> None:
    """Write an Event about an object (`{apiVersion, kind, namespace, name, uid}`). Never fails: it is only telling."""
    body = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{regarding['name'][:200]}.{uuid4().hex[:16]}", "namespace": regarding["namespace"]},
        "eventTime": format_time(now),
        "reportingController": f"{names.GROUP}/{controller}",
        "reportingInstance": "metricops",
        "action": action,
        "reason": reason[:128],
        "note": message[:MESSAGE_LENGTH],
        "type": "Warning" if warning else "Normal",
        "regarding": regarding,
    }
    try:
        api.create(object_path("events.k8s.io/v1", "events", regarding["namespace"]), body)
    except ApiError as error:
        log("event not written", level=logging.WARNING, reason=reason, error=str(error))
