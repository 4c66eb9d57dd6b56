"""`metricops rules generate`: specification files in, Prometheus rules out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from cli.rules_files import FILES, specifications_of, write_text
from cli.rules_output import FORMATS, check_namespace, format_option
from rules.durations import DurationError, parse_duration
from rules.generate import generate
from rules.group import AlertRule
from rules.lints import lint
from rules.placing import Placing, PlacingError
from rules.render import TooLargeError


class _Duration(click.ParamType[Any]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            duration = parse_duration(value)
        except DurationError as error:
            self.fail(str(error), param, ctx)
        if not duration:
            self.fail(f"found {value!r}, expected more than 0s", param, ctx)
        return duration


def _namespace(_: click.Context, __: click.Parameter, given: str) -> str:
    if given:
        check_namespace(given)
    return given


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing becomes garbage before the end: looking for it takes a tenth of the time of many objectives."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@click.command(name="generate")
@FILES
@format_option("PrometheusRule objects, a rule file, or a namespaces file for mimirtool.")
@click.option("--namespace", "-n", default="", callback=_namespace, help="Where all objects go, not to their workload.")
@click.option("--interval", type=_Duration(), help="How often the rules are evaluated (default: Prometheus' own).")
@click.option(
    "--query-offset",
    type=_Duration(),
    help="Evaluate for a moment so far back, for samples that come late; Prometheus 2.53 or later.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file instead of standard output.",
)
def generate_command(
    *,
    files: tuple[Path, ...],
    format_name: str,
    namespace: str,
    interval: timedelta | None,
    query_offset: timedelta | None,
    output: Path | None,
) -> None:
    """Turn SLO FILES into Prometheus rules.

    Exits 0 where all is well, 1 where a file is wrong or its rules can't stand so, after telling all that is, and 2
    where the command itself is not used right.
    """
    with _without_collector():
        specifications = specifications_of(files)
        placing = Placing(namespace, interval, query_offset)
        try:
            placing.check(specifications)
            placed = placing.place(map(generate, specifications))
            text = FORMATS[format_name](placed)
        except (PlacingError, TooLargeError) as error:
            raise click.ClickException(str(error)) from error
    for name in placing.elsewhere(specifications):
        click.echo(
            f"{name}: its rules leave their workload's namespace: where prometheus-operator enforces a namespace "
            "label, its alerts blame a workload of the other one",
            err=True,
        )
    for one in placed:
        for rule in one.rules:
            for found in lint(rule) if isinstance(rule, AlertRule) else ():
                click.echo(f"{one.name}: {found.name}: {found.message}", err=True)
    write_text(text, output)
