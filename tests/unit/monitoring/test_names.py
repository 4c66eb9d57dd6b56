"""The dashboard and the shipped alerts speak only of metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from admission.metrics import AdmissionMetrics
from receiver.decision.phases import Phase
from receiver.metrics import Metrics
from tests.dashboard import expressions, load

RULES = Path(__file__).parents[3] / "manifests/monitoring/prometheusrule.yaml"


def known_metrics() -> set[str]:
    known: set[str] = set()
    for family in [*Metrics().registry.collect(), *AdmissionMetrics().registry.collect()]:
        known |= {family.name, f"{family.name}_total"}
        known |= {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
    return known


def alert_expressions() -> list[str]:
    spec = yaml.safe_load(RULES.read_text())["spec"]
    return [rule["expr"] for group in spec["groups"] for rule in group["rules"]]


def test_every_metric_exists() -> None:
    named = {
        name
        for expression in [*(e for _, e in expressions()), *alert_expressions()]
        for name in re.findall(r"metricops_[a-z_]+", expression)
    }
    assert named
    assert named <= known_metrics()


def test_every_phase_that_is_named_exists() -> None:
    named = {
        phase
        for expression in alert_expressions()
        for selector in re.findall(r'phase=~?"([^"]+)"', expression)
        for phase in selector.split("|")
    }
    assert named <= {str(phase) for phase in Phase}


def test_no_shipped_alert_may_undo() -> None:
    spec = yaml.safe_load(RULES.read_text())["spec"]
    for rule in (rule for group in spec["groups"] for rule in group["rules"]):
        assert "metricops" not in rule["labels"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_panels_do_not_overlap_and_have_ids_of_their_own() -> None:
    panels = load()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
