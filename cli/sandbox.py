"""`metricops sandbox`: a cluster to try things in. It runs from a checkout, which has the manifests and the tools."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sandbox.stack import Sandbox

STATE = "sandbox.json"
UP_SECONDS = 1800.0
DOWN_SECONDS = 60.0


@click.group(name="sandbox")
def sandbox_group() -> None:
    """A real control plane, Prometheus and Alertmanager on loopback, with the receiver installed."""


@sandbox_group.command()
@click.option("--kubernetes", default="1.36", show_default=True, help="Which Kubernetes to run.")
@click.option(
    "--pair", default="default", show_default=True, help="Prometheus and Alertmanager: default, newest, floor."
)
@click.option("--detach", is_flag=True, help="Return when it is up; end it with `metricops sandbox down`.")
def up(kubernetes: str, pair: str, detach: bool) -> None:
    """Start it, print its addresses, and keep it up until Ctrl-C."""
    if detach:
        _up_detached(kubernetes, pair)
        return
    stack = _stack()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _leave(stop))
    try:
        with stack.Sandbox(progress=_progress, kubernetes=kubernetes, pair=pair) as running:
            running.install()
            running.route_alerts()
            state = _describe(running)
            state_file = running.folder / STATE
            state_file.write_text(json.dumps(state))
            _print_state(state)
            click.echo("\nUp until Ctrl-C.")
            stop.wait()
    except KeyboardInterrupt:
        pass
    except (ValueError, RuntimeError, TimeoutError) as error:
        raise click.ClickException(str(error)) from error
    click.echo("The sandbox has been taken down.")


@sandbox_group.command()
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", show_default=True)
def status(output: str) -> None:
    """Show the sandboxes that are up, and their addresses."""
    states = _running()
    if output == "json":
        click.echo(json.dumps(states, indent=2))
    elif not states:
        click.echo("No sandbox is up.")
    for state in states if output == "table" else []:
        _print_state(state)


@sandbox_group.command()
def down() -> None:
    """End every sandbox that is up."""
    states = _running()
    if not states:
        click.echo("No sandbox is up.")
    for state in states:
        os.kill(state["pid"], signal.SIGTERM)
        deadline = time.monotonic() + DOWN_SECONDS
        while Path(state["folder"]).exists():
            if time.monotonic() > deadline:
                raise click.ClickException(f"process {state['pid']} has not ended within {DOWN_SECONDS:.0f} s")
            time.sleep(0.1)
        click.echo(f"Down: {state['folder']}")


def _leave(stop: threading.Event) -> None:
    if stop.is_set():
        return
    stop.set()
    raise KeyboardInterrupt


def _up_detached(kubernetes: str, pair: str) -> None:
    known = {state["pid"] for state in _running()}
    command = [sys.executable, "-m", "cli.main", "sandbox", "up", "--kubernetes", kubernetes, "--pair", pair]
    from sandbox.cache import cache_folder  # noqa: PLC0415

    log = cache_folder() / "sandbox-up.log"
    with log.open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    deadline = time.monotonic() + UP_SECONDS
    shown = 0
    while not (new := [state for state in _running() if state["pid"] not in known]):
        lines = log.read_text(errors="replace").splitlines()
        for line in lines[shown:]:
            click.echo(line)
        shown = len(lines)
        if child.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException(f"the sandbox did not come up:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
    _print_state(new[0])


def _describe(running: Sandbox) -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "folder": str(running.folder),
        "kubeconfig": str(running.cluster.kubeconfig),
        "kubectl": str(running.cluster.kubectl_path),
        "kubernetes": running.cluster.version,
        "apiServer": running.cluster.server,
        "prometheus": running.monitoring.prometheus_url,
        "alertmanager": running.monitoring.alertmanager_url,
        "receivers": running.receiver_addresses(),
        "tokenFile": str(running.folder / "token"),
        "rules": str(running.monitoring.rules_folder),
    }


def _print_state(state: dict[str, Any]) -> None:
    click.echo()
    for key, value in state.items():
        click.echo(f"{key:13} {', '.join(value) if isinstance(value, list) else value}")


def _running() -> list[dict[str, Any]]:
    """The sandboxes whose process is alive."""
    from sandbox.cache import cache_folder  # noqa: PLC0415

    states = [json.loads(file.read_text()) for file in sorted((cache_folder() / "run").glob(f"*/{STATE}"))]
    return [state for state in states if Path(f"/proc/{state['pid']}").exists()]


def _progress(text: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {text}")


def _stack() -> Any:
    try:
        from sandbox import stack  # noqa: PLC0415
    except ImportError as error:
        raise click.ClickException(
            "the sandbox runs from a checkout of the project: git clone, then make sandbox"
        ) from (error)
    return stack
