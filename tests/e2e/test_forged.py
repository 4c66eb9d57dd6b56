"""Whoever reaches Alertmanager, or has the token, can post an alert: where Prometheus is known, it has to agree."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from receiver.cluster.api import object_path
from receiver.timestamps import format_time
from receiver.workloads.deployment import rollout_complete
from sandbox.demo.__main__ import SETTINGS, load_objectives
from sandbox.demo.story import HERE
from sandbox.process import wait_until
from sandbox.stack import Sandbox

pytestmark = pytest.mark.timeout(300)
SHOP = object_path("apps/v1", "deployments", "shop", "shop")


def post(url: str, body: Any, **headers: str) -> Any:
    response = urllib3.request(
        "POST", url, body=json.dumps(body), headers={"Content-Type": "application/json", **headers}
    )
    assert response.status == 200, response.data
    return response.data


def test_forged_alerts_cause_no_undo() -> None:
    with Sandbox(progress=print, name="e2e-forged") as sandbox:
        sandbox.install(SETTINGS)
        sandbox.route_alerts()
        load_objectives(sandbox)
        manifest = (HERE / "shop.yaml").read_text()
        for image in ("shop:1.0", "shop:1.4"):
            sandbox.apply(manifest.replace("shop:1.0", image))
            wait_until(lambda: rollout_complete(sandbox.api.get(SHOP)), 60, f"{image} is rolled out")

        labels = {"namespace": "shop", "deployment": "shop", "metricops": "undo", "severity": "page"}
        now = format_time(datetime.now(UTC))

        def decided(name: str) -> bool:
            log = sandbox.pod_log("metricops-system", "metricops-receiver", "receiver")
            lines = [line for line in log.splitlines() if f'"alert": "{name}"' in line]
            return any('"reason": "not-true"' in line for line in lines)

        # Straight into Alertmanager: a name that no rule has, and one that a rule has.
        for name in ("Forged", "ErrorBudgetBurn"):
            alert = {"labels": {**labels, "alertname": name}, "startsAt": now}
            post(f"{sandbox.monitoring.alertmanager_url}/api/v2/alerts", [alert])
            wait_until(lambda: decided(name), 30, f"{name} is refused as not true")  # noqa: B023

        # Straight to the receiver, with a valid token.
        item = {"status": "firing", "labels": {**labels, "alertname": "Direct"}, "startsAt": now, "fingerprint": "f"}
        answer = json.loads(
            post(
                f"{sandbox.receiver_addresses()[0]}/api/v1/alerts",
                {"version": "4", "alerts": [item]},
                Authorization=f"Bearer {sandbox.token}",
            )
        )
        assert answer["alerts"][0]["reason"] == "not-true"
        assert sandbox.rollbacks() == []
        assert sandbox.api.get(SHOP)["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "2"
