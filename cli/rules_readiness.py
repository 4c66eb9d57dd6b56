"""`metricops rules readiness`: alerts on releases that never become ready."""

from __future__ import annotations

import click

from cli.rules_output import FORMATS, check_namespace, format_option
from rules.readiness import release_readiness

HEADER = "# Made by `metricops rules readiness{options}`.\n"


def _namespace(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for namespace in given:
        check_namespace(namespace)
    return given


@click.command(name="readiness")
@click.option("--undo", is_flag=True, help="The alerts may undo a rollout (metricops: undo); else they are for people.")
@click.option(
    "--namespace",
    "-n",
    "namespaces",
    multiple=True,
    callback=_namespace,
    help="Watch the workloads of this namespace alone; may be repeated.",
)
@format_option("A PrometheusRule object, or a plain rule file.")
def readiness_command(undo: bool, namespaces: tuple[str, ...], format_name: str) -> None:
    """Write alerts on releases that never become ready, which no SLO alert sees while the old pods serve.

    They crash again and again, can't be started, or are stuck. Needs kube-state-metrics 2.x, scraped with honored
    labels.
    """
    options = "".join([*(f" --namespace {namespace}" for namespace in namespaces), " --undo" if undo else ""])
    made = FORMATS[format_name]([release_readiness(namespaces, undo=undo)], HEADER.format(options=options))
    click.echo(made, nl=False)
