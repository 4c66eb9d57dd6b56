from __future__ import annotations

from tests.unit.scenario import alert, labelled


def test_an_alert_may_have_no_name() -> None:
    assert alert().name == "ErrorBudgetBurn"
    assert labelled(alertname="").name == ""
