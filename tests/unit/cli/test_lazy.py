"""Commands are imported when they are called: what one needs, another does not wait for."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from cli.lazy import LazyGroup
from cli.main import main


def all_commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += all_commands(command, (*path, name))
    return found


def test_every_command_is_there_by_its_own_name() -> None:
    found = all_commands(main)
    assert all(command.name == path[-1] for path, command in found)
    assert ("rules", "generate") in {path for path, _ in found}
    assert isinstance(main, LazyGroup)


@pytest.mark.parametrize("path", [path for path, _ in all_commands(main)], ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: ")


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["rulez"]).exit_code == 2
