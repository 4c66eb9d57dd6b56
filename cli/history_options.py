"""How the commands that look at recorded data reach a Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import click

from cli.replay.history import History
from rules.durations import DurationError, parse_duration

UNREACHABLE = 2
"""The exit code where the source does not answer; click's own for wrong usage."""


def read_duration(_context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """The callback of an option with a duration, as Prometheus writes it, of at least a second."""
    try:
        duration = parse_duration(value)
    except DurationError as error:
        raise click.BadParameter(str(error), param=parameter) from error
    if duration < timedelta(seconds=1):
        raise click.BadParameter(f"found {value!r}, expected at least 1s", param=parameter)
    return duration


def with_history(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--prometheus`, `--header` and `--timeout`."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        command = click.option(
            "--timeout",
            callback=read_duration,
            default="30s",
            show_default=True,
            help="The longest wait for one answer.",
        )(command)
        command = click.option(
            "--header",
            "headers",
            multiple=True,
            metavar="NAME:VALUE",
            help="A header for each request, such as 'X-Scope-OrgID: team'. May be given several times.",
        )(command)
        return click.option(
            "--prometheus",
            "url",
            required=required,
            metavar="URL",
            help="Base URL of a Prometheus, or anything with its HTTP API.",
        )(command)

    return add


def open_history(url: str, headers: tuple[str, ...], timeout: timedelta, asked: Callable[[int], None]) -> History:
    """The source that the options name. Exits with a message where one of them can't be used."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise click.UsageError(f"--prometheus: found {url!r}, expected a URL such as http://prometheus:9090")
    pairs = [header.partition(":") for header in headers]
    if not all(name.strip() and value.strip() for name, _, value in pairs):
        raise click.UsageError("--header: expected NAME:VALUE")
    given = {name.strip(): value.strip() for name, _, value in pairs}
    return History(url, timeout.total_seconds(), given, asked)
