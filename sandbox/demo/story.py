"""The two acts: a bad release is undone; then what is not to blame is left alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from receiver.cluster.api import object_path
from receiver.decision import reasons
from receiver.timestamps import parse_time
from receiver.workloads.deployment import rollout_complete
from sandbox.audit import accepted_undos
from sandbox.demo.narrator import Narrator
from sandbox.stack import Sandbox, is_pod_ready
from sandbox.traffic import Traffic

HERE = Path(__file__).parent
NAMESPACE = "shop"
GOOD, BAD = "shop:1.0", "shop:1.1"
OBJECTIVE = 0.95
SLI = (
    'sum(rate(http_request_total{{namespace="shop",deployment="{name}",code=~"5.."}}[5s]))'
    ' / sum(rate(http_request_total{{namespace="shop",deployment="{name}"}}[5s]))'
)
RATE = 40.0
NOT_TO_BLAME = (reasons.BEFORE_ROLLOUT.word, reasons.BAD_BEFORE.word)
"""The first where the alert has gone on since before the rollout, the second where it has paused in between."""
RELEASED = 2
"""The story releases each workload twice."""


class Story:
    """Plays the acts in a sandbox whose rules are loaded, and keeps what it saw for the checks."""

    def __init__(self, sandbox: Sandbox, narrator: Narrator) -> None:
        self._sandbox = sandbox
        self._tell = narrator
        self._shop = (HERE / "shop.yaml").read_text()
        self._cart = (HERE / "cart.yaml").read_text()
        self.bad_applied: datetime
        self.firing: datetime
        self.record: dict[str, Any] = {}

    def prepare(self) -> list[Traffic]:
        """Deploy both workloads and send them traffic."""
        self._sandbox.apply(self._shop + "---\n" + self._cart)
        traffic = [
            Traffic(self._sandbox.api, NAMESPACE, "app=shop", RATE),
            Traffic(self._sandbox.api, NAMESPACE, "app=cart", RATE / 4),
        ]
        for one in traffic:
            one.start()
        return traffic

    def bad_release(self) -> None:
        """Act one: from a good release to a bad one, and back without anybody's help."""
        tell = self._tell
        tell.act("Act 1: a bad release is undone")
        tell.wait(lambda: self._ready_images("shop") == [GOOD] * 3, 30, f"{GOOD} serves with three Pods")
        tell.wait(lambda: self._was_good_for_a_while("shop"), 30, "Prometheus sees its traffic, and no errors")
        self.bad_applied = datetime.now(UTC)
        self._sandbox.apply(self._shop.replace(GOOD, BAD))
        tell.say(f"kubectl apply: {BAD}, which answers 500 to three requests in ten")
        tell.wait(
            lambda: (self._error_ratio("shop") or 0.0) > 1 - OBJECTIVE,
            30,
            f"the error ratio is above {1 - OBJECTIVE:.0%}",
        )
        tell.wait(self._is_firing, 45, "Prometheus: the alert fires")
        tell.wait(lambda: self._find_record() is not None, 30, "the receiver has claimed a Rollback")
        tell.wait(lambda: self._moment("undoneAt") is not None, 30, "the API server has accepted the undo")
        tell.wait(lambda: self._ready_images("shop") == [GOOD] * 3, 60, f"{GOOD} serves again, nothing else does")
        tell.wait(
            lambda: (self._error_ratio("shop") or 0.0) <= 1 - OBJECTIVE,
            30,
            "the error ratio is back under the objective's",
        )
        tell.wait(lambda: self._phase() == "Recovered", 60, "the Rollback says Recovered")

    def restraint(self) -> None:
        """Act two: an alert that began before the rollout, and the same delivery twice."""
        tell = self._tell
        tell.act("Act 2: restraint")
        tell.say("the cart's payment service has been down since the start, and its alert has been firing")
        self._sandbox.apply(self._cart.replace(GOOD, "shop:1.4"))
        tell.say("kubectl apply: a new release of the cart")
        tell.wait(lambda: self._refused("cart") is not None, 30, "its alert is refused")
        tell.say(f"the reason: {self._refused('cart')}")
        for attempt in ("once more", "and again"):
            answer = self._deliver_again()
            tell.say(f"the shop's delivery {attempt}: {answer['reason']} ({answer['detail']})")
            if answer["reason"] != "already-claimed":
                raise AssertionError(f"the repeated delivery was answered {answer}, expected already-claimed")
        tell.wait(lambda: self._is_rolled_out("cart", "shop:1.4"), 40, "the cart's release is rolled out, and stays")

    def checks(self) -> list[tuple[bool, str]]:
        """What the cluster and Prometheus themselves say at the end: whether each holds, and what it is."""
        serving = self._ready_images("shop")
        ratio = self._error_ratio("shop")
        undos, others = self._undos("shop"), self._undos("cart")
        return [
            (serving == [GOOD] * 3, f"the cluster: the shop serves {', '.join(sorted(set(serving))) or 'nothing'}"),
            (
                ratio is not None and ratio <= 1 - OBJECTIVE,
                "Prometheus: " + ("no error ratio" if ratio is None else f"the error ratio is {ratio:.1%}"),
            ),
            (undos == 1, f"{self._judge}: {undos} undo of the shop"),
            (others == 0, f"{self._judge}: {others} undos of the cart"),
        ]

    def times(self) -> list[tuple[str, float]]:
        """The steps with the seconds since the bad release was applied, from the records of the parts themselves."""
        steps = [
            ("bad release applied", self.bad_applied),
            ("alert firing", self.firing),
            ("claimed", parse_time(self.record["spec"]["claimedAt"])),
            ("undo accepted", parse_time(self.record["status"]["undoneAt"])),
            ("rolled back", parse_time(self.record["status"]["rolledBackAt"])),
            ("recovered", parse_time(self.record["status"]["recoveredAt"])),
        ]
        return [(name, (moment - self.bad_applied).total_seconds()) for name, moment in steps]

    def _error_ratio(self, name: str) -> float | None:
        value = self._sandbox.monitoring.value(SLI.format(name=name))
        return None if value is None or value != value else value  # noqa: PLR0124 - NaN is no ratio

    def _was_good_for_a_while(self, name: str) -> bool:
        """Long enough to be evidence: the SLI has been there, and 0, for three seconds."""
        history = f"({SLI.format(name=name)})[3s:1s]"
        seen = self._sandbox.monitoring.value(f"count_over_time({history}) and max_over_time({history}) == 0")
        return seen is not None and seen >= 3

    def _ready_images(self, app: str) -> list[str]:
        pods = self._sandbox.api.get(object_path("v1", "pods", NAMESPACE), labelSelector=f"app={app}")["items"]
        return [pod["spec"]["containers"][0]["image"] for pod in pods if is_pod_ready(pod)]

    def _is_rolled_out(self, name: str, image: str) -> bool:
        deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
        return rollout_complete(deployment) and self._ready_images(name) == [image]

    def _is_firing(self) -> bool:
        for alert in self._sandbox.monitoring.alerts():
            labels = alert["labels"]
            if alert["state"] == "firing" and labels.get("deployment") == "shop" and labels.get("metricops") == "undo":
                self.firing = parse_time(alert["activeAt"])
                return True
        return False

    def _find_record(self) -> dict[str, Any] | None:
        found = [item for item in self._sandbox.rollbacks(NAMESPACE) if item["spec"]["workload"]["name"] == "shop"]
        self.record = found[0] if found else {}
        return self.record or None

    def _phase(self) -> str:
        self._find_record()
        return str(self.record.get("status", {}).get("phase", ""))

    def _moment(self, field: str) -> str | None:
        self._find_record()
        moment: str | None = self.record.get("status", {}).get(field)
        return moment

    def _refused(self, workload: str) -> str | None:
        """Why the receiver did not blame a release of this workload: the reason and what it saw, by its log."""
        for line in self._sandbox.pod_log("metricops-system", "metricops-receiver", "receiver").splitlines():
            if f"deployment/{workload} " in line and any(f'"reason": "{reason}"' in line for reason in NOT_TO_BLAME):
                entry = json.loads(line)
                return f"{entry['reason']}, {entry['detail']}"
        return None

    def _deliver_again(self) -> dict[str, Any]:
        alert = self.record["spec"]["alert"]
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
    def _judge(self) -> str:
        """Whose word the number of undos is."""
        audited = self._sandbox.cluster.audit_events() is not None
        return "the API server's audit log" if audited else "the Deployments' revision numbers"

    def _undos(self, name: str) -> int:
        """PATCHes of the Deployment by the receiver that the API server accepted.

        Without an audit log: the revisions that the Deployment has had beyond those that the story released.
        """
        events = self._sandbox.cluster.audit_events()
        if events is None:
            deployment = self._sandbox.api.get(object_path("apps/v1", "deployments", NAMESPACE, name))
            return int(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) - RELEASED
        return len(accepted_undos(events, NAMESPACE, name))
