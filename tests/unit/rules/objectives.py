"""A strategy for specifications in our own format: whatever they may say; most of them are accepted."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import strategies as st

from rules.names import API_VERSION, KIND, KIND_BY_LABEL

Draw = st.DrawFn
KINDS = sorted(KIND_BY_LABEL)
NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?", fullmatch=True)
LABELS = st.sampled_from(["cluster", "team", "job", "method", "path", "Zone_1"])
VALUES = st.text(st.sampled_from("ab1 ü\"\\\n'{}$|.,"), max_size=6)
PATTERNS = st.sampled_from(["5..", "2..|3..", "[45]..", "GET|POST", "/api/.*", ".+", "(a|b)c?", "", "[^x]+", r"\d{3}"])
METRICS = st.sampled_from(["http_request_total", "a:b_total", "Requests", "x1"])
OBJECTIVES = st.sampled_from(["99.9", "99.5", "99", "95", "99.99", "99.999", "90.5", "0.5", "50"])
PERIODS = st.sampled_from(["30d", "28d", "7d", "90d", "4w", "1d"])
THRESHOLDS = st.sampled_from(["0.3", "1", "2.5", "0.001", "1000", "30"])
FAILED, GOOD = 'code=~"5.."', 'code!~"5..|429"'
TEXTS = st.sampled_from(["plain", "ü {{ $labels.slo }}", "{{ $value }} %", "two\nlines", "'quoted' \"twice\""])


@st.composite
def matchers(draw: Draw, *more: str) -> str:
    """`{a="b",c=~"5.."}`, or nothing."""
    found = []
    for label in draw(st.lists(LABELS, unique=True, max_size=3)):
        operator = draw(st.sampled_from(["=", "!=", "=~", "!~"]))
        text = draw(VALUES if operator in ("=", "!=") else PATTERNS)
        # As Go writes strings, which is as JSON does for these.
        found.append(f"{label}{operator}{_quoted(text)}")
    return f"{{{','.join([*found, *more])}}}" if found or more else ""


@st.composite
def indicators(draw: Draw, workload: dict[str, str] | None) -> dict[str, Any]:
    """One indicator of any kind; what it sums up still says whose it is."""
    metric, common = draw(METRICS), draw(matchers())
    kind = draw(st.sampled_from(["errors", "errors", "errors elsewhere", "good", "latency", "native", "gauge", "raw"]))
    total = f"rate({metric}{common}[$window])"
    errors = f"rate({metric}{_also(common, FAILED)}[$window])"
    summed = "sum"
    if workload and "per" in workload:
        labels = workload.get("namespaceLabel", "namespace"), workload.get("nameLabel", workload["per"])
        summed = f"sum by ({', '.join(labels)}) "
    match kind:
        case "errors":
            return {"errorsOverTotal": {"errors": errors, "total": total}}
        case "errors elsewhere":
            return {
                "errorsOverTotal": {
                    "errors": f"{summed}(rate(errors_total{common}[$window]))",
                    "total": f"{summed}({total})",
                }
            }
        case "good":
            good = f"rate({metric}{_also(common, GOOD)}[$window])"
            return {"goodOverTotal": {"good": good, "total": total}}
        case "latency":
            return {"latency": {"buckets": f"{metric}_bucket{common}", "threshold": draw(THRESHOLDS)}}
        case "native":
            return {"latency": {"histogram": f"{metric}{common}", "threshold": draw(THRESHOLDS)}}
        case "gauge":
            return {"booleanGauge": {"metric": f"{metric}{common}"}}
    ratio = f"{summed}({errors}) / {summed}({total})"
    return {"raw": {"errorRatio": ratio, **({"total": total} if draw(st.booleans()) else {})}}


@st.composite
def workloads(draw: Draw) -> dict[str, str] | None:
    """One workload, one of many, or nobody."""
    kind = draw(st.sampled_from(KINDS))
    match draw(st.sampled_from(["one", "one", "each", "each by other labels", "nobody"])):
        case "one":
            return {"namespace": draw(NAMES), kind: draw(NAMES)}
        case "each":
            return {"per": kind}
        case "each by other labels":
            name = draw(st.sampled_from(["app", kind]))
            return {"per": kind, "namespaceLabel": "exported_namespace", "nameLabel": name}
    return None


@st.composite
def windows(draw: Draw) -> dict[str, Any]:
    """A pair of windows, given by its factor or by its share of the budget."""
    long, short = draw(st.sampled_from([("1h", "5m"), ("30m", "3m"), ("15s", "5s"), ("45m", "7m"), ("10m", "100s")]))
    rates = [{"factor": "14.4"}, {"budget": "2"}, {"factor": "1.5"}, {"factor": "0.7"}, {"factor": "1"}]
    rate = draw(st.sampled_from(rates))
    return {
        "severity": draw(st.sampled_from(["page", "ticket"])),
        "long": long,
        "short": short,
        **rate,
        **draw(st.sampled_from([{}, {}, {"for": "1m"}, {"undo": False}, {"undo": True}])),
    }


@st.composite
def alertings(draw: Draw) -> dict[str, Any]:
    """When to alert, and whom."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        "minimumErrors": st.sampled_from([0, 1, 5, 1000]),
        "undo": st.booleans(),
        "absent": st.sampled_from(["10m", "1h"]),
        "attributionWindow": st.just("2h"),
        "page": st.sampled_from([{"labels": {"severity": "critical"}}, {"annotations": {"who": "{{ $labels.slo }}"}}]),
        "ticket": st.sampled_from([{"disabled": True}, {"labels": {"queue": "later"}}]),
    }
    own = st.lists(windows(), min_size=1, max_size=2, unique_by=lambda window: (window["severity"], window["long"]))
    return draw(st.fixed_dictionaries({"windows": own | own | st.just("workbook")}, optional=optional))


@st.composite
def objectives(draw: Draw, name: str = "slo") -> str:
    """A whole specification as YAML. It may be refused: an alert that never fires, say."""
    workload = draw(workloads())
    optional: dict[str, st.SearchStrategy[Any]] = {
        "description": TEXTS,
        "labels": st.dictionaries(st.sampled_from(["tier", "cost_center"]), VALUES.filter(str.strip), max_size=2),
        "annotations": st.dictionaries(st.sampled_from(["owner", "hint"]), TEXTS, max_size=2),
        "runbook": st.just("https://runbooks.example/a?b={{c}}"),
    }
    spec = {
        "service": draw(NAMES),
        **({"workload": workload} if workload else {}),
        "objective": float(draw(OBJECTIVES)),
        "window": draw(PERIODS),
        "indicator": draw(indicators(workload)),
        "alerting": draw(alertings()),
        **draw(st.fixed_dictionaries({}, optional=optional)),
    }
    document = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}
    for place in (spec["indicator"].get("latency", {}), *(_own(spec["alerting"]["windows"]))):
        for field in ("threshold", "factor", "budget"):
            if field in place:
                place[field] = float(place[field])
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _own(given: Any) -> list[dict[str, Any]]:
    return given if isinstance(given, list) else []


def _also(common: str, matcher: str) -> str:
    return f"{common[:-1]},{matcher}}}" if common else f"{{{matcher}}}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
