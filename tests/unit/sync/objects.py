"""Objects as the API server would give them."""

from __future__ import annotations

from typing import Any

from sync.objects import OBJECTIVE, PROMETHEUS_RULE, Kind, RuleObject, read_object

UNDO = {"namespace": "shop", "deployment": "shop", "metricops": "undo"}


def alert(expression: str = "up == 0", labels: Any = None, **more: Any) -> dict[str, Any]:
    return {"alert": "Down", "expr": expression, "labels": UNDO if labels is None else labels, **more}


def groups(*rules: dict[str, Any], name: str = "g", **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, "rules": list(rules), **more}]


def item(name: str = "web", namespace: str = "shop", *, spec: Any = None, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}", "generation": 1, **more}
    return {"metadata": metadata, "spec": {"groups": groups(alert())} if spec is None else spec}


def rule_object(name: str = "web", namespace: str = "shop", kind: Kind = PROMETHEUS_RULE, **more: Any) -> RuleObject:
    return read_object(kind, item(name, namespace, **more))


def objective(**changes: Any) -> RuleObject:
    spec: dict[str, Any] = {
        "service": "shop",
        "workload": {"namespace": "shop", "deployment": "shop"},
        "objective": 99.5,
        "window": "30d",
        "indicator": {
            "errorsOverTotal": {
                "errors": 'rate(http_request_total{code=~"5.."}[$window])',
                "total": "rate(http_request_total[$window])",
            }
        },
    }
    return rule_object("shop-availability", kind=OBJECTIVE, spec={**spec, **changes})
