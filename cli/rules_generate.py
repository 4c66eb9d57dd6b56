"""`metricops rules generate`: specification files in, Prometheus rules out."""

from __future__ import annotations

from pathlib import Path

import click

from cli.rules_files import FILES, specifications_of, write_text
from rules.generate import generate
from rules.render import render_prometheus_rules, render_rule_file

FORMATS = {"prometheus-operator": render_prometheus_rules, "prometheus": render_rule_file}


@click.command(name="generate")
@FILES
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    default="prometheus-operator",
    show_default=True,
    help="PrometheusRule objects, or a plain rule file.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
def generate_command(files: tuple[Path, ...], format_name: str, output: Path | None) -> None:
    """Turn SLO FILES into Prometheus rules. Exits 1 where a file is wrong, after telling all that is."""
    specifications = specifications_of(files)
    write_text(FORMATS[format_name](map(generate, specifications)), output)
