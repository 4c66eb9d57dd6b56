"""`metricops rules explain`: when each alert fires, in words."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.rules_files import FILES, specifications_of
from cli.table import printable
from rules.explain import explain


@click.command(name="explain")
@FILES
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain_command(files: tuple[Path, ...], output: str) -> None:
    """Say in words when each alert of SLO FILES fires, clears, and whom it may undo. Exits 1 where a file is wrong."""
    explained = [explain(specification) for specification in specifications_of(files)]
    if output == "json":
        click.echo(json.dumps([found.as_json() for found in explained], indent=2))
        return
    for found in explained:
        heading, *lines = found.words()
        click.echo(printable(heading))
        for line in lines:
            click.echo(f"  {printable(line)}")
