"""docs/rules-sync.md explains every reason that a condition or an Event can have."""

from __future__ import annotations

import re
from pathlib import Path

from sync import outcome, rendering

PAGE = Path(__file__).parents[3] / "docs/rules-sync.md"


def test_every_reason_is_explained() -> None:
    reasons = {outcome.LOADED, outcome.WRITTEN, outcome.REFUSED, outcome.NOT_TAKEN, outcome.NOT_READ}
    reasons |= {rendering.INVALID, rendering.FOREIGN_NAMESPACE}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)) == reasons
