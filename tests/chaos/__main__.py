"""`python -m tests.chaos`: prints the table; exits non-zero unless lost, double and innocent undos are all 0."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from pathlib import Path

from sandbox.cache import Progress
from sandbox.cluster import ControlPlane
from sandbox.kubeconfig import certificate_authority
from sandbox.shipped import install, shipped_objects
from tests.chaos.cells import Matrix
from tests.chaos.oracle import Change, template_changes
from tests.chaos.receivers import ChaosReceiver
from tests.chaos.rounds import Round, Workload
from tests.chaos.steps import Step, Tracker
from tests.cluster.conftest import Cluster

PREFIX = "chaos-"
FAULTS_PER_ROUND = 16
RECORDED_ROUNDS = 3
DRAIN_SECONDS = 150.0
RESTARTS_AT = (0.2, 0.5)
"""When the API server is restarted, as parts of the time."""

say: Progress = print


class Chaos:
    """Workloads that play rounds in parallel until every cell was hit often enough."""

    def __init__(self, plane: ControlPlane, folder: Path, options: argparse.Namespace) -> None:
        self.plane = plane
        self.options = options
        self.tracker = Tracker(PREFIX)
        self.rounds: list[Round] = []
        self.errors: list[str] = []
        self.draining = threading.Event()
        self.stopping = threading.Event()
        cluster = Cluster(plane.kubeconfig, plane, folder)
        authority = str(certificate_authority(plane.kubeconfig, folder))
        token = cluster.receiver_token()
        self.receivers = [
            ChaosReceiver(n, self._copied(folder), token, authority, self.tracker, plane.server)
            for n in range(options.receivers)
        ]
        # One of them never has a watch that lasts: what the others know without asking, it has to read.
        self.receivers[0].proxy.without_watches = True
        self.matrix = Matrix([], options.times, options.seed)

    def _copied(self, folder: Path) -> Path:
        kubeconfig = folder / "admin.kubeconfig"
        kubeconfig.write_text(self.plane.kubeconfig.read_text())
        return kubeconfig

    def record(self) -> list[Step]:
        """Play some rounds in which nothing goes wrong: what the receivers send is what there is to break."""
        for number, receiver in enumerate(self.receivers[:2]):
            namespace = f"{PREFIX}recording-{number}"
            workload = Workload(self.plane.api(), namespace, [receiver], f"{self.options.seed}/recording/{number}")
            workload.create()
            for _ in range(RECORDED_ROUNDS):
                workload.play(self.stopping, self._begin, plain=True)
        return list(self.tracker.seen)

    def run(self, steps: list[Step]) -> None:
        """Break them, until each cell was hit often enough or the time is over."""
        self.matrix = Matrix(steps, self.options.times, self.options.seed)
        for receiver in self.receivers:
            receiver.proxy.matrix = self.matrix
        threads = [
            threading.Thread(target=self._play, args=(number,), daemon=True) for number in range(self.options.workloads)
        ]
        for thread in threads:
            thread.start()
        began, restarts = time.monotonic(), list(RESTARTS_AT)
        seconds = 60.0 * self.options.minutes
        said = 0.0
        while (passed := time.monotonic() - began) < seconds and not self.errors:
            undone = sum(r.phase in ("RolledBack", "Recovered") for r in self.rounds)
            if self.matrix.open == 0 and undone >= self.options.undos:
                break
            if passed - said >= 10:
                said = passed
                hits, cells = sum(self.matrix.hits.values()), len(self.matrix.hits)
                say(
                    f"  {passed:4.0f} s: {len(self.rounds)} rounds, {undone} undos completed, {hits} faults, "
                    f"{cells - self.matrix.open} of {cells} cells done, {self._kills()} kills"
                )
            if restarts and passed > restarts[0] * seconds:
                restarts.pop(0)
                say("  the API server restarts")
                self.plane.restart_api_server()
            self.stopping.wait(0.5)
        self._drain(threads)

    def _drain(self, threads: list[threading.Thread]) -> None:
        """No more faults and no new rounds: what is under way must come to its end."""
        for receiver in self.receivers:
            receiver.proxy.matrix = None
        self.draining.set()
        deadline = time.monotonic() + DRAIN_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _kills(self) -> int:
        return sum(receiver.kills for receiver in self.receivers)

    def _play(self, number: int) -> None:
        namespace = f"{PREFIX}{number}"
        try:
            workload = Workload(self.plane.api(), namespace, self.receivers, f"{self.options.seed}/{number}")
            workload.create()
            while not self.draining.is_set():
                workload.play(self.stopping, self._begin)
                self.matrix.disarm(namespace)
        except Exception:
            self.errors.append(f"{namespace}: {traceback.format_exc()}")

    def _begin(self, played: Round) -> None:
        self.rounds.append(played)
        self.tracker.begin(played.namespace)
        self.matrix.arm(played.namespace, FAULTS_PER_ROUND)

    def verdict(self) -> int:
        """Print what happened by the audit log. Returns the exit code."""
        changes = template_changes(self.plane.audit_log)
        lost = [r for r in self.rounds if not r.finished or (r.person == "nobody" and not _undone(r, changes))]
        double = [r for r in self.rounds if len(_undone(r, changes)) > 1]
        bad = {(r.namespace, r.bad): r for r in self.rounds}
        innocent = [
            (namespace, change)
            for namespace, found in changes.items()
            for change in found
            if change.by_receiver and not _is_right(namespace, change, bad)
        ]
        completed = sum(len(_undone(r, changes)) for r in self.rounds if r.phase in ("RolledBack", "Recovered"))
        say(f"\nalerts sent                {len(self.rounds)} (in {sum(r.deliveries for r in self.rounds)} deliveries)")
        for person, count in Counter(r.person for r in self.rounds).most_common():
            say(f"  meanwhile, a person      {person}: {count}")
        for outcome, count in Counter(r.outcome for r in self.rounds).most_common():
            say(f"  outcome                  {outcome}: {count}")
        hits = self.matrix.hits
        say(f"faults                     {sum(hits.values())}, of them {self._kills()} SIGKILLs")
        say(f"cells                      {len(hits)}, hit at least {min(hits.values(), default=0)} times each")
        say(f"undos completed            {completed}")
        say(f"lost alerts                {len(lost)}")
        say(f"double undos               {len(double)}")
        say(f"innocent undos             {len(innocent)}")
        for round_ in [*lost, *double][:20]:
            say(f"  {round_.outcome}: {round_}\n    {changes.get(round_.namespace, [])[-4:]}")
        for entry in innocent[:20]:
            say(f"  innocent: {entry}")
        for cell, count in hits.items():
            if count < self.options.times:
                say(
                    f"  only {count}: {cell.step}, {cell.fault} {'after' if cell.after_effect else 'before'} the effect"
                )
        for error in self.errors[:5]:
            say(error)
        enough = self.matrix.open == 0 and completed >= self.options.undos
        return 0 if enough and not (lost or double or innocent or self.errors) else 1


def _undone(round_: Round, changes: dict[str, list[Change]]) -> list[Change]:
    return [c for c in changes.get(round_.namespace, []) if c.by_receiver and c.left == round_.bad]


def _is_right(namespace: str, change: Change, bad: dict[tuple[str, str], Round]) -> bool:
    """The release that was blamed was left for the one before it."""
    round_ = bad.get((namespace, change.left))
    if round_ is None:
        return change.left.startswith("bad-")  # A round that the end of the time cut off.
    return change.reached == round_.good


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--minutes", type=float, default=16.0, help="after which it ends, whatever was hit")
    parser.add_argument("--times", type=int, default=20, help="how often each cell is hit at least")
    parser.add_argument("--undos", type=int, default=300, help="how many undos are completed at least")
    parser.add_argument("--workloads", type=int, default=60)
    parser.add_argument("--receivers", type=int, default=3)
    options = parser.parse_args()
    say(f"seed {options.seed} (again with --seed {options.seed})")
    with tempfile.TemporaryDirectory(prefix="metricops-chaos-") as temporary:
        folder = Path(temporary)
        with ControlPlane(progress=say, scheduler=False) as plane:
            install(plane.api(), shipped_objects(), manager="tests")
            chaos = Chaos(plane, folder, options)
            try:
                for receiver in chaos.receivers:
                    receiver.process.wait_until_ready()
                steps = chaos.record()
                say(f"{len(steps)} steps of a rollback, as its requests tell:")
                for step in steps:
                    say(f"  {step}")
                chaos.run(steps)
                return chaos.verdict()
            finally:
                chaos.stopping.set()
                for receiver in chaos.receivers:
                    receiver.stop()


if __name__ == "__main__":
    sys.exit(main())
