"""One pass: what workloads ask for becomes objects, what none asks for goes, what is wrong is told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Any

from receiver.cluster.api import Api, ApiError, JsonObject
from reconcile.metrics import Metrics
from reconcile.patience import Patience
from reconcile.plan import Plan, View, Wanted, plan
from reconcile.rule_object import RuleObject, wanted_object
from reconcile.telling import INVALID, NAME_TAKEN, REFUSED, WRITTEN, Teller
from reconcile.workload import Workload
from reconcile.writing import Outcome, Writer
from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import WorkloadRules, rules_of_workload


class Reconciler:
    """Brings the objects of one cluster in line, whatever was there before; any number of them may do so at once."""

    def __init__(
        self,
        api: Api,
        writer: Writer,
        metrics: Metrics,
        *,
        clock: Callable[[], datetime],
        confinement: Confinement,
        labels: Mapping[str, str],
    ) -> None:
        self._writer = writer
        self._metrics = metrics
        self._confinement = confinement
        self._labels = labels
        self._teller = Teller(api, clock)
        self._patience = Patience(clock)
        self._rules: dict[Workload, WorkloadRules] = {}
        self._made_otherwise: dict[tuple[str, str], tuple[Any, Any]] = {}

    def run(self, view: View) -> str | None:
        """Bring everything in line. Returns what keeps things from being so where it is worth to try again soon."""
        known = self._rules
        self._rules = {}

        def rules_of(workload: Workload) -> WorkloadRules:
            made = known.get(workload) or self._rules_of(workload)
            self._rules[workload] = made
            return made

        steps = plan(view, rules_of, self._wanted_of)
        problems = [problem for one in steps.writes if (problem := self._write(one))]
        for one in steps.rejected:
            self._teller.tell(one.workload, INVALID, _rejection(one))
        problems += [problem for one in steps.removals if (problem := self._remove(one))]
        self._forget(view, steps)
        self._metrics.show(len(steps.in_line) + len(steps.writes), len(steps.rejected))
        return problems[0] if problems else None

    def _rules_of(self, workload: Workload) -> WorkloadRules:
        return rules_of_workload(
            workload.namespace, workload.label, workload.name, dict(workload.asked), self._confinement
        )

    def _wanted_of(self, one: Wanted) -> JsonObject:
        """The object, with the spec that the API server made of this very one where it has changed it."""
        wanted = wanted_object(one.workload, one.rules.groups, self._labels)
        ours, theirs = self._made_otherwise.get((one.workload.namespace, one.workload.object_name), (None, None))
        return {**wanted, "spec": theirs} if ours is not None and ours == wanted["spec"] else wanted

    def _body(self, workload: Workload) -> JsonObject | None:
        rules = self._rules.get(workload) or self._rules_of(workload)
        if not rules.groups or workload.is_deleting:
            return None
        return self._wanted_of(Wanted(workload, rules, None))

    def _write(self, one: Wanted) -> str | None:
        workload, key = one.workload, (one.workload.namespace, one.workload.object_name)
        if not self._patience.may_try(key, workload):
            return None
        try:
            outcome, item = self._writer.write(workload, one.present, self._body)
        except ApiError as error:
            return self._failed(error, key, workload)
        if outcome is Outcome.NAME_TAKEN:
            self._patience.refused(key, workload)
            self._metrics.failures["name-taken"].inc()
            message = f"a PrometheusRule {workload.object_name} is there that was not made for this workload: rename it"
            self._teller.tell(workload, NAME_TAKEN, message)
        elif outcome is Outcome.DONE:
            self._patience.accepted(key)
            self._metrics.writes["write"].inc()
            wanted = wanted_object(workload, one.rules.groups, self._labels)["spec"]
            if item is not None and item.get("spec") != wanted:
                self._made_otherwise[key] = (wanted, item.get("spec"))
            self._teller.tell(workload, WRITTEN, _success(one))
        return "a write met another one" if outcome is Outcome.MOVED else None

    def _remove(self, one: RuleObject) -> str | None:
        key = (one.namespace, one.name)
        if not self._patience.may_try(key, one.uid):
            return None
        try:
            outcome = self._writer.remove(one)
        except ApiError as error:
            return self._failed(error, key, one.uid)
        self._metrics.writes["remove"].inc(outcome is Outcome.DONE)
        return "a removal met a change" if outcome is Outcome.MOVED else None

    def _failed(self, error: ApiError, key: Hashable, what: Workload | str) -> str | None:
        self._metrics.failures["unavailable" if error.is_transient else "refused"].inc()
        if error.is_transient:
            return str(error)
        self._patience.refused(key, what)
        if isinstance(what, Workload):
            self._teller.tell(what, REFUSED, f"the API server refuses its rules: {error.message or error}")
        return None

    def _forget(self, view: View, steps: Plan) -> None:
        self._teller.forget_others({one.uid for one in view.workloads if one.asked})
        names = {(one.workload.namespace, one.workload.object_name) for one in (*steps.writes, *steps.in_line)}
        self._patience.forget_others(names | {(one.namespace, one.name) for one in steps.removals})
        self._made_otherwise = {key: value for key, value in self._made_otherwise.items() if key in names}


def _rejection(one: Wanted) -> str:
    stays = "its last good rules stay in force" if one.present is not None else "no rules of it are in force"
    problems = "; ".join(map(str, one.rules.problems))
    return f"{stays}: {problems}"


def _success(one: Wanted) -> str:
    groups = ", ".join(group.name for group in one.rules.groups)
    advice = "".join(f"; {each}" for each in one.rules.advice)
    return f"PrometheusRule {one.workload.object_name} has {groups}{advice}"
