"""Each reason with a world that reaches it, and a neighbouring world that does not, by topic."""

from __future__ import annotations

from tests.unit.decision.cases.evidence import EVIDENCE
from tests.unit.decision.cases.hindrances import HINDRANCES
from tests.unit.decision.cases.opting_in import OPTING_IN
from tests.unit.decision.cases.records import RECORDS
from tests.unit.decision.cases.timing import TIMING
from tests.unit.decision.cases.worlds import Case

CASES: list[Case] = [*OPTING_IN, *RECORDS, *TIMING, *EVIDENCE, *HINDRANCES]
