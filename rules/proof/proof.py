"""Specifications, the files that promtool proves their rules with, and what it all came to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

import yaml

from rules.durations import format_duration
from rules.generate import generate
from rules.group import AlertRule, RuleSet
from rules.proof.cases import Case
from rules.proof.forms import NotTestable
from rules.proof.needed import needed_by
from rules.proof.plan import plan
from rules.proof.verdict import Answers, Outcome, WrongSeries, outcome
from rules.render import render_rule_file
from rules.specification import Specification
from rules.windows import BurnWindow

RULES, TESTS = ".rules.yaml", ".test.yaml"
NO_NOTATION = "unexpected character in series sequence: '{'"
"""promtool's words, before it could be told of native histograms."""
LONGEST_SAID = 2000
"""Characters of promtool's own words."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The cases of one specification; `untestable` says why there are none. `mark` tells it from others in one run."""

    specification: Specification
    rules: RuleSet
    mark: str
    cases: tuple[Case, ...]
    untestable: str = ""

    def files(self) -> dict[str, str]:
        """promtool's test files (`TESTS`) and the rule files beside them, by their names."""
        found: dict[str, str] = {}
        cases: dict[tuple[BurnWindow | None, timedelta], list[int]] = {}
        for number, case in enumerate(self.cases):
            cases.setdefault((case.window, case.step), []).append(number)
        for (_, step), numbers in cases.items():
            name = f"{self.mark}-{numbers[0]}"
            found[f"{name}{RULES}"] = self._rule_file(self.cases[numbers[0]].needs)
            test = {
                "rule_files": [f"{name}{RULES}"],
                "evaluation_interval": format_duration(step),
                "tests": [self.cases[number].as_test(self._mark(number)) for number in numbers],
            }
            found[f"{name}{TESTS}"] = yaml.safe_dump(test, sort_keys=False, width=100_000)
        return found

    def held_against(self, answers: Answers) -> Proven:
        """What promtool's answers say. Raises `NoAnswer` where a case did not run."""
        try:
            outcomes = tuple(outcome(case, self._mark(number), answers) for number, case in enumerate(self.cases))
        except WrongSeries as error:
            return Proven(self.specification, (), str(error))
        return Proven(self.specification, outcomes, self.untestable)

    def broken_off(self, output: str) -> Proven:
        """What it comes to where promtool did not run the cases, and said why."""
        if NO_NOTATION in output and any("{{" in series["values"] for case in self.cases for series in case.series):
            why = "reads a native histogram, for which this promtool has no notation: take a newer one"
            return Proven(self.specification, (), why)
        said = " ".join(output.split())
        return Proven(self.specification, (), failure=said if len(said) <= LONGEST_SAID else f"{said[:LONGEST_SAID]}…")

    def _rule_file(self, alert: AlertRule | None) -> str:
        """The rules, evaluated once per step: virtual time has steps that suit each case."""
        rules = self.rules if alert is None else needed_by(alert, self.rules)
        groups = tuple(replace(group, interval=None, query_offset=None) for group in rules.groups)
        return render_rule_file([replace(rules, groups=groups)])

    def _mark(self, number: int) -> str:
        return f"{self.mark}/{number}"


@dataclass(frozen=True, slots=True)
class Proven:
    """What became of a specification's cases; `untestable` says why there are none, `failure` why they broke off."""

    specification: Specification
    outcomes: tuple[Outcome, ...]
    untestable: str = ""
    failure: str = ""

    @property
    def problems(self) -> list[str]:
        """What is wrong, a line each."""
        if self.failure:
            return [f"{self.specification.name}: promtool did not run the cases to their end: {self.failure}"]
        return [
            f"{self.specification.name}: {case_title(found.case)}: {problem}"
            for found in self.outcomes
            for problem in found.problems
        ]

    @property
    def verdict(self) -> str:
        """`proven`, `failed`, or `not testable`."""
        return "failed" if self.problems else "not testable" if self.untestable else "proven"

    @property
    def burns(self) -> dict[BurnWindow, dict[str, Outcome]]:
        """The outcomes of each window by the kinds of its cases."""
        found: dict[BurnWindow, dict[str, Outcome]] = {}
        for one in self.outcomes:
            if one.case.window is not None:
                found.setdefault(one.case.window, {})[one.case.kind] = one
        return found

    @property
    def quiet(self) -> dict[str, Outcome]:
        """The outcomes of the cases on which nothing may fire, or nothing may undo."""
        return {one.case.kind: one for one in self.outcomes if one.case.window is None}


def prove(specifications: Iterable[Specification]) -> list[Proof]:
    """The proof of each specification's rules, ready to be run."""
    proofs = []
    for number, specification in enumerate(specifications):
        rules = generate(specification)
        try:
            proofs.append(Proof(specification, rules, str(number), plan(specification, rules)))
        except NotTestable as error:
            proofs.append(Proof(specification, rules, str(number), (), str(error)))
    return proofs


def case_title(case: Case) -> str:
    """Which case it is, for a message."""
    if case.window is None:
        return case.kind
    return f"{case.window.severity} over {format_duration(case.window.long)}, {case.kind}"
