"""What the subcommands that write rules share: the formats, and namespaces that are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rules.identifiers import A_DNS_LABEL, DNS_LABEL
from rules.render import render_mimir_namespaces, render_prometheus_rules, render_rule_file

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = {
    "prometheus-operator": render_prometheus_rules,
    "prometheus": render_rule_file,
    "mimir": render_mimir_namespaces,
}


def format_option(text: str) -> Callable[[Command], Command]:
    """The option `--format` with this help, passed as `format_name`: a key of `FORMATS`."""
    return click.option(
        "--format",
        "format_name",
        type=click.Choice(list(FORMATS)),
        default="prometheus-operator",
        show_default=True,
        help=text,
    )


def check_namespace(given: str) -> None:
    """Raises `click.BadParameter` where it can't be a namespace's name."""
    if not DNS_LABEL.fullmatch(given):
        raise click.BadParameter(f"found {given!r}, expected a namespace: {A_DNS_LABEL}")
