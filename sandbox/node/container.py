"""One container of a pod over all its runs: start, probe, restart with back-off, stop.

Left out, because nothing in the sandbox asks for it: postStart hooks, resource limits, a changed image of a running
container, and the termination message file (the log's tail is offered instead).
"""

from __future__ import annotations

import math
import signal
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from receiver.cluster.api import JsonObject
from sandbox.node.backoff import Backoff
from sandbox.node.bubblewrap import Bubble
from sandbox.node.clock import timestamp
from sandbox.node.host import Host
from sandbox.node.launch import PULL_FAILED, LaunchError, log_tail, prepare
from sandbox.node.probes import Ask, Prober, ProbeTiming, question
from sandbox.node.status import ContainerView, Running, State, Terminated, Waiting
from sandbox.node.volumes import Volumes

LEAST_GRACE_SECONDS = 2.0
"""What is left for SIGTERM after a preStop hook that used up the grace period; so does the kubelet."""
KILL_SECONDS = 10.0
RETRY_SECONDS = 1.0
"""What could not be started for want of an object is tried again this often."""


class Container:
    """A container. All methods but `stop` and `kill` are for the pod's own thread, which its process dies with."""

    def __init__(
        self,
        host: Host,
        pod: JsonObject,
        spec: JsonObject,
        *,
        volumes: Volumes,
        wake: Callable[[], None],
        restart: str,
    ) -> None:
        self._host = host
        self._pod = pod
        self._spec = spec
        self._volumes = volumes
        self._wake = wake
        self._restart = restart
        self._backoff = Backoff(host.first_backoff, host.longest_backoff)
        self._pulls = Backoff(host.first_backoff, host.longest_backoff)
        self._bubble: Bubble | None = None
        self._environment: dict[str, str] = {}
        self._probers: dict[str, Prober] = {}
        self._stopper: threading.Thread | None = None
        self._stopping = False
        self._began = 0.0
        self._start_at = 0.0
        self._image_id = ""
        self._id = ""
        self._runs = 0
        self._started = False
        self._state: State = Waiting("ContainerCreating")
        self._last: Terminated | None = None
        self._carry_over(pod)

    def _carry_over(self, pod: JsonObject) -> None:
        """Go on counting where an earlier node process left off."""
        status = pod.get("status", {})
        for known in status.get("containerStatuses", []) + status.get("initContainerStatuses", []):
            if known["name"] == self._spec["name"] and known.get("containerID"):
                self._runs = known.get("restartCount", 0) + 1

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self._spec["name"])

    @property
    def exit_fd(self) -> int | None:
        """A descriptor that becomes readable when the process ends; None while there is none."""
        return self._bubble.exit_fd if self._bubble else None

    @property
    def finished(self) -> bool:
        """Whether it ended and is not to be started again."""
        return isinstance(self._state, Terminated) and not self._restarts(self._state.exit_code)

    def wait_for_turn(self, reason: str) -> None:
        """Show a container that has not been started yet as waiting for this reason."""
        if self._runs == 0 or not self._id:
            self._state = Waiting(reason)

    def view(self) -> ContainerView:
        """The container as its status tells it."""
        running = isinstance(self._state, Running)
        readiness = self._probers.get("readiness")
        return ContainerView(
            name=self.name,
            image=self._spec["image"],
            state=self._state,
            last=self._last,
            image_id=self._image_id,
            container_id=self._id,
            ready=running and self._started and (readiness.value is True if readiness else not self._waits_for_ready()),
            started=running and self._started,
            restart_count=max(0, self._runs - 1),
        )

    def sync(self, pod: JsonObject) -> float:
        """Bring it to where it should be. Returns in how many seconds it wants to be looked at again."""
        self._pod = pod
        if self._bubble is not None and (code := self._bubble.exit_code) is not None:
            self._ended(self._bubble, code)
        if self._bubble is not None:
            self._judge_health(self._bubble)
            return math.inf
        if self._stopping or self.finished:
            return math.inf
        wait = self._start_at - time.monotonic()
        if wait > 0:
            return wait
        try:
            self._start()
        except LaunchError as error:
            return self._postpone(error)
        return math.inf

    def stop(self, grace: float) -> None:
        """End the process for good: preStop hook, SIGTERM, after `grace` seconds SIGKILL. Returns when it has ended."""
        self._stopping = True
        bubble = self._bubble
        if bubble is not None:
            self._end(bubble, grace)

    def kill(self) -> None:
        """End the process at once and for good."""
        self._stopping = True
        if self._bubble is not None:
            self._bubble.signal(signal.SIGKILL)

    def _start(self) -> None:
        launch = prepare(self._host, self._pod, self._spec, self._volumes)
        log = self._log()
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        try:
            bubble = Bubble.start(launch.tree, launch.confinement, launch.command, launch.environment, log)
        except OSError as error:
            raise LaunchError("CreateContainerError", f"bubblewrap: {error}") from error
        self._bubble, self._environment = bubble, launch.environment
        self._image_id = f"{self._spec['image'].split('@')[0]}@{launch.image.digest}"
        self._id = f"standin://{uuid.uuid4().hex}"
        self._runs += 1
        self._began = time.monotonic()
        self._state = Running(timestamp())
        if "startupProbe" in self._spec:
            self._probe("startup")
        else:
            self._has_started()

    def _postpone(self, error: LaunchError) -> float:
        """Show why it is not started. Returns when to try again."""
        reason, wait, message = error.reason, RETRY_SECONDS, str(error)
        if reason == PULL_FAILED:
            wait = max(RETRY_SECONDS, self._pulls.ended(0))
            if isinstance(self._state, Waiting) and self._state.reason in (PULL_FAILED, "ImagePullBackOff"):
                reason, message = "ImagePullBackOff", f'Back-off pulling image "{self._spec["image"]}": {error}'
        self._host.events.warn(self._pod, "Failed", f"container {self.name}: {error}")
        self._state = Waiting(reason, message)
        self._start_at = time.monotonic() + wait
        return wait

    def _ended(self, bubble: Bubble, code: int) -> None:
        for prober in self._probers.values():
            prober.stop()
        if self._stopper is not None:
            self._stopper.join()
            self._stopper = None
        self._bubble = None
        bubble.close()
        started_at = self._state.started_at if isinstance(self._state, Running) else timestamp()
        falls_back = self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and code != 0
        message = log_tail(self._log()) if falls_back else ""
        ended = Terminated(code, started_at, timestamp(), self._id, message)
        self._probers, self._started = {}, False
        self._state = ended
        if self._stopping or not self._restarts(code):
            return
        self._last = ended
        wait = self._backoff.ended(time.monotonic() - self._began)
        self._start_at = time.monotonic() + wait
        if wait:
            pod = self._pod["metadata"]
            which = f"container={self.name} pod={pod['name']}_{pod['namespace']}({pod['uid']})"
            self._host.events.warn(self._pod, "BackOff", f"Back-off restarting failed {which}")
            self._state = Waiting("CrashLoopBackOff", f"back-off {wait:g}s restarting failed {which}")

    def _restarts(self, code: int) -> bool:
        return self._restart == "Always" or (self._restart == "OnFailure" and code != 0)

    def _waits_for_ready(self) -> bool:
        return "readinessProbe" in self._spec

    def _has_started(self) -> None:
        self._started = True
        for kind in ("readiness", "liveness"):
            if f"{kind}Probe" in self._spec:
                self._probe(kind)

    def _probe(self, kind: str) -> None:
        probe, bubble = self._spec[f"{kind}Probe"], self._bubble
        if bubble is None:
            return
        ask: Ask
        try:
            ask = question(probe, self._spec, self._pod["status"]["podIP"], bubble, self._environment)
        except ValueError as error:
            text = str(error)

            def ask(_timeout: float) -> tuple[bool, str]:
                return False, text

        self._probers[kind] = Prober(ask, ProbeTiming.of(probe), self._wake)
        self._probers[kind].start()

    def _judge_health(self, bubble: Bubble) -> None:
        """Act on what the probes have found."""
        startup = self._probers.get("startup")
        if startup is not None and startup.value is True and not self._started:
            startup.stop()
            self._has_started()
        for kind, prober in self._probers.items():
            if prober.value is not False:
                continue
            self._host.events.warn(self._pod, "Unhealthy", f"{kind} probe of {self.name} failed: {prober.message}")
            if kind != "readiness" and self._stopper is None:
                grace = self._spec[f"{kind}Probe"].get("terminationGracePeriodSeconds")
                seconds = self._pod["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace
                self._stopper = threading.Thread(target=self._end, args=(bubble, float(seconds)), daemon=True)
                self._stopper.start()

    def _end(self, bubble: Bubble, grace: float) -> None:
        deadline = time.monotonic() + grace
        left = grace
        if grace > 0 and (hook := self._spec.get("lifecycle", {}).get("preStop")):
            self._run_hook(hook, bubble, grace)
            left = max(LEAST_GRACE_SECONDS, deadline - time.monotonic())
        if left > 0:
            bubble.signal(signal.SIGTERM)
        if left <= 0 or not bubble.wait(left):
            bubble.signal(signal.SIGKILL)
            bubble.wait(KILL_SECONDS)

    def _run_hook(self, hook: JsonObject, bubble: Bubble, seconds: float) -> None:
        if "sleep" in hook:
            bubble.wait(min(seconds, float(hook["sleep"].get("seconds", 0))))
            return
        try:
            ask = question(hook, self._spec, self._pod["status"]["podIP"], bubble, self._environment)
            success, message = ask(seconds)
        except ValueError as error:
            success, message = False, str(error)
        if not success:
            self._host.events.warn(self._pod, "FailedPreStopHook", f"container {self.name}: {message}")

    def _log(self) -> Path:
        folder = self._host.log_folder(self._pod)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.name}.log"
