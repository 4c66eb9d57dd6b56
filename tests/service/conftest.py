from __future__ import annotations

import pytest

from sandbox.debian import SUITES, MonitoringBinaries, Pair, monitoring_binaries


@pytest.fixture(scope="session", params=list(SUITES))
def monitoring(request: pytest.FixtureRequest) -> MonitoringBinaries:
    """Each pair of Prometheus and Alertmanager with their tools."""
    pair: Pair = request.param
    return monitoring_binaries(pair, progress=print)
