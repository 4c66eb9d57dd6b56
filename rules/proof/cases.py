"""The cases of an objective's proof: traffic with a known error ratio, and when which alert has to fire and to clear.

Time runs in steps. A burn comes after a long window of clean traffic, and clean traffic follows it. When an alert fired
first and last is asked from Prometheus' own series `ALERTS` at the end of a case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any, Literal

from rules.durations import format_duration
from rules.group import AlertRule
from rules.promql import quoted
from rules.proof.labels import Labels
from rules.windows import BurnWindow

CaseKind = Literal["clean", "no traffic", "no data", "no series", "few errors", "just under", "just over", "outage"]
PROOF_LABEL = "metricops_proof"
"""Marks an answer: `0/17/first` is the first firing in case 17 of the specification 0."""
RAN = "ran"
"""An answer that every case gives: without it, silence could as well be a case that did not run."""


@dataclass(frozen=True, slots=True)
class Fires:
    """It must fire between two times after the burn began, at every step until it clears, and clear after its end."""

    earliest: timedelta
    latest: timedelta
    clears_within: timedelta


@dataclass(frozen=True, slots=True)
class Case:
    """One case. All times are counted in `step`s from its beginning; the burn is from `onset` to `burned`.

    `alert` are the labels of the alert that must fire, or must not where `fires` is None. Of `quiet`, nothing may ever
    fire; of `any_alert`, nothing before the onset. Where it `needs` one alert, the other ones are left out. `ratio` is
    the error ratio of the burn, and `measured` the objective's own queries for it: whether the series are what they
    were meant to be.
    """

    kind: CaseKind
    window: BurnWindow | None
    step: timedelta
    onset: int
    burned: int
    end: int
    series: tuple[dict[str, str], ...]
    alert: Labels | None
    any_alert: Labels | None
    fires: Fires | None = None
    quiet: Labels | None = None
    needs: AlertRule | None = None
    ratio: Fraction | None = None
    measured: str = ""

    def as_test(self, mark: str) -> dict[str, Any]:
        """The case as a test of promtool. Each question expects nothing, so that promtool tells what it got."""
        end = self.step * self.end
        questions = [_question(f"{mark}/{RAN}", "vector(1)", end)]
        for name, labels in (("alert", self.alert), ("any", self.any_alert), ("quiet", self.quiet)):
            if labels is not None:
                questions += self._times(f"{mark}/{name}", labels)
        if self.measured:
            questions.append(_question(f"{mark}/ratio", self.measured, self.step * self.burned))
        return {
            "name": f"{mark} {self.kind}",
            "interval": format_duration(self.step),
            "input_series": list(self.series),
            "promql_expr_test": questions,
        }

    def _times(self, mark: str, labels: Labels) -> list[dict[str, Any]]:
        alerts = f"ALERTS{{{','.join(f'{name}={quoted(value)}' for name, value in labels.items())}}}"
        whole, step = format_duration(self.step * self.end), format_duration(self.step)
        asked = {
            "first": f"min(min_over_time(timestamp({alerts})[{whole}:{step}]))",
            "last": f"max(max_over_time(timestamp({alerts})[{whole}:{step}]))",
            "count": f"max(count_over_time({alerts}[{whole}]))",
        }
        return [_question(f"{mark}-{name}", asked[name], self.step * self.end) for name in asked]


def _question(mark: str, expression: str, at: timedelta) -> dict[str, Any]:
    return {
        "expr": f'label_replace({expression}, "{PROOF_LABEL}", "{mark}", "", "")',
        "eval_time": format_duration(at),
        "exp_samples": [],
    }
