"""The `metricops` command, also `kubectl metricops`."""

from __future__ import annotations

import click

from cli.lazy import lazy_group

COMMANDS = {
    "admission": "cli.admission:admission_group",
    "reasons": "cli.reasons:reasons_command",
    "receiver": "cli.receiver:receiver_group",
    "reference": "cli.reference:reference_command",
    "release": "cli.release:release_group",
    "rollbacks": "cli.rollbacks:rollbacks_group",
    "rules": "cli.rules:rules_group",
    "sandbox": "cli.sandbox:sandbox_group",
}


@lazy_group(COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="metricops")
def main() -> None:
    """Undo the release that a firing SLO alert blames: once, and on the record."""


if __name__ == "__main__":
    main()
