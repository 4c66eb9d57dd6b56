"""One message per failure, saying what is missing."""

from __future__ import annotations

import pytest

from cli.connection import complaint
from receiver.cluster.api import ApiError

FORBIDDEN = 'rollbacks.metricops.dev "a" is forbidden: User "bob" cannot patch resource "rollbacks"'


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ApiError(0, "connection refused"), "cannot be reached: connection refused"),
        (ApiError(401, "Unauthorized"), "does not know you"),
        (ApiError(403, FORBIDDEN, reason="Forbidden"), 'a right is missing: rollbacks.metricops.dev "a" is forbidden'),
        (ApiError(404, 'rollbacks.metricops.dev "a" not found', reason="NotFound"), '"a" not found'),
        (ApiError(404, "the server could not find the requested resource"), "is the CRD of manifests/base installed"),
        (ApiError(404, "404 page not found"), "is the CRD of manifests/base installed"),
        (ApiError(422, "spec is immutable", reason="Invalid"), "422 Invalid spec is immutable"),
    ],
)
def test_complaint(error: ApiError, said: str) -> None:
    found = complaint(error, "do it").message
    assert found.startswith("cannot do it: ")
    assert said in found
