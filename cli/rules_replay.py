"""`metricops rules replay`: what the rules and the receiver would have done over recorded data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.history_options import UNREACHABLE, open_history, read_duration, with_history
from cli.progress import Progress
from cli.replay.alerts import Evaluated, ReplayedAlert, replayed_alerts, shown_at
from cli.replay.evaluation import evaluate
from cli.replay.grid import Grid, grid_over
from cli.replay.history import History, HistoryError
from cli.replay.report import Replay, as_json, as_lines
from cli.replay.rollouts import recorded_rollouts
from cli.replay.rollouts_file import read_rollouts
from cli.replay.simulation import Simulation, blamed_workloads
from cli.replay.timeline import Timeline
from cli.rule_sources import SourcedSet
from cli.rules_files import FILES, sources_of
from cli.rules_foreign import content
from receiver.decision.evidence import Evidence
from receiver.decision.values import Alert, Workload
from receiver.errors import SettingError
from receiver.prometheus.source import SourceOptions, evidence_at
from receiver.server_settings import flag_name, variable_name
from receiver.settings import Settings
from receiver.timestamps import parse_time
from rules.problems import SpecificationError

POLICY = (
    *("cooldown", "attribution_window", "act_within", "condemnation", "evidence", "minimum_failed_events"),
    *("wide_fault_workloads", "namespace_budget", "cluster_budget", "budget_window"),
)
"""The receiver's settings that a decision depends on."""
LEAD_IN = timedelta(hours=1)
"""Alerts are evaluated from so long, and the longest `for`, before on: to see when those began that fire first."""


def _with_policy(command: Callable[..., None]) -> Callable[..., None]:
    for setting in reversed(fields(Settings)):
        if setting.name in POLICY:
            meaning = f"{setting.metadata['meaning']} [{variable_name(setting.name)}; default: {setting.default}]"
            command = click.option(flag_name(setting.name), setting.name, default=None, help=meaning)(command)
    return command


@click.command(name="replay")
@FILES
@with_history(required=True)
@click.option("--since", callback=read_duration, default="7d", show_default=True, help="How far to look back.")
@click.option("--until", default=None, metavar="TIME", help="The end, as in 2026-03-01T12:00:00Z. [default: now]")
@click.option(
    "--step", callback=read_duration, default="1m", show_default=True, help="How often the rules are evaluated."
)
@click.option(
    "--rollouts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV (time,namespace,kind,name,revision) or YAML (a list of mappings) with the rollouts of workloads; for "
    "others kube-state-metrics is asked.",
)
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_with_policy
def replay_command(
    *,
    files: tuple[Path, ...],
    url: str,
    headers: tuple[str, ...],
    timeout: timedelta,
    since: timedelta,
    until: str | None,
    step: timedelta,
    rollouts: Path | None,
    output: str,
    **policy: str | None,
) -> None:
    """Tell which rollbacks the rules of FILES would have brought, by the receiver's own judgement.

    FILES are SLO files, Prometheus rule files or PrometheusRule objects; of their alerts, those with the label
    metricops: undo are replayed. Exits 1 where a file is wrong, 2 where the arguments are, or Prometheus does not
    answer.
    """
    end = _moment(until)
    settings = _settings(policy)
    try:
        sets = sources_of(files)
        written = read_rollouts(content(rollouts), str(rollouts)) if rollouts else []
    except SpecificationError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    progress = Progress()
    history = open_history(url, headers, timeout, progress.requested)
    longest = max((alert.hold for one in sets for alert in one.alerts), default=timedelta(0))
    grid = grid_over(end - since - LEAD_IN - longest, end, step)
    try:
        found = _replayed(sets, written, history, grid, settings=settings, since=end - since, progress=progress)
    except HistoryError as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(UNREACHABLE) from error
    click.echo(json.dumps(as_json(found), indent=2) if output == "json" else "\n".join(as_lines(found)))


def _replayed(
    sets: tuple[SourcedSet, ...],
    written: list[Timeline],
    history: History,
    grid: Grid,
    *,
    settings: Settings,
    since: datetime,
    progress: Progress,
) -> Replay:
    alerts = replayed_alerts(sets, grid.step)
    evaluated: list[Evaluated] = []
    asking = [alert for alert in alerts if alert.may_undo]
    for number, alert in enumerate(asking, 1):
        progress(f"evaluating alert {number} of {len(asking)}: {alert.rule.alert} of {alert.group}")
        evaluated.append(evaluate(alert, history, grid_over(grid.start, grid.end, alert.interval)))
    timelines = {timeline.ref: timeline for timeline in written}
    refs = blamed_workloads(evaluated)
    recorded, notes = recorded_rollouts(refs - timelines.keys(), history, grid, progress)
    timelines |= recorded
    within = SourceOptions("").wide_fault_within

    def ask(alert: Alert, workload: Workload, now: datetime) -> Evidence:
        shown = shown_at(now, evaluated)
        return evidence_at(shown, alert, workload, now, ask=history.evidence, wide_fault_within=within)

    simulation = Simulation(evaluated, timelines, ask, defaults=settings.defaults, limits=settings.limits)
    judgements = simulation.run(since, grid.end, progress)
    episodes = [episode for one in evaluated for episode in one.episodes]
    return Replay(
        since,
        grid.end,
        grid.step,
        judgements,
        fired=sum(since <= episode.starts_at for episode in episodes),
        unseen=sum(episode.starts_at < since and episode.fires_at(since) for episode in episodes),
        timelines=[timelines[ref] for ref in sorted(refs & timelines.keys(), key=str)],
        notes=[*_notes(alerts, evaluated), *notes],
    )


def _notes(alerts: list[ReplayedAlert], evaluated: list[Evaluated]) -> list[str]:
    found = [
        f"{one.alert.rule.alert} of {one.alert.group} ({one.alert.source}) cannot be evaluated: {one.failure}"
        for one in evaluated
        if one.failure
    ]
    others = len(alerts) - len(evaluated)
    if others:
        found.append(f"{others} alerts do not ask for an undo, and were left out.")
    return found


def _settings(policy: dict[str, str | None]) -> Settings:
    given = {name: os.environ[variable_name(name)] for name in POLICY if os.environ.get(variable_name(name))}
    given |= {name: value for name, value in policy.items() if value is not None}
    settings = Settings(**given)
    try:
        _ = (settings.defaults, settings.limits)
    except SettingError as error:
        raise click.UsageError(str(error)) from error
    return settings


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        return parse_time(text)
    except ValueError as error:
        raise click.UsageError(f"--until: {error}") from error
