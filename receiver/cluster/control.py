"""The stop switch: ConfigMap metricops-control, key undo."""

from __future__ import annotations

from receiver import names
from receiver.cluster.api import Api, ApiError, object_path


def why_stopped(api: Api, namespace: str) -> str | None:
    """None while undos may happen, else the reason in words. Read fresh; what can't be read stops."""
    where = f"ConfigMap {namespace}/{names.CONTROL_CONFIGMAP}"
    try:
        data = api.get(object_path("v1", "configmaps", namespace, names.CONTROL_CONFIGMAP)).get("data") or {}
    except ApiError as error:
        return f"{where} cannot be read: {error.status or 'no answer'} {error.reason}".rstrip()
    value = data.get(names.CONTROL_KEY)
    if value == names.CONTROL_RUN:
        return None
    if value == names.CONTROL_STOP:
        return f"{where} says {names.CONTROL_STOP}"
    return f"{where}, key {names.CONTROL_KEY}: found {value!r}, expected {names.CONTROL_RUN} or {names.CONTROL_STOP}"
