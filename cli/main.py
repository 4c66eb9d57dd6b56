"""The `metricops` command, also `kubectl metricops`."""

from __future__ import annotations

import click

from cli.reasons import reasons_command
from cli.receiver import receiver_group
from cli.reference import reference_command
from cli.release import release_group
from cli.rollbacks import rollbacks_group
from cli.rules import rules_group
from cli.sandbox import sandbox_group


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="metricops")
def main() -> None:
    """Undo the release that a firing SLO alert blames: once, and on the record."""


for command in (
    receiver_group,
    rollbacks_group,
    release_group,
    rules_group,
    reasons_command,
    reference_command,
    sandbox_group,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
