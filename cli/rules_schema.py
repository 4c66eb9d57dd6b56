"""`metricops rules schema`: our own format for editors."""

from __future__ import annotations

import json

import click

from rules.schema import schema


@click.command(name="schema")
def schema_command() -> None:
    """Print the JSON Schema of a ServiceLevelObjective: editors complete and check by it.

    The first line of a file may name it: # yaml-language-server: $schema=PATH-OR-URL
    """
    click.echo(schema_text(), nl=False)


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=2) + "\n"
