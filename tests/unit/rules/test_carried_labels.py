"""Which labels an expression's series can have."""

from __future__ import annotations

import promql_parser
import pytest

from rules.carried_labels import can_carry


@pytest.mark.parametrize(
    ("expression", "label", "expected"),
    [
        ("x", "a", True),
        ('x{a=""}', "a", False),
        ('x{a=~""}', "a", True),
        ("rate(x[5m]) > 0", "a", True),
        ("0 < -(rate(x[5m]))", "a", True),
        ("max_over_time(sum(x)[5m:1m])", "a", False),
        ("sum(x)", "a", False),
        ("sum by (a) (x)", "a", True),
        ("sum by (a) (sum by (b) (x))", "a", False),
        ("sum without (a) (x)", "a", False),
        ("sum without (b) (x)", "a", True),
        ("topk by (b) (3, x)", "a", True),
        ('count_values("a", x)', "a", True),
        ('count_values("b", x)', "a", False),
        ("sum by (a) (x) / sum by (a) (y)", "a", True),
        ("sum by (a) (x) / sum(y)", "a", False),
        ("sum by (a) (x) / scalar(sum(y))", "a", True),
        ("sum by (a) (x) / on () group_left () sum(y)", "a", True),
        ("sum(x) / on () group_right () sum by (a) (y)", "a", True),
        ("x / on (b) y", "a", False),
        ("x / on (a) y", "a", True),
        ("x / ignoring (a) y", "a", False),
        ("x / ignoring (b) y", "a", True),
        ("x * on (b) group_left (a) y", "a", True),
        ("x * on (b) group_left (a) sum by (b) (y)", "a", False),
        ("sum by (b) (x) * on (b) group_left (a) y", "a", True),
        ("sum(x) and y", "a", False),
        ("x and sum(y)", "a", True),
        ("x unless on () y", "a", True),
        ("sum(x) or y", "a", True),
        ('label_replace(sum(x), "a", "v", "", "")', "a", True),
        ('label_replace(x, "a", "", "", "")', "a", False),
        ('label_join(sum(x), "a", "-", "b")', "a", True),
        ('label_replace(x, "b", "v", "", "")', "a", True),
        ('absent(x{a="v"})', "a", True),
        ('absent(x{a=~"v"})', "a", False),
        ('absent_over_time(x{a="v"}[5m])', "a", True),
        ("absent(sum(x))", "a", False),
        ("vector(1)", "a", False),
        ("time() > bool 1", "a", False),
        ("histogram_quantile(0.9, sum by (le, a) (rate(x[5m])))", "a", True),
        ("x > bool 1", "a", True),
        ("5", "a", False),
    ],
)
def test_labels(expression: str, label: str, expected: bool) -> None:
    assert can_carry(promql_parser.parse(expression), label) is expected
