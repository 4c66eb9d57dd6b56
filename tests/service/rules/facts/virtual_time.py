"""The rules of one objective on made-up series, in promtool's virtual time.

The objective is 99 % over 30 days for Deployment shop in namespace shop, unless a test says otherwise: the fast page
fires above 14.4 % errors over 1 h and 5 m, the slow one above 6 % over 6 h and 30 m, the tickets above 3 % and 1 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.generate import generate
from rules.group import Recording, RuleSet
from rules.parse import parse
from rules.render import render_rule_file
from rules.specification import Specification
from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool

ERRORS = 'rate(http_request_total{namespace="shop",deployment="shop",code=~"5.."}[$window])'
TOTAL = 'rate(http_request_total{namespace="shop",deployment="shop"}[$window])'
RATIO = {"errorsOverTotal": {"errors": ERRORS, "total": TOTAL}}
SHOP = {"namespace": "shop", "deployment": "shop"}
OWN = 'namespace="shop",deployment="shop",slo="shop-availability",service="shop"'
"""The labels that all series and alerts of the objective have."""

FAST, SLOW = ("1h", "undo"), ("6h", "")
PAGES = {FAST, SLOW}
TICKETS = {("1d", ""), ("3d", "")}

Check = dict[str, Any]


def specification(**spec: Any) -> Specification:
    """The objective, with fields of its `spec` that are said otherwise; None takes one away."""
    fields = {"service": "shop", "workload": SHOP, "objective": 99, "window": "30d", "indicator": RATIO, **spec}
    document = {
        "apiVersion": "metricops.dev/v1",
        "kind": "ServiceLevelObjective",
        "metadata": {"name": "shop-availability"},
        "spec": {name: value for name, value in fields.items() if value is not None},
    }
    (found,) = parse(yaml.safe_dump(document).encode(), "slo.yaml")
    return found


def window(severity: str, long: str, short: str, factor: float, **more: Any) -> dict[str, Any]:
    """A window of `spec.alerting`."""
    return {"severity": severity, "long": long, "short": short, "factor": factor, **more}


def requests(code: str = "200", pod: str = "a", **labels: str) -> str:
    """A series of requests."""
    return f"http_request_total{written(SHOP | {'pod': pod, 'code': code} | labels)}"


def written(labels: Mapping[str, str]) -> str:
    """Labels as PromQL has them."""
    pairs = (f'{key}="{value}"' for key, value in labels.items() if value)
    return f"{{{','.join(pairs)}}}"


def gives(expression: str, at: str, samples: Mapping[str, float]) -> Check:
    """What an expression gives at a moment, rounded to a thousandth; labels as `{a="b"}`."""
    expected = [{"labels": labels, "value": value} for labels, value in samples.items()]
    return {"expr": f"round({expression}, 0.001)", "eval_time": at, "exp_samples": expected}


def number(expression: str, at: str, value: float) -> Check:
    """The single value that an expression gives, whatever its labels."""
    return gives(f"sum({expression})", at, {"{}": value})


def nothing(expression: str, at: str) -> Check:
    """That an expression gives no series."""
    return {"expr": expression, "eval_time": at, "exp_samples": []}


def firing(at: str, expected: set[tuple[str, str]]) -> Check:
    """The windows that fire at a moment, each with what it may do."""
    samples = [
        {"labels": written({"long_window": long, "metricops": undo}), "value": 1} for long, undo in sorted(expected)
    ]
    return {
        "expr": 'count by (long_window, metricops) (ALERTS{alertstate="firing",alertname="ErrorBudgetBurn"})',
        "eval_time": at,
        "exp_samples": samples,
    }


@dataclass(frozen=True)
class Bench:
    """promtool of one pair, and a folder to work in."""

    monitoring: MonitoringBinaries
    folder: Path

    def rules(self, *specifications: Specification) -> RuleSet:
        """The rules of these objectives, as a file of the folder."""
        sets = [generate(one) for one in specifications]
        (self.folder / "rules.yaml").write_text(render_rule_file(sets))
        return sets[0]

    def run(self, series: Mapping[str, str], checks: Sequence[Check], *, step: str = "30s") -> None:
        """Assert with promtool what the folder's rules give on these series."""
        test = {
            "interval": step,
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": list(checks),
        }
        file = self.folder / "test.yaml"
        file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": step, "tests": [test]}))
        promtool(self.monitoring, "test", "rules", file)


def never_nan_nor_infinite(rules: RuleSet, moments: Sequence[str]) -> list[Check]:
    """That no recording has such a value at these moments."""
    records = sorted({rule.record for rule in rules.rules if isinstance(rule, Recording)})
    return [
        nothing(expression, at)
        for at in moments
        for record in records
        for expression in (f"{record} != {record}", f"abs({record}) == Inf")
    ]


@pytest.fixture(name="bench")
def bench_fixture(monitoring: MonitoringBinaries, tmp_path: Path) -> Bench:
    """A bench for each pair of Prometheus."""
    return Bench(monitoring, tmp_path)
