"""How the commands reach a cluster: as kubectl does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from receiver.cluster.api import Api, ApiError


def with_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--kubeconfig` and `--context`."""
    command = click.option("--context", default=None, help="Context of the kubeconfig.")(command)
    return click.option(
        "--kubeconfig", default=None, type=click.Path(), envvar="KUBECONFIG", help="Kubeconfig to use."
    )(command)


def connect(kubeconfig: str | None, context: str | None) -> Api:
    """The API server that a command speaks to. Exits with a message where there is none."""
    try:
        return Api.connect(kubeconfig, context, user_agent="metricops-cli")
    except ApiError as error:
        raise click.ClickException(error.message) from error
