"""`metricops rules`: service level objectives become alerting rules."""

from __future__ import annotations

import click

from cli.rules_check import check_command
from cli.rules_explain import explain_command
from cli.rules_generate import generate_command
from cli.rules_readiness import readiness_command
from cli.rules_replay import replay_command
from cli.rules_sync import sync_command
from cli.rules_test import test_command


@click.group(name="rules")
def rules_group() -> None:
    """Make alerting rules from service level objectives."""


for command in (
    check_command,
    explain_command,
    generate_command,
    readiness_command,
    replay_command,
    sync_command,
    test_command,
):
    rules_group.add_command(command)
