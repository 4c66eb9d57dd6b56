"""`metricops rules sync`: rule objects of a cluster into the rule files of a plain Prometheus."""

from __future__ import annotations

import json
import logging
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import click

from cli.connection import complaint, connect, with_cluster
from cli.table import table
from receiver.cluster.api import ApiError
from receiver.cluster.passes import Passes
from receiver.logs import configure_logs, log
from rules.deployer.confinement import Confinement, Series
from rules.durations import DurationError, parse_duration
from rules.identifiers import A_LABEL_NAME, LABEL_NAME
from sync.blame import Policy
from sync.check import Check, PromtoolError, own_check, promtool_check
from sync.folder import FolderInUseError, RuleFolder
from sync.one_pass import one_pass
from sync.prometheus import Prometheus
from sync.reports import Reporter
from sync.synchronizer import Pass, Synchronizer
from sync.watches import Watches

REJECTED = 3
"""Exit code of `--once` where all is in force but what was rejected."""


def _duration(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    try:
        duration = parse_duration(value)
    except DurationError as error:
        raise click.BadParameter(str(error), context, parameter) from error
    if not duration:
        raise click.BadParameter("found 0s, expected more", context, parameter)
    return duration


def _label(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not LABEL_NAME.fullmatch(value):
        raise click.BadParameter(f"found {value!r}, expected {A_LABEL_NAME}", context, parameter)
    return value


@click.command(name="sync")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--prometheus", help="Base URL of the Prometheus that reads FOLDER; it is reloaded after a change.")
@click.option(
    "--promtool",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="promtool of that Prometheus' version, which checks every file; by default the one on PATH, if any.",
)
@click.option("--namespace", "-n", "namespaces", multiple=True, help="Only this namespace (repeatable; default: all).")
@click.option("--selector", "-l", help="Only objects with these labels, as for kubectl.")
@click.option(
    "--trust-namespace",
    "trusted",
    multiple=True,
    help="Objects of this namespace may raise undo alerts about workloads of any namespace (repeatable).",
)
@click.option("--strict", is_flag=True, help="Refuse rules that may undo and have no label namespace of their own.")
@click.option(
    "--annotations",
    is_flag=True,
    help="Also the rules that workloads have in annotations: in the namespaces named, else in those labelled "
    "metricops.dev/rules=enabled. A workload of which `rules reconcile` has made an object is left out.",
)
@click.option(
    "--series",
    type=click.Choice(list(Series)),
    default=Series.WORKLOAD,
    show_default=True,
    help="With --annotations: the label by which a series is known to be the workload's.",
)
@click.option(
    "--series-namespace-label",
    callback=_label,
    default="namespace",
    show_default=True,
    help="With --annotations: the label of series that holds their namespace.",
)
@click.option("--once", is_flag=True, help="Bring everything in line once, say what became of it, and end.")
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", help="How --once says it.")
@click.option("--resync", callback=_duration, default="30s", show_default=True, help="Look at everything so often.")
@click.option("--log-format", type=click.Choice(["json", "text"]), default="json", show_default=True)
@with_cluster
def sync_command(
    *,
    folder: Path,
    prometheus: str | None,
    promtool: Path | None,
    namespaces: tuple[str, ...],
    selector: str | None,
    trusted: tuple[str, ...],
    strict: bool,
    annotations: bool,
    series: str,
    series_namespace_label: str,
    once: bool,
    output: str,
    resync: timedelta,
    log_format: str,
    kubeconfig: str | None,
    context: str | None,
) -> None:
    """Keep the rules of PrometheusRule and ServiceLevelObjective objects in FOLDER, one file for each.

    A plain Prometheus reads them there (rule_files: [FOLDER/*.yml]). An object whose rules are no good keeps its last
    good file. Other files in FOLDER are not touched. With --once it exits 0 where everything is in force, 3 where all
    is but what was rejected, 1 where something else went wrong.
    """
    configure_logs("text" if once else log_format, "warning" if once else "info")
    rules_folder = RuleFolder(folder)
    api = connect(kubeconfig, context)
    try:
        rules_folder.open()
    except (OSError, FolderInUseError) as error:
        raise click.ClickException(str(error)) from error
    try:
        passes = Passes(resync)
        watches = Watches(api, namespaces, selector, passes.wake, annotations=annotations)
        policy = Policy(frozenset(trusted), strict, Confinement(series_namespace_label, Series(series)))
        server = Prometheus(prometheus) if prometheus else None
        synchronizer = Synchronizer(rules_folder, _check(promtool), server, policy)
        reporter = Reporter(api)
        if once:
            objects, known = watches.list_once()
            done = synchronizer.run(objects, known)
            reporter.report(done.outcomes)
            _tell(done, output)
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: passes.stop())
        _start(watches)
        passes.run(lambda: one_pass(watches, synchronizer, reporter))
        watches.stop()
    except ApiError as error:
        raise complaint(error, "read the rule objects") from error
    except (OSError, PromtoolError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        rules_folder.close()


def _start(watches: Watches) -> None:
    """Begin to watch, so that a right that is missing ends the command; an outage does not. Raises `ApiError`."""
    try:
        watches.start()
    except ApiError as error:
        if not error.is_transient:
            raise
        log("the API server can't be asked yet", level=logging.WARNING, error=str(error))


def _check(promtool: Path | None) -> Check:
    found = promtool.resolve() if promtool else (Path(path) if (path := shutil.which("promtool")) else None)
    if found is None:
        log("no promtool: files are checked by a PromQL parser alone", level=logging.WARNING)
        return own_check
    log("files are checked by promtool", promtool=str(found))
    return promtool_check(found)


def _tell(done: Pass, output: str) -> None:
    rows = [
        {
            "kind": one.kind.kind,
            "namespace": one.namespace,
            "name": one.name,
            "loaded": str(outcome.state),
            "reason": outcome.reason,
            "message": outcome.message,
        }
        for one, outcome in done.outcomes
    ]
    if output == "json":
        click.echo(json.dumps({"objects": rows, "problem": done.problem}, indent=2))
    elif rows:
        headings = tuple(name.upper() for name in rows[0])
        click.echo("\n".join(table([headings, *(tuple(row.values()) for row in rows)])))
    else:
        click.echo("No rule objects.")
    if done.problem is not None:
        raise click.ClickException(done.problem)
    if any(outcome.is_rejection for _, outcome in done.outcomes):
        raise click.exceptions.Exit(REJECTED)
