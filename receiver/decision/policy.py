"""What the owners of a workload and of its namespace let MetricOps do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from receiver import names
from receiver.decision.field_times import written_by
from receiver.decision.values import Defaults, EvidencePolicy, Mode, NamespaceFacts, Workload
from rules.durations import DurationError, parse_duration

MOST_OBSERVED = 1000
MOST_FAILED_EVENTS = 1_000_000
LONGEST_NUMBER = 9
MODE_LABEL_PATH = ("metadata", "labels", names.MODE_LABEL)


class InvalidPolicy(Exception):  # noqa: N818 - a state of the cluster that is refused, not a failure of ours
    """A label or annotation has a value that cannot be read; the message names object, `key`, found, expected."""

    def __init__(self, where: str, what: str, key: str, found: str, expected: str) -> None:
        super().__init__(f"{where}: {what} {key}: found {found!r}, expected {expected}")
        self.key = key


@dataclass(frozen=True, slots=True)
class Policy:
    """The effective policy of one workload.

    `mode_since` is a moment by which the label that says so had been written; None where that is not known.
    `observe_first` is how many would-be decisions are to be seen before it acts; `observing` says how far that is while
    it keeps the mode at dry-run.
    """

    mode: Mode
    mode_from: str
    mode_since: datetime | None
    cooldown: timedelta
    attribution_window: timedelta
    act_within: timedelta
    evidence: EvidencePolicy
    observe_first: int = 0
    minimum_failed_events: int = 0
    observing: str = ""


def effective_policy(workload: Workload, namespace: NamespaceFacts, defaults: Defaults) -> Policy:
    """Resolve the policy: the workload's word wins, except that a namespace's paused or disabled always does.

    Raises `InvalidPolicy` for an unknown mode, or a duration or number that cannot be read.
    """
    mode, mode_from, mode_since = _mode(workload, namespace)

    def annotation(key: str) -> tuple[str, str] | None:
        for where, found in (
            (str(workload.ref), workload.annotations),
            (f"namespace/{workload.ref.namespace}", namespace.annotations),
        ):
            if key in found:
                return where, found[key]
        return None

    def duration(key: str, default: timedelta) -> timedelta:
        said = annotation(key)
        return default if said is None else _duration(said[0], key, said[1])

    def number(key: str, of: str, most: int, default: int) -> int:
        said = annotation(key)
        return default if said is None else _number(said[0], key, said[1], of, most)

    said = annotation(names.EVIDENCE_ANNOTATION)
    return Policy(
        mode=mode,
        mode_from=mode_from,
        mode_since=mode_since,
        cooldown=duration(names.COOLDOWN_ANNOTATION, defaults.cooldown),
        attribution_window=duration(names.ATTRIBUTION_WINDOW_ANNOTATION, defaults.attribution_window),
        act_within=duration(names.ACT_WITHIN_ANNOTATION, defaults.act_within),
        evidence=defaults.evidence if said is None else _evidence(*said),
        observe_first=number(names.OBSERVE_FIRST_ANNOTATION, "decisions", MOST_OBSERVED, defaults.observe_first),
        minimum_failed_events=number(
            names.MINIMUM_FAILED_EVENTS_ANNOTATION, "events", MOST_FAILED_EVENTS, defaults.minimum_failed_events
        ),
    )


def _mode(workload: Workload, namespace: NamespaceFacts) -> tuple[Mode, str, datetime | None]:
    namespace_name = f"namespace/{workload.ref.namespace}"
    of_namespace = _label_mode(namespace_name, namespace.labels)
    of_workload = _label_mode(str(workload.ref), workload.labels)
    namespace_since = written_by(namespace.managed_fields, *MODE_LABEL_PATH)
    if of_namespace is not None and (of_workload is None or of_namespace in (Mode.PAUSED, Mode.DISABLED)):
        return of_namespace, namespace_name, namespace_since
    if of_workload is None:
        return Mode.DISABLED, "default", None
    since = written_by(workload.managed_fields, *MODE_LABEL_PATH)
    if of_workload is of_namespace and since is not None and namespace_since is not None:
        since = min(since, namespace_since)
    return of_workload, str(workload.ref), since


def _label_mode(where: str, labels: Mapping[str, str]) -> Mode | None:
    value = labels.get(names.MODE_LABEL)
    if value is None:
        return None
    try:
        return Mode(value)
    except ValueError:
        raise InvalidPolicy(where, "label", names.MODE_LABEL, value, f"one of {', '.join(Mode)}") from None


def _evidence(where: str, value: str) -> EvidencePolicy:
    try:
        return EvidencePolicy(value)
    except ValueError:
        expected = f"one of {', '.join(EvidencePolicy)}"
        raise InvalidPolicy(where, "annotation", names.EVIDENCE_ANNOTATION, value, expected) from None


def _number(where: str, key: str, value: str, of: str, most: int) -> int:
    if value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER and int(value) <= most:
        return int(value)
    raise InvalidPolicy(where, "annotation", key, value, f"a number of {of} from 0 to {most}")


def _duration(where: str, key: str, value: str) -> timedelta:
    try:
        return parse_duration(value)
    except DurationError:
        raise InvalidPolicy(where, "annotation", key, value, "a duration such as 5m or 1h30m") from None
