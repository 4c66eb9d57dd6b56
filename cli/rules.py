"""`metricops rules`: SLO files into Prometheus rules."""

from __future__ import annotations

from pathlib import Path

import click

from rules.generate import RuleGroup, generate
from rules.parse import parse
from rules.problems import Problem, SpecificationError
from rules.render import render_prometheus_rules, render_rule_file

RENDERERS = {"prometheus-operator": render_prometheus_rules, "prometheus": render_rule_file}


@click.group(name="rules")
def rules_group() -> None:
    """Make Prometheus rules that name the workload to blame."""


@rules_group.command(name="generate")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(list(RENDERERS)), default="prometheus-operator", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file, not to the terminal.")
def generate_command(files: tuple[Path, ...], form: str, output: Path | None) -> None:
    """Turn SLO files into PrometheusRule objects, or into a plain rule file.

    Exit code 1: a file is wrong (everything that is wrong is named); 2: the command's own words are.
    """
    groups: list[RuleGroup] = []
    problems: list[Problem] = []
    seen: dict[str, Path] = {}
    for file in files:
        try:
            for specification in parse(file.read_bytes(), str(file)):
                group = generate(specification)
                if group.name in seen:
                    problems.append(
                        Problem(str(file), 0, "metadata.name", f"the name of {seen[group.name]} again", "another name")
                    )
                seen[group.name] = file
                groups.append(group)
        except SpecificationError as error:
            problems += error.problems
    if problems:
        for problem in problems:
            click.echo(str(problem), err=True)
        raise SystemExit(1)
    text = RENDERERS[form](groups)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text)
