from __future__ import annotations

from pathlib import Path

import pytest

from cli.reference import pages

FOLDER = Path(__file__).parents[3] / "docs/reference"


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == pages()[name], "stale: run `metricops reference`"
