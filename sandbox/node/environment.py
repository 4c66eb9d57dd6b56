"""A container's environment and its `$(NAME)` references, by the kubelet's rules.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from receiver.cluster.api import JsonObject

Lookup = Callable[[str, str], dict[str, str] | None]
"""Called with kind and name of an object in the pod's namespace; None where it does not exist."""

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")
_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class VariableError(Exception):
    """A variable that cannot be given its value."""


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value; unknown names stay as they are, and `$$` is one dollar sign."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        return "$" if name is None else values.get(name, match.group(0))

    return _REFERENCE.sub(replace, text)


def service_variables(host: str, port: int) -> dict[str, str]:
    """What the kubelet tells every container about the Service `kubernetes`: here the API server itself."""
    address = f"tcp://{host}:{port}"
    prefix = f"KUBERNETES_PORT_{port}_TCP"
    return {
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": str(port),
        "KUBERNETES_SERVICE_PORT_HTTPS": str(port),
        "KUBERNETES_PORT": address,
        prefix: address,
        f"{prefix}_PROTO": "tcp",
        f"{prefix}_PORT": str(port),
        f"{prefix}_ADDR": host,
    }


def field_value(pod: JsonObject, path: str) -> str:
    """A field of the pod by its downward API path. Raises `VariableError` for one that is not offered."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod.get("status", {})
    if match := _KEYED_FIELD.fullmatch(path):
        return str(metadata.get(match.group(1), {}).get(match.group(2), ""))
    fields: dict[str, Any] = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "metadata.labels": _lines(metadata.get("labels", {})),
        "metadata.annotations": _lines(metadata.get("annotations", {})),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(entry["ip"] for entry in status.get("podIPs", [])),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": ",".join(entry["ip"] for entry in status.get("hostIPs", [])),
    }
    if path not in fields:
        raise VariableError(f"fieldPath: found {path!r}, expected one of {', '.join(fields)}")
    return str(fields[path])


def _lines(values: Mapping[str, str]) -> str:
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, value in values.items()
    }
    return "\n".join(f'{key}="{value}"' for key, value in sorted(escaped.items()))


def container_environment(
    container: JsonObject, pod: JsonObject, services: Mapping[str, str], lookup: Lookup
) -> dict[str, str]:
    """The variables that the container's `envFrom` and `env` give it, on top of those of the Services.

    A later entry wins; `env` wins over `envFrom`; `$(NAME)` sees the Services' and the earlier `env` entries.
    Raises `VariableError` where a ConfigMap, Secret or key that is not optional is missing.
    """
    from_objects: dict[str, str] = {}
    for source in container.get("envFrom", []):
        kind = "ConfigMap" if "configMapRef" in source else "Secret"
        reference = source.get("configMapRef") or source.get("secretRef") or {}
        values = lookup(kind, reference.get("name", ""))
        if values is None and not reference.get("optional", False):
            raise VariableError(f"{kind.lower()} {reference.get('name', '')!r} not found")
        prefix = source.get("prefix", "")
        from_objects |= {prefix + key: value for key, value in (values or {}).items() if "=" not in key}
    named: dict[str, str] = {}
    for variable in container.get("env", []):
        if "valueFrom" in variable:
            value = _value_from(variable["valueFrom"], pod, lookup)
        else:
            value = expand(variable.get("value", ""), {**services, **named})
        if value is not None:
            named[variable["name"]] = value
    return {**services, **from_objects, **named}


def _value_from(source: JsonObject, pod: JsonObject, lookup: Lookup) -> str | None:
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"])
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field not in source:
            continue
        reference = source[field]
        values = lookup(kind, reference["name"])
        if values is not None and reference["key"] in values:
            return values[reference["key"]]
        if reference.get("optional", False):
            return None
        what = f"{kind.lower()} {reference['name']!r} not found"
        raise VariableError(what if values is None else f"couldn't find key {reference['key']} in {what[:-10]}")
    raise VariableError(f"valueFrom: found {', '.join(source)}, expected a field, a ConfigMap key or a Secret key")
