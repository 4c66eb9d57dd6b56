"""`metricops admission`: run the webhook."""

from __future__ import annotations

import os
from typing import Any

import click

from admission.settings import AdmissionSettings
from cli.settings_flags import with_settings
from receiver.errors import SettingError


@click.group(name="admission")
def admission_group() -> None:
    """Run the admission webhook."""


@admission_group.command()
@with_settings(AdmissionSettings)
def serve(**given: Any) -> None:
    """Stamp releases as they are deployed, and warn of what could not be undone. Flags win over the environment."""
    # The server's frameworks take a while to load; the other commands do not need them.
    from admission.serve import serve as run  # noqa: PLC0415

    try:
        settings = AdmissionSettings.from_environment(
            os.environ, {name: value for name, value in given.items() if value is not None}
        )
        run(settings)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
