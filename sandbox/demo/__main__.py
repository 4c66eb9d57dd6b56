"""`python -m sandbox.demo`: exit code 0 only if the cluster and Prometheus themselves show the recovery."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click
import yaml

from rules.names import RULES_ENABLED, RULES_LABEL
from sandbox.binaries import DEFAULT_VERSION
from sandbox.debian import SUITES, Pair
from sandbox.demo.command import metricops
from sandbox.demo.narrator import Narrator
from sandbox.demo.scene import NAMESPACE
from sandbox.demo.story import HERE, Story
from sandbox.process import wait_until
from sandbox.stack import CHECKOUT, Sandbox

SETTINGS = {"METRICOPS_SETTLE": "3s", "METRICOPS_SWEEP_INTERVAL": "2s"}
OBJECTIVES = (CHECKOUT / "examples/slo-demo.yaml", HERE / "objectives.yaml")
"""The shop's as README.md shows it; the other workloads' after it."""
NAMESPACE_MANIFEST = f"""apiVersion: v1
kind: Namespace
metadata:
  name: {NAMESPACE}
  labels: {{{RULES_LABEL}: {RULES_ENABLED}}}
"""
RULES_SECONDS = 30.0


@click.command()
@click.option("--kubernetes", default=DEFAULT_VERSION, show_default=True, help="Which Kubernetes to run.")
@click.option("--pair", type=click.Choice(list(SUITES)), default="default", help="Which Prometheus and Alertmanager.")
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play in this cluster, which has no node, instead of starting a control plane.",
)
def main(kubernetes: str, pair: Pair, kubeconfig: Path | None) -> None:
    """Show the whole loop: a bad release is undone, and what is not to blame is left alone."""
    # SIGINT as well: a shell that starts us in the background has it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    narrator = Narrator()
    narrator.act("Setting the stage")
    try:
        with Sandbox(
            progress=narrator.progress, kubernetes=kubernetes, kubeconfig=kubeconfig, pair=pair, name="demo"
        ) as sandbox:
            passed = _play(sandbox, narrator)
    except KeyboardInterrupt:
        narrator.bad("interrupted; everything that ran has been ended")
        sys.exit(130)
    narrator.say(f"the whole demo took {time.monotonic() - began:.0f} s; nothing is left running")
    sys.exit(0 if passed else 1)


def _play(sandbox: Sandbox, narrator: Narrator) -> bool:
    try:
        narrator.progress("metricops rules generate examples/slo-demo.yaml …, kubectl apply")
        groups = apply_objectives(sandbox)
        sandbox.install(SETTINGS, rules_reconcile=True)
        sandbox.route_alerts()
        wait_for_rules(sandbox, groups)
    except TimeoutError as error:
        narrator.bad(str(error))
        _show_where_to_look(sandbox, narrator)
        return False
    narrator.progress("metricops rules sync: Prometheus evaluates the objectives' rules")
    story = Story(sandbox, narrator)
    traffic = story.prepare()
    try:
        story.bad_release()
        story.restraint()
        story.approval()
        story.evidence()
        story.own_rule()
        checks = story.checks()
    except (TimeoutError, AssertionError) as error:
        narrator.bad(str(error))
        _show_where_to_look(sandbox, narrator)
        return False
    finally:
        for one in traffic:
            one.stop()
    narrator.act("What the parts themselves say")
    for holds, text in checks:
        (narrator.good if holds else narrator.bad)(text)
    narrator.act("Times since the bad release was applied")
    narrator.block(_table(story.times()))
    narrator.act("metricops rollbacks")
    narrator.block(_rollbacks(sandbox))
    if not all(holds for holds, _ in checks):
        _show_where_to_look(sandbox, narrator)
        return False
    return True


def load_objectives(sandbox: Sandbox) -> None:
    """Give the cluster the objectives' rules and wait for them, as `apply_objectives` and `wait_for_rules` do."""
    wait_for_rules(sandbox, apply_objectives(sandbox))


def apply_objectives(sandbox: Sandbox) -> set[str]:
    """Generate the rules as a user would, and apply them. Returns their groups' names."""
    rules = metricops("rules", "generate", *OBJECTIVES)
    sandbox.apply(f"{NAMESPACE_MANIFEST}---\n{rules}")
    return {group["name"] for item in yaml.safe_load_all(rules) for group in item["spec"]["groups"]}


def wait_for_rules(sandbox: Sandbox, groups: set[str]) -> None:
    """Wait until `metricops rules sync` has had these groups loaded. Raises `TimeoutError`."""
    wait_until(
        lambda: groups <= {group["name"] for group in sandbox.monitoring.rules()},
        RULES_SECONDS,
        f"Prometheus evaluates {', '.join(sorted(groups))}",
        every=0.2,
    )


def _table(times: list[tuple[str, float]]) -> str:
    before = 0.0
    lines = [f"{'step':22} {'at':>8} {'since the step before':>23}"]
    for name, at in times:
        lines.append(f"{name:22} {at:6.2f} s {at - before:21.2f} s")
        before = at
    return "\n".join(lines)


def _rollbacks(sandbox: Sandbox) -> str:
    return metricops("rollbacks", "--kubeconfig", sandbox.cluster.kubeconfig)


def _show_where_to_look(sandbox: Sandbox, narrator: Narrator) -> None:
    narrator.act("Where to look: the records, and the last lines of rules sync and of the receiver")
    narrator.block(_rollbacks(sandbox))
    narrator.block(sandbox.rules_sync.log_tail(10))
    log = sandbox.pod_log("metricops-system", "metricops-receiver", "receiver")
    narrator.block("\n".join(log.splitlines()[-30:]))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
