"""What holds for all tests: how hypothesis looks for examples.

The gate says the same of the same tree, on a busy machine too: examples are derived from the test, and no clock is
looked at. `HYPOTHESIS_PROFILE=explore` looks for others each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gate", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("gate"), derandomize=False, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
