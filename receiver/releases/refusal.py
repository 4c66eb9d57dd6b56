"""Why a request of the releases API is not done: an HTTP status and all that is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from receiver.errors import MetricOpsError
from receiver.intake.conformity import Problem


class RefusedError(MetricOpsError):
    """`retry_after` (seconds) is set where the same request may be done later."""

    def __init__(self, status: int, problems: Iterable[Problem], *, retry_after: int | None = None) -> None:
        self.status = status
        self.problems = tuple(problems)
        self.retry_after = retry_after
        super().__init__("; ".join(map(str, self.problems)))
