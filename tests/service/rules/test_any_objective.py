"""Any accepted specification gives rules that promtool accepts, and whose proof succeeds: many in one promtool."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from cli.promtool import run_tests
from rules.parse import parse
from rules.problems import SpecificationError
from rules.proof.proof import TESTS, prove
from rules.proof.verdict import read_answers
from rules.specification import Specification
from sandbox.debian import MonitoringBinaries, monitoring_binaries
from tests.unit.rules.objectives import objectives

TOGETHER = 8
ROUNDS = 2


@pytest.fixture(scope="module")
def newest() -> MonitoringBinaries:
    """It reads native histograms."""
    return monitoring_binaries("newest", progress=print)


def accepted(text: str) -> Specification | None:
    try:
        return parse(text.encode(), "slo.yaml")[0]
    except SpecificationError:
        return None


# A failure is told as it is, because making it smaller would take minutes.
@settings(
    max_examples=ROUNDS,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
@given(st.lists(objectives().filter(lambda text: accepted(text) is not None), min_size=TOGETHER, max_size=TOGETHER))
def test_whatever_is_accepted_is_proven(newest: MonitoringBinaries, texts: list[str]) -> None:
    specifications = [found for found in map(accepted, texts) if found is not None]
    proofs = prove(specifications)
    files = {name: text for proof in proofs for name, text in proof.files().items()}
    answer = run_tests(newest.promtool, files, [name for name in files if name.endswith(TESTS)])
    answers = read_answers(answer.output)
    for proof, text in zip(proofs, texts, strict=True):
        note(text)
        assert proof.held_against(answers).problems == [], text
