"""The stop switch: ConfigMap metricops-control, key undo."""

from __future__ import annotations

from receiver import names
from receiver.cluster.api import Api, ApiError, object_path


def why_stopped(api: Api, namespace: str) -> str | None:
    """None while undos may happen, else the reason in words. Read fresh; what is missing or forbidden stops.

    Raises `ApiError` where the API server did not do its part: nothing is undone then either, but an alert that is
    refused for that would be lost, so it is judged again.
    """
    where = f"ConfigMap {namespace}/{names.CONTROL_CONFIGMAP}"
    try:
        data = api.get(object_path("v1", "configmaps", namespace, names.CONTROL_CONFIGMAP)).get("data") or {}
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return f"{where} cannot be read: {error.status or 'no answer'} {error.reason}".rstrip()
    value = data.get(names.CONTROL_KEY)
    if value == names.CONTROL_RUN:
        return None
    if value == names.CONTROL_STOP:
        return f"{where} says {names.CONTROL_STOP}"
    return f"{where}, key {names.CONTROL_KEY}: found {value!r}, expected {names.CONTROL_RUN} or {names.CONTROL_STOP}"
