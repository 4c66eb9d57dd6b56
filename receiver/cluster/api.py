"""A Kubernetes API server as JSON over HTTP.

Credentials, TLS, proxies and token refresh are the `kubernetes` package's; objects stay plain JSON, because its
typed models drop every field that is newer than the package, and an undo that loses a field is a wrong undo
(docs/decisions/0002-raw-json.md).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import quote, urlencode

import urllib3
from kubernetes import config
from kubernetes.client import ApiClient, Configuration

JsonObject = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

CONNECT_TIMEOUT_SECONDS = 3.0
READ_TIMEOUT_SECONDS = 10.0

LONGEST_NAME = 253
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

ESCAPED = "<>&\u2028\u2029"
"""What Go escapes and Python does not; outside of texts, JSON has none of these."""

Observer = Callable[[str, str, str], None]
"""Called with (verb, path, code) after each request; code is `error` where no answer came."""


class ApiError(Exception):
    """The API server refused a request, or could not be reached (`status` 0)."""

    def __init__(self, status: int, message: str, *, verb: str = "", path: str = "", reason: str = "") -> None:
        super().__init__(f"{verb} {path}: {status or 'no answer'} {reason} {message}".replace("  ", " "))
        self.status = status
        self.reason = reason
        self.message = message

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later: no answer, throttled, or a server-side failure."""
        return self.status in (0, 429) or self.status >= 500


def object_path(
    api_version: str,
    plural: str,
    namespace: str | None = None,
    name: str | None = None,
    subresource: str | None = None,
) -> str:
    """The URL path of a resource, for example `/apis/apps/v1/namespaces/prod/deployments/shop`."""
    root = "/api/" if "/" not in api_version else "/apis/"
    parts = [root + api_version]
    if namespace is not None:
        parts += ["namespaces", quote(namespace, safe="")]
    parts.append(plural)
    if name is not None:
        parts.append(quote(name, safe=""))
    if subresource is not None:
        parts.append(subresource)
    return "/".join(parts)


def may_be_name(text: str) -> bool:
    """Whether the API server could have an object of this name: a DNS subdomain (RFC 1123), as for workloads.

    Whatever else a label says would be another path once it stands in one: `..` climbs, whatever its escapes.
    """
    return len(text) <= LONGEST_NAME and SUBDOMAIN.fullmatch(text) is not None


def encode(body: Any) -> bytes:
    """JSON byte for byte as the API server (Go's encoding/json) writes it.

    A JSON patch's `test` of a text compares these bytes: `&` is not equal to the `\\u0026` of the server's document.
    """
    text = json.dumps(body, ensure_ascii=False)
    for character in ESCAPED:
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode(errors="replace")  # Half of a surrogate pair is no text.


class Api:
    """One API server with one identity. Safe to share between threads."""

    def __init__(
        self,
        configuration: Any,
        *,
        user_agent: str = "metricops",
        observer: Observer | None = None,
        read_timeout: float = READ_TIMEOUT_SECONDS,
    ) -> None:
        configuration.retries = False  # A write that is sent twice must be our decision.
        configuration.connection_pool_maxsize = 32
        client = ApiClient(configuration)
        self._configuration = configuration
        self._pool: urllib3.PoolManager = client.rest_client.pool_manager
        self._user_agent = user_agent
        self._observer = observer
        self._read_timeout = read_timeout
        self._dated: tuple[str, float] | None = None

    @classmethod
    def connect(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        *,
        user_agent: str = "metricops",
        observer: Observer | None = None,
        read_timeout: float = READ_TIMEOUT_SECONDS,
    ) -> Self:
        """Connect as `kubectl` would: a kubeconfig that is named, else the pod's own identity, else the default one.

        `read_timeout` is how long an answer is waited for, in seconds.
        Raises `ApiError` (status 0) where none of them can be used.
        """
        configuration = Configuration()
        try:
            if kubeconfig or context:
                config.load_kube_config(kubeconfig, context, client_configuration=configuration)
            else:
                try:
                    config.load_incluster_config(client_configuration=configuration)
                except config.ConfigException:
                    config.load_kube_config(client_configuration=configuration)
        except (config.ConfigException, OSError) as error:
            raise ApiError(0, f"no usable Kubernetes configuration: {error}") from error
        return cls(configuration, user_agent=user_agent, observer=observer, read_timeout=read_timeout)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return str(self._configuration.host)

    @property
    def server_time(self) -> datetime | None:
        """What the API server's clock says, to about a second, by its latest answer; None before the first one."""
        if self._dated is None:
            return None
        date, at = self._dated
        try:
            return parsedate_to_datetime(date).replace(tzinfo=UTC) + timedelta(seconds=time.monotonic() - at)
        except ValueError:
            return None

    def get(self, path: str, **query: str) -> JsonObject:
        """GET an object or a list. Raises `ApiError`, with status 404 where it does not exist."""
        return self._json("GET", path, query)

    def metadata(self, path: str) -> JsonObject:
        """GET an object's metadata alone (a PartialObjectMetadata). Raises `ApiError` as `get` does."""
        answer: JsonObject = json.loads(self._send("GET", path, {}, accept=METADATA_ONLY).data)
        return answer

    def create(self, path: str, body: Mapping[str, Any], **query: str) -> JsonObject:
        """POST an object. Raises `ApiError`, with status 409 where the name is taken."""
        return self._json("POST", path, query, body)

    def replace(self, path: str, body: Mapping[str, Any], **query: str) -> JsonObject:
        """PUT an object. Raises `ApiError`, with status 409 where its resourceVersion is stale."""
        return self._json("PUT", path, query, body)

    def json_patch(self, path: str, operations: list[JsonObject], **query: str) -> JsonObject:
        """PATCH by RFC 6902 operations. Raises `ApiError`, with status 422 where a `test` does not hold."""
        return self._json("PATCH", path, query, operations, JSON_PATCH)

    def merge_patch(self, path: str, body: Mapping[str, Any], **query: str) -> JsonObject:
        """PATCH by RFC 7386. A stale metadata.resourceVersion in the body raises `ApiError` with status 409."""
        return self._json("PATCH", path, query, body, MERGE_PATCH)

    def apply(self, path: str, body: Mapping[str, Any], *, field_manager: str, force: bool = True) -> JsonObject:
        """Server-side apply: create the object, or make the fields that this manager names so."""
        query = {"fieldManager": field_manager, "force": str(force).lower()}
        return self._json("PATCH", path, query, body, APPLY_PATCH)

    def delete(self, path: str, options: Mapping[str, Any] | None = None, **query: str) -> JsonObject:
        """DELETE an object. `options` is a DeleteOptions, such as its preconditions.

        Raises `ApiError`, with status 404 where the object does not exist, 409 where a precondition does not hold.
        """
        return self._json("DELETE", path, query, options)

    def watch(self, path: str, *, timeout_seconds: int = 240, **query: str) -> Iterator[JsonObject]:
        """Yield watch events (`{"type": …, "object": …}`) until the server ends the watch.

        Raises `ApiError`, with status 410 where `resourceVersion` is too old: list again and start anew.
        """
        query = {
            "watch": "true",
            "timeoutSeconds": str(timeout_seconds),
            "allowWatchBookmarks": "true",
            **query,
        }
        response = self._send("GET", path, query, read_timeout=timeout_seconds + READ_TIMEOUT_SECONDS, stream=True)
        try:
            pending = b""
            for chunk in response.stream(65536):
                pending += chunk
                *lines, pending = pending.split(b"\n")
                for line in filter(None, lines):
                    event: JsonObject = json.loads(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise ApiError(int(status.get("code", 500)), status.get("message", ""), verb="WATCH", path=path)
                    yield event
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, str(error), verb="WATCH", path=path) from error
        finally:
            response.close()

    def raw(self, path: str, **query: str) -> bytes:
        """GET a path whose answer is not JSON, such as `/readyz` or a pod's log."""
        return self._send("GET", path, query).data

    def _json(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        content_type: str = "application/json",
    ) -> JsonObject:
        answer: JsonObject = json.loads(self._send(verb, path, query, body, content_type).data)
        return answer

    def _send(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str],
        body: Any = None,
        content_type: str = "application/json",
        *,
        read_timeout: float | None = None,
        stream: bool = False,
        accept: str = "application/json",
    ) -> urllib3.BaseHTTPResponse:
        url = self.server.rstrip("/") + path + ("?" + urlencode(query) if query else "")
        headers = {"User-Agent": self._user_agent, "Accept": accept}
        for auth in self._configuration.auth_settings().values():
            if auth["value"]:
                headers[auth["key"]] = auth["value"]
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            response = self._pool.request(
                verb,
                url,
                body=None if body is None else encode(body),
                headers=headers,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, read=read_timeout or self._read_timeout),
                preload_content=not stream,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            self._observe(verb, path, "error")
            raise ApiError(0, str(error), verb=verb, path=path) from error
        self._observe(verb, path, str(response.status))
        if date := response.headers.get("Date"):
            self._dated = (date, time.monotonic())
        if response.status >= 400:
            raise _refusal(response, verb, path)
        return response

    def _observe(self, verb: str, path: str, code: str) -> None:
        if self._observer is not None:
            self._observer(verb, path, code)


def _refusal(response: urllib3.BaseHTTPResponse, verb: str, path: str) -> ApiError:
    text = response.data.decode(errors="replace")
    try:
        status = json.loads(text)
        return ApiError(
            response.status, status.get("message", ""), verb=verb, path=path, reason=status.get("reason", "")
        )
    except (ValueError, AttributeError):
        return ApiError(response.status, text[:500], verb=verb, path=path)
