"""One request in, one answer out: pure. The stamp, and what whoever deploys is told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from admission.advice import About, Notice, notices
from admission.judgement import judge_rules
from admission.review import AdmissionRequest, Answer
from admission.stamping import patch_to, wanted_stamp
from receiver.decision.values import NamespaceFacts
from receiver.names import KIND_BY_LABEL
from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import DEFAULT_CONFINEMENT

KINDS = frozenset(KIND_BY_LABEL.values())
OPERATIONS = ("CREATE", "UPDATE")


class Outcome(StrEnum):
    """What became of a request: the label of a metric."""

    STAMPED = "stamped"
    """A release: it has a new stamp."""
    CORRECTED = "corrected"
    """No release, but the stamp was missing, changed, or could be completed."""
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    """Its rule can't be used, and its namespace wants such deploys refused."""
    FAILED = "failed"
    """Our own fault: let through as it was."""
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, and what is counted of it."""

    answer: Answer
    outcome: Outcome
    notices: tuple[Notice, ...] = ()


NOT_OURS = Verdict(Answer(), Outcome.UNCHANGED)


def admit(
    request: AdmissionRequest,
    now: datetime,
    namespace: NamespaceFacts | None,
    receivers: Collection[str],
    confinement: Confinement = DEFAULT_CONFINEMENT,
) -> Verdict:
    """Judge one request.

    `namespace` is what is known of the workload's, None where nothing is; `receivers` are the user names of the
    receiver's accounts, whose stamps are believed; `confinement` is how series say whose they are.
    """
    if request.kind not in KINDS or request.operation not in OPERATIONS or request.subresource:
        return NOT_OURS
    if request.item["metadata"].get("deletionTimestamp"):
        return NOT_OURS
    may_refuse = request.username not in receivers
    rules = judge_rules(request, namespace, may_refuse=may_refuse, confinement=confinement)
    if rules.refusal:
        return Verdict(Answer(refusal=rules.refusal), Outcome.REFUSED)
    wanted = wanted_stamp(request, now, receivers)
    told = notices(request, namespace, rules)
    if wanted.no_room:
        text = f"metricops: {request.title}: its annotations leave no room for the release's stamp"
        told = (*told, Notice(About.ROOM, text))
    patch = patch_to(request.item, wanted.text)
    outcome = Outcome.UNCHANGED
    if patch:
        outcome = Outcome.STAMPED if wanted.is_new else Outcome.CORRECTED
    return Verdict(Answer(patch, tuple(notice.text for notice in told)), outcome, told)
