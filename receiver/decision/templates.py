"""Pod templates compared by meaning: what the API server defaulted, without what its controllers add."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from receiver.names import POD_TEMPLATE_HASH_LABEL

Template = dict[str, Any]


def clean_template(template: Template) -> Template:
    """The template as a person would have written it: without the controller's hash label and empty metadata.

    Shape in and out: a PodTemplateSpec as JSON. The argument is left as it is.
    """
    metadata = dict(template.get("metadata") or {})
    labels = {k: v for k, v in (metadata.pop("labels", None) or {}).items() if k != POD_TEMPLATE_HASH_LABEL}
    annotations = metadata.pop("annotations", None) or {}
    metadata.pop("creationTimestamp", None)
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return {**template, "metadata": metadata}


def template_hash(template: Template) -> str:
    """A name for the template's meaning: equal for equal templates, whatever ReplicaSet they came from."""
    canonical = json.dumps(clean_template(template), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
