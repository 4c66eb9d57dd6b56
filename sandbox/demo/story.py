"""The five acts: a bad release is undone; what is not to blame is left alone; a person approves; evidence refuses; a
workload brings its own rule.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from receiver.decision import reasons
from receiver.timestamps import parse_time
from receiver.workloads.stamp import ReleaseStamp
from sandbox.demo.command import metricops
from sandbox.demo.narrator import Narrator
from sandbox.demo.scene import LIMIT, NAMESPACE, Scene
from sandbox.stack import Sandbox
from sandbox.traffic import Traffic

HERE = Path(__file__).parent
GOOD, BAD, NEXT = "shop:1.0", "shop:1.1", "shop:1.4"
UNDOS = {"shop": 1, "cart": 0, "checkout": 1, "search": 0, "reviews": 1}
OWN_RULE = 'metricops.dev/rule: rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
OWN_GROUP = f"{NAMESPACE}/deployment/reviews/rule"
RATE = 40.0
STEADY = timedelta(seconds=4)
NOT_TO_BLAME = (reasons.BEFORE_ROLLOUT.word, reasons.BAD_BEFORE.word)
"""The first where the alert has gone on since before the rollout, the second where it has paused in between."""


class Story:
    """Plays the acts in a sandbox whose rules are loaded, and keeps what it saw for the checks."""

    def __init__(self, sandbox: Sandbox, narrator: Narrator) -> None:
        self._sandbox = sandbox
        self._tell = narrator
        self._scene = Scene(sandbox)
        self._shop = (HERE / "shop.yaml").read_text()
        self._reviews = (HERE / "reviews.yaml").read_text()
        self._service = Template((HERE / "service.yaml").read_text())
        self.bad_applied: datetime
        self.firing: datetime

    @property
    def record(self) -> dict[str, Any]:
        """The shop's Rollback."""
        return self._scene.record("shop")

    def prepare(self) -> list[Traffic]:
        """Deploy the workloads and send them traffic."""
        services = [
            self._manifest("cart", dependency="down"),
            self._manifest("checkout", mode="approve"),
            self._manifest("search"),
        ]
        self._sandbox.apply("---\n".join([self._shop, *services, self._reviews]))
        traffic = [Traffic(self._sandbox.api, NAMESPACE, "app=shop", RATE)]
        traffic += [
            Traffic(self._sandbox.api, NAMESPACE, f"app={name}", RATE / 4)
            for name in ("cart", "checkout", "search", "reviews")
        ]
        for one in traffic:
            one.start()
        return traffic

    def bad_release(self) -> None:
        """Act one: from a good release to a bad one, and back without anybody's help."""
        tell, scene = self._tell, self._scene
        tell.act("Act 1: a bad release is undone")
        tell.wait(lambda: scene.ready_images("shop") == [GOOD] * 3, 30, f"{GOOD} serves with three Pods")
        tell.wait(lambda: scene.was_good_for_a_while("shop"), 30, "Prometheus sees its traffic, and no errors")
        self.bad_applied = datetime.now(UTC)
        self._sandbox.apply(self._shop.replace(GOOD, BAD))
        tell.say(f"kubectl apply: {BAD}, which answers 500 to three requests in ten")
        tell.wait(lambda: self._is_stamped(BAD), 10, "the admission webhook has stamped the release")
        tell.wait(
            lambda: (scene.error_ratio("shop") or 0.0) > LIMIT,
            30,
            f"the error ratio is above {LIMIT:.0%}",
        )
        tell.wait(self._shop_is_firing, 45, "Prometheus: the alert fires")
        tell.wait(lambda: bool(self.record), 30, "the receiver has claimed a Rollback")
        tell.wait(lambda: self._has("shop", "undoneAt"), 30, "the API server has accepted the undo")
        tell.wait(lambda: scene.ready_images("shop") == [GOOD] * 3, 60, f"{GOOD} serves again, nothing else does")
        tell.wait(
            lambda: (scene.error_ratio("shop") or 0.0) <= LIMIT,
            30,
            f"the error ratio is back under {LIMIT:.0%}",
        )
        tell.wait(lambda: scene.phase("shop") == "Recovered", 60, "the Rollback says Recovered")

    def restraint(self) -> None:
        """Act two: an alert that began before the rollout, and the same delivery twice."""
        tell, scene = self._tell, self._scene
        tell.act("Act 2: restraint")
        tell.say("the cart's payment service has been down since the start, and its alert has been firing")
        self._sandbox.apply(self._manifest("cart", image=NEXT, dependency="down"))
        tell.say("kubectl apply: a new release of the cart")
        tell.wait(lambda: scene.refused("cart", *NOT_TO_BLAME) is not None, 30, "its alert is refused")
        tell.say(f"the reason: {scene.refused('cart', *NOT_TO_BLAME)}")
        for attempt in ("once more", "and again"):
            answer = scene.deliver_again("shop")
            tell.say(f"the shop's delivery {attempt}: {answer['reason']} ({answer['detail']})")
            if answer["reason"] != reasons.ALREADY_CLAIMED.word:
                raise AssertionError(f"the repeated delivery was answered {answer}, expected already-claimed")

    def approval(self) -> None:
        """Act three: where the owner wants to be asked, the undo waits for a person."""
        tell, scene = self._tell, self._scene
        tell.act("Act 3: a person approves")
        tell.wait(
            lambda: scene.was_good_for_a_while("checkout"), 30, "the checkout is labelled approve, and serves well"
        )
        self._sandbox.apply(self._manifest("checkout", image=BAD, mode="approve"))
        tell.say(f"kubectl apply: {BAD} of the checkout")
        tell.wait(lambda: scene.phase("checkout") == "AwaitingApproval", 60, "its Rollback waits for approval")
        # While Pods change the SLI can have a hole, in which the alert is gone and an approval would come too late.
        tell.wait(lambda: scene.has_fired_for("checkout", STEADY), 30, "its alert fires steadily")
        if scene.undos("checkout"):
            raise AssertionError("the checkout was undone before anybody had approved it")
        name = scene.record("checkout")["metadata"]["name"]
        tell.say(f"metricops rollbacks approve {name} --namespace {NAMESPACE}")
        self._approve(name)
        tell.wait(lambda: self._has("checkout", "undoneAt"), 30, "the API server has accepted the undo")
        tell.wait(lambda: scene.is_rolled_out("checkout", GOOD), 60, f"{GOOD} serves again, nothing else does")

    def evidence(self) -> None:
        """Act four: a dependency fails while a release rolls out; its alert fires, and evidence clears the release."""
        tell, scene = self._tell, self._scene
        tell.act("Act 4: evidence against the alert")
        tell.wait(lambda: scene.was_good_for_a_while("search"), 30, "the search serves well")
        self._sandbox.apply(self._manifest("search", dependency="down"))
        tell.say("what the search depends on goes down: no release's doing")
        tell.wait(lambda: scene.was_bad_for_a_while("search"), 30, "its error ratio is high; no alert fires yet")
        self._sandbox.apply(self._manifest("search", image=NEXT, dependency="down"))
        tell.say("kubectl apply: a new release of the search, at the worst moment; old and new fail alike")
        tell.wait(
            lambda: scene.firing_since("search") is not None, 60, "Prometheus: its alert fires, after the rollout"
        )
        cleared = reasons.BAD_BEFORE.word
        tell.wait(lambda: scene.refused("search", cleared) is not None, 30, "its alert is refused")
        tell.say(f"the reason: {scene.refused('search', cleared)}")
        tell.wait(lambda: scene.is_rolled_out("search", NEXT), 60, "the search's release is rolled out, and stays")
        tell.wait(lambda: scene.is_rolled_out("cart", NEXT), 60, "and so is the cart's")

    def own_rule(self) -> None:
        """Act five: the talk's rule in the annotation of a manifest, and nothing else, ends in a rollback."""
        tell, scene = self._tell, self._scene
        tell.act("Act 5: the deployer's own rule")
        tell.say(f"the manifest of the reviews says: {OWN_RULE}")
        tell.wait(lambda: scene.evaluates(OWN_GROUP), 30, "metricops rules reconcile: Prometheus evaluates it")
        tell.wait(lambda: scene.was_good_for_a_while("reviews"), 30, "the reviews serve well")
        self._sandbox.apply(self._reviews.replace(GOOD, BAD))
        tell.say(f"kubectl apply: {BAD} of the reviews")
        tell.wait(lambda: scene.firing_since("reviews") is not None, 45, "Prometheus: an alert of that rule fires")
        tell.wait(lambda: self._has("reviews", "undoneAt"), 30, "the API server has accepted the undo")
        tell.wait(lambda: scene.is_rolled_out("reviews", GOOD), 60, f"{GOOD} serves again, nothing else does")

    def checks(self) -> list[tuple[bool, str]]:
        """What the cluster and Prometheus themselves say at the end: whether each holds, and what it is."""
        scene = self._scene
        serving, ratio = scene.ready_images("shop"), scene.error_ratio("shop")
        stamp, restored_at = scene.stamp("shop"), scene.restored_at("shop")
        undos = {name: scene.undos(name) for name in UNDOS}
        return [
            (serving == [GOOD] * 3, f"the cluster: the shop serves {', '.join(sorted(set(serving))) or 'nothing'}"),
            (
                ratio is not None and ratio <= LIMIT,
                "Prometheus: " + ("no error ratio" if ratio is None else f"the error ratio is {ratio:.1%}"),
            ),
            (
                stamp is not None and list(stamp.images.values()) == [GOOD] and stamp.rollout_began == restored_at,
                f"the shop's stamp: {_released(stamp)}",
            ),
            (
                undos == UNDOS,
                f"{scene.judge}: undos of " + ", ".join(f"the {name} {count}" for name, count in undos.items()),
            ),
        ]

    def times(self) -> list[tuple[str, float]]:
        """The steps with the seconds since the bad release was applied, from the records of the parts themselves."""
        record = self.record
        steps = [
            ("bad release applied", self.bad_applied),
            ("alert firing", self.firing),
            ("claimed", parse_time(record["spec"]["claimedAt"])),
            ("undo accepted", parse_time(record["status"]["undoneAt"])),
            ("rolled back", parse_time(record["status"]["rolledBackAt"])),
            ("recovered", parse_time(record["status"]["recoveredAt"])),
        ]
        return [(name, (moment - self.bad_applied).total_seconds()) for name, moment in steps]

    def _manifest(self, name: str, *, image: str = GOOD, mode: str = "enabled", dependency: str = "up") -> str:
        return self._service.substitute(
            name=name, image=image, mode=mode, dependency=dependency, ready_seconds=1 if name == "checkout" else 10
        )

    def _shop_is_firing(self) -> bool:
        since = self._scene.firing_since("shop")
        if since is not None:
            self.firing = since
        return since is not None

    def _is_stamped(self, image: str) -> bool:
        stamp = self._scene.stamp("shop")
        return stamp is not None and list(stamp.images.values()) == [image]

    def _has(self, name: str, moment: str) -> bool:
        return bool(self._scene.record(name).get("status", {}).get(moment))

    def _approve(self, name: str) -> None:
        who = ("--namespace", NAMESPACE, "--kubeconfig", self._sandbox.cluster.kubeconfig)
        metricops("rollbacks", "approve", name, "--yes", *who)


def _released(stamp: ReleaseStamp | None) -> str:
    if stamp is None or stamp.rollout_began is None or stamp.released_at is None:
        return "none that says when"
    back = (stamp.rollout_began - stamp.released_at).total_seconds()
    return f"{', '.join(stamp.images.values())}, released by {stamp.who}, came back {back:.0f} s later"
