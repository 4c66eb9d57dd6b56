"""A refusal that is final, told from one by an API server that has not yet read who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from receiver.cluster.api import Api, ApiError

READY_PATH = "/readyz"
Answer = TypeVar("Answer")


def with_rights(api: Api, ask: Callable[[], Answer]) -> Answer:
    """The answer of an API server that knows its own rules of access.

    One that has just started answers 403 to everybody until it has read them, and says only then that it is ready. So
    where it refuses it is asked for that, and then once more. Raises `ApiError`: 403 is final, 503 is for a moment.
    """
    try:
        return ask()
    except ApiError as error:
        if error.status != 403:
            raise
        refusal = error
    try:
        api.raw(READY_PATH)
    except ApiError as unready:
        raise ApiError(503, f"{refusal}, by an API server that is not ready", verb="GET", path=READY_PATH) from unready
    return ask()
