"""AdmissionReview, version admission.k8s.io/v1: what the API server asks, and how it is answered."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiver.errors import MetricOpsError

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"
LONGEST_WARNING = 256
"""In characters. The API server cuts longer ones where all warnings of an answer together pass 4096."""
MOST_WARNINGS = 16
"""So that whole ones fit into those 4096."""

JsonObject = dict[str, Any]


class ReviewError(MetricOpsError):
    """What came is no AdmissionReview: the message names field, found and expected."""


@dataclass(frozen=True, slots=True)
class AdmissionRequest:
    """What is asked: whether, and how changed, `item` may take the place of `old` (None where it is new)."""

    uid: str
    operation: str
    kind: str
    namespace: str
    username: str
    item: JsonObject
    old: JsonObject | None = None
    dry_run: bool = False
    subresource: str = ""

    @property
    def name(self) -> str:
        """The object's; where the API server is to make one up, what it begins with."""
        metadata = self.item.get("metadata")
        if not isinstance(metadata, dict):
            return ""
        return str(metadata.get("name") or metadata.get("generateName") or "")

    @property
    def title(self) -> str:
        """What people call it: `deployment/shop`."""
        return f"{self.kind.lower()}/{self.name}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. `patch` are operations of RFC 6902; `refusal` is empty where the request is allowed."""

    patch: tuple[JsonObject, ...] = ()
    warnings: tuple[str, ...] = ()
    refusal: str = ""


def read_review(body: bytes) -> AdmissionRequest:
    """Read a request. Unknown fields are ignored. Raises `ReviewError`."""
    try:
        review = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ReviewError(f"body: found {str(error)[:200]}, expected a JSON object") from None
    request = _object(review, "request")
    found = review.get("apiVersion"), review.get("kind")
    if found != (API_VERSION, KIND):
        raise ReviewError(f"apiVersion and kind: found {str(found)[:200]}, expected {API_VERSION} {KIND}")
    old, user = request.get("oldObject"), request.get("userInfo")
    return AdmissionRequest(
        uid=_text(request, "uid"),
        operation=_text(request, "operation"),
        kind=_text(_object(request, "kind"), "kind"),
        namespace=_text(request, "namespace"),
        username=str(user.get("username") or "") if isinstance(user, dict) else "",
        item=_object(request, "object"),
        old=old if isinstance(old, dict) else None,
        dry_run=request.get("dryRun") is True,
        subresource=str(request.get("subResource") or ""),
    )


def write_review(uid: str, answer: Answer) -> JsonObject:
    """The answer as the API server reads it."""
    response: JsonObject = {"uid": uid, "allowed": not answer.refusal}
    if answer.refusal:
        response["status"] = {"code": 422, "reason": "Invalid", "message": answer.refusal}
    elif answer.patch:
        patch = json.dumps(answer.patch, separators=(",", ":")).encode()
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(patch).decode()}
    warnings = shown(answer.warnings)
    if warnings:
        response["warnings"] = warnings
    return {"apiVersion": API_VERSION, "kind": KIND, "response": response}


def shown(warnings: Sequence[str]) -> list[str]:
    """The warnings as they can be sent: in an HTTP header, so without control characters, and not too long."""
    lines = ["".join(c if c.isprintable() else " " for c in warning) for warning in warnings]
    cut = [line if len(line) <= LONGEST_WARNING else line[: LONGEST_WARNING - 1] + "…" for line in lines]
    if len(cut) <= MOST_WARNINGS:
        return cut
    return [*cut[: MOST_WARNINGS - 1], f"metricops: and {len(cut) - MOST_WARNINGS + 1} more warnings"]


def _object(of: Any, field: str) -> JsonObject:
    found = of.get(field) if isinstance(of, dict) else None
    if not isinstance(found, dict):
        raise ReviewError(f"{field}: found {type(found).__name__}, expected an object")
    return found


def _text(of: Mapping[str, Any], field: str) -> str:
    found = of.get(field)
    if not isinstance(found, str):
        raise ReviewError(f"{field}: found {type(found).__name__}, expected a string")
    return found
