"""Specification files for the subcommands of `metricops rules`: read, told what is wrong with them, noted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.rule_sources import SourcedSet, read_rule_sources
from cli.rules_foreign import content, foreign_options, foreign_settings
from rules.foreign.context import Settings
from rules.parse import parse_files
from rules.problems import SpecificationError
from rules.specification import Specification

Command = TypeVar("Command", bound=Callable[..., Any])

_FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))


def FILES(command: Command) -> Command:  # noqa: N802 - stands among click's decorators, as the argument that it is
    """The argument `files`, and the options for those in other tools' formats."""
    return _FILES(foreign_options(command))


def specifications_of(files: Sequence[Path]) -> tuple[Specification, ...]:
    """The specifications of files; ends the command with exit code 1 where one is wrong, after telling all that is.

    What should be told of a specification that is used goes to standard error.
    """
    try:
        settings = foreign_settings()
        found = parse_files({str(file): content(file) for file in files}, settings)
    except SpecificationError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    _tell_notes(found, settings)
    return found


def sources_of(files: Sequence[Path]) -> tuple[SourcedSet, ...]:
    """The rules of files that hold objectives or rules; else as `specifications_of`. Raises `SpecificationError`."""
    try:
        settings = foreign_settings()
        found = read_rule_sources({str(file): content(file) for file in files}, settings)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    _tell_notes((one.specification for one in found if one.specification is not None), settings)
    return found


def _tell_notes(specifications: Iterable[Specification], settings: Settings) -> None:
    for specification in specifications:
        for note in specification.notes:
            click.echo(f"{specification.name}: {note}", err=True)
    for name in settings.workloads.never_asked:
        click.echo(f"--workloads: {name} is the name of no service or objective that was read", err=True)


def write_text(text: str, output: Path | None) -> None:
    """To standard output, or to a file."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from error
