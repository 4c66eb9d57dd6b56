"""Specifications into rule groups: recordings first, then the alerts on them, in one ordered group."""

from __future__ import annotations

from datetime import timedelta

from rules.alerts import absent_alert, burn_alert, deployer_alert, identity
from rules.group import Rule, RuleGroup, RuleSet
from rules.queries import queries_of
from rules.recordings import Recordings
from rules.specification import DeployerRule, ErrorBudget, Specification

BUDGET_INTERVAL = timedelta(minutes=4)
"""How often the budget that is left is computed: it reads the whole period, and nothing fires on it.

Below five minutes, which is how far back Prometheus looks for a sample: its series would have holes.
"""


def generate(specification: Specification) -> RuleSet:
    """The rules of one specification; the same specification always gives the same rules."""
    judge = specification.judge
    # Group names are unique in a plain file, also where two namespaces use one name.
    name = f"slo/{specification.namespace or specification.service}/{specification.name}"
    groups = (
        (RuleGroup(name, (deployer_alert(specification, judge),)),)
        if isinstance(judge, DeployerRule)
        else _of_budget(specification, judge, name)
    )
    return RuleSet(specification.name, specification.namespace, dict(specification.labels), groups)


def _of_budget(specification: Specification, budget: ErrorBudget, name: str) -> tuple[RuleGroup, ...]:
    queries = queries_of(budget, specification.subject)
    enabled = specification.windows
    last = specification.last_resort
    counted = {
        window.long
        for window in enabled
        if window == last or (budget.minimum_errors and specification.may_undo(window))
    }
    looked_for = {last.short} if last is not None else set()
    recordings = Recordings(budget, queries, identity(specification), counted, looked_for)
    rules: list[Rule] = [*recordings.for_alerts()]
    rules += [burn_alert(specification, budget, queries, recordings, window) for window in enabled]
    if budget.absent is not None:
        rules.append(absent_alert(specification, recordings, budget.absent))
    return (
        RuleGroup(name, tuple(rules)),
        RuleGroup(f"{name}/budget", tuple(recordings.for_people()), BUDGET_INTERVAL),
    )
