"""Many services alike: their objectives in sloth's format, and their requests, past and present."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.exporter import PageServer

METRIC = "http_request_total"
PODS = ("a", "b")
CODES = ("200", "500")
PER_SECOND = 50.0
"""Requests per pod."""
FAILING = 0.2
"""The share of requests that fail at a service that burns its budget."""


def name_of(number: int) -> str:
    """The service and the Deployment of a number."""
    return f"app{number}"


def objectives(count: int) -> str:
    """A `prometheus/v1` document: one objective per service, each of which names its workload."""
    return 'version: "prometheus/v1"\nservice: "shop"\nlabels: {owner: "team"}\nslos:\n' + "".join(
        _OBJECTIVE.replace("NAME", name_of(number)) for number in range(count)
    )


_OBJECTIVE = f"""  - name: "NAME"
    objective: 99.9
    description: "Requests that are answered without a server error."
    labels: {{metricops_workload: "shop/deployment/NAME"}}
    sli:
      events:
        error_query: sum(rate({METRIC}{{namespace="shop",deployment="NAME",code=~"5.."}}[{{{{.window}}}}]))
        total_query: sum(rate({METRIC}{{namespace="shop",deployment="NAME"}}[{{{{.window}}}}]))
    alerting:
      name: ErrorBudgetBurn
      page_alert: {{labels: {{severity: page}}}}
      ticket_alert: {{labels: {{severity: ticket}}}}
"""


class Requests:
    """Counters of `count` services that have grown evenly since `began`; of every tenth, a share of requests fails."""

    def __init__(self, count: int, began: float) -> None:
        self._began = began
        self._growth = {
            f'{METRIC}{{namespace="shop",deployment="{name_of(number)}",pod="{pod}",code="{code}"}}': per_second
            for number in range(count)
            for pod in PODS
            for code, per_second in zip(CODES, _growth(number), strict=True)
        }
        self.burning = {name_of(number) for number in range(count) if _growth(number)[1]}

    def past(self, until: float, step: float) -> Iterator[str]:
        """Lines of OpenMetrics, series by series."""
        for series, per_second in self._growth.items():
            at = self._began
            while at <= until:
                yield f"{series} {per_second * (at - self._began):.0f} {at:.0f}\n"
                at += step

    def page(self) -> bytes:
        """What a scrape finds now."""
        seconds = time.time() - self._began
        lines = [f"{series} {per_second * seconds:.0f}" for series, per_second in self._growth.items()]
        return "\n".join([f"# TYPE {METRIC} counter", *lines, ""]).encode()


def _growth(number: int) -> tuple[float, float]:
    failed = FAILING * PER_SECOND if number % 10 == 0 else 0.0
    return PER_SECOND - failed, failed


def recorded_past(groups: Sequence[Mapping[str, Any]], began: float, until: float, step: float) -> Iterator[str]:
    """Lines of OpenMetrics for the recordings over the shortest window, which recordings over the period read."""
    for group in groups:
        for rule in group["rules"]:
            if rule.get("record", "").endswith("rate5m"):
                labels = ",".join(f'{name}="{value}"' for name, value in rule["labels"].items())
                at = began
                while at <= until:
                    yield f"{rule['record']}{{{labels}}} 1 {at:.0f}\n"
                    at += step


class RequestsServer(PageServer):
    """Serves the present of some requests."""

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def page(self) -> bytes:
        """The present."""
        return self._requests.page()
