"""What Prometheus pays for the rules of many objectives: both sides in one Prometheus, over days of requests."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

from bench.rules.sloth import Sloth
from bench.rules.specifications import SIDE_LABEL, marked
from bench.rules.synthetic import Requests, RequestsServer, name_of, objectives, recorded_past
from rules.durations import parse_duration
from sandbox.cache import Progress
from sandbox.debian import MonitoringBinaries
from sandbox.demo.command import metricops
from sandbox.process import ManagedProcess, free_port, wait_until

PAST_SECONDS = 3 * 86_400
PAST_STEP = 120
SCRAPE_INTERVAL = 15
EVALUATIONS = 5
ASKED = 5
"""So many objectives' rules are asked one by one for the samples that they read: all objectives are alike."""
SIDES = ("sloth", "metricops")
READY_SECONDS = 120.0
EVALUATED_SECONDS = 400.0
PROGRESS_EVERY_SECONDS = 8.0
NEVER = "0001-01-01"
"""What stands for a group's last evaluation before there was one."""


@dataclass(slots=True)
class Cost:
    """What one side's rules cost, per objective; seconds and samples are those of a minute of evaluations."""

    recordings: float = 0
    alerts: float = 0
    series: float = 0
    seconds: float = 0
    samples: float = 0
    firing: set[tuple[str, str]] = field(default_factory=set)
    """Objective and severity of the alerts that fire."""
    by_rule: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Milliseconds and samples of a minute, by the name of the recording or alert."""


def costs(count: int, binaries: MonitoringBinaries, sloth: Sloth, folder: Path, progress: Progress) -> dict[str, Cost]:
    """Both sides' costs for `count` objectives."""
    specification = folder / "slos.yml"
    specification.write_text(objectives(count))
    sloth.generate(specification, folder / "sloth.yml")
    groups = {
        "sloth": marked((folder / "sloth.yml").read_text(), "sloth"),
        "metricops": marked(metricops("rules", "generate", "--format", "prometheus", specification), "metricops"),
    }
    per_minute = {}
    for side, of_side in groups.items():
        for group in of_side:
            # Groups that are evaluated seldom are watched as often as the others, and count for what they are.
            interval = parse_duration(group.pop("interval", f"{SCRAPE_INTERVAL}s"))
            per_minute[side, group["name"]] = 60 / interval.total_seconds()
        (folder / f"{side}.rules.yml").write_text(yaml.dump({"groups": of_side}, Dumper=_dumper(), sort_keys=False))
    now = time.time()
    requests = Requests(count, now - PAST_SECONDS)
    progress(f"writing {PAST_SECONDS // 86_400} days of the requests of {count} services")
    _backfill(binaries.promtool, folder, requests, groups, now)
    with ExitStack() as stack:
        server = stack.enter_context(RequestsServer(requests))
        prometheus = stack.enter_context(_Prometheus(binaries, folder, server.target))
        progress(
            f"Prometheus {binaries.prometheus_version} evaluates the rules of both sides every {SCRAPE_INTERVAL} s"
        )
        found = _observed(prometheus, count, per_minute, progress)
        _ask_samples(prometheus, found, count, per_minute)
    return found


def _dumper() -> type[Any]:
    found: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return found


def _backfill(
    promtool: Path, folder: Path, requests: Requests, groups: Mapping[str, list[dict[str, Any]]], now: float
) -> None:
    text = folder / "past.txt"
    with text.open("w") as lines:
        lines.writelines(requests.past(now, PAST_STEP))
        for of_side in groups.values():
            lines.writelines(recorded_past(of_side, now - PAST_SECONDS, now, PAST_STEP))
        lines.write("# EOF\n")
    # One block: with blocks of two hours it would read the whole text for each of them.
    command: list[str | Path] = [
        promtool,
        "tsdb",
        "create-blocks-from",
        "--quiet",
        "--max-block-duration=162h",
        "openmetrics",
    ]
    subprocess.run([*command, text, folder / "data"], capture_output=True, text=True, check=True)
    text.unlink()


class _Prometheus:
    """A Prometheus over the backfilled data that scrapes one target and evaluates both rule files."""

    def __init__(self, binaries: MonitoringBinaries, folder: Path, target: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(60.0))
        config = {
            "global": {"scrape_interval": f"{SCRAPE_INTERVAL}s", "evaluation_interval": f"{SCRAPE_INTERVAL}s"},
            "rule_files": [f"{side}.rules.yml" for side in SIDES],
            "scrape_configs": [
                # The past has no labels of the target.
                {
                    "job_name": "requests",
                    "static_configs": [{"targets": [target]}],
                    "metric_relabel_configs": [{"regex": "job|instance", "action": "labeldrop"}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command: list[str | Path] = [
            binaries.prometheus,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        self._process = ManagedProcess("prometheus", command, folder / "prometheus.log")

    def __enter__(self) -> _Prometheus:
        self._process.wait_until(self._answers, READY_SECONDS, "/-/ready answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer of the HTTP API. Raises `RuntimeError` where it refuses."""
        response = self._http.request("GET", f"{self.url}/api/v1/{path}", fields=parameters)
        if response.status != 200:
            raise RuntimeError(f"GET {path}: {response.status} {response.data[:500].decode(errors='replace')}")
        return json.loads(response.data)["data"]

    def groups(self) -> list[dict[str, Any]]:
        """The rule groups as they are."""
        found: list[dict[str, Any]] = self.get("rules")["groups"]
        return found

    def _answers(self) -> bool:
        try:
            return self._http.request("GET", self.url + "/-/ready", retries=False).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def _observed(
    prometheus: _Prometheus, count: int, per_minute: Mapping[tuple[str, str], float], progress: Progress
) -> dict[str, Cost]:
    """Watch each group for some evaluations; the least of a rule's times counts, which nothing else has lengthened."""
    times: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    seen: dict[tuple[str, str], str] = {}
    rules: dict[tuple[str, str, int], dict[str, Any]] = {}
    told = time.monotonic()

    def are_enough() -> bool:
        nonlocal told
        for group in prometheus.groups():
            key = (_side(group), group["name"])
            if group["lastEvaluation"] == seen.get(key) or group["lastEvaluation"].startswith(NEVER):
                continue
            seen[key] = group["lastEvaluation"]
            for number, rule in enumerate(group["rules"]):
                if rule["health"] == "err":
                    raise RuntimeError(f"{group['name']}: {rule['name']}: {rule['lastError']}")
                rules[*key, number] = rule
                times[*key, number].append(float(rule["evaluationTime"]))
        least = min(map(len, times.values())) if len(seen) == len(per_minute) else 0
        if time.monotonic() - told > PROGRESS_EVERY_SECONDS:
            told = time.monotonic()
            progress(f"{least} of {EVALUATIONS} evaluations of each group seen")
        return least >= EVALUATIONS

    wait_until(are_enough, EVALUATED_SECONDS, "all groups are evaluated", every=2.0)
    found = {side: Cost() for side in SIDES}
    for key, rule in rules.items():
        cost = found[key[0]]
        seconds = min(times[key]) * per_minute[key[:2]] / count
        cost.seconds += seconds
        cost.alerts += (rule["type"] == "alerting") / count
        cost.recordings += (rule["type"] == "recording") / count
        milliseconds, samples = cost.by_rule.get(rule["name"], (0.0, 0.0))
        cost.by_rule[rule["name"]] = (milliseconds + 1000 * seconds, samples)
    for alert in prometheus.get("query", query='ALERTS{alertstate="firing"}')["result"]:
        labels = alert["metric"]
        found[labels[SIDE_LABEL]].firing.add((labels["sloth_id"], labels["sloth_severity"]))
    for side, names in (("sloth", "slo:.+|sloth_slo_info"), ("metricops", "metricops:.+")):
        recorded = prometheus.get("query", query=f'count({{__name__=~"{names}"}})')["result"]
        alerting = prometheus.get("query", query=f'count({{__name__=~"ALERTS.*",{SIDE_LABEL}="{side}"}})')["result"]
        found[side].series = sum(float(one["value"][1]) for one in [*recorded, *alerting]) / count
    return found


def _ask_samples(
    prometheus: _Prometheus, found: Mapping[str, Cost], count: int, per_minute: Mapping[tuple[str, str], float]
) -> None:
    """How many samples each rule of some objectives reads, by the statistics of its query."""
    asked = [name_of(number) for number in range(min(ASKED, count))]
    for group in prometheus.groups():
        # All names of groups have the service's as a part, between hyphens, slashes and their ends.
        if not set(re.split("[-/]", group["name"])) & set(asked):
            continue
        cost = found[_side(group)]
        for rule in group["rules"]:
            answer = prometheus.get("query", query=rule["query"], stats="all")
            read = answer["stats"]["samples"]["totalQueryableSamples"]
            read *= per_minute[_side(group), group["name"]] / len(asked)
            cost.samples += read
            milliseconds, samples = cost.by_rule[rule["name"]]
            cost.by_rule[rule["name"]] = (milliseconds, samples + read)


def _side(group: Mapping[str, Any]) -> str:
    return Path(group["file"]).name.removesuffix(".rules.yml")
