"""Evidence comes back from a record as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.decision.evidence import Answer, Bound, Count, Evidence, Observation, Shown, SideBySide
from receiver.rollbacks.evidence_record import LONGEST_QUERY, evidence_spec, read_evidence
from rules.comparison import Comparison
from tests.unit.scenario import ONSET, evidence


@pytest.mark.parametrize(
    "given",
    [
        evidence(),
        evidence(onset=ONSET),
        evidence(side_by_side=SideBySide(False, 1.0, 0.25, 2, 3, ONSET)),
        evidence(count=Count(0, 12, ONSET)),
        evidence(bound=Bound(1.0, Comparison.AT_MOST), labels={"zone": "a"}),
        evidence(before=Observation(), since=Answer.GOOD, began_elsewhere=("deployment/a in prod",)),
        Evidence(Shown.UNKNOWN),
        Evidence(Shown.FIRING, no_sli="absent has no value while there are series"),
    ],
)
def test_there_and_back(given: Evidence) -> None:
    assert read_evidence(evidence_spec(given)) == given


def test_a_long_query_is_cut() -> None:
    kept = evidence_spec(replace(evidence(), query="x" * 20_000))
    assert len(kept["query"]) == LONGEST_QUERY


def test_records_from_before_there_were_lower_bounds() -> None:
    spec = evidence_spec(evidence())
    del spec["comparison"]
    assert read_evidence(spec).bound == Bound(0.1, Comparison.ABOVE)
