"""Service account tokens of pods, by TokenRequest, as the kubelet asks for them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from receiver.cluster.api import Api, ApiError, JsonObject, object_path

RENEW_AT = 0.8
"""A token is replaced when this share of its life is over; so does the kubelet."""
LONGEST_USE_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class _Token:
    value: bytes
    renew_at: float


class Tokens:
    """The tokens of one pod, one per audience and life span."""

    def __init__(self, api: Api, pod: JsonObject) -> None:
        self._api = api
        metadata = pod["metadata"]
        account = pod["spec"].get("serviceAccountName") or "default"
        self._path = object_path("v1", "serviceaccounts", metadata["namespace"], account, "token")
        self._bound_to = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
        self._tokens: dict[tuple[str, int], _Token] = {}
        self._lock = threading.Lock()

    def token(self, audience: str, seconds: int) -> bytes:
        """A token that is valid for a while yet. Raises `ApiError` where none can be had.

        An old token is kept while it is valid and the API server does not answer.
        """
        key = (audience, seconds)
        with self._lock:
            held = self._tokens.get(key)
            now = time.monotonic()
            if held is not None and now < held.renew_at:
                return held.value
            try:
                answer = self._api.create(self._path, self._request(audience, seconds))
            except ApiError:
                if held is None:
                    raise
                return held.value
            life = float(answer["spec"]["expirationSeconds"])
            renew_at = now + min(life * RENEW_AT, LONGEST_USE_SECONDS)
            self._tokens[key] = _Token(answer["status"]["token"].encode(), renew_at)
            return self._tokens[key].value

    def _request(self, audience: str, seconds: int) -> JsonObject:
        return {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": seconds,
                "boundObjectRef": self._bound_to,
            },
        }
