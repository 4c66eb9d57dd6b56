"""Whether the API server serves a resource: a CRD may come later."""

from __future__ import annotations

from receiver.cluster.api import Api, ApiError


def is_served(api: Api, path: str) -> bool:
    """Whether there is a resource at the path of its list. Raises `ApiError` where that can't be told."""
    try:
        api.get(path, limit="1")
    except ApiError as error:
        if error.status == 404:
            return False
        raise
    return True
