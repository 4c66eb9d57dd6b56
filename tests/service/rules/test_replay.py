"""`metricops rules replay` over the past of a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from cli.replay.grid import Grid
from cli.replay.history import History
from receiver.timestamps import parse_time
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import STEP, Backfilled, Counter, Gauge, backfilled

DAY = 86400
NAME = "http_request_total"


def spec(deployment: str) -> str:
    selector = f'{NAME}{{namespace="prod",deployment="{deployment}"'
    return f"""
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {{name: {deployment}}}
spec:
  service: {deployment}
  workload: {{namespace: prod, deployment: {deployment}}}
  objective: 99
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate({selector},code=~"5.."}}[$window])
      total: rate({selector}}}[$window])
  alerting:
    windows:
      - {{severity: page, long: 2m, short: 30s, factor: 10}}
---
"""


def traffic(deployment: str, failing: Callable[[int], bool], rate: float = 10.0) -> list[Counter]:
    """Requests of which half fail while they do."""
    labels = {"namespace": "prod", "deployment": deployment, "pod": f"{deployment}-a"}
    return [
        Counter(NAME, {**labels, "code": "500"}, lambda second: rate / 2 if failing(second) else 0.0),
        Counter(NAME, {**labels, "code": "200"}, lambda second: rate / 2 if failing(second) else rate),
    ]


def release(deployment: str, number: int, born: int, until: int, now: int) -> list[Counter]:
    """A ReplicaSet as kube-state-metrics shows it: made at that second before now, with replicas until then."""
    labels = {"namespace": "prod", "replicaset": f"{deployment}-{number}"}
    owner = {**labels, "owner_kind": "Deployment", "owner_name": deployment}

    def since_born(value: Callable[[int], float]) -> Callable[[int], float | None]:
        return lambda second: None if second < born else value(second)

    return [
        Gauge("kube_replicaset_created", labels, since_born(lambda _: now + born)),
        Gauge("kube_replicaset_owner", owner, since_born(lambda _: 1)),
        Gauge("kube_replicaset_spec_replicas", labels, since_born(lambda second: 2 if second < until else 0)),
    ]


def series(now: int) -> list[Counter]:
    return [
        *traffic("bad", lambda second: second >= -890),
        *release("bad", 1, -DAY, -890, now),
        *release("bad", 2, -900, STEP, now),
        # A dependency fails before the release.
        *traffic("dependency", lambda second: second >= -1300),
        *release("dependency", 1, -DAY, -1190, now),
        *release("dependency", 2, -1200, STEP, now),
        # Three failed requests.
        *traffic("few", lambda second: second in range(-700, -685), rate=0.4),
        *release("few", 1, -DAY, -705, now),
        *release("few", 2, -710, STEP, now),
        # Two bad releases, one soon after the other.
        *traffic("twice", lambda second: second in range(-590, -480) or second in range(-410, -150)),
        *release("twice", 1, -DAY, -590, now),
        *release("twice", 2, -600, -410, now),
        *release("twice", 3, -420, STEP, now),
        # Nobody knows when this was released.
        *traffic("unknown", lambda second: second in range(-300, -200)),
    ]


DEPLOYMENTS = ("bad", "dependency", "few", "twice", "unknown")


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    with backfilled(monitoring, tmp_path_factory.mktemp("replayed"), series, []) as found:
        one = write(tmp_path_factory, "bad")
        wait_until(lambda: replay(found, "--since", "1m", one) is not None, 30, "it answers")
        yield found


def write(folders: pytest.TempPathFactory, *deployments: str) -> Path:
    file = folders.mktemp("slo") / "slo.yaml"
    file.write_text("".join(map(spec, deployments)))
    return file


def replay(prometheus: Backfilled, *arguments: Any) -> dict[str, Any] | None:
    """The replay up to now; None where Prometheus does not answer."""
    until = prometheus.now.isoformat()
    fixed = ["--prometheus", prometheus.url, "--step", "5s", "--until", until, "--output", "json"]
    result = CliRunner().invoke(main, ["rules", "replay", *fixed, *map(str, arguments)])
    assert result.exit_code in (0, 2), result.output
    found: dict[str, Any] | None = json.loads(result.stdout) if result.exit_code == 0 else None
    return found


def decided(found: dict[str, Any] | None) -> dict[str, list[tuple[str, str | None]]]:
    """Outcome and reason of each decision, by workload."""
    assert found is not None
    decisions: dict[str, list[tuple[str, str | None]]] = {}
    for decision in found["decisions"]:
        decisions.setdefault(decision["workload"]["name"], []).append((decision["outcome"], decision["reason"]))
    return decisions


def test_what_would_have_been_decided(prometheus: Backfilled, tmp_path_factory: pytest.TempPathFactory) -> None:
    found = replay(prometheus, "--since", "25m", write(tmp_path_factory, *DEPLOYMENTS))
    assert decided(found) == {
        "bad": [("undone", "undo")],
        "dependency": [("refused", "outside-attribution-window"), ("refused", "before-rollout")],
        "twice": [("undone", "undo"), ("deferred", "in-cooldown"), ("undone", "undo")],
        "unknown": [("unknown", None)],
    }
    assert found is not None
    first = next(d for d in found["decisions"] if d["workload"]["name"] == "bad")
    assert first["detail"] == "revision 2 (bad-2) to revision 1 (bad-1)"
    assert first["evidence"]["before"]["answer"] == "good"
    assert first["evidence"]["since"]["answer"] == "bad"
    assert found["summary"]["undone"] == 3
    assert found["notes"] == []


RAW = """
groups:
- name: raw
  rules:
  - record: deployment:errors:rate1m
    expr: sum by (namespace, deployment) (rate(http_request_total{code=~"5.."}[1m]))
    labels: {team: 'a$1'}
  - alert: Errors
    expr: deployment:errors:rate1m{deployment!="unknown",team=~"a.*"} > 0.5
    for: 15s
    keep_firing_for: 1m
    labels: {metricops: undo}
  - {alert: ForPeople, expr: deployment:errors:rate1m > 0}
"""
ROLLOUTS = """time,namespace,kind,name,revision
{0},prod,deployment,bad,v2
{1},prod,Deployment,twice,v2
{2},prod,Deployment,twice,v1
"""


def test_rules_of_others_and_rollouts_from_a_file(prometheus: Backfilled, tmp_path: Path) -> None:
    (tmp_path / "raw.yml").write_text(RAW)
    times = [prometheus.at(second).isoformat() for second in (-900, -600, -420)]
    (tmp_path / "rollouts.csv").write_text(ROLLOUTS.format(*times))
    found = replay(prometheus, "--since", "25m", "--rollouts", tmp_path / "rollouts.csv", tmp_path / "raw.yml")
    decisions = decided(found)
    assert decisions["bad"] == [("undone", "undo")]
    # The evidence comes from the recording's own expression.
    assert found is not None
    first = next(d for d in found["decisions"] if d["workload"]["name"] == "bad")
    assert first["evidence"]["before"]["answer"] == "good"
    assert first["detail"] == "revision 2 (v2) to revision 1 (an earlier release)"
    assert first["labels"] == {
        **{"alertname": "Errors", "metricops": "undo", "team": "a$1"},
        **{"namespace": "prod", "deployment": "bad"},
    }
    # What is not in the file is known from kube-state-metrics.
    assert decisions["dependency"][-1] == ("refused", "before-rollout")
    assert "few" not in decisions
    assert "unknown" not in decisions
    assert any("1 alerts do not ask for an undo" in note for note in found["notes"])


def test_a_table_for_people(prometheus: Backfilled, tmp_path_factory: pytest.TempPathFactory) -> None:
    slo = write(tmp_path_factory, "bad", "unknown")
    fixed = ["--prometheus", prometheus.url, "--step", "5s", "--until", prometheus.now.isoformat()]
    result = CliRunner().invoke(main, ["rules", "replay", *fixed, "--since", "25m", str(slo)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["TIME", "WORKLOAD", "ALERT", "OUTCOME", "REASON", "DETAIL"]
    assert lines[1].split()[1:5] == ["prod/deployment/bad", "ErrorBudgetBurn", "undone", "undo"]
    assert "2 alerts that ask for an undo fired; decisions: 1 undone, 1 unknown." in result.stdout
    assert "Every workload is opted in as enabled" in result.stdout
    assert "Rollouts by ReplicaSets in kube-state-metrics: prod/deployment/bad." in result.stdout


def test_the_receivers_settings_hold(prometheus: Backfilled, tmp_path_factory: pytest.TempPathFactory) -> None:
    slo = write(tmp_path_factory, *DEPLOYMENTS)
    assert decided(replay(prometheus, "--since", "25m", "--cooldown", "10s", slo))["twice"] == [("undone", "undo")] * 2
    over = decided(replay(prometheus, "--since", "25m", "--namespace-budget", "1", slo))
    assert over["bad"] == [("undone", "undo")]
    assert over["twice"][0] == ("refused", "over-budget")
    few = decided(replay(prometheus, "--since", "25m", "--minimum-failed-events", "100000", slo))
    assert few["bad"] == [("refused", "too-few-events")]


def test_a_rule_that_fails_is_told(prometheus: Backfilled, tmp_path: Path) -> None:
    (tmp_path / "raw.yml").write_text(
        "groups: [{name: g, rules: [{alert: A, expr: 'http_request_total / on (namespace) http_request_total > 0', "
        "labels: {metricops: undo}}]}]"
    )
    found = replay(prometheus, "--since", "25m", tmp_path / "raw.yml")
    assert found is not None
    assert found["decisions"] == []
    assert "cannot be evaluated" in found["notes"][0]


def test_a_source_that_is_not_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    slo = str(write(tmp_path_factory, "bad"))
    result = CliRunner().invoke(main, ["rules", "replay", "--prometheus", "http://127.0.0.1:1", slo])
    assert result.exit_code == 2
    assert "http://127.0.0.1:1 cannot be reached" in result.stderr


def test_more_points_than_prometheus_gives_at_once(prometheus: Backfilled) -> None:
    history = History(prometheus.url, 10)
    (series,) = history.over("vector(1)", Grid(prometheus.at(-12_000), timedelta(seconds=1), 12_000))
    assert (len(series.samples), history.requests) == (12_000, 2)


def test_one_objective_for_all_workloads(prometheus: Backfilled, tmp_path: Path) -> None:
    one = (
        spec("bad").replace('namespace="prod",deployment="bad",', "").replace('{namespace="prod",deployment="bad"}', "")
    )
    one = one.replace("{namespace: prod, deployment: bad}", "{per: deployment}")
    assert "deployment=" not in one
    (tmp_path / "slo.yaml").write_text(one)
    found = decided(replay(prometheus, "--since", "25m", tmp_path / "slo.yaml"))
    assert found["bad"] == [("undone", "undo")]
    assert found["dependency"][-1] == ("refused", "before-rollout")
    assert found["twice"] == [("undone", "undo"), ("deferred", "in-cooldown"), ("undone", "undo")]
    assert "few" not in found


def test_a_group_with_an_interval_and_an_offset_of_its_own(prometheus: Backfilled, tmp_path: Path) -> None:
    labels = "{metricops: undo, namespace: prod, deployment: bad}"
    rule = f'{{alert: A, expr: \'rate(http_request_total{{deployment="bad",code="500"}}[1m]) > 0\', labels: {labels}}}'
    first = {}
    for name, group in (("plain", "name: g"), ("own", "name: g, interval: 20s, query_offset: 2m")):
        (tmp_path / f"{name}.yml").write_text(f"groups: [{{{group}, rules: [{rule}]}}]")
        found = replay(prometheus, "--since", "25m", tmp_path / f"{name}.yml")
        assert found is not None
        first[name] = parse_time(found["decisions"][0]["startsAt"])
    assert first["own"].second in (0, 20, 40)
    assert timedelta(minutes=2) <= first["own"] - first["plain"] <= timedelta(minutes=2, seconds=20)


def test_evidence_that_prometheus_refuses_is_unknown(prometheus: Backfilled, tmp_path: Path) -> None:
    (tmp_path / "raw.yml").write_text(
        """
groups:
- name: g
  rules:
  - alert: A
    expr: sum by (namespace, deployment) (rate(http_request_total{code="500",deployment="bad"}[1m])) > 0
    labels: {metricops: undo}
    annotations:
      metricops_sli: sum_over_time((http_request_total * on (namespace) http_request_total)[$window:5s])
      metricops_limit: "0.5"
      metricops_short_window: 1m
"""
    )
    found = replay(prometheus, "--since", "25m", tmp_path / "raw.yml")
    assert decided(found) == {"bad": [("undone", "undo")]}
    assert found is not None
    assert found["decisions"][0]["evidence"]["noSli"] == "the source did not answer the query"
    strict = replay(prometheus, "--since", "25m", "--evidence", "require-evidence", tmp_path / "raw.yml")
    assert decided(strict) == {"bad": [("refused", "no-evidence")]}
