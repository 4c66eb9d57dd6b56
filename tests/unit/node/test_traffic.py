from __future__ import annotations

from typing import Any

import pytest

from sandbox.traffic import Counts, serves

READY = {"type": "Ready", "status": "True"}


def test_the_error_ratio_is_of_what_was_answered() -> None:
    assert Counts(ok=3, errors=1, failed=5, skipped=7).error_ratio == 0.25
    assert Counts(failed=1).error_ratio == 0
    assert str(Counts(ok=3, errors=1)) == "ok 3, 5xx 1 (25.0%), no answer 0, not sent 0"


@pytest.mark.parametrize(
    ("status", "metadata", "expected"),
    [
        ({"podIP": "127.1.1.1", "conditions": [READY]}, {}, True),
        ({"podIP": "127.1.1.1", "conditions": [{**READY, "status": "False"}]}, {}, False),
        ({"conditions": [READY]}, {}, False),
        ({"podIP": "127.1.1.1", "conditions": [READY]}, {"deletionTimestamp": "2026-01-01T00:00:00Z"}, False),
        ({}, {}, False),
    ],
)
def test_requests_go_where_a_service_would_send_them(
    status: dict[str, Any], metadata: dict[str, Any], expected: bool
) -> None:
    assert serves({"metadata": metadata, "status": status}) is expected
