"""Bytes into JSON, no deeper than allowed."""

from __future__ import annotations

import json
from typing import Any

from receiver.errors import EnvelopeError


def decode_body(body: bytes, *, nesting: int) -> Any:
    """Decode a JSON body whose arrays and objects lie at most `nesting` deep in each other.

    Raises `EnvelopeError` for anything else.
    """
    too_deep = EnvelopeError(f"body: found nesting that is too deep, expected at most {nesting} levels")
    try:
        decoded = json.loads(body)
    except RecursionError:
        raise too_deep from None
    except ValueError as error:
        raise EnvelopeError(f"body: found {str(error)[:200]}, expected a JSON object") from None
    # Most deliveries have fewer brackets than there may be levels; these need no look inside.
    if (
        body.count(b"{") + body.count(b"[") > nesting
        and isinstance(decoded, (dict, list))
        and _is_deeper(decoded, nesting)
    ):
        raise too_deep
    return decoded


def _is_deeper(value: Any, levels: int) -> bool:
    containers = [value]
    for _ in range(levels):
        containers = [
            child
            for container in containers
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, (dict, list))
        ]
        if not containers:
            return False
    return True
