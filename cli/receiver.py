"""`metricops receiver`: run the service."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from receiver.errors import SettingError
from receiver.server_settings import flag_name, variable_name
from receiver.settings import Settings


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one flag per setting, from the table of the settings."""
    for setting in reversed(fields(Settings)):
        default = setting.default or "nothing"
        meaning = f"{setting.metadata['meaning']} [{variable_name(setting.name)}; default: {default}]"
        command = click.option(flag_name(setting.name), setting.name, default=None, help=meaning)(command)
    return command


@click.group(name="receiver")
def receiver_group() -> None:
    """Run the receiver."""


@receiver_group.command()
@_with_settings
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
