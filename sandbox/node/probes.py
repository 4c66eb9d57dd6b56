"""Probes: asking a container whether it has started, is alive and is ready."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from receiver.cluster.api import JsonObject
from sandbox.node.bubblewrap import Bubble

EAGER_SECONDS = 0.1
"""A container that is not yet up is asked this often, so that Ready comes as soon as it can."""


@dataclass(frozen=True)
class ProbeTiming:
    """A probe's numbers, with the API's defaults; times in seconds."""

    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int

    @classmethod
    def of(cls, probe: JsonObject) -> ProbeTiming:
        """The timing of a probe of the pod's spec."""
        return cls(
            initial_delay=float(probe.get("initialDelaySeconds", 0)),
            period=float(probe.get("periodSeconds") or 10),
            timeout=float(probe.get("timeoutSeconds") or 1),
            success_threshold=int(probe.get("successThreshold") or 1),
            failure_threshold=int(probe.get("failureThreshold") or 3),
        )


class Verdict:
    """What a row of answers means: None at first, then True or False, changed only past a threshold."""

    def __init__(self, timing: ProbeTiming) -> None:
        self._timing = timing
        self._in_a_row = 0
        self._last: bool | None = None
        self.value: bool | None = None

    def record(self, success: bool) -> bool:
        """Count an answer. Returns whether the verdict changed."""
        self._in_a_row = self._in_a_row + 1 if success == self._last else 1
        self._last = success
        threshold = self._timing.success_threshold if success else self._timing.failure_threshold
        if self._in_a_row < threshold or self.value is success:
            return False
        self.value = success
        return True


Ask = Callable[[float], tuple[bool, str]]
"""Asks once, within a time-out in seconds. Returns the answer, and why it is no."""


class Prober(threading.Thread):
    """Asks one probe of one run of a container until told to stop.

    `changed` is called from this thread when the verdict changes.
    """

    def __init__(self, ask: Ask, timing: ProbeTiming, changed: Callable[[], None]) -> None:
        super().__init__(name="probe", daemon=True)
        self._ask = ask
        self._timing = timing
        self._changed = changed
        self._stopped = threading.Event()
        self._verdict = Verdict(timing)
        self.message = ""

    @property
    def value(self) -> bool | None:
        """The verdict so far."""
        return self._verdict.value

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def run(self) -> None:
        """Ask eagerly until the first yes, where a no counts once per period; then at each period."""
        pause = self._timing.initial_delay
        until_counted = self._timing.period
        while not self._stopped.wait(pause):
            success, self.message = self._ask(self._timing.timeout)
            pause = self._timing.period
            if not success and self.value is None:
                pause = min(EAGER_SECONDS, self._timing.period)
                until_counted -= pause
                if until_counted > 0:
                    continue
                until_counted = self._timing.period
            if self._verdict.record(success) and not self._stopped.is_set():
                self._changed()


def question(probe: JsonObject, container: JsonObject, ip: str, bubble: Bubble, env: Mapping[str, str]) -> Ask:
    """How to ask this probe. Raises ValueError for a kind that a stand-in node does not offer."""
    if "httpGet" in probe:
        get = probe["httpGet"]
        host, port = get.get("host") or ip, port_number(get["port"], container)
        headers = {header["name"]: header["value"] for header in get.get("httpHeaders", [])}
        secure = get.get("scheme", "HTTP").upper() == "HTTPS"
        return lambda timeout: _ask_http(
            host, port, get.get("path") or "/", headers=headers, secure=secure, timeout=timeout
        )
    if "tcpSocket" in probe:
        tcp = probe["tcpSocket"]
        return lambda timeout: _ask_tcp(tcp.get("host") or ip, port_number(tcp["port"], container), timeout)
    if "exec" in probe:
        command = probe["exec"]["command"]

        def ask_exec(timeout: float) -> tuple[bool, str]:
            code, output = bubble.run_inside(command, env, timeout)
            return code == 0, f"exit code {code}: {output[:200]}"

        return ask_exec
    raise ValueError(f"probe: found {', '.join(probe)}, expected httpGet, tcpSocket or exec")


def port_number(port: int | str, container: JsonObject) -> int:
    """A port by number, or by its name among the container's ports. Raises ValueError for an unknown name."""
    if isinstance(port, int):
        return port
    for known in container.get("ports", []):
        if known.get("name") == port:
            return int(known["containerPort"])
    if port.isdigit():
        return int(port)
    raise ValueError(f"probe: container {container['name']!r} has no port named {port!r}")


def _ask_http(
    host: str, port: int, path: str, *, headers: Mapping[str, str], secure: bool, timeout: float
) -> tuple[bool, str]:
    connection: http.client.HTTPConnection
    if secure:
        context = ssl._create_unverified_context()  # noqa: S323 (a kubelet does not verify either)
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"User-Agent": "kube-probe/sandbox", "Accept": "*/*", **headers})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"HTTP probe failed: {error}"
    finally:
        connection.close()
    return 200 <= status < 400, f"HTTP probe failed with statuscode: {status}"


def _ask_tcp(host: str, port: int, timeout: float) -> tuple[bool, str]:
    try:
        socket.create_connection((host, port), timeout).close()
    except OSError as error:
        return False, f"TCP probe failed: {error}"
    return True, ""
