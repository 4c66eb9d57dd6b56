"""Manifests with rules in annotations, as `metricops rules check` reads them."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from cli.rules import rules_group

MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    other: x
    metricops.dev/rule: RULE
spec: {}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
"""
TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


def check(tmp_path: Path, rule: str, *options: str, manifest: str = MANIFEST) -> tuple[int, str]:
    file = tmp_path / "web.yaml"
    file.write_text(manifest.replace("RULE", rule))
    answer = CliRunner().invoke(rules_group, ["check", str(file), *options])
    return answer.exit_code, answer.output.replace(str(tmp_path), "")


def test_the_talks_rule(tmp_path: Path) -> None:
    code, said = check(tmp_path, TALK)
    assert code == 0
    assert said.splitlines()[-1] == "1 alert, 0 errors, 3 warnings"
    assert "warning: /web.yaml, metricops-deployment-web: DeployerRule: each of its series" in said
    assert check(tmp_path, TALK, "--strict")[0] == 1


def test_what_is_wrong_is_told_at_its_line(tmp_path: Path) -> None:
    assert check(tmp_path, 'up{namespace="other"} > 0') == (
        1,
        'error: /web.yaml:13: metadata.annotations.metricops.dev/rule, column 1: found namespace="other", expected '
        'namespace="shop", or nothing about namespace: it is added (specification)\n\n0 alerts, 1 error, 0 warnings\n',
    )
    block = "|\n      - name: a\n        expr: up > 0\n      - name: b\n        expr: up >"
    code, said = check(tmp_path, block, "--output", "json")
    (finding,) = json.loads(said)["findings"]
    assert (code, finding["where"]) == (1, "/web.yaml:17")
    assert "[1].expr: found what the PromQL parser refuses" in finding["message"]


def test_a_workload_without_a_namespace(tmp_path: Path) -> None:
    code, said = check(tmp_path, TALK, manifest=MANIFEST.replace("  namespace: shop\n", ""))
    assert code == 1
    assert "metadata.namespace: found nothing, expected the workload's, which its rules name" in said


def test_a_manifest_without_rules(tmp_path: Path) -> None:
    without = MANIFEST.replace("    metricops.dev/rule: RULE\n", "")
    assert check(tmp_path, "", manifest=without) == (0, "0 alerts, 0 errors, 0 warnings\n")
