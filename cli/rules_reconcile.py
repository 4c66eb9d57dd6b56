"""`metricops rules reconcile`: the rules of workloads' annotations as PrometheusRule objects."""

from __future__ import annotations

import os
from typing import Any

import click

from cli.settings_flags import with_settings
from receiver.errors import SettingError
from reconcile.settings import ReconcileSettings


@click.command(name="reconcile")
@with_settings(ReconcileSettings)
def reconcile_command(**given: Any) -> None:
    """Keep a PrometheusRule for each workload with an annotation metricops.dev/rule or metricops.dev/slo.

    It belongs to the workload, and goes with it or with the annotation. Flags win over the environment.
    """
    # The server's frameworks take a while to load; the other commands do not need them.
    from reconcile.serve import serve  # noqa: PLC0415

    try:
        serve(
            ReconcileSettings.from_environment(
                os.environ, {name: value for name, value in given.items() if value is not None}
            )
        )
    except SettingError as error:
        raise click.ClickException(str(error)) from error
