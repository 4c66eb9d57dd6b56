from __future__ import annotations

from tests.service.rules.facts.virtual_time import bench_fixture

__all__ = ["bench_fixture"]
