"""What differs between Prometheus 2 and 3: how buckets are spelled, where ranges end, what `.` matches."""

from __future__ import annotations

from itertools import accumulate

import pytest

from rules.names import NAMESPACE_LABEL
from tests.service.rules.facts.virtual_time import (
    FAST,
    PAGES,
    SHOP,
    TICKETS,
    Bench,
    firing,
    never_nan_nor_infinite,
    nothing,
    number,
    requests,
    specification,
    window,
    written,
)

DURATION = "http_request_duration_seconds"


def slower_than(threshold: float, **kind: str) -> dict[str, object]:
    """The objective that requests are faster."""
    return {"indicator": {"latency": {**kind, "threshold": threshold}}}


def classic(threshold: float) -> dict[str, object]:
    return slower_than(threshold, buckets=f"{DURATION}_bucket{written(SHOP)}")


def buckets(bound: str, good: str, total: str, pod: str = "a") -> dict[str, str]:
    """A pod's classic histogram with one bound."""
    labels = SHOP | {"pod": pod}
    return {
        f"{DURATION}_bucket{written(labels | {'le': bound})}": good,
        f"{DURATION}_bucket{written(labels | {'le': '+Inf'})}": total,
    }


SLOW = [number("metricops:slo_error_ratio:rate5m", "65m", 0.4), firing("65m", PAGES | TICKETS)]


@pytest.mark.parametrize(
    ("threshold", "spelling"), [(1, "1"), (1, "1.0"), (0.3, "0.3"), (1000, "1000"), (1000, "1e+03")]
)
def test_a_bucket_is_found_in_either_spelling(bench: Bench, threshold: float, spelling: str) -> None:
    """Prometheus 2 keeps the exporter's `1`, Prometheus 3 makes it `1.0`; clients write large ones with exponents."""
    bench.rules(specification(**classic(threshold)))
    bench.run(buckets(spelling, "0+60x140", "0+100x140"), SLOW)


def test_a_window_that_holds_both_spellings_counts_each_event_once(bench: Bench) -> None:
    """Prometheus was upgraded an hour ago, or one pod's client is newer than the other's."""
    bench.rules(specification(**classic(1)))
    series = buckets("1", "0+60x140", "0+100x140") | buckets("1.0", "0+60x140", "0+100x140", pod="b")
    bench.run(series, SLOW)


def test_a_bound_that_is_no_bucket_undoes_nothing(bench: Bench) -> None:
    """The query asks for the wrong bucket: that no event was counted in it does not mean that all were slow."""
    rules = bench.rules(specification(**classic(2)))
    checks = [firing("65m", set()), nothing("metricops:slo_error_ratio:rate5m", "65m")]
    bench.run(buckets("1", "0+100x140", "0+100x140"), [*checks, *never_nan_nor_infinite(rules, ("65m",))])


@pytest.mark.parametrize("step", ["15s", "30s", "1m", "2m"])
def test_windows_hold_enough_samples_with_open_and_closed_ends(bench: Bench, step: str) -> None:
    """[5m] holds 5 samples a minute apart in Prometheus 3 and 6 in 2, and 2 or 3 of every other minute: a rate, always.

    So a total outage is found within its detection time, and the ratio is the same.
    """
    bench.rules(specification())
    series = {requests("200"): "0+50x400", requests("503"): "0+50x400"}
    spans = ("5m", "30m", "1h", "6h")
    ratios = [number(f"metricops:slo_error_ratio:rate{span}", "70m", 0.5) for span in spans]
    bench.run(series, [*ratios, firing("70m", PAGES | TICKETS)], step=step)


def test_a_window_of_one_sample_fires_nothing_instead_of_something_else(bench: Bench) -> None:
    """A minute's window at a scrape a minute: one sample in Prometheus 3, two in 2. There the alert is silent, here it
    is right; it is wrong in neither. `rules check --prometheus` tells that nothing was found.
    """
    windows = {"windows": [window("page", "10m", "1m", 2)]}
    rules = bench.rules(specification(alerting=windows))
    three = bench.monitoring.prometheus_version.startswith("3.")
    series = {requests("200"): "0+50x60", requests("503"): "0+50x60"}
    found = set() if three else {("10m", "undo")}
    bench.run(series, [firing("30m", found), *never_nan_nor_infinite(rules, ("30m",))], step="1m")


def test_a_gauge_is_averaged_over_whatever_a_window_holds(bench: Bench) -> None:
    """5 or 6 samples: the share of those that are 0, not of those that there should be."""
    bench.rules(specification(indicator={"booleanGauge": {"metric": f"probe_success{written(SHOP)}"}}))
    series = {f"probe_success{written(SHOP | {'pod': pod})}": values for pod, values in (("a", "1x70"), ("b", "0x70"))}
    checks = [number(f"metricops:slo_error_ratio:rate{span}", "65m", 0.5) for span in ("5m", "30m", "1h")]
    bench.run(series, [*checks, nothing('ALERTS{metricops="undo"}', "65m")], step="1m")


def test_a_value_with_a_line_break_blames_nobody_else(bench: Bench) -> None:
    """`.` matches a line break in Prometheus 3 only. Where a namespace cannot be one, no other is blamed for it."""
    indicator = {
        "errorsOverTotal": {
            "errors": 'rate(http_request_total{code=~"5.."}[$window])',
            "total": "rate(http_request_total[$window])",
        }
    }
    workload = {"per": "deployment", "namespaceLabel": "exported_namespace"}
    bench.rules(specification(workload=workload, indicator=indicator))
    broken = {"namespace": "shop", "exported_namespace": "te\\nst"}
    series = {requests(code, **broken): "0+50x140" for code in ("200", "503")}
    checks = [nothing(f'ALERTS{{metricops="undo",{NAMESPACE_LABEL}="{name}"}}', "65m") for name in ("shop", "te", "st")]
    bench.run(series, checks)


def test_a_pattern_means_what_this_prometheus_makes_of_it(bench: Bench) -> None:
    """`5..` with a line break in the code is an error to Prometheus 3 and none to 2: the pattern is the user's own."""
    bench.rules(specification())
    three = bench.monitoring.prometheus_version.startswith("3.")
    series = {requests("5\\n0"): "0+50x140", requests(): "0+50x140"}
    bench.run(series, [firing("65m", PAGES | TICKETS if three else set())])


def native(failed: int, total: int, steps: int, *, since: int = 0) -> str:
    """A native histogram whose events are in (0.25, 0.5] where they are good, and in (0.5, 1] where they failed."""
    bad = [0] * since + list(accumulate([failed] * (steps - since), initial=0))
    good = [0] * since + list(accumulate([total - failed] * (steps - since), initial=0))
    return " ".join(
        f"{{{{schema:0 count:{g + b} sum:{g + b} offset:-1 buckets:[{g} {b}]}}}}"
        for g, b in zip(good, bad, strict=True)
    )


def natively(bench: Bench) -> dict[str, object]:
    if bench.monitoring.prometheus_version.startswith("2.42"):
        pytest.skip("promtool 2.42 has no notation for native histograms")
    return slower_than(0.5, histogram=f"{DURATION}{written(SHOP)}")


def test_a_native_histogram_is_judged_at_its_bound(bench: Bench) -> None:
    rules = bench.rules(specification(**natively(bench)))
    series = {f"{DURATION}{written(SHOP | {'pod': 'a'})}": native(40, 100, 140)}
    bench.run(series, [*SLOW, *never_nan_nor_infinite(rules, ("1m", "30m", "65m"))])


def test_a_native_histogram_without_events_is_no_number(bench: Bench) -> None:
    """A pod that serves nothing beside one that does: its fraction would be NaN, and all would be with it."""
    rules = bench.rules(specification(**natively(bench)))
    idle = {f"{DURATION}{written(SHOP | {'pod': 'idle'})}": native(0, 0, 140)}
    bench.run(idle, [*never_nan_nor_infinite(rules, ("1m", "65m")), firing("65m", set())])
    both = idle | {f"{DURATION}{written(SHOP | {'pod': 'a'})}": native(40, 100, 140)}
    bench.run(both, [*SLOW, *never_nan_nor_infinite(rules, ("1m", "65m"))])


def test_a_native_histogram_that_starts_anew(bench: Bench) -> None:
    """Of two pods one restarts: no burst and no hole."""
    rules = bench.rules(specification(**natively(bench)))
    restarts = " ".join([native(40, 100, 69), native(40, 100, 69)])
    series = {
        f"{DURATION}{written(SHOP | {'pod': 'a'})}": native(40, 100, 140),
        f"{DURATION}{written(SHOP | {'pod': 'b'})}": restarts,
    }
    near = number("abs(sum(metricops:slo_error_ratio:rate1h) - 0.4) < bool 0.01", "65m", 1)
    bench.run(series, [near, firing("65m", PAGES | TICKETS), *never_nan_nor_infinite(rules, ("35m", "36m", "65m"))])
    assert FAST in PAGES
