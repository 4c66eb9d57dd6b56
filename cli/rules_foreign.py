"""Options for objectives in other tools' formats: their period, their windows, and the workloads that they judge.

Every subcommand that takes specification files takes these as well; what they say is kept in the command's context.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from rules.document import MOST_BYTES
from rules.durations import DurationError, parse_duration
from rules.foreign.catalogue import read_catalogues
from rules.foreign.context import DEFAULT_PERIOD, Settings
from rules.foreign.workloads import Workloads, read_workloads, workload_of
from rules.specification import WorkloadTarget

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_KEY = "metricops.foreign."


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta[_KEY + str(parameter.name)] = value


class _Duration(click.ParamType[Any]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return value if isinstance(value, timedelta) else parse_duration(value)
        except DurationError as error:
            self.fail(str(error), param, ctx)


class _Workload(click.ParamType[Any]):
    name = "namespace/kind/name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> WorkloadTarget:
        workload = value if isinstance(value, WorkloadTarget) else workload_of(value)
        if workload is None:
            self.fail(f"found {value!r}, expected a workload such as prod/deployment/shop", param, ctx)
        return workload


_OPTIONS = (
    click.option(
        "--period",
        type=_Duration(),
        default=DEFAULT_PERIOD,
        show_default="30d",
        expose_value=False,
        callback=_keep,
        help="The period of objectives whose format names none (sloth's).",
    ),
    click.option(
        "--windows",
        type=_FILE,
        multiple=True,
        expose_value=False,
        callback=_keep,
        help="A catalogue of alert windows (kind AlertWindows) for such objectives.",
    ),
    click.option(
        "--workload",
        type=_Workload(),
        expose_value=False,
        callback=_keep,
        help="The workload that objectives in other tools' formats judge, as prod/deployment/shop.",
    ),
    click.option(
        "--workloads",
        type=_FILE,
        expose_value=False,
        callback=_keep,
        help="A YAML file that maps a service, or service/objective, to {namespace, deployment}.",
    ),
)


def foreign_options(command: Command) -> Command:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def foreign_settings() -> Settings:
    """What they say in the running command. Raises `SpecificationError`, `OSError`."""
    said = click.get_current_context().meta
    windows, workloads = said.get(_KEY + "windows") or (), said.get(_KEY + "workloads")
    return Settings(
        said.get(_KEY + "period", DEFAULT_PERIOD),
        Workloads(said.get(_KEY + "workload"), read_workloads(content(workloads), str(workloads)) if workloads else {}),
        read_catalogues({str(file): content(file) for file in windows}),
    )


def content(file: Path) -> bytes:
    """What is in a file, as far as it may be read: one byte more than allowed is enough to refuse it."""
    with file.open("rb") as stream:
        return stream.read(MOST_BYTES + 1)
