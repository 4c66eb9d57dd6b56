"""Steady traffic for the pods of a selector, sent to each pod directly.

The API refuses endpoints on loopback, so a Service cannot spread requests in the sandbox: this does, round-robin
over the Ready pods. A pod that refuses the connection is left out until it has been listed again, and the request
goes to another one: what clients with a retry see behind a Service.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import urllib3

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.node.signals import StopSignal

LIST_SECONDS = 0.5
LEAST_LIST_SECONDS = 0.05
KEPT_SECONDS = 120.0
MOST_IN_FLIGHT = 64
TIMEOUT_SECONDS = 5.0
TICK_SECONDS = 0.02
ATTEMPTS = 5

OK, ERROR, FAILED, SKIPPED = "ok", "error", "failed", "skipped"


@dataclass(frozen=True)
class Counts:
    """Requests by what became of them: answered below 500, answered 5xx, no answer, not sent for want of a pod."""

    ok: int = 0
    errors: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def error_ratio(self) -> float:
        """The share of answers that were 5xx; 0 where there was no answer."""
        answered = self.ok + self.errors
        return self.errors / answered if answered else 0.0

    def __str__(self) -> str:
        answers = f"ok {self.ok}, 5xx {self.errors} ({self.error_ratio:.1%})"
        return f"{answers}, no answer {self.failed}, not sent {self.skipped}"


class Traffic:
    """Sends `rate` requests a second from `start` to `stop`, in threads of its own."""

    def __init__(
        self, api: Api, namespace: str, selector: str, rate: float, *, port: int = 8080, path: str = "/checkout"
    ) -> None:
        self._api = api
        self._pods_path = object_path("v1", "pods", namespace)
        self._selector = selector
        self._rate = rate
        self._port = port
        self._path = path
        self._pool = urllib3.PoolManager(num_pools=64, maxsize=MOST_IN_FLIGHT, retries=False)
        self._addresses: tuple[str, ...] = ()
        self._refused: set[str] = set()
        self._ask_again = threading.Event()
        self._listed = threading.Condition()
        self._turn = itertools.count()
        self._total: Counter[str] = Counter()
        self._latest: deque[tuple[float, str]] = deque()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._slots = threading.BoundedSemaphore(MOST_IN_FLIGHT)

    def start(self) -> None:
        """Begin to send."""
        for target in (self._find_pods, self._send_steadily):
            thread = threading.Thread(target=target, name=f"traffic {target.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Send no more, and wait for the last answers."""
        self._stopped.set()
        self._ask_again.set()
        for thread in self._threads:
            thread.join()
        self._pool.clear()

    @property
    def total(self) -> Counts:
        """Everything since the start."""
        with self._lock:
            return _counts(self._total)

    @property
    def targets(self) -> tuple[str, ...]:
        """The addresses that requests go to at the moment."""
        return self._addresses

    def recent(self, seconds: float) -> Counts:
        """The requests that were answered or given up in the last `seconds` (at most 120)."""
        since = time.monotonic() - seconds
        with self._lock:
            return _counts(Counter(outcome for at, outcome in self._latest if at >= since))

    def _find_pods(self) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(ApiError):  # The last known pods stay until there is an answer.
                pods = self._api.get(self._pods_path, labelSelector=self._selector)["items"]
                self._addresses = tuple(sorted(pod["status"]["podIP"] for pod in pods if serves(pod)))
                self._refused.clear()
                with self._listed:
                    self._listed.notify_all()
            self._stopped.wait(LEAST_LIST_SECONDS)
            self._ask_again.wait(LIST_SECONDS - LEAST_LIST_SECONDS)
            self._ask_again.clear()

    def _send_steadily(self) -> None:
        began, sent = time.monotonic(), 0
        with ThreadPoolExecutor(MOST_IN_FLIGHT, "request") as workers:
            while not self._stopped.wait(TICK_SECONDS):
                due = int((time.monotonic() - began) * self._rate) - sent
                sent += due
                for _ in range(due):
                    if self._addresses and self._slots.acquire(blocking=False):
                        workers.submit(self._send)
                    else:
                        self._count(SKIPPED)

    def _send(self) -> None:
        try:
            self._count(self._outcome())
        finally:
            self._slots.release()

    def _outcome(self) -> str:
        for _ in range(ATTEMPTS):
            addresses = [address for address in self._addresses if address not in self._refused]
            if not addresses:
                with self._listed:
                    self._ask_again.set()
                    self._listed.wait(LIST_SECONDS)
                continue
            address = addresses[next(self._turn) % len(addresses)]
            try:
                url = f"http://{address}:{self._port}{self._path}"
                status = self._pool.request("GET", url, timeout=TIMEOUT_SECONDS).status
            except urllib3.exceptions.ReadTimeoutError:
                return FAILED
            except (urllib3.exceptions.HTTPError, OSError):
                self._refused.add(address)
                self._ask_again.set()
            else:
                return ERROR if status >= 500 else OK
        return FAILED

    def _count(self, outcome: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._total[outcome] += 1
            self._latest.append((now, outcome))
            while self._latest[0][0] < now - KEPT_SECONDS:
                self._latest.popleft()


def serves(pod: JsonObject) -> bool:
    """Whether a Service would send requests to this pod: Ready, with an address, not being deleted."""
    status = pod.get("status", {})
    is_ready = any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in status.get("conditions", [])
    )
    return is_ready and bool(status.get("podIP")) and "deletionTimestamp" not in pod["metadata"]


def _counts(outcomes: Counter[str]) -> Counts:
    return Counts(outcomes[OK], outcomes[ERROR], outcomes[FAILED], outcomes[SKIPPED])


def main() -> int:
    """Send traffic until SIGTERM, SIGINT, or the bound. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.traffic", description=main.__doc__)
    parser.add_argument("--kubeconfig", type=Path, help="the cluster (default: as kubectl has it)")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--selector", default="app=shop", help="label selector of the pods")
    parser.add_argument("--rate", type=float, default=50.0, help="requests per second")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--path", default="/checkout")
    parser.add_argument("--seconds", type=float, help="stop after this time")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between the lines that tell the counts")
    options = parser.parse_args()
    stop = StopSignal()
    try:
        api = Api.connect(str(options.kubeconfig) if options.kubeconfig else None, user_agent="sandbox-traffic")
    except ApiError as error:
        print(error, file=sys.stderr)
        return 1
    traffic = Traffic(api, options.namespace, options.selector, options.rate, port=options.port, path=options.path)
    traffic.start()
    ends = time.monotonic() + options.seconds if options.seconds else float("inf")
    while not stop.wait(max(0.0, min(options.every, ends - time.monotonic()))) and time.monotonic() < ends:
        print(f"{len(traffic.targets)} pods: {traffic.recent(options.every)}", flush=True)
    traffic.stop()
    print(f"in all: {traffic.total}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
