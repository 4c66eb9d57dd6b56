"""`metricops rules check`: is anything wrong with rules, by their text and by recorded data?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.check.data import Data
from cli.check.finding import of_problem
from cli.check.firing import check_firing, firings, step_for
from cli.check.report import Check, as_json, as_lines
from cli.check.text import check_text
from cli.history_options import UNREACHABLE, open_history, read_duration, with_history
from cli.progress import Progress
from cli.replay.alerts import Evaluated, ReplayedAlert, replayed_alerts
from cli.replay.evaluation import evaluate
from cli.replay.grid import grid_over
from cli.replay.history import History, HistoryError
from cli.rule_sources import SourcedSet
from cli.rules_files import FILES, sources_of
from rules.problems import SpecificationError

LOOKS = 200
"""So often within the time it is looked whether series are there."""


@click.command(name="check")
@FILES
@with_history(required=False)
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="With --prometheus: how far to look back."
)
@click.option(
    "--step",
    callback=read_duration,
    default="1m",
    show_default=True,
    help="How often alerts are evaluated at the most.",
)
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check_command(
    *,
    files: tuple[Path, ...],
    url: str | None,
    headers: tuple[str, ...],
    timeout: timedelta,
    days: int,
    step: timedelta,
    strict: bool,
    output: str,
) -> None:
    """Check FILES: SLO files, Prometheus rule files, PrometheusRule objects, or manifests of workloads with a rule in
    an annotation.

    Their form, their PromQL, and whether an alert that may undo can name its workload. With --prometheus also whether
    the series are there and have the labels that the rules need, and how often each alert would have fired.

    Exits 0 where all is well, 1 where there are errors (with --strict: or warnings), 2 where the arguments are wrong or
    Prometheus does not answer.
    """
    try:
        sets = sources_of(files)
    except SpecificationError as error:
        _finish(Check(0, [of_problem(problem) for problem in error.problems]), output, strict=strict)
        return
    found = Check(sum(len(one.alerts) for one in sets), check_text(sets))
    if url is None:
        _finish(found, output, strict=strict)
        return
    progress = Progress()
    history = open_history(url, headers, timeout, progress.requested)
    try:
        found = _with_data(found, sets, history, days=days, step=step, progress=progress)
    except HistoryError as error:
        click.echo("\n".join(as_lines(found)), err=True)
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(UNREACHABLE) from error
    _finish(found, output, strict=strict)


def _with_data(
    found: Check,
    sets: tuple[SourcedSet, ...],
    history: History,
    *,
    days: int,
    step: timedelta,
    progress: Progress,
) -> Check:
    end = datetime.now(UTC)
    start = end - timedelta(days=days)
    looks = grid_over(start, end, max(step, (end - start) / LOOKS))
    findings = [*found.findings, *Data(history, looks, progress).check(replayed_alerts(sets, step))]
    evaluated = _evaluated(sets, history, start=start, end=end, step=step, progress=progress)
    findings += check_firing(evaluated, start, end)
    return Check(found.alerts, findings, [firings(one, start, end) for one in evaluated], start, end)


def _evaluated(
    sets: tuple[SourcedSet, ...],
    history: History,
    *,
    start: datetime,
    end: datetime,
    step: timedelta,
    progress: Progress,
) -> list[Evaluated]:
    """Each alert over its own grid, and with its recordings evaluated as often."""
    at_steps: dict[timedelta, list[ReplayedAlert]] = {}
    rules = [rule for one in sets for rule in one.alerts]
    found: list[Evaluated] = []
    for number, rule in enumerate(rules):
        own = step_for(rule, step)
        if own not in at_steps:
            at_steps[own] = replayed_alerts(sets, own, as_groups_say=False)
        alert = at_steps[own][number]
        progress(f"evaluating alert {number + 1} of {len(rules)}: {rule.alert} of {alert.group}")
        found.append(evaluate(alert, history, grid_over(start, end, own)))
    return found


def _finish(check: Check, output: str, *, strict: bool) -> None:
    click.echo(json.dumps(as_json(check), indent=2) if output == "json" else "\n".join(as_lines(check)))
    if check.fails(strict=strict):
        raise click.exceptions.Exit(1)
