"""The opaque `continue` of a list: where the next page begins, and for which filters. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from receiver.intake.conformity import Conformity, Problem
from receiver.releases.refusal import RefusedError

Place = dict[str, Any]
"""Where a page begins: small JSON of the list's own."""

FILTERS_KEY = "f"
_PAGING = ("limit", "continue")


def as_token(place: Place, query: Mapping[str, Any]) -> str:
    """What is handed out: to be sent back with the same filters, and not to be looked into."""
    text = json.dumps({**place, FILTERS_KEY: _named(query)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(query: Mapping[str, Any], conformity: Conformity) -> Place | None:
    """Where the page of a query begins; None at the beginning.

    `conformity` checks the place, which anybody may have made up. Raises `RefusedError` (400).
    """
    token = query.get("continue")
    if token is None:
        return None
    try:
        place = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        place = None
    if not isinstance(place, dict):
        raise _wrong("no `continue` of this list")
    filters = place.pop(FILTERS_KEY, None)
    if conformity.problems(place):
        raise _wrong("no `continue` of this list")
    if filters != _named(query):
        raise _wrong("one of a list with other filters")
    return place


def _named(query: Mapping[str, Any]) -> str:
    filters = json.dumps({key: value for key, value in query.items() if key not in _PAGING}, sort_keys=True)
    return hashlib.sha256(filters.encode()).hexdigest()[:8]


def _wrong(found: str) -> RefusedError:
    return RefusedError(400, [Problem("continue", found, "what the page before said, with the same filters")])
