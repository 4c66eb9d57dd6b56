"""`metricops receiver`: run the service."""

from __future__ import annotations

import os
from typing import Any

import click

from cli.settings_flags import with_settings
from receiver.errors import SettingError
from receiver.settings import Settings


@click.group(name="receiver")
def receiver_group() -> None:
    """Run the receiver."""


@receiver_group.command()
@with_settings(Settings)
def serve(**given: Any) -> None:
    """Take Alertmanager's deliveries and undo what they blame. Flags win over the environment."""
    # The server's frameworks take a while to load; the other commands do not need them.
    from receiver.web.serve import serve as run  # noqa: PLC0415

    try:
        settings = Settings.from_environment(
            os.environ, {name: value for name, value in given.items() if value is not None}
        )
        run(settings)
    except SettingError as error:
        raise click.ClickException(str(error)) from error
