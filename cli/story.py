"""A Rollback told to a person: what happened to which workload, why, and what to do next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.table import printable, table
from receiver.cluster.api import JsonObject
from receiver.decision.phases import Phase
from receiver.decision.reasons import ALL_REASONS

QUESTIONS = {"before": "SLI before the rollout", "since": "SLI since the rollout"}
RELEASE_FACTS = {"commit": "Commit", "who": "Released by", "changeCause": "Change cause", "link": "Look at"}
MOMENTS = (
    # spec or status, field, what happened
    ("alert", "startsAt", "the alert began"),
    ("spec", "claimedAt", "claimed"),
    ("status", "attemptedAt", "claimed again"),
    ("status", "expiresAt", "the approval is waited for until then"),
    ("status", "notBefore", "judged again then"),
    ("status", "undoneAt", "the API server accepted the undo"),
    ("status", "rolledBackAt", "the target serves again"),
    ("status", "quietSince", "the alert is absent since"),
    ("status", "recoveredAt", "recovered"),
    ("spec", "reverted", "the undo was taken back"),
    ("spec", "cleared", "the template was cleared"),
)
NEXT: dict[Phase, str] = {
    Phase.CLAIMED: "Nothing: the receiver is about to act. If it stays so, look at the receiver's log.",
    Phase.DEFERRED: "Nothing: it is judged again at the time above.",
    Phase.AWAITING_APPROVAL: "Decide: metricops rollbacks approve {name} -n {namespace} (or reject)",
    Phase.UNDOING: "Nothing: the rollout of the target is under way.",
    Phase.ROLLED_BACK: "Watch it recover. If the undo was wrong: metricops rollbacks revert {name} -n {namespace}",
    Phase.RECOVERED: "Fix the release and deploy it. If the undo was wrong: "
    "metricops rollbacks revert {name} -n {namespace}",
    Phase.NOT_RECOVERED: "Look for another cause: the undo did not help. To take it back: "
    "metricops rollbacks revert {name} -n {namespace}",
    Phase.CONTESTED: "Find out who deploys the blamed release again. If it is to run: "
    "metricops release clear {workload} -n {namespace}",
    Phase.SUPERSEDED: "Nothing: the world has moved on. An alert that comes back is judged anew.",
    Phase.REJECTED: "Nothing: a person has decided. Deploying another release starts anew.",
    Phase.EXPIRED: "If the alert goes on, it is asked for again at its next delivery.",
    Phase.DRY_RUN: "Look whether you agree: nothing was changed.",
    Phase.OVER_BUDGET: "Look for a common cause: that many undos at once are no bad release.",
    Phase.FAILED: "Look at the message; the next delivery of the alert may claim it again, if the undo was never sent.",
}


def headline(item: JsonObject) -> str:
    """In one or two lines: what is, or would be, done to which workload, and why."""
    spec = item["spec"]
    lines = [
        f"{_workload(item)} in {item['metadata']['namespace']}: "
        f"from {_revision(spec['blamed'])} back to {_revision(spec['target'])}",
        f"because {_alert(spec['alert'])} fires since {spec['alert']['startsAt']}",
    ]
    return "\n".join(map(printable, lines))


def story(item: JsonObject) -> str:
    """The whole record for a terminal."""
    spec, status, metadata = item["spec"], item.get("status") or {}, item["metadata"]
    phase = Phase(status.get("phase") or Phase.CLAIMED)
    facts = [
        ("Rollback", f"{metadata['name']} in {metadata['namespace']}"),
        ("Workload", _workload(item)),
        ("From", f"{_revision(spec['blamed'])}, template {spec['blamed']['templateHash']}"),
        *_release(spec["blamed"].get("release") or {}),
        ("To", f"{_revision(spec['target'])}, template {spec['target']['templateHash']}"),
        ("Alert", f"{_alert(spec['alert'])}, since {spec['alert']['startsAt']}"),
        ("Mode", status.get("mode") or spec["mode"]),
        ("Phase", f"{phase}, attempt {status.get('attempt', 1)}"),
        ("Reason", f"{status.get('reason') or spec['reason']}: {status.get('message') or spec.get('message', '')}"),
    ]
    facts += [(word.capitalize(), _word(spec[word])) for word in ("approval", "reverted", "cleared") if spec.get(word)]
    sections: list[tuple[str, list[tuple[str, ...]]]] = [
        ("", [(f"{name}:", value) for name, value in facts]),
        ("Evidence", _evidence(spec.get("evidence"))),
        ("What happened", _moments(item)),
        ("Conditions", _conditions(status.get("conditions") or [])),
    ]
    lines: list[str] = []
    for title, rows in sections:
        if rows:
            lines += [*(["", title] if title else []), *_indented(rows, "  " if title else "")]
    return "\n".join([*lines, "", "What to do next", *(f"  {line}" for line in _next(item, phase))])


def _indented(rows: list[tuple[str, ...]], indent: str) -> list[str]:
    return [indent + line for line in table(rows)]


def _workload(item: JsonObject) -> str:
    workload = item["spec"]["workload"]
    return f"{workload['kind'].lower()}/{workload['name']}"


def _revision(revision: Mapping[str, Any]) -> str:
    images = ", ".join(revision.get("images") or [])
    return f"revision {revision['revision']}" + (f" ({images})" if images else "")


def _release(facts: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [(RELEASE_FACTS[key], str(facts[key])) for key in RELEASE_FACTS if facts.get(key)]


def _alert(alert: Mapping[str, Any]) -> str:
    return f"alert {alert.get('name') or alert['fingerprint']}"


def _word(said: Mapping[str, Any]) -> str:
    parts = [said.get("decision"), f"by {said['by']}" if said.get("by") else None, said.get("at"), said.get("reason")]
    return ", ".join(str(part) for part in parts if part)


def _evidence(evidence: Mapping[str, Any] | None) -> list[tuple[str, ...]]:
    if evidence is None:
        return [("no source of metrics was asked",)]
    rows: list[tuple[str, ...]] = []
    for key, value in evidence.items():
        if isinstance(value, Mapping) and "answer" in value:
            numbers = ", ".join(f"{name} {number}" for name, number in value.items() if name != "answer")
            rows.append((f"{QUESTIONS.get(key, key)}:", f"{value['answer']}{f' ({numbers})' if numbers else ''}"))
        elif isinstance(value, list):
            if value:
                rows.append((f"{key}:", ", ".join(map(str, value))))
        elif value != "":
            rows.append((f"{key}:", str(value)))
    return rows


def _moments(item: JsonObject) -> list[tuple[str, ...]]:
    where = {"spec": item["spec"], "alert": item["spec"]["alert"], "status": item.get("status") or {}}
    found: list[tuple[str, ...]] = []
    for part, field, what in MOMENTS:
        moment = where[part].get(field)
        moment = moment.get("at") if isinstance(moment, Mapping) else moment
        if moment:
            found.append((str(moment), what))
    return found


def _conditions(conditions: list[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [(f"{c['type']}={c['status']}", c["lastTransitionTime"], c["reason"], c["message"]) for c in conditions]


def _next(item: JsonObject, phase: Phase) -> list[str]:
    metadata = item["metadata"]
    advice = [NEXT[phase].format(name=metadata["name"], namespace=metadata["namespace"], workload=_workload(item))]
    word = (item.get("status") or {}).get("reason")
    if phase in (Phase.FAILED, Phase.DEFERRED, Phase.DRY_RUN):
        advice += [reason.remedy for reason in ALL_REASONS if reason.word == word]
    return [printable(line) for line in advice]
