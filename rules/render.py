"""Rule groups as PrometheusRule objects or as a plain rule file; the same groups give the same bytes."""

from __future__ import annotations

from typing import Any

import yaml

from rules.durations import format_duration
from rules.generate import AlertRule, Recording, RuleGroup


def render_rule_file(groups: list[RuleGroup]) -> str:
    """A file for Prometheus' `rule_files`."""
    return _dump({"groups": [_group(group) for group in groups]})


def render_prometheus_rules(groups: list[RuleGroup]) -> str:
    """One PrometheusRule object (monitoring.coreos.com/v1) per group, in the workload's namespace."""
    return "---\n".join(
        _dump(
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": {
                    "name": group.name,
                    "namespace": group.namespace,
                    "labels": {"app.kubernetes.io/managed-by": "metricops"},
                },
                "spec": {"groups": [_group(group)]},
            }
        )
        for group in groups
    )


def _group(group: RuleGroup) -> dict[str, Any]:
    return {"name": group.name, "rules": [_rule(rule) for rule in group.rules]}


def _rule(rule: Recording | AlertRule) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expression, "labels": rule.labels}
    hold = {"for": format_duration(rule.hold)} if rule.hold else {}
    return {
        "alert": rule.alert,
        "expr": rule.expression,
        **hold,
        "labels": rule.labels,
        "annotations": rule.annotations,
    }


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_PlainDumper, sort_keys=False, width=100_000, allow_unicode=True)


class _PlainDumper(yaml.SafeDumper):
    """Without anchors: equal label sets are written out each time."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
