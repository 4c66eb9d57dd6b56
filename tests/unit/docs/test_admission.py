"""docs/admission.md says what the code does."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admission.admit import Outcome
from receiver import names
from receiver.workloads.stamp import TEXTS, ReleaseStamp, read_stamp

PAGE = (Path(__file__).parents[3] / "docs/admission.md").read_text()


def test_the_example_is_a_stamp() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    stamp = read_stamp({names.RELEASE_ANNOTATION: example})
    assert stamp is not None
    assert json.loads(stamp.text()) == json.loads(example)


def test_every_field_is_explained() -> None:
    now = datetime.now(UTC)
    texts: dict[str, Any] = dict.fromkeys(TEXTS.values(), "x")
    fields = set(json.loads(ReleaseStamp("x", now, now, images={"main": "x"}, held_back=True, **texts).text()))
    table = PAGE.partition("| field |")[2].partition("\n\n")[0]
    assert {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])} == fields


def test_every_outcome_is_named() -> None:
    assert all(f"`{outcome}`" in PAGE for outcome in Outcome)
