"""A Rollback as values, and as the custom resource that it is (manifests/base/crd.yaml)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from receiver import names
from receiver.cluster.api import JsonObject
from receiver.decision.evidence import Evidence
from receiver.decision.phases import Phase, may_be_claimed_again
from receiver.decision.templates import Template
from receiver.decision.values import Alert, Decision, Mode, PastRollback, Revision, Workload, WorkloadRef
from receiver.rollbacks.evidence_record import evidence_spec, read_evidence
from receiver.timestamps import format_time, parse_time
from receiver.workloads.stamp import shown_facts, stamp_of_template

LABEL_VALUE_LENGTH = 63


@dataclass(frozen=True, slots=True)
class Rollback:
    """One Rollback as the API server shows it. The spec never changes; everything else comes from `status`."""

    name: str
    uid: str
    resource_version: str
    created_at: str
    ref: WorkloadRef
    workload_uid: str
    alert: Alert
    blamed_number: int
    blamed_hash: str
    target_number: int
    target_hash: str
    target_template: Template
    mode: Mode
    claimed_at: datetime
    evidence: Evidence | None
    approval: Mapping[str, Any]
    reverted: Mapping[str, str]
    cleared: Mapping[str, str]
    phase: Phase
    attempt: int
    attempted_at: datetime
    spec: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.ref.namespace, self.name

    def moment(self, field: str) -> datetime | None:
        """A timestamp of the status, such as `undoneAt`; None where it is not set."""
        text = self.status.get(field)
        return parse_time(text) if text else None

    @property
    def undone_at(self) -> datetime | None:
        """When the API server accepted the undo."""
        return self.moment("undoneAt")

    @property
    def reason(self) -> str:
        """The word for why it is in its phase; empty before the first transition."""
        return str(self.status.get("reason") or "")

    @property
    def may_be_claimed_again(self) -> bool:
        """Whether it has ended in a way that leaves room for a new attempt."""
        return may_be_claimed_again(self.phase, self.reason, self.undone_at)

    def condition_message(self, kind: str) -> str:
        """What a condition of the status says; empty where there is none of this type."""
        conditions = self.status.get("conditions") or []
        return next((str(condition["message"]) for condition in conditions if condition["type"] == kind), "")

    def as_past(self) -> PastRollback:
        """What a decision about a later alert needs."""
        return PastRollback(
            name=self.name,
            phase=self.phase,
            reason=self.reason,
            mode=self.mode,
            fingerprint=self.alert.fingerprint,
            starts_at=self.alert.starts_at,
            blamed_hash=self.blamed_hash,
            claimed_at=self.attempted_at,
            undone_at=self.undone_at,
            cleared_at=max((parse_time(said["at"]) for said in (self.reverted, self.cleared) if said), default=None),
        )


def record_labels(ref: WorkloadRef) -> dict[str, str]:
    """The labels by which all records of a workload are found, also those of an earlier object of its name."""
    return {names.RECORD_KIND_LABEL: ref.kind.lower(), names.RECORD_NAME_LABEL: _label_value(ref.name)}


def _label_value(name: str) -> str:
    if len(name) <= LABEL_VALUE_LENGTH:
        return name
    return f"{name[: LABEL_VALUE_LENGTH - 11]}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"


def new_rollback(
    decision: Decision, alert: Alert, workload: Workload, now: datetime, evidence: Evidence | None = None
) -> JsonObject:
    """The object to create for a decision that claims, with the evidence that it was made on."""
    blamed, target = decision.blamed, decision.target
    if blamed is None or target is None or decision.mode is None:
        raise ValueError(f"a decision of {decision.reason.word} claims nothing")
    ref = workload.ref
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.ROLLBACK_KIND,
        "metadata": {"name": decision.rollback, "namespace": ref.namespace, "labels": record_labels(ref)},
        "spec": {
            "workload": {"kind": ref.kind, "name": ref.name, "uid": workload.uid},
            "mode": str(decision.mode),
            "reason": decision.reason.word,
            "message": decision.detail,
            "claimedAt": format_time(now),
            "alert": _alert_spec(alert),
            "blamed": {**_revision_spec(blamed), **_release_spec(blamed, workload)},
            "target": {**_revision_spec(target), "template": target.template},
            **({"evidence": evidence_spec(evidence)} if evidence is not None else {}),
        },
    }


def _alert_spec(alert: Alert) -> JsonObject:
    return {
        "name": alert.name,
        "fingerprint": alert.fingerprint,
        "startsAt": format_time(alert.starts_at),
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "generatorURL": alert.generator_url,
        "groupKey": alert.group_key,
    }


def _revision_spec(revision: Revision) -> JsonObject:
    containers = revision.template.get("spec", {}).get("containers", [])
    return {
        "revision": revision.number,
        "name": revision.name,
        "templateHash": revision.template_hash,
        "images": [container["image"] for container in containers if container.get("image")],
    }


def _release_spec(blamed: Revision, workload: Workload) -> JsonObject:
    """What was noted of the blamed release, where something was: which commit, by whom, where to look."""
    stamp = stamp_of_template(workload.annotations, blamed.template_hash)
    facts = shown_facts(stamp) if stamp is not None else {}
    return {"release": facts} if facts else {}


def read_rollback(item: JsonObject) -> Rollback:
    """The values of a Rollback object. Raises `ValueError` where it does not have the schema's shape."""
    try:
        metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
        alert, claimed_at = spec["alert"], parse_time(spec["claimedAt"])
        return Rollback(
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            created_at=metadata.get("creationTimestamp", ""),
            ref=WorkloadRef(spec["workload"]["kind"], metadata["namespace"], spec["workload"]["name"]),
            workload_uid=spec["workload"]["uid"],
            alert=Alert(
                status="firing",
                labels=alert.get("labels") or {},
                annotations=alert.get("annotations") or {},
                starts_at=parse_time(alert["startsAt"]),
                fingerprint=alert["fingerprint"],
                generator_url=alert.get("generatorURL", ""),
                group_key=alert.get("groupKey", ""),
            ),
            blamed_number=spec["blamed"]["revision"],
            blamed_hash=spec["blamed"]["templateHash"],
            target_number=spec["target"]["revision"],
            target_hash=spec["target"]["templateHash"],
            target_template=spec["target"]["template"],
            mode=Mode(status.get("mode") or spec["mode"]),
            claimed_at=claimed_at,
            evidence=read_evidence(spec["evidence"]) if spec.get("evidence") else None,
            approval=spec.get("approval") or {},
            reverted=spec.get("reverted") or {},
            cleared=spec.get("cleared") or {},
            phase=Phase(status.get("phase") or Phase.CLAIMED),
            attempt=status.get("attempt", 1),
            attempted_at=parse_time(status["attemptedAt"]) if status.get("attemptedAt") else claimed_at,
            spec=spec,
            status=status,
        )
    except (KeyError, TypeError) as error:
        name = item.get("metadata", {}).get("name", "?")
        raise ValueError(f"Rollback {name}: {type(error).__name__} {error}") from error


def restored_by_note(rollback: Rollback, now: datetime) -> JsonObject:
    """What our undo writes on the workload: by it a crash before the status write is told from a person's undo."""
    return {
        "rollback": rollback.name,
        "attempt": rollback.attempt,
        "blamedRevision": rollback.blamed_number,
        "targetRevision": rollback.target_number,
        "templateHash": rollback.target_hash,
        "restoredAt": format_time(now),
    }


def age(rollback: Rollback, now: datetime) -> timedelta:
    """How long ago the present attempt was claimed."""
    return now - rollback.attempted_at
