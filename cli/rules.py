"""`metricops rules`: service level objectives become alerting rules."""

from __future__ import annotations

from pathlib import Path

import click

from rules.document import MOST_BYTES
from rules.generate import generate
from rules.parse import parse_files
from rules.problems import SpecificationError
from rules.render import render_prometheus_rules, render_rule_file

FORMATS = {"prometheus-operator": render_prometheus_rules, "prometheus": render_rule_file}


@click.group(name="rules")
def rules_group() -> None:
    """Make alerting rules from service level objectives."""


@rules_group.command(name="generate")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    try:
        specifications = parse_files({str(file): _content(file) for file in files})
    except SpecificationError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    text = FORMATS[format_name](map(generate, specifications))
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error


def _content(file: Path) -> bytes:
    # One byte more than allowed is enough to refuse a file, however large it is.
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)
