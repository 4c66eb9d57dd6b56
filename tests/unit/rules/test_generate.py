"""What is generated, byte by byte. To accept a change, read it, then run `python -m tests.unit.rules.test_generate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.generate import generate
from rules.parse import parse
from rules.render import render_prometheus_rules, render_rule_file

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"
SPECIFICATIONS = Path(__file__).parent / "specifications"
EXAMPLES = {
    "slo": ROOT / "examples/slo.yaml",
    "rule": ROOT / "examples/rule.yaml",
    "slo-statefulset": ROOT / "examples/slo-statefulset.yaml",
    "slo-demo": ROOT / "examples/slo-demo.yaml",
    "slo-latency": ROOT / "examples/slo-latency.yaml",
    "slo-per-deployment": ROOT / "examples/slo-per-deployment.yaml",
    "indicators": SPECIFICATIONS / "indicators.yaml",
    "subjects": SPECIFICATIONS / "subjects.yaml",
    "demo": ROOT / "sandbox/demo/objectives.yaml",
}


def rendered(name: str) -> dict[str, str]:
    groups = [generate(specification) for specification in parse(EXAMPLES[name].read_bytes(), name)]
    return {
        f"{name}.prometheusrule.yaml": render_prometheus_rules(groups),
        f"{name}.rules.yaml": render_rule_file(groups),
    }


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_golden(name: str) -> None:
    for file, text in rendered(name).items():
        assert (GOLDEN / file).read_text() == text, file


def test_no_golden_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir() if file.is_file()} == {
        file for name in EXAMPLES for file in rendered(name)
    }


if __name__ == "__main__":
    for example in EXAMPLES:
        for file_name, content in rendered(example).items():
            (GOLDEN / file_name).write_text(content)
