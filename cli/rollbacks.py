"""`metricops rollbacks`: the record of what was undone and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from cli.approval import approve, reject
from cli.connection import complaint, connect, with_cluster
from cli.show import show
from cli.table import short_age, table
from receiver import names
from receiver.cluster.api import ApiError, object_path
from receiver.timestamps import parse_time

HEADINGS = ("NAMESPACE", "NAME", "WORKLOAD", "FROM", "TO", "PHASE", "REASON", "ALERT", "AGE")


@click.group(name="rollbacks", invoke_without_command=True)
@with_cluster
@click.pass_context
def rollbacks_group(current: click.Context, kubeconfig: str | None, context: str | None) -> None:
    """Look at the Rollbacks of the cluster; alone, it lists them."""
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
    click.echo("\n".join(table([HEADINGS, *(_row(item, datetime.now(UTC)) for item in items)])))


def _row(item: dict[str, Any], now: datetime) -> tuple[str, ...]:
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    return (
        metadata["namespace"],
        metadata["name"],
        f"{spec['workload']['kind'].lower()}/{spec['workload']['name']}",
        _revision(spec["blamed"]),
        _revision(spec["target"]),
        status.get("phase") or "Claimed",
        status.get("reason") or spec["reason"],
        spec["alert"].get("name") or "-",
        short_age((now - parse_time(metadata["creationTimestamp"])).total_seconds()),
    )


def _revision(revision: dict[str, Any]) -> str:
    images = ",".join(image.rpartition("/")[2] for image in revision.get("images") or [])
    return f"{revision['revision']} ({images})" if images else str(revision["revision"])


for command in (show, approve, reject):
    rollbacks_group.add_command(command)
