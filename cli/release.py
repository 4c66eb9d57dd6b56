"""`metricops release`: what people say about releases."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from cli.connection import complaint, connect, namespace_of, who_am_i, with_cluster
from cli.records import Records
from cli.release_wait import wait
from cli.table import table
from cli.workload_argument import workload_ref
from receiver.cluster.api import ApiError
from receiver.decision.condemnation import blame_stands
from receiver.decision.values import WorkloadRef
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.store import RollbackStore
from receiver.timestamps import format_time


@click.group(name="release")
def release_group() -> None:
    """Say a word on releases."""


@release_group.command(name="clear")
@click.argument("workload", metavar="KIND/NAME")
@click.option("--namespace", "-n", default=None, help="The workload's namespace; the context's unless given.")
@click.option("--template", default=None, help="Hash of the template to clear; the last condemned one unless given.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
@with_cluster
def clear(
    *,
    workload: str,
    namespace: str | None,
    template: str | None,
    yes: bool,
    kubeconfig: str | None,
    context: str | None,
) -> None:
    """Let a condemned template of KIND/NAME be tried again.

    A template that was blamed and undone is condemned: when it comes back, people are told, and no undo goes to it.
    """
    api, namespace = connect(kubeconfig, context), namespace or namespace_of(kubeconfig, context)
    records, ref = Records(api, namespace), workload_ref(workload, namespace)
    try:
        condemning = [found for found in RollbackStore(api).of_workload(ref) if blame_stands(found.as_past())]
    except ApiError as error:
        raise complaint(error, f"list the Rollbacks of {ref}") from error
    chosen = _chosen(condemning, ref, template)
    click.echo("\n".join(table([("RECORD", "TEMPLATE", "UNDONE"), *map(_row, chosen)])))
    if not yes:
        click.confirm(f"Clear template {chosen[0].blamed_hash} of {ref}?", abort=True)
    said = {"by": who_am_i(api), "at": format_time(datetime.now(UTC))}
    for rollback in chosen:
        records.write(rollback.name, lambda _item: {"cleared": said}, f"clear Rollback {rollback.name}")
    click.echo(f"cleared by {said['by']}: template {chosen[0].blamed_hash} of {ref} may be tried again")


def _chosen(condemning: list[Rollback], ref: WorkloadRef, template: str | None) -> list[Rollback]:
    """All records that condemn the template; without one, those of the template that was undone last."""
    if not condemning:
        raise click.ClickException(f"no template of {ref} is condemned")
    if template is None:
        template = max(condemning, key=lambda rollback: str(rollback.undone_at)).blamed_hash
    chosen = [rollback for rollback in condemning if rollback.blamed_hash == template]
    if not chosen:
        known = ", ".join(sorted({rollback.blamed_hash for rollback in condemning}))
        raise click.ClickException(f"template {template} of {ref} is not condemned; condemned are: {known}")
    return chosen


def _row(rollback: Rollback) -> tuple[str, ...]:
    return rollback.name, rollback.blamed_hash, str(rollback.status.get("undoneAt"))


release_group.add_command(wait)
