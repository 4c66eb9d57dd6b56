"""`metricops reasons`: every reason for acting or not acting."""

from __future__ import annotations

import json

import click

from receiver.decision.reasons import ALL_REASONS


@click.command(name="reasons")
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", show_default=True)
def reasons_command(output: str) -> None:
    """List the reasons in the order in which they are looked for: word, meaning, what to do."""
    if output == "json":
        rows = [
            {"word": r.word, "verdict": str(r.verdict), "meaning": r.meaning, "remedy": r.remedy} for r in ALL_REASONS
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for reason in ALL_REASONS:
        click.echo(f"{click.style(reason.word, bold=True)} ({reason.verdict})")
        click.echo(f"  {reason.meaning}\n  {reason.remedy}")
