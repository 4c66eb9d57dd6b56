"""What the deployer's own rule comes to at admission: problems, second thoughts, and whether they refuse the deploy."""

from __future__ import annotations

from dataclasses import dataclass

from admission.review import AdmissionRequest
from admission.stamping import annotations_of
from receiver import names
from receiver.decision.values import NamespaceFacts
from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import ANNOTATIONS, DEFAULT_CONFINEMENT, rules_of_workload
from rules.names import LABEL_BY_KIND, RULES_ENABLED, RULES_LABEL

WARN, REFUSE = "warn", "refuse"
MOST_TOLD = 5
LONGEST_REFUSAL = 2000


@dataclass(frozen=True, slots=True)
class RuleJudgement:
    """`problems` and `advice` are sentences; `refusal` is empty where the deploy goes on."""

    problems: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    refusal: str = ""


def judge_rules(
    request: AdmissionRequest,
    namespace: NamespaceFacts | None,
    *,
    may_refuse: bool,
    confinement: Confinement = DEFAULT_CONFINEMENT,
) -> RuleJudgement:
    """Judge the workload's annotations for rules; nothing where it has none.

    Only who writes them is refused, and advised: neither a controller that touches the object for another reason, nor
    a release beside them, is the place to mend them. `may_refuse` is False for the receiver itself; `confinement`
    is how series say whose they are.
    """
    now, before = _asked(annotations_of(request.item)), _asked(annotations_of(request.old or {}))
    if not now:
        return RuleJudgement()
    found = rules_of_workload(request.namespace, LABEL_BY_KIND[request.kind], request.name, now, confinement)
    problems = tuple(map(str, found.problems))
    if now == before:
        return RuleJudgement(_few(problems))
    if problems and _said(namespace) == REFUSE and may_refuse:
        text = "; ".join(problems)
        text = text if len(text) <= LONGEST_REFUSAL else text[: LONGEST_REFUSAL - 1] + "…"
        return RuleJudgement(refusal=f"metricops: {request.title}: {text}")
    return RuleJudgement(_few(problems), (*_not_read(namespace), *_few(tuple(map(str, found.advice)))))


def why_unreadable(request: AdmissionRequest, namespace: NamespaceFacts | None) -> str:
    """What is wrong with the namespace's word on invalid rules; empty where nothing is."""
    said = _said(namespace)
    if said in (WARN, REFUSE):
        return ""
    return (
        f"namespace/{request.namespace}: annotation {names.INVALID_RULE_ANNOTATION}: found {said!r}, "
        f"expected {WARN} or {REFUSE}"
    )


def _said(namespace: NamespaceFacts | None) -> str:
    """The namespace's word on deploys with an invalid rule."""
    return namespace.annotations.get(names.INVALID_RULE_ANNOTATION, WARN) if namespace else WARN


def _not_read(namespace: NamespaceFacts | None) -> tuple[str, ...]:
    """That nobody reads the annotations, where the namespace's label does not say so."""
    if namespace is None or namespace.labels.get(RULES_LABEL) == RULES_ENABLED:
        return ()
    return (f"no rule is made of it before the namespace has the label {RULES_LABEL}={RULES_ENABLED}",)


def _asked(annotations: dict[str, str]) -> dict[str, str]:
    return {name: annotations[name] for name in ANNOTATIONS if name in annotations}


def _few(sentences: tuple[str, ...]) -> tuple[str, ...]:
    if len(sentences) <= MOST_TOLD:
        return sentences
    return (*sentences[:MOST_TOLD], f"and {len(sentences) - MOST_TOLD} more")
