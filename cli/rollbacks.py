"""`metricops rollbacks`: the record of what was undone and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from cli.approval import approve, reject
from cli.connection import complaint, connect, with_cluster
from cli.listing import HEADINGS, row
from cli.revert import revert
from cli.show import show
from cli.table import table
from cli.watch import watch
from receiver import names
from receiver.cluster.api import ApiError, object_path


@click.group(name="rollbacks", invoke_without_command=True)
@with_cluster
@click.pass_context
def rollbacks_group(current: click.Context, kubeconfig: str | None, context: str | None) -> None:
    """Look at the Rollbacks of the cluster, and say a word on them; alone, it lists them."""
    if current.invoked_subcommand is None:
        current.invoke(list_rollbacks, kubeconfig=kubeconfig, context=context)


@rollbacks_group.command(name="list")
@click.option("--namespace", "-n", default=None, help="Only this namespace; all of them unless given.")
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", show_default=True)
@with_cluster
def list_rollbacks(
    namespace: str | None = None, output: str = "table", kubeconfig: str | None = None, context: str | None = None
) -> None:
    """List the Rollbacks, the newest last."""
    api = connect(kubeconfig, context)
    try:
        items = api.get(object_path(names.API_VERSION, names.ROLLBACKS, namespace))["items"]
    except ApiError as error:
        raise complaint(error, "list Rollbacks") from error
    items.sort(key=lambda item: item["metadata"]["creationTimestamp"])
    if output == "json":
        click.echo(json.dumps(items, indent=2))
        return
    if not items:
        click.echo("No rollbacks.")
        return
    click.echo("\n".join(table([HEADINGS, *(row(item, datetime.now(UTC)) for item in items)])))


for command in (show, watch, approve, reject, revert):
    rollbacks_group.add_command(command)
