"""The demo runs on the objective that README.md shows, with other windows alone."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
SHOWN = (ROOT / "README.md").read_text()


def test_the_objective_is_the_shown_one() -> None:
    example = (ROOT / "examples/slo.yaml").read_text()
    assert example.partition("apiVersion")[2].strip() in SHOWN


def test_the_demos_is_the_same_with_the_windows_that_are_shown() -> None:
    demo, example = (yaml.safe_load((ROOT / f"examples/{name}.yaml").read_text()) for name in ("slo-demo", "slo"))
    alerting = demo["spec"].pop("alerting")
    assert demo == example
    text = (ROOT / "examples/slo-demo.yaml").read_text()
    shown = "  alerting:" + text.partition("  alerting:")[2].rstrip()
    assert shown in SHOWN
    assert yaml.safe_load(shown) == {"alerting": alerting}


def test_the_demo_loads_it() -> None:
    from sandbox.demo.__main__ import OBJECTIVES

    assert ROOT / "examples/slo-demo.yaml" in OBJECTIVES
