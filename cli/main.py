"""The `metricops` command."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="metricops")
def main() -> None:
    """Undo the release that a firing SLO alert blames: once, and on the record."""


if __name__ == "__main__":
    main()
