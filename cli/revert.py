"""`metricops rollbacks revert`: take our undo back, on the record."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.connection import check_right, complaint, who_am_i
from cli.records import Records, with_record
from cli.table import printable
from receiver.cluster.api import ApiError, JsonObject
from receiver.decision.values import Revision, Workload
from receiver.rollbacks.record import Rollback, read_rollback
from receiver.timestamps import format_time
from receiver.workloads.kind import UndoRefusedError, WorldMovedError
from receiver.workloads.registry import KINDS

LONGEST_REASON = 1024


@click.command(name="revert")
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@with_record
def revert(records: Records, name: str, reason: str, yes: bool) -> None:
    """Bring the release back that Rollback NAME undid.

    Only while what the undo restored is what runs. Alerts do not undo the release again: it is a restore then, which
    only a person leaves.
    """
    rollback = _record(records, name)
    workload = _workload(records, rollback)
    kind, by = KINDS[rollback.ref.kind], who_am_i(records.api)
    if rollback.reverted and workload.template_hash == rollback.blamed_hash:
        # An earlier call of ours was ended between its steps, perhaps.
        _settle(records, rollback)
        click.echo(f"{name} has been reverted already; revision {rollback.blamed_number}'s template runs")
        return
    blamed = _blamed_revision(rollback, workload)
    images = ", ".join(str(c.get("image")) for c in blamed.template.get("spec", {}).get("containers", []))
    click.echo(printable(f"{rollback.ref}: bring revision {rollback.blamed_number} ({images}) back, undone by {name}"))
    if not yes:
        click.confirm("Take the undo back?", abort=True)

    ref = rollback.ref
    # A word on the record that nothing follows would be a wrong word.
    check_right(records.api, "patch", "apps", kind.plural, namespace=ref.namespace, name=ref.name)
    said = {"by": by, "at": format_time(datetime.now(UTC)), **({"reason": reason[:LONGEST_REASON]} if reason else {})}
    # The word comes first: so the receiver knows what the change of the workload is.
    records.write(name, lambda _item: {"reverted": said}, f"note the revert on Rollback {name}")
    try:
        kind.undo(records.api, workload, blamed, blamed.template, _note(rollback, blamed, by))
    except WorldMovedError as error:
        raise click.ClickException(f"{rollback.ref} changed meanwhile; look at it, and try again: {error}") from error
    except UndoRefusedError as error:
        raise click.ClickException(f"cannot change {rollback.ref}: {error}") from error
    except ApiError as error:
        raise complaint(error, f"change {rollback.ref}") from error
    _settle(records, rollback)
    click.echo(f"reverted by {by}: revision {rollback.blamed_number}'s template is written again")


def _record(records: Records, name: str) -> Rollback:
    try:
        rollback = read_rollback(records.get(name))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if rollback.undone_at is None:
        raise click.ClickException(f"{name} is {rollback.phase}: nothing was undone that could be taken back")
    return rollback


def _workload(records: Records, rollback: Rollback) -> Workload:
    try:
        workload = KINDS[rollback.ref.kind].read(records.api, rollback.ref, datetime.now(UTC))
    except ApiError as error:
        raise complaint(error, f"read {rollback.ref}") from error
    if workload is None or workload.uid != rollback.workload_uid:
        raise click.ClickException(f"{rollback.ref} was deleted since the undo: there is nothing to take back")
    return workload


def _blamed_revision(rollback: Rollback, workload: Workload) -> Revision:
    """The revision that was undone, as the workload's history has it."""
    if workload.template_hash != rollback.target_hash:
        writer = workload.template_writer or "an unknown manager"
        raise click.ClickException(
            f"{rollback.ref} does not run what {rollback.name} restored any more: {writer} has deployed since"
        )
    found = [revision for revision in workload.revisions if revision.template_hash == rollback.blamed_hash]
    if not found:
        raise click.ClickException(
            f"revision {rollback.blamed_number} is no longer in the history of {rollback.ref}: deploy it again"
        )
    return max(found, key=lambda revision: revision.number)


def _note(rollback: Rollback, blamed: Revision, by: str) -> JsonObject:
    """What stands on the workload afterwards: by it the receiver knows the release for a restore."""
    return {
        "rollback": rollback.name,
        "blamedRevision": rollback.target_number,
        "targetRevision": blamed.number,
        "templateHash": rollback.blamed_hash,
        "restoredAt": format_time(datetime.now(UTC)),
        "revertedBy": by,
    }


def _settle(records: Records, rollback: Rollback) -> None:
    """The second step of the change, as after our own undo: fields belong to whoever applies the workload."""
    try:
        settled = KINDS[rollback.ref.kind].settle_ownership(records.api, rollback.ref)
    except ApiError as error:
        raise complaint(error, f"leave the fields of {rollback.ref} to who applies it (run it again)") from error
    if not settled:
        raise click.ClickException(
            f"{rollback.ref} changes too often to leave its fields to who applies it: run it again"
        )
