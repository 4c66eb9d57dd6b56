"""What promtool got against what had to come, without promtool: each way to be wrong is told as what it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.generate import generate
from rules.parse import parse
from rules.proof.cases import Case
from rules.proof.proof import Proof, prove
from rules.proof.verdict import NoAnswer, WrongSeries, outcome, read_answers
from tests.unit.rules.test_generate import EXAMPLES

PROOF = prove(parse(EXAMPLES["slo"].read_bytes(), "slo.yaml"))[0]


def case(kind: str) -> Case:
    """The one of the page over an hour."""
    return next(case for case in PROOF.cases if case.kind == kind)


def answers(found: Case, *, fired: int | None, cleared: int | None, count: int = -1, **more: float) -> dict[str, float]:
    """promtool's, for an alert that fired so many steps after the burn began, and until so many after its end."""
    said = {"m/ran": 1.0, "m/ratio": float(found.ratio or 0)}
    if fired is not None and cleared is not None:
        first, last = found.onset + fired, found.burned + cleared - 1
        step = found.step.total_seconds()
        said |= {"m/alert-first": first * step, "m/alert-last": last * step}
        said["m/alert-count"] = float(last - first + 1 if count < 0 else count)
    return said | {f"m/{name.replace('_', '-')}": value for name, value in more.items()}


def problems(kind: str, said: dict[str, float]) -> str:
    return " ".join(outcome(case(kind), "m", said).problems)


def test_all_is_as_it_should_be() -> None:
    # Just over 7.2 %: 57m9s of the hour; steps of 30 s.
    found = outcome(case("just over"), "m", answers(case("just over"), fired=115, cleared=1))
    assert found.problems == ()
    assert (found.fired_after, found.cleared_after) == (timedelta(minutes=57, seconds=30), timedelta(seconds=30))
    assert problems("just under", answers(case("just under"), fired=None, cleared=None)) == ""
    assert problems("clean", {"m/ran": 1}) == ""


@pytest.mark.parametrize(
    ("fired", "cleared", "count", "problem"),
    [
        (None, None, 0, "expected it to fire between 55m39s and 58m39s after the burn began, found it never firing"),
        (119, 1, -1, "found it firing after 59m30s"),
        (100, 1, -1, "found it firing after 50m"),
        (-2, 1, -1, "found it firing after -1m"),
        (115, 14, -1, "expected it to clear within 6m30s after the burn ended, found it firing for 7m"),
        (115, 17, -1, "found it still firing"),
        (115, 1, 2, "expected it to fire at all 4 steps until it cleared, found it at 2 of them"),
    ],
)
def test_a_burn_that_is_found_wrongly(fired: int | None, cleared: int | None, count: int, problem: str) -> None:
    assert problem in problems("just over", answers(case("just over"), fired=fired, cleared=cleared, count=count))


def test_what_must_not_fire() -> None:
    under = answers(case("just under"), fired=3, cleared=1)
    assert "expected it never to fire, found it firing 1m30s after the burn began" in problems("just under", under)
    clean = "expected no such alert on clean, found one firing after 2m"
    assert problems("clean", {"m/ran": 1, "m/quiet-first": 120}) == clean
    early = answers(case("outage"), fired=9, cleared=10, any_first=60.0)
    assert "expected nothing to fire on clean traffic, found an alert firing after 1m of it" in problems(
        "outage", early
    )


def test_a_case_that_did_not_run_is_no_success() -> None:
    with pytest.raises(NoAnswer):
        outcome(case("clean"), "m", {})
    with pytest.raises(NoAnswer):
        PROOF.held_against({})


@pytest.mark.parametrize("ratio", [None, 0.5, 0.0777])
def test_series_that_are_not_what_they_were_meant_to_be(ratio: float | None) -> None:
    said = answers(case("just over"), fired=115, cleared=1)
    said.pop("m/ratio")
    with pytest.raises(WrongSeries, match=r"were made for an error ratio of 0\.0756"):
        outcome(case("just over"), "m", said | ({} if ratio is None else {"m/ratio": ratio}))


def test_promtools_words() -> None:
    output = """
  FAILED:
    expr: "label_replace(vector(1), \\"metricops_proof\\", \\"0/1/ran\\", \\"\\", \\"\\")", time: 16m40s,
        exp: nil
        got: {metricops_proof="0/1/ran"} 1E+00
    expr: "…", time: 16m40s,
        exp: nil
        got: {a="b", metricops_proof="0/1/alert-first"} 1.04E+02, {metricops_proof="0/2/ratio"} NaN
"""
    found = read_answers(output)
    assert found.keys() == {"0/1/ran", "0/1/alert-first", "0/2/ratio"}
    assert (found["0/1/ran"], found["0/1/alert-first"]) == (1, 104)


def test_a_windows_files_hold_only_what_its_alert_needs() -> None:
    files = PROOF.files()
    page = next(
        text for name, text in files.items() if name.endswith(".rules.yaml") and "rate1h" in text and "1d" not in text
    )
    assert page.count("- alert:") == 1
    assert {"rate5m", "rate1h"} == {part for part in ("rate5m", "rate1h", "rate6h", "rate30m") if part in page}
    assert "burn_rate" not in page
    everything = next(iter(files.values()))
    assert everything.count("- alert:") == 4
    assert "interval" not in everything


def test_two_runs_are_the_same() -> None:
    again = prove(parse(EXAMPLES["slo"].read_bytes(), "slo.yaml"))[0]
    assert again.files() == PROOF.files()


def test_what_can_not_be_tested_is_told() -> None:
    rule = parse(EXAMPLES["rule"].read_bytes(), "rule.yaml")[0]
    [proof] = prove([rule])
    assert proof.files() == {}
    proven = proof.held_against({})
    assert (proven.verdict, proven.problems) == ("not testable", [])
    assert proven.untestable == "is a rule of the deployer's own, without an objective to hold it against"


def test_promtool_that_breaks_off_is_a_failure() -> None:
    proof = Proof(PROOF.specification, generate(PROOF.specification), "0", PROOF.cases)
    broken = proof.broken_off("FAILED:\n   found duplicate series" + "x" * 5000)
    assert broken.verdict == "failed"
    assert "did not run the cases to their end: FAILED: found duplicate series" in broken.problems[0]
    assert len(broken.problems[0]) < 2200
