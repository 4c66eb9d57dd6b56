"""`metricops rollbacks watch`: what there is, then every change as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from cli.connection import complaint, connect, with_cluster
from cli.listing import HEADINGS, GrowingTable, row
from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path

RETRY_SECONDS = 1.0
GONE = 410


@click.command(name="watch")
@click.option("--namespace", "-n", default=None, help="Only this namespace; all of them unless given.")
@with_cluster
def watch(namespace: str | None, kubeconfig: str | None, context: str | None) -> None:
    """List the Rollbacks, then show every change until Ctrl-C."""
    api, lines = connect(kubeconfig, context), GrowingTable()
    shown: dict[str, tuple[str, ...]] = {}
    click.echo(lines.line(HEADINGS))
    try:
        for item in changes(api, object_path(names.API_VERSION, names.ROLLBACKS, namespace)):
            cells = row(item, datetime.now(UTC))
            if shown.get(item["metadata"]["uid"]) != cells[:-1]:  # All but the age.
                shown[item["metadata"]["uid"]] = cells[:-1]
                click.echo(lines.line(cells))
    except KeyboardInterrupt:
        click.echo()


def changes(api: Api, path: str) -> Iterator[JsonObject]:
    """Every object of a list, then each one as it is created or changed, for ever.

    What the API server does not do for the moment is tried again; after that an object may come twice. Every other
    refusal exits with a message.
    """
    while True:
        try:
            listed = api.get(path)
            yield from sorted(listed["items"], key=lambda item: str(item["metadata"]["creationTimestamp"]))
            version = listed["metadata"]["resourceVersion"]
            while True:
                for event in api.watch(path, resourceVersion=version):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] in ("ADDED", "MODIFIED"):
                        yield event["object"]
        except ApiError as error:
            if not error.is_transient and error.status != GONE:
                raise complaint(error, "watch Rollbacks") from error
            click.echo(f"listing again: {error.message}", err=True)
            time.sleep(RETRY_SECONDS)
