"""`metricops rollbacks show`: the whole story of one record."""

from __future__ import annotations

import json

import click
import yaml

from cli.records import Records, with_record
from cli.story import story


@click.command(name="show")
@click.option("--output", "-o", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True)
@with_record
def show(records: Records, name: str, output: str) -> None:
    """Tell the story of Rollback NAME: what was done to which workload, why, and what to do next."""
    item = records.get(name)
    if output == "json":
        click.echo(json.dumps(item, indent=2))
    elif output == "yaml":
        click.echo(yaml.safe_dump(item, sort_keys=False), nl=False)
    else:
        click.echo(story(item))
