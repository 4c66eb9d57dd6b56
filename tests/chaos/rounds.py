"""One round of one workload: a bad release, its alert, perhaps a person, and what came of it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import urllib3

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.rollbacks.machine import is_finished
from receiver.rollbacks.record import read_rollback
from receiver.workloads.deployment import rollout_complete
from sandbox.receiver_process import alert_for
from tests.chaos.receivers import ChaosReceiver
from tests.cluster.workloads import MANAGER, manifest, path, records, version_of

NAME = "shop"
DEADLINE_SECONDS = 300.0
POLL_SECONDS = 0.3
A_SECOND = 1.1
"""When a ReplicaSet was made is known to the second: a person acts after it, so that clocks can tell."""

Person = Literal["nobody", "fixes forward", "undoes"]
Result = TypeVar("Result")


@dataclass
class Round:
    """What was done, and what the record says in the end."""

    namespace: str
    good: str
    bad: str
    person: Person
    deliveries: int = 0
    phase: str = ""
    reason: str = ""
    finished: bool = False

    @property
    def outcome(self) -> str:
        """The record's last phase, in words."""
        phase = f"{self.phase} ({self.reason})" if self.phase else "no record"
        return phase if self.finished else f"unfinished: {phase}"


class Workload:
    """A Deployment without replicas in a namespace of its own: it rolls out at once, and has revisions."""

    def __init__(self, api: Api, namespace: str, receivers: list[ChaosReceiver], seed: str) -> None:
        self._api = api
        self.namespace = namespace
        self._receivers = receivers
        self._random = random.Random(seed)  # noqa: S311 - what is random here must be repeatable
        self._version = 0
        self._good = ""
        self._earlier_alert: JsonObject | None = None

    def create(self) -> None:
        """The namespace, and a first good release."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        patiently(
            lambda: self._api.apply(object_path("v1", "namespaces", name=self.namespace), body, field_manager=MANAGER)
        )
        self._good = self._release("good")

    def play(self, stopping: threading.Event, begin: Callable[[Round], None], *, plain: bool = False) -> None:
        """One round.

        `begin` is called with the round before the alert is delivered. A plain round is one delivery, and nobody
        else acts.
        """
        if version_of(patiently(lambda: self._api.get(path(self.namespace, NAME)))) != self._good:
            self._good = self._release("good")  # The round before ended badly, or was cut off.
        good = self._good
        bad = self._release("bad")
        dice = self._random
        person: Person = "nobody" if plain else dice.choices(("nobody", "fixes forward", "undoes"), (8, 1, 1))[0]
        played = Round(self.namespace, good, bad, person)
        alert = alert_for(self.namespace, NAME)
        spread = 2.5 if person != "nobody" or dice.random() < 0.05 else 0.4
        posts = [(dice.uniform(0, spread), alert) for _ in range(1 if plain else dice.choice((1, 1, 2, 3)))]
        if self._earlier_alert is not None and not plain and dice.random() < 0.2:
            posts.append((dice.uniform(0, spread), self._earlier_alert))  # Out of order.
        if not plain and dice.random() < 0.2:
            posts.append((dice.uniform(0, spread), {**alert, "status": "resolved"}))
        played.deliveries = len(posts)
        begin(played)
        with ThreadPoolExecutor(len(posts) + 1) as pool:
            waiting: list[Future[None]] = [pool.submit(self._deliver, *post, stopping) for post in posts]
            if person != "nobody":
                waiting.append(pool.submit(self._act, person, dice.uniform(A_SECOND, 2.5)))
            for future in waiting:
                future.result()
        self._earlier_alert = alert
        if stopping.is_set():
            return
        self._await_end(played, stopping)

    def _release(self, word: str) -> str:
        self._version += 1
        version = f"{word}-{self._version}"
        body = manifest(self.namespace, NAME, version, {})
        body["spec"]["replicas"] = 0
        patiently(lambda: self._api.apply(path(self.namespace, NAME), body, field_manager=MANAGER))
        self._await_rollout()
        return version

    def _await_rollout(self) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not rollout_complete(patiently(lambda: self._api.get(path(self.namespace, NAME)))):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.namespace}: the rollout is not complete within {DEADLINE_SECONDS:g} s")
            time.sleep(0.1)

    def _act(self, person: Person, after: float) -> None:
        time.sleep(after)
        if person == "fixes forward":
            self._good = self._release("good")
            return
        replica_sets = patiently(
            lambda: self._api.get(object_path("apps/v1", "replicasets", self.namespace), labelSelector=f"app={NAME}")
        )["items"]
        template = next(item["spec"]["template"] for item in replica_sets if version(item) == self._good)
        template["metadata"]["labels"].pop("pod-template-hash")
        undo = [{"op": "replace", "path": "/spec/template", "value": template}]
        patiently(lambda: self._api.json_patch(path(self.namespace, NAME), undo, fieldManager="kubectl-rollout"))
        self._await_rollout()

    def _deliver(self, after: float, alert: JsonObject, stopping: threading.Event) -> None:
        """As Alertmanager does: again after a 5xx or a broken connection, until it is accepted; never after a 2xx."""
        time.sleep(after)
        while not stopping.is_set():
            try:
                status, _ = self._random.choice(self._receivers).process.deliver(alert)
            except (urllib3.exceptions.HTTPError, ValueError):
                status = 0
            if 200 <= status < 300:
                return
            time.sleep(self._random.uniform(0.2, 1.0))

    def _await_end(self, played: Round, stopping: threading.Event) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline and not stopping.is_set():
            found = patiently(lambda: records(self._api, self.namespace))
            if found:
                rollback = read_rollback(found[0])
                played.phase, played.reason = str(rollback.phase), str(found[0].get("status", {}).get("reason", ""))
                played.finished = is_finished(rollback)
            elif played.person != "nobody":
                played.finished = True  # All deliveries were answered, and none of them claimed.
            if played.finished:
                break
            time.sleep(POLL_SECONDS)
        for record in patiently(lambda: records(self._api, self.namespace)) if played.finished else []:
            patiently(lambda record=record: self._delete(record))  # type: ignore[misc]

    def _delete(self, record: JsonObject) -> None:
        try:
            self._api.delete(object_path("metricops.dev/v1", "rollbacks", self.namespace, record["metadata"]["name"]))
        except ApiError as error:
            if error.status != 404:
                raise


def version(replica_set: JsonObject) -> str:
    """The version that a ReplicaSet's template carries."""
    environment: list[dict[str, Any]] = replica_set["spec"]["template"]["spec"]["containers"][0]["env"]
    return str(environment[0]["value"])


def patiently(ask: Callable[[], Result]) -> Result:
    """Ask an API server that may be restarting. Raises `ApiError` where it stays away, or refuses."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            return ask()
        except ApiError as error:
            if (not error.is_transient and error.status not in (403, 404)) or time.monotonic() > deadline:
                raise
            if error.status in (403, 404) and time.monotonic() > deadline - DEADLINE_SECONDS + 10:
                raise
            time.sleep(0.5)
