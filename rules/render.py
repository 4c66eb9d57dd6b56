"""Rule groups as PrometheusRule objects or as a plain rule file; the same groups give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from rules.durations import format_duration
from rules.group import Recording, Rule, RuleGroup, RuleSet

HEADER = "# Made by `metricops rules generate`: change the SLO file instead.\n"
MANAGED_BY = {"app.kubernetes.io/managed-by": "metricops"}


def render_rule_file(sets: Iterable[RuleSet], header: str = HEADER) -> str:
    """One file for Prometheus' `rule_files`."""
    return header + _dump({"groups": [_group(group) for one in sets for group in one.groups]})


def render_prometheus_rules(sets: Iterable[RuleSet], header: str = HEADER) -> str:
    """One PrometheusRule object (monitoring.coreos.com/v1) per specification, in the namespace that it names."""
    return header + "---\n".join(
        _dump(
            {
                "apiVersion": "monitoring.coreos.com/v1",
                "kind": "PrometheusRule",
                "metadata": {
                    "name": one.name,
                    **({"namespace": one.namespace} if one.namespace else {}),
                    "labels": {**one.labels, **MANAGED_BY},
                },
                "spec": {"groups": [_group(group) for group in one.groups]},
            }
        )
        for one in sets
    )


def _group(group: RuleGroup) -> dict[str, Any]:
    interval = {"interval": format_duration(group.interval)} if group.interval else {}
    return {"name": group.name, **interval, "rules": [_rule(rule) for rule in group.rules]}


def _rule(rule: Rule) -> dict[str, Any]:
    if isinstance(rule, Recording):
        return {"record": rule.record, "expr": rule.expression, "labels": rule.labels}
    times = {"for": rule.hold, "keep_firing_for": rule.lingers}
    return {
        "alert": rule.alert,
        "expr": rule.expression,
        **{name: format_duration(time) for name, time in times.items() if time},
        "labels": rule.labels,
        "annotations": rule.annotations,
    }


class _Dumper(yaml.SafeDumper):
    """Without anchors (equal label sets are written out each time), and with block style for lines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=100_000, allow_unicode=True)
