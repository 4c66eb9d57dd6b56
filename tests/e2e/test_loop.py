"""The whole loop on real parts: a bad release is undone by the shipped receiver, and Prometheus sees it recover."""

from __future__ import annotations

import pytest

from sandbox.debian import Pair
from sandbox.demo.__main__ import SETTINGS, load_objectives
from sandbox.demo.narrator import Narrator
from sandbox.demo.story import Story
from sandbox.stack import Sandbox
from tests.dashboard import expressions

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize(("pair", "replicas"), [("default", 2), ("newest", 1), ("floor", 1)])
def test_a_bad_release_is_undone_and_recovers(pair: Pair, replicas: int) -> None:
    with Sandbox(progress=print, pair=pair, name=f"e2e-{pair}") as sandbox:
        sandbox.install(SETTINGS, replicas=replicas, rules_reconcile=True)
        # With several receivers each delivery goes to all of them, as from a mesh of Alertmanagers.
        sandbox.route_alerts()
        load_objectives(sandbox)
        story = Story(sandbox, Narrator())
        traffic = story.prepare()
        try:
            story.bad_release()
            story.restraint()
            story.approval()
            story.evidence()
            story.own_rule()
            checks = story.checks()
        finally:
            for one in traffic:
                one.stop()
        assert [text for holds, text in checks if not holds] == []

        record = story.record
        assert record["spec"]["alert"]["name"] == "ErrorBudgetBurn"
        assert record["status"]["attempt"] == 1
        evidence = record["spec"]["evidence"]
        assert evidence["shown"] == "firing"
        assert evidence["since"]["answer"] == "bad"
        assert evidence["before"]["answer"] == "good"
        assert float(evidence["before"]["value"]) < float(evidence["limit"]) < float(evidence["since"]["value"])
        conditions = {condition["type"]: condition["status"] for condition in record["status"]["conditions"]}
        assert conditions == {"Undone": "True", "RolloutComplete": "True", "Recovered": "True"}
        times = dict(story.times())
        assert list(times.values()) == sorted(times.values())

        (own,) = (item for item in sandbox.rollbacks("shop") if item["spec"]["workload"]["name"] == "reviews")
        assert own["spec"]["alert"]["name"] == "DeployerRule"
        assert own["spec"]["evidence"]["shown"] == "firing"
        log = sandbox.pod_log("metricops-system", "metricops-rules-reconcile", "rules-reconcile")
        assert "Traceback" not in log

        described = sandbox.cluster.kubectl("describe", "deployment", "shop", "-n", "shop")
        assert "Recovered" in described
        log = sandbox.pod_log("metricops-system", "metricops-receiver", "receiver")
        assert sandbox.token not in log
        empty = [title for title, expression in expressions() if not sandbox.monitoring.query(expression)]
        assert empty == [], "panels of the dashboard without data"
        # A new CRD answers the first sweep with 429 for a moment; nothing else may go wrong.
        strange = [line for line in log.splitlines() if '"level": "error"' in line or "Traceback" in line]
        assert strange == []
