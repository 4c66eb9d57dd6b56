"""`metricops release wait`: the verdict on the release that runs now, for a pipeline's last step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

from admission.sources import same_commit, stated_commit
from cli.connection import complaint, connect, namespace_of, with_cluster
from cli.progress import Progress
from cli.release_unjudged import read_namespace, why_unjudged
from cli.table import printable
from cli.workload_argument import workload_ref
from receiver import names
from receiver.cluster.api import ApiError
from receiver.decision.phases import Phase
from receiver.decision.values import Workload
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.store import RollbackStore
from receiver.workloads.registry import KINDS
from receiver.workloads.stamp import read_stamp
from rules.durations import DurationError, parse_duration

T = TypeVar("T")

UNDONE, REPLACED = 1, 3
"""Exit codes; 0 is a release that stood, 2 is click's for a wrong call."""
POLL_SECONDS = 2.0
OBSERVED_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
FORGIVEN = frozenset({Phase.REJECTED, Phase.SUPERSEDED, Phase.DRY_RUN})
"""Ends of a record that leave the release where it is, and nobody waiting: a person's no, an alert that ended, a
workload that is only watched."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the wait ended: the exit code, and a line for the pipeline's log."""

    code: int
    said: str


@click.command(name="wait")
@click.argument("workload", metavar="KIND/NAME")
@click.option("--namespace", "-n", default=None, help="The workload's namespace; the context's unless given.")
@click.option("--for", "lasting", default="15m", show_default=True, help="How long the release has to stand.")
@click.option("--commit", default="", help="The commit that was deployed, or its page: another one is no success.")
@with_cluster
def wait(
    *, workload: str, namespace: str | None, lasting: str, commit: str, kubeconfig: str | None, context: str | None
) -> None:
    """Wait whether the release of KIND/NAME stands. To be called after `kubectl rollout status`.

    Without a commit it is the one that runs now. Exit code 0: it stood for so long; 1: it was undone, or blamed and not
    undone; 3: something else replaced it.
    """
    meant = stated_commit({names.COMMIT_ANNOTATION: commit})
    if commit and not meant:
        raise click.BadParameter(
            f"found {commit!r}, expected a commit or the address of its page", param_hint="--commit"
        )
    try:
        seconds = parse_duration(lasting).total_seconds()
    except DurationError as error:
        raise click.BadParameter(str(error), param_hint="--for") from error
    api, namespace = connect(kubeconfig, context), namespace or namespace_of(kubeconfig, context)
    ref = workload_ref(workload, namespace)

    def read() -> Workload | None:
        return _patiently(lambda: KINDS[ref.kind].read(api, ref, datetime.now(UTC)), f"read {ref}")

    deployed = read()
    why = why_unjudged(deployed, read_namespace(api, namespace)) if deployed is not None else ""
    if why:
        click.echo(
            printable(f"no undo is made of {ref}: {why}; the wait tells whether the release is replaced"), err=True
        )
    verdict = await_verdict(
        read,
        lambda: _patiently(lambda: RollbackStore(api).of_workload(ref), f"list the Rollbacks of {ref}"),
        seconds,
        meant,
    )
    click.echo(printable(verdict.said), err=verdict.code != 0)
    if verdict.code:
        raise click.exceptions.Exit(verdict.code)


def await_verdict(
    read: Callable[[], Workload | None],
    records: Callable[[], list[Rollback]],
    seconds: float,
    commit: str = "",
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Any] = time.sleep,
) -> Verdict:
    """Look at the workload and its records until there is a verdict, or the release has stood for `seconds`."""
    progress, end = Progress(clock), clock() + seconds
    released = _observed(read, clock, sleep)
    late = came_too_late(released, commit, datetime.now(UTC) - timedelta(seconds=seconds))
    if late is not None:
        return late
    while True:
        blaming = [r for r in records() if released.current and r.blamed_number == released.current.number]
        blaming = [r for r in blaming if r.workload_uid == released.uid]
        now, left = read(), end - clock()
        verdict = judged(released, now, blaming, in_time=left > 0)
        if verdict is not None:
            return verdict
        for rollback in blaming:
            progress(f"{rollback.name} blames it: {rollback.phase}")
        progress(f"{released.ref} stands, {max(left, 0):.0f} s to go")
        sleep(min(POLL_SECONDS, max(left, 0)))


def came_too_late(running: Workload, commit: str, since: datetime) -> Verdict | None:
    """The verdict where what was released is gone already; None where it runs.

    `kubectl rollout status` waits for an undo as well as for the release. Without a commit, what was restored after
    `since` counts as undone just now.
    """
    restored = running.restored_by
    is_restored = restored is not None and restored.template_hash == running.template_hash
    if commit:
        stamp = read_stamp(running.annotations)
        stamped = stamp.commit if stamp is not None and stamp.template_hash == running.template_hash else ""
        known = [c for c in (stated_commit(running.annotations), stamped) if c]
        if any(same_commit(c, commit) for c in known):
            return None
        if not is_restored:
            found = f"runs commit {known[0]}" if known else "names no commit"
            return Verdict(REPLACED, f"{running.ref} {found}, not {commit}: no verdict on the release")
    if restored is not None and is_restored and (commit or restored.restored_at >= since):
        why = f"why: metricops rollbacks show {restored.rollback}"
        return Verdict(UNDONE, f"the release was undone: {running.ref} runs what {restored.rollback} restored; {why}")
    return None


def judged(released: Workload, now: Workload | None, blaming: Iterable[Rollback], *, in_time: bool) -> Verdict | None:
    """The verdict on a release by the records that blame it and the workload as it is now; None while it stands."""
    last = None
    for last in blaming:
        what = f"{released.ref}, revision {last.blamed_number}: {last.name} is {last.phase}"
        if last.undone_at is not None or last.phase in (Phase.UNDOING, Phase.FAILED):
            done = "was not undone, though it was tried" if last.phase is Phase.FAILED else "was undone"
            return Verdict(UNDONE, f"the release {done}: {what}; why: metricops rollbacks show {last.name}")
        if not in_time and last.phase not in FORGIVEN:
            return Verdict(UNDONE, f"the release is blamed: {what}; why: metricops rollbacks show {last.name}")
    if now is None or now.uid != released.uid or now.template_hash != released.template_hash:
        return Verdict(REPLACED, f"{released.ref} runs something else by now: no verdict on the release")
    if in_time:
        return None
    would = " (in mode dry-run: it would have been undone)" if last and last.phase is Phase.DRY_RUN else ""
    return Verdict(0, f"{released.ref}: the release stood{would}")


def _observed(
    read: Callable[[], Workload | None], clock: Callable[[], float], sleep: Callable[[float], Any]
) -> Workload:
    """The workload once its controller has made a revision of its template. Exits with a message where it doesn't."""
    end = clock() + OBSERVED_SECONDS
    while True:
        workload = read()
        if workload is None:
            raise click.ClickException("there is no such workload")
        if workload.current is not None:
            return workload
        if clock() > end:
            raise click.ClickException(f"{workload.ref}: no revision of its template after {OBSERVED_SECONDS:.0f} s")
        sleep(POLL_SECONDS)


def _patiently(ask: Callable[[], T], doing: str) -> T:
    """The answer of the API server; what it does not do for the moment is tried again for a minute."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except ApiError as error:
            if not error.is_transient or time.monotonic() > end:
                raise complaint(error, doing) from error
            click.echo(f"trying again to {doing}: {error.message}", err=True)
            time.sleep(POLL_SECONDS)
