"""What a CD system says of a release: a decoded body into values, by the published schema. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver.decision.values import WorkloadRef
from receiver.intake.conformity import Conformity, Problem
from receiver.releases.refusal import RefusedError
from receiver.releases.schemas import COMPONENTS, STATEMENTS, ref
from rules.names import RULE_ANNOTATION, SLO_ANNOTATION

DEPLOYERS_OWN = {"rule": RULE_ANNOTATION, "slo": SLO_ANNOTATION}
"""The deployer's own judgement: fields of a request, and the annotations that they become."""

_CONFORMITY = Conformity(ref("ReleaseRequest"), COMPONENTS)


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A release that somebody has just applied.

    `statements` are those of `STATEMENTS` that were made; `own` are the annotations to be written, None for one that is
    to go.
    """

    ref: WorkloadRef
    images: tuple[str, ...]
    statements: Mapping[str, str]
    own: Mapping[str, str | None]


def read_request(body: Any) -> ReleaseRequest:
    """Read a decoded JSON body. Raises `RefusedError` (400) with all that is wrong with it."""
    problems = _CONFORMITY.problems(body)
    if not problems and not _is_text(body):
        problems = [Problem("body", "half of a surrogate pair", "text")]
    if problems:
        raise RefusedError(400, problems)
    workload = body["workload"]
    return ReleaseRequest(
        ref=WorkloadRef(workload["kind"], body["namespace"], workload["name"]),
        images=tuple(body.get("images") or ()),
        statements={name: body[name] for name in STATEMENTS if name in body},
        own={annotation: body[name] for name, annotation in DEPLOYERS_OWN.items() if name in body},
    )


def _is_text(value: Any) -> bool:
    """Whether all of it can be written as UTF-8: JSON's escapes can say what no text is."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
