"""The namespaces that have opted in to their deployers' own rules, by their label."""

from __future__ import annotations

from collections.abc import Callable

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.cluster.watched import Watched
from rules.names import RULES_ENABLED, RULES_LABEL

PATH = object_path("v1", "namespaces")
SELECTOR = {"labelSelector": f"{RULES_LABEL}={RULES_ENABLED}"}


def watch_rule_namespaces(api: Api, on_change: Callable[[], None]) -> Watched[str]:
    """A watch of their names."""
    return Watched(
        api,
        PATH,
        _name_of,
        selector=SELECTOR,
        on_change=lambda _: on_change(),
        on_gone=lambda _: on_change(),
        on_state=lambda _: on_change(),
    )


def list_rule_namespaces(api: Api) -> list[str]:
    """Their names now. Raises `ApiError`."""
    return [_name_of(item) for item in api.get(PATH, **SELECTOR)["items"]]


def _name_of(item: JsonObject) -> str:
    return str(item["metadata"]["name"])
