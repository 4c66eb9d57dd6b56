"""What the parts themselves show of the story: the cluster, Prometheus, the audit log, the receiver's log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from receiver.cluster.api import object_path
from receiver.decision.templates import template_hash
from receiver.timestamps import parse_time
from receiver.workloads.deployment import rollout_complete
from receiver.workloads.revisions import read_restored_by
from receiver.workloads.stamp import ReleaseStamp, read_stamp
from sandbox.audit import accepted_undos
from sandbox.stack import Sandbox, is_pod_ready

NAMESPACE = "shop"
LIMIT = 0.05
"""The error ratio above which the shop's alert fires: examples/slo-demo.yaml."""
SLI = (
    'sum(rate(http_request_total{{namespace="shop",deployment="{name}",code=~"5.."}}[5s]))'
    ' / sum(rate(http_request_total{{namespace="shop",deployment="{name}"}}[5s]))'
)
RELEASED = 2
"""The story releases each workload twice."""


class Scene:
    """Asks the parts; nothing is remembered."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def error_ratio(self, name: str) -> float | None:
        """The workload's share of errors in the last 5 s; None without traffic."""
        value = self._sandbox.monitoring.value(SLI.format(name=name))
        return None if value is None or value != value else value  # noqa: PLR0124 - NaN is no ratio

    def was_good_for_a_while(self, name: str) -> bool:
        """Long enough to be evidence: the SLI has been there, and 0, for three seconds."""
        history = f"({SLI.format(name=name)})[3s:1s]"
        seen = self._sandbox.monitoring.value(f"count_over_time({history}) and max_over_time({history}) == 0")
        return seen is not None and seen >= 3

    def was_bad_for_a_while(self, name: str) -> bool:
        """Long enough that a rollout which begins now finds it bad, whatever second it is counted from."""
        history = f"({SLI.format(name=name)})[2s:1s]"
        return (self._sandbox.monitoring.value(f"min_over_time({history})") or 0.0) > 0.4

    def ready_images(self, app: str) -> list[str]:
        """The images of the workload's ready Pods."""
        pods = self._sandbox.api.get(object_path("v1", "pods", NAMESPACE), labelSelector=f"app={app}")["items"]
        return [pod["spec"]["containers"][0]["image"] for pod in pods if is_pod_ready(pod)]

    def is_rolled_out(self, name: str, image: str) -> bool:
        """Whether this image serves, and nothing else does."""
        deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
        return rollout_complete(deployment) and self.ready_images(name) == [image]

    def stamp(self, name: str) -> ReleaseStamp | None:
        """What the workload's stamp says; None while it has none for its template."""
        deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
        stamp = read_stamp(deployment["metadata"].get("annotations") or {})
        fits = stamp is not None and stamp.template_hash == template_hash(deployment["spec"]["template"])
        return stamp if fits else None

    def restored_at(self, name: str) -> datetime | None:
        """When the workload's last undo was made, by its own note."""
        deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
        note = read_restored_by(deployment["metadata"].get("annotations") or {})
        return note.restored_at if note else None

    def firing_since(self, name: str) -> datetime | None:
        """When the workload's alert that may undo became true, while it fires."""
        for alert in self._sandbox.monitoring.alerts():
            labels = alert["labels"]
            if alert["state"] == "firing" and labels.get("deployment") == name and labels.get("metricops") == "undo":
                return parse_time(alert["activeAt"])
        return None

    def evaluates(self, group: str) -> bool:
        """Whether Prometheus has this group of rules."""
        return any(one["name"] == group for one in self._sandbox.monitoring.rules())

    def has_fired_for(self, name: str, least: timedelta) -> bool:
        """Whether the workload's alert has been true without a break for so long, and fires."""
        since = self.firing_since(name)
        return since is not None and datetime.now(UTC) - since >= least

    def record(self, name: str) -> dict[str, Any]:
        """The workload's Rollback; empty while there is none."""
        found = [item for item in self._sandbox.rollbacks(NAMESPACE) if item["spec"]["workload"]["name"] == name]
        return found[0] if found else {}

    def phase(self, name: str) -> str:
        """The phase of the workload's Rollback."""
        return str(self.record(name).get("status", {}).get("phase", ""))

    def refused(self, name: str, *reasons: str) -> str | None:
        """Why the receiver did not blame a release of this workload: one of these reasons, and what it saw, by its
        log.
        """
        for line in self._sandbox.pod_log("metricops-system", "metricops-receiver", "receiver").splitlines():
            if f"deployment/{name} " in line and any(f'"reason": "{reason}"' in line for reason in reasons):
                entry = json.loads(line)
                return f"{entry['reason']}, {entry['detail']}"
        return None

    def deliver_again(self, name: str) -> dict[str, Any]:
        """Send the alert of the workload's Rollback once more, as Alertmanager does. Returns what it is answered."""
        alert = self.record(name)["spec"]["alert"]
        body = {
            "version": "4",
            "groupKey": alert["groupKey"],
            "status": "firing",
            "alerts": [{**alert, "status": "firing", "endsAt": "0001-01-01T00:00:00Z"}],
        }
        response = urllib3.request(
            "POST",
            f"{self._sandbox.receiver_addresses()[0]}/api/v1/alerts",
            body=json.dumps(body),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._sandbox.token}"},
        )
        answer: dict[str, Any] = json.loads(response.data)["alerts"][0]
        return answer

    @property
    def judge(self) -> str:
        """Whose word the number of undos is."""
        audited = self._sandbox.cluster.audit_events() is not None
        return "the API server's audit log" if audited else "the Deployments' revision numbers"

    def undos(self, name: str) -> int:
        """PATCHes of the Deployment by the receiver that the API server accepted.

        Without an audit log: the revisions that the Deployment has had beyond those that the story released.
        """
        events = self._sandbox.cluster.audit_events()
        if events is None:
            deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
            return int(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) - RELEASED
        return len(accepted_undos(events, NAMESPACE, name))
