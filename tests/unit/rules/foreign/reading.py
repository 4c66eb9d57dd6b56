"""Foreign specifications read in tests, and what is refused of them."""

from __future__ import annotations

import pytest

from rules.foreign.context import DEFAULTS, Settings
from rules.parse import parse
from rules.problems import SpecificationError
from rules.specification import ErrorBudget, Specification


def read(text: str, settings: Settings = DEFAULTS) -> Specification:
    """The one specification of a file."""
    (found,) = parse(text.encode(), "slo.yaml", settings)
    return found


def budget_of(text: str, settings: Settings = DEFAULTS) -> ErrorBudget:
    judge = read(text, settings).judge
    assert isinstance(judge, ErrorBudget)
    return judge


def refusal(text: str, settings: Settings = DEFAULTS) -> list[str]:
    """The problems without the file's name."""
    with pytest.raises(SpecificationError) as caught:
        parse(text.encode(), "slo.yaml", settings)
    return [str(problem).removeprefix("slo.yaml:") for problem in caught.value.problems]


def undoing(budget: ErrorBudget) -> list[bool]:
    return [window.undo for window in budget.windows]
