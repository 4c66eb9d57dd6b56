from __future__ import annotations

from typing import Any

import pytest

from sandbox.node.status import ContainerView, Running, State, Terminated, Waiting, phase, pod_status

NOW = "2026-01-02T03:04:05Z"
EARLIER = "2026-01-01T00:00:00Z"
DONE = Terminated(0, EARLIER, EARLIER, "standin://a")
FAILED = Terminated(1, EARLIER, EARLIER, "standin://a", message="boom")
UP = Running(EARLIER)
FRESH = Waiting("ContainerCreating")


def view(state: State, *, last: Terminated | None = None, ready: bool = False, name: str = "c") -> ContainerView:
    return ContainerView(name, "shop:1.0", state, last, ready=ready, started=ready)


@pytest.mark.parametrize(
    ("policy", "inits", "mains", "expected"),
    [
        ("Always", [], [FRESH], "Pending"),
        ("Always", [], [UP], "Running"),
        ("Always", [], [UP, FRESH], "Pending"),
        ("Always", [], [FAILED], "Running"),
        ("Always", [], [DONE], "Running"),
        ("Always", [UP], [FRESH], "Pending"),
        ("Always", [DONE], [UP], "Running"),
        ("Always", [FAILED], [FRESH], "Pending"),
        ("Never", [FAILED], [FRESH], "Failed"),
        ("Never", [], [DONE], "Succeeded"),
        ("Never", [], [DONE, FAILED], "Failed"),
        ("Never", [], [DONE, UP], "Running"),
        ("OnFailure", [], [DONE], "Succeeded"),
        ("OnFailure", [], [FAILED], "Running"),
    ],
)
def test_phase(policy: str, inits: list[State], mains: list[State], expected: str) -> None:
    assert phase(policy, [view(state) for state in inits], [view(state) for state in mains]) == expected


def test_a_container_that_waits_after_a_crash_does_not_make_its_pod_pending() -> None:
    assert phase("Always", [], [view(Waiting("CrashLoopBackOff"), last=FAILED)]) == "Running"


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"generation": 3}, "spec": {}, "status": status}


def conditions(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {condition["type"]: condition for condition in found["conditions"]}


def status(of: dict[str, Any], *mains: ContainerView, inits: tuple[ContainerView, ...] = ()) -> dict[str, Any]:
    return pod_status(of, {"podIP": "127.1.2.3", "hostIP": "127.0.0.1"}, inits, mains, NOW)


def test_a_ready_pod() -> None:
    found = status(pod(), view(UP, ready=True))
    assert found["phase"] == "Running"
    assert found["podIPs"] == [{"ip": "127.1.2.3"}]
    assert found["startTime"] == NOW
    assert found["observedGeneration"] == 3
    assert {name: c["status"] for name, c in conditions(found).items()} == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"), "True"
    )
    assert found["containerStatuses"][0]["state"] == {"running": {"startedAt": EARLIER}}


def test_an_unready_container_is_named() -> None:
    found = conditions(status(pod(), view(UP, ready=True), view(UP, name="slow")))
    assert found["Ready"]["reason"] == "ContainersNotReady"
    assert found["Ready"]["message"] == "containers with unready status: [slow]"
    assert conditions(status(pod(), view(FRESH), inits=(view(UP, name="first"),)))["Initialized"]["message"].endswith(
        "[first]"
    )


def test_a_condition_keeps_its_time_until_it_changes() -> None:
    before = [{"type": "Ready", "status": "True", "lastTransitionTime": EARLIER}]
    kept = conditions(status(pod(conditions=before, startTime=EARLIER), view(UP, ready=True)))
    assert kept["Ready"]["lastTransitionTime"] == EARLIER
    changed = conditions(status(pod(conditions=before), view(UP)))
    assert changed["Ready"]["lastTransitionTime"] == NOW


def test_conditions_of_others_stay_and_a_readiness_gate_counts() -> None:
    theirs = {"type": "example.com/gate", "status": "False", "lastTransitionTime": EARLIER}
    gated = {**pod(conditions=[theirs]), "spec": {"readinessGates": [{"conditionType": "example.com/gate"}]}}
    found = conditions(status(gated, view(UP, ready=True)))
    assert found["example.com/gate"] == theirs
    assert (found["Ready"]["status"], found["ContainersReady"]["status"]) == ("False", "True")
    gated["status"]["conditions"] = [{**theirs, "status": "True"}]
    assert conditions(status(gated, view(UP, ready=True)))["Ready"]["status"] == "True"


def test_a_completed_pod_is_not_ready() -> None:
    never = {**pod(), "spec": {"restartPolicy": "Never"}}
    assert conditions(status(never, view(DONE)))["Ready"]["reason"] == "PodCompleted"


def test_how_a_container_ended_is_told() -> None:
    entry = view(Waiting("CrashLoopBackOff", "back-off 2s"), last=FAILED).status()
    assert entry["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 2s"}}
    ended = entry["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (1, "Error", "boom")
