"""One flag per setting of a server, from the table of its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import click

from receiver.server_settings import ServerSettings, flag_name, variable_name


def with_settings(table: type[ServerSettings]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of a table; those that are not given are None."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for setting in reversed(fields(table)):
            default = setting.default or "nothing"
            meaning = f"{setting.metadata['meaning']} [{variable_name(setting.name)}; default: {default}]"
            command = click.option(flag_name(setting.name), setting.name, default=None, help=meaning)(command)
        return command

    return add
