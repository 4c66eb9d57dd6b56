"""The shipped dashboard's queries, as Grafana would send them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DASHBOARD = Path(__file__).parents[1] / "manifests/monitoring/dashboards/metricops.json"
VARIABLES = {"$__rate_interval": "30s", "$__range": "5m", "$slo": ".*"}


def load() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return loaded


def expressions() -> list[tuple[str, str]]:
    """Panel title and expression of every query, with the variables filled in."""
    return [(panel["title"], _filled(target["expr"])) for panel in load()["panels"] for target in panel["targets"]]


def _filled(expression: str) -> str:
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression
