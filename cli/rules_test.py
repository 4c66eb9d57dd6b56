"""`metricops rules test`: promtool proves that the alerts fire when they should, and only then."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click

from cli.progress import Progress
from cli.promtool import Answer, find_promtool, run_tests
from cli.rules_files import FILES, specifications_of
from cli.rules_foreign import content, foreign_settings
from cli.table import printable, table
from rules.generate import generate
from rules.parse import parse_files
from rules.problems import SpecificationError
from rules.proof.own_cases import cases_beside, is_cases_file, with_rules
from rules.proof.proof import TESTS, Proof, Proven, prove
from rules.proof.report import BURN_HEADINGS, QUIET_HEADINGS, as_json, burn_rows, quiet_rows
from rules.proof.verdict import NoAnswer, read_answers
from rules.render import render_rule_file
from rules.specification import Specification


@dataclass(frozen=True, slots=True)
class OwnCases:
    """A file of cases that people wrote, and what promtool said of it."""

    file: Path
    answer: Answer


@click.command(name="test")
@FILES
@click.option("--promtool", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Not the one on PATH.")
@click.option(
    "--cases",
    "more_cases",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Cases of your own for the rules of all FILES, in promtool's format; may be given several times.",
)
@click.option("--strict", is_flag=True, help="Exit 1 also where an SLO is not testable.")
@click.option("--output", "-o", type=click.Choice(["table", "json"]), default="table", show_default=True)
def test_command(
    files: tuple[Path, ...], promtool: Path | None, more_cases: tuple[Path, ...], strict: bool, output: str
) -> None:
    """Prove with promtool that the alerts of SLO FILES fire, clear and stay quiet as they should.

    Cases of your own are run as well: those in FILE.test.yaml beside an SLO file, and those given by --cases. Exits 1
    where a case fails or a file is wrong, 2 where there is no promtool.
    """
    program = find_promtool(promtool)
    objectives = [file for file in files if not is_cases_file(file.name)]
    _check_beside(files, objectives)
    specifications = specifications_of(objectives)
    own = list(_own_cases(program, objectives, more_cases, specifications))
    proven = _run(program, prove(specifications))
    if output == "json":
        cases = [{"file": str(one.file), "passed": one.answer.passed, "output": one.answer.output} for one in own]
        click.echo(json.dumps({"slos": [as_json(one) for one in proven], "cases": cases}, indent=2))
    else:
        for line in _report(proven, own):
            click.echo(line)
    failed = any(one.problems for one in proven) or any(not one.answer.passed for one in own)
    if failed or (strict and any(one.untestable for one in proven)):
        raise click.exceptions.Exit(1)


def _check_beside(files: Sequence[Path], objectives: Sequence[Path]) -> None:
    expected = {beside for file in objectives for beside in cases_beside(file)}
    for file in files:
        if is_cases_file(file.name) and file not in expected:
            raise click.UsageError(f"{file} has cases for an SLO file that is not among FILES; or say --cases {file}")


def _run(program: Path, proofs: Sequence[Proof]) -> list[Proven]:
    progress = Progress()

    def run(proof: Proof) -> Proven:
        files = proof.files()
        answer = run_tests(program, files, [name for name in files if name.endswith(TESTS)]) if files else None
        try:
            return proof.held_against(read_answers(answer.output) if answer else {})
        except NoAnswer:
            assert answer is not None  # noqa: S101 - without files there are no cases
            return proof.broken_off(answer.output)

    found = []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for one in pool.map(run, proofs):
            found.append(one)
            progress(f"{len(found)} of {len(proofs)} SLOs")
    return found


def _own_cases(
    program: Path, objectives: Sequence[Path], more: Sequence[Path], specifications: Sequence[Specification]
) -> Iterator[OwnCases]:
    everything = render_rule_file(map(generate, specifications))
    for file in objectives:
        for beside in map(Path, cases_beside(file)):
            if beside.is_file():
                yield _own(program, beside, _rules_of(file) or everything)
    for cases in more:
        yield _own(program, cases, everything)


def _rules_of(file: Path) -> str | None:
    """The rules of one file alone; None where it needs others to be read."""
    try:
        return render_rule_file(map(generate, parse_files({str(file): content(file)}, foreign_settings())))
    except SpecificationError:
        return None


def _own(program: Path, cases: Path, rules: str) -> OwnCases:
    try:
        test = with_rules(content(cases), str(cases), "rules.yaml")
    except SpecificationError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
    return OwnCases(cases, run_tests(program, {"rules.yaml": rules, "test.yaml": test}, ["test.yaml"]))


def _report(proven: Sequence[Proven], own: Sequence[OwnCases]) -> Iterator[str]:
    for headings, rows in ((BURN_HEADINGS, burn_rows(proven)), (QUIET_HEADINGS, quiet_rows(proven))):
        if rows:
            yield from table([headings, *rows])
            yield ""
    for one in own:
        yield f"{'ok' if one.answer.passed else 'FAILED'}: {printable(one.file)}"
        if not one.answer.passed:
            yield from (f"  {printable(line)}" for line in one.answer.output.splitlines())
    for found in proven:
        if found.untestable:
            yield f"NOT TESTABLE: {printable(found.specification.name)} {printable(found.untestable)}"
        yield from (f"FAILED: {printable(problem)}" for problem in found.problems)
    counts = {verdict: sum(one.verdict == verdict for one in proven) for verdict in ("proven", "failed")}
    untestable = sum(bool(one.untestable) for one in proven)
    cases = sum(len(one.outcomes) for one in proven)
    yield f"{counts['proven']} proven with {cases} cases, {counts['failed']} failed, {untestable} not testable"
