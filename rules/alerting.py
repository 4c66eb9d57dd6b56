"""`spec.alerting`: when to alert, whom, and which of the alerts may undo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.own_windows import PlacedWindow, read_windows
from rules.specification import DEFAULT_MINIMUM_ERRORS, AlertTexts, ForPeople, Indicator, Labels, Subject
from rules.texts import read_alert_texts
from rules.windows import BurnWindow, number_text

DEFAULT_ATTRIBUTION_WINDOW = timedelta(hours=1)
"""The receiver's own default: an alert that begins later after a rollout does not blame it."""
UNCOUNTABLE_NOTE = (
    "its failed events cannot be counted, so none of its alerts may undo (alerting.minimumErrors: 0 lets the fast page "
    "undo without counting)"
)
_KNOWN = ("windows", "minimumErrors", "attributionWindow", "undo", "absent", "page", "ticket")


class Judged(NamedTuple):
    """What else the specification says; None where that is wrong itself."""

    period: timedelta | None
    budget: Fraction | None
    subject: Subject | None
    indicator: Indicator | None

    @property
    def is_countable(self) -> bool:
        """Whether failed events can be counted, as far as it is known."""
        return self.indicator is None or self.indicator.counts_per_second


class Alerting(NamedTuple):
    """What `spec.alerting` says."""

    windows: tuple[BurnWindow, ...]
    minimum_errors: int
    absent: timedelta | None
    page: AlertTexts
    ticket: AlertTexts
    notes: tuple[str, ...]


def read_alerting(spec: Fields, judged: Judged, annotations: Labels) -> Alerting | None:
    """Read `spec.alerting`, which may be missing; all alerts get these annotations."""
    given = spec.get("alerting")
    fields = given.mapping(_KNOWN) if given else Fields(spec.place, {})
    if fields is None:
        return None
    minimum = fields.optional("minimumErrors", lambda field: field.count(least=0), DEFAULT_MINIMUM_ERRORS)
    attribution = fields.optional("attributionWindow", Field.duration, DEFAULT_ATTRIBUTION_WINDOW)
    undo = fields.optional("undo", Field.boolean, True)
    absent = fields.get("absent")
    hold = absent.duration() if absent else None
    page, ticket = (read_alert_texts(fields, severity, annotations) for severity in ("page", "ticket"))
    placed = read_windows(spec, fields.get("windows"), judged.period)
    for window, field, _ in placed or ():
        if judged.budget is not None:
            _check_can_fire(window, judged.budget, field)
    if placed is None or minimum is None or attribution is None or undo is None or page is None or ticket is None:
        return None
    if absent is not None and hold is None:
        return None
    why_not = _why_not(fields, judged, minimum, undo)
    windows = [_with_undo(one, why_not, attribution) for one in placed]
    uncountable = undo and not judged.is_countable and minimum > 0 and not isinstance(judged.subject, ForPeople)
    return Alerting(tuple(windows), minimum, hold, page, ticket, (UNCOUNTABLE_NOTE,) if uncountable else ())


def _why_not(fields: Fields, judged: Judged, minimum: int, undo: bool) -> str:
    """What keeps all alerts from undoing; empty where nothing does."""
    if not undo:
        return "alerting.undo: false"
    if isinstance(judged.subject, ForPeople):
        return "no workload to undo"
    if minimum == 0 or judged.is_countable:
        return ""
    field = fields.get("minimumErrors")
    if field is not None:
        field.refuse("0, or an indicator with events per second: the failed events of this one cannot be counted")
    return "failed events that cannot be counted (alerting.minimumErrors: 0 does without)"


def _with_undo(placed: PlacedWindow, why_not: str, attribution: timedelta) -> BurnWindow:
    window = placed.window
    if not window.undo:
        return window
    if why_not:
        if placed.undo is not None:
            placed.undo.refuse("false", f"true with {why_not}")
        return replace(window, undo=False)
    if window.worst_detection_time > attribution:
        placed.field.refuse(
            f"a worst detection time of at most alerting.attributionWindow, {format_duration(attribution)}, "
            "for an alert that may undo: by then the receiver blames no rollout any more (else undo: false)",
            f"long window + for = {format_duration(window.long)} + {format_duration(window.hold)} = "
            f"{format_duration(window.worst_detection_time)}",
        )
    return window


def _check_can_fire(window: BurnWindow, budget: Fraction, field: Field) -> None:
    threshold = window.threshold(budget)
    if threshold >= 1:
        field.refuse(
            f"a factor below {number_text(1 / budget)}: the error ratio is never above 1, so this alert never fires",
            f"factor · (1 − objective) = {number_text(window.factor)} · {number_text(budget)} = "
            f"{number_text(threshold)} ≥ 1 over {format_duration(window.long)}",
        )
