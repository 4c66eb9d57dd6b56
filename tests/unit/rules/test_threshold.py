from __future__ import annotations

import math
from datetime import timedelta

import pytest

from rules.comparison import Comparison
from rules.threshold import NoThreshold, Threshold, read_threshold

MINUTES = timedelta(minutes=1)
RATE = 'rate(http_request_total{code=~"^5.*$"}[5m])'


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        (f"{RATE} > 0", Threshold(RATE, Comparison.ABOVE, 0.0, 5 * MINUTES)),
        (f"({RATE}\n  > (0)) # any", Threshold(RATE, Comparison.ABOVE, 0.0, 5 * MINUTES)),
        ("0.05 <= a / b", Threshold("a / b", Comparison.AT_LEAST, 0.05, 0 * MINUTES)),
        ("0.05 > a", Threshold("a", Comparison.BELOW, 0.05, 0 * MINUTES)),
        ("a < 14.4 * (1 - 0.5)", Threshold("a", Comparison.BELOW, 7.2, 0 * MINUTES)),
        ("a <= -(2 + 1) / 2", Threshold("a", Comparison.AT_MOST, -1.5, 0 * MINUTES)),
        ("a > -1", Threshold("a", Comparison.ABOVE, -1.0, 0 * MINUTES)),
        (
            "max_over_time(rate(a[5m])[1h:]) + rate(b[30m]) >= 1e3",
            Threshold("max_over_time(rate(a[5m])[1h:]) + rate(b[30m])", Comparison.AT_LEAST, 1000.0, 65 * MINUTES),
        ),
        (
            "sum by (pod) (rate(a[1m])) / (sum by (pod) (rate(b[2m])) > 0) > 0.1",
            Threshold(
                "sum by (pod) (rate(a[1m])) / (sum by (pod) (rate(b[2m])) > 0)", Comparison.ABOVE, 0.1, 2 * MINUTES
            ),
        ),
        ("a / (a offset 1w) > 2", Threshold("a / (a offset 1w)", Comparison.ABOVE, 2.0, 0 * MINUTES)),
        ("quantile(0.9, rate(a[3m])) > 1", Threshold("quantile(0.9, rate(a[3m]))", Comparison.ABOVE, 1.0, 3 * MINUTES)),
        # The parser writes matchers in an order of its own.
        ('a{z="}",b=~"1.*",a="2"} > 1', Threshold('a{a="2",b=~"1.*",z="}"}', Comparison.ABOVE, 1.0, 0 * MINUTES)),
        ('a{b="\\"\\\\\\n"} > 1', Threshold('a{b="\\"\\\\\\n"}', Comparison.ABOVE, 1.0, 0 * MINUTES)),
    ],
)
def test_the_threshold_is_taken_off(expression: str, found: Threshold) -> None:
    read = read_threshold(expression)
    assert (read.comparison, read.limit, read.window) == (found.comparison, found.limit, found.window)
    assert "".join(read.sli.split()) == "".join(found.sli.split())


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("a", "not a comparison"),
        ("a > 1 and b > 2", "'and'"),
        ("a > 1 or b > 2", "'or'"),
        ("a > 1 unless b", "'unless'"),
        ("a + 1", r"'\+'"),
        ("a == 0", "'=='"),
        ("a != 0", "'!='"),
        ("a > bool 1", "bool"),
        ("a > b", "constant"),
        ("a > scalar(b)", "constant"),
        ("a > 1 / 0", "constant"),
        ("1 > bool 2", "bool"),
        ("vector(1) > 0", "no series"),
        ("time() > 0", "refuses"),
        ("absent(a) > 0", "absent has no value"),
        ("sum(absent_over_time(a[5m])) > 0", "absent_over_time has no value"),
        ("a > 1 < 3", "filters"),
        ("(a and b) > 1", "filters"),
        ("a @ 5 > 1", "fixed time"),
        ("rate(a[5m:1m] @ end()) > 1", "fixed time"),
        ("rate(a[5m] offset 1h) > 1", "earlier time"),
        ("holt_winters(a[5m], 0.1, 0.1) > 1", "refuses"),
        ("a >", "refuses"),
        ("", "refuses"),
        ("a > 1" + " " * 9000, "longer"),
    ],
)
def test_what_is_no_sli_is_told(expression: str, why: str) -> None:
    with pytest.raises(NoThreshold, match=why):
        read_threshold(expression)


def test_comparisons() -> None:
    assert [stands.holds(1.0, 1.0) for stands in Comparison] == [False, True, False, True]
    assert [stands.holds(2.0, 1.0) for stands in Comparison] == [True, True, False, False]
    assert not any(stands.holds(math.nan, 1.0) for stands in Comparison)
    assert [stands.is_lower_bound for stands in Comparison] == [False, False, True, True]
