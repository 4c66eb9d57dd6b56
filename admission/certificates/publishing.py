"""`caBundle` of the webhook's configuration: whom the API servers trust. No other field of it is ours."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509

from admission.certificates.contents import UNREADABLE, bundle_pem, read_bundle
from admission.certificates.secret import MovedError
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.cluster.watched import Watched

API_VERSION = "admissionregistration.k8s.io/v1"
PLURAL = "mutatingwebhookconfigurations"
INJECTED_ANNOTATIONS = ("cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret")
FIELD_MANAGER = "metricops-admission"


@dataclass(frozen=True, slots=True)
class Published:
    """The configuration as it was read: the bundle of each of its webhooks, in their order."""

    version: str
    bundles: tuple[frozenset[x509.Certificate], ...]
    injector: str | None = None
    """The annotation by which somebody else writes `caBundle`."""

    def trusts(self, authority: x509.Certificate) -> bool:
        """Whether every webhook's bundle holds this authority."""
        return bool(self.bundles) and all(authority in bundle for bundle in self.bundles)


class WebhookConfiguration:
    """One MutatingWebhookConfiguration by its name."""

    def __init__(self, api: Api, name: str) -> None:
        self._api = api
        self._name = name

    def __str__(self) -> str:
        return f"MutatingWebhookConfiguration {self._name}"

    def read(self) -> Published | None:
        """As it is now; None where there is none. Raises `ApiError`."""
        try:
            return _published(self._api.get(object_path(API_VERSION, PLURAL, None, self._name)))
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def publish(self, published: Published, bundle: tuple[x509.Certificate, ...]) -> bool:
        """Make every webhook trust exactly this bundle. Returns whether that took a write.

        Raises `ApiError`, and `MovedError` where the configuration is another one by now.
        """
        wrong = [number for number, known in enumerate(published.bundles) if known != frozenset(bundle)]
        if not wrong:
            return False
        text = base64.b64encode(bundle_pem(bundle)).decode()
        operations: list[JsonObject] = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": published.version},
            *({"op": "add", "path": f"/webhooks/{number}/clientConfig/caBundle", "value": text} for number in wrong),
        ]
        try:
            path = object_path(API_VERSION, PLURAL, None, self._name)
            self._api.json_patch(path, operations, fieldManager=FIELD_MANAGER)
        except ApiError as error:
            if error.status in (404, 409, 422):
                raise MovedError(str(error)) from error
            raise
        return True

    def watch(self, on_change: Callable[[], None]) -> Watched[str]:
        """A watch of this one object, which RBAC allows by its name."""
        return Watched(
            self._api,
            object_path(API_VERSION, PLURAL),
            lambda item: str(item["metadata"]["resourceVersion"]),
            selector={"fieldSelector": f"metadata.name={self._name}"},
            on_change=lambda _: on_change(),
            on_gone=lambda _: on_change(),
        )


class Sightings:
    """For how long this replica has seen an authority in the published bundle, by its own steady clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds, and never jumps."""
        self._clock = clock
        self._authority: x509.Certificate | None = None
        self._since = 0.0

    def seen(self, published: Published | None, authority: x509.Certificate | None) -> timedelta | None:
        """Take a look into account. None where the authority is not published now."""
        if published is None or authority is None or not published.trusts(authority):
            self._authority = None
            return None
        if authority != self._authority:
            self._authority, self._since = authority, self._clock()
        return timedelta(seconds=self._clock() - self._since)


def _published(item: JsonObject) -> Published:
    annotations = item["metadata"].get("annotations") or {}
    return Published(
        str(item["metadata"]["resourceVersion"]),
        tuple(_bundle_of(webhook) for webhook in item.get("webhooks") or ()),
        next((name for name in INJECTED_ANNOTATIONS if name in annotations), None),
    )


def _bundle_of(webhook: JsonObject) -> frozenset[x509.Certificate]:
    """What is no bundle is none of ours, and so is written anew."""
    try:
        return frozenset(read_bundle(base64.b64decode(webhook["clientConfig"].get("caBundle") or "")))
    except UNREADABLE:
        return frozenset()
