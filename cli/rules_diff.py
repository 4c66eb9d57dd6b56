"""`metricops rules diff`: what changes in alerts, in words, for a review."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from cli.rule_sources import read_rule_sources
from cli.rules_foreign import content, foreign_options, foreign_settings
from cli.table import printable
from rules.difference.changes import differences
from rules.group import RuleSet
from rules.problems import SpecificationError
from rules.proof.own_cases import is_cases_file

TROUBLE = 2
"""As diff(1): 1 says that there are differences."""
SUFFIXES = (".yaml", ".yml")
_PLACE = click.Path(exists=True, path_type=Path)


@click.command(name="diff")
@click.argument("old", type=_PLACE)
@click.argument("new", type=_PLACE)
@foreign_options
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff_command(old: Path, new: Path, output: str) -> None:
    """Say in words what changes in alerts from OLD to NEW, the most dangerous first.

    Each is a file or a folder with SLO files of any format, Prometheus rule files or PrometheusRule objects; the two
    may be of different kinds. Before each line stands what it touches: UNDO+ (something is undone that was not, or
    sooner, or for another reason), UNDO- (no longer, or later), PAGE, ALERT, TEXT.

    Exits 0 where nothing changes, 1 where something does, 2 where a file is wrong.
    """
    try:
        changes = differences(_rules(old), _rules(new))
    except SpecificationError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(TROUBLE) from error
    except OSError as error:
        click.echo(f"Error: {error.filename}: {error.strerror}", err=True)
        raise click.exceptions.Exit(TROUBLE) from error
    if output == "json":
        click.echo(json.dumps([change.as_json() for change in changes], indent=2))
    else:
        for change in changes:
            click.echo(f"{change.danger.mark:<5}  {printable(change)}")
        if not changes:
            click.echo("No alert changes.")
    if changes:
        raise click.exceptions.Exit(1)


def _rules(place: Path) -> list[RuleSet]:
    files = {str(file): content(file) for file in _files(place)}
    return [one.rules for one in read_rule_sources(files, foreign_settings())]


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
        return
    for file in sorted(place.rglob("*")):
        if file.suffix in SUFFIXES and file.is_file() and not is_cases_file(file.name):
            yield file
