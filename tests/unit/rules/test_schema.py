"""The published schema and the reader agree: neither refuses what the other accepts, as far as a schema can tell."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.main import main
from rules.parse import parse
from rules.problems import SpecificationError
from rules.schema import schema
from tests.unit.rules.test_generate import EXAMPLES, ROOT
from tests.unit.rules.test_parse import GOOD

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
VALIDATOR = jsonschema.Draft202012Validator(schema())
EVERYTHING = """
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata:
  name: everything
  namespace: prod
  labels: {release: prometheus}
  annotations: {a/b: c}
spec:
  service: shop
  description: What we owe.
  workload: {namespace: prod, deployment: shop}
  labels: {team: shop}
  annotations: {owner: '{{ $labels.team }}'}
  runbook: https://a.example/b
  dashboard: http://a.example/c
  objective: 99.9
  window: 30d
  indicator:
    latency: {buckets: d_bucket, threshold: 0.3}
  alerting:
    windows:
      - {severity: page, long: 1h, short: 5m, budget: 2, for: 1m, undo: true}
      - {severity: ticket, long: 3d, short: 6h, factor: 1}
    minimumErrors: 3
    attributionWindow: 90m
    undo: true
    absent: 10m
    page: {labels: {severity: critical}, annotations: {a: b}, disabled: false}
    ticket: {labels: {severity: low}, annotations: {a: b}, disabled: true}
"""


@lru_cache
def valid() -> list[dict[str, Any]]:
    texts = [EVERYTHING, *(path.read_text() for path in EXAMPLES.values())]
    return [document for text in texts for document in yaml.safe_load_all(text)]


def schema_accepts(document: Any) -> bool:
    return bool(VALIDATOR.is_valid(document))


def reader_accepts(document: Any) -> bool:
    try:
        parse(yaml.dump(document, Dumper=DUMPER).encode(), "slo.yaml")
    except SpecificationError:
        return False
    return True


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("document", valid(), ids=lambda document: document["metadata"]["name"])
def test_both_accept(document: dict[str, Any]) -> None:
    VALIDATOR.validate(document)
    assert reader_accepts(document)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def changed(document: Any, path: tuple[Any, ...], change: Any) -> Any:
    """The document with one value replaced; or taken away, where the change is `...`."""
    found = copy.deepcopy(document)
    holder = found
    for key in path[:-1]:
        holder = holder[key]
    if change is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = change
    return found


WRONG = [..., None, True, 7, -1, 0, 100, 1.5, "", " ", "x y", "A", "{{ x }}", "1h", "0", [], {}, [1], {"a": "b"}]


PLACES = [(number, path) for number, document in enumerate(valid()) for path in places(document)]


@settings(max_examples=60)
@given(st.sampled_from(PLACES), st.integers(0, len(WRONG) - 1))
def test_what_the_schema_refuses_the_reader_refuses_as_well(place: tuple[int, tuple[Any, ...]], wrong: int) -> None:
    found = changed(valid()[place[0]], place[1], WRONG[wrong])
    assert schema_accepts(found) or not reader_accepts(found), (place, wrong)


BASE: dict[str, Any] = yaml.safe_load(EVERYTHING)
QUERIES = ("expr", "errors", "total", "good", "buckets", "histogram", "metric", "errorRatio")
TOGETHER = (
    ("metadata", "namespace"),
    ("spec", "workload"),
    ("spec", "objective"),
    ("spec", "window"),
    ("spec", "annotations"),
    ("spec", "alerting", "windows"),
    ("spec", "alerting", "attributionWindow"),
    ("spec", "alerting", "absent"),
    ("spec", "alerting", "page", "annotations"),
    ("spec", "alerting", "ticket", "annotations"),
)
"""What the reader alone can tell: what fields say together, durations of 0, and templates."""


@pytest.mark.parametrize("path", list(places(BASE)), ids=lambda path: ".".join(map(str, path)))
def test_of_everything(path: tuple[Any, ...]) -> None:
    for wrong in WRONG:
        found = changed(BASE, path, wrong)
        by_schema, by_reader = schema_accepts(found), reader_accepts(found)
        assert by_schema or not by_reader, (path, wrong)
        only_read = path[-1] in QUERIES or any(path[: len(place)] == place for place in TOGETHER)
        assert by_reader or not by_schema or only_read, (path, wrong)


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("  service: shop", "  servise: shop"),
        GOOD.replace("deployment: shop", "job: shop"),
        GOOD.replace("deployment: shop", "deployment: shop, statefulset: shop"),
        GOOD.replace("namespace: prod, deployment: shop", "per: deployment, namespace: prod"),
        GOOD.replace("99.9", "100"),
        GOOD.replace("99.9", "101"),
        GOOD.replace("99.9", "0"),
        GOOD.replace("99.9", '"99,9"'),
        GOOD.replace("30d", "1M"),
        GOOD.replace("30d", "'30'"),
        GOOD + "  rule: {expr: up}\n",
        GOOD + "  labels: {namespace: a}\n",
        GOOD + "  labels: {a: '{{ b }}'}\n",
        GOOD + "  annotations: {metricops_sli: a}\n",
        GOOD + "  runbook: ftp://a\n",
        GOOD + "  alerting: {windows: fast}\n",
        GOOD + "  alerting: {windows: [{severity: page, long: 1h, short: 5m, factor: 2, budget: 2}]}\n",
        GOOD.replace("    errorsOverTotal:", "    booleanGauge: {metric: up}\n    errorsOverTotal:"),
    ],
)
def test_both_refuse(text: str) -> None:
    document = yaml.safe_load(text)
    assert not schema_accepts(document)
    assert not reader_accepts(document)


def test_every_field_is_explained() -> None:
    def unexplained(part: Any, path: str) -> Iterator[str]:
        if isinstance(part, list):
            for inner in part:
                yield from unexplained(inner, path)
        if not isinstance(part, dict):
            return
        for name, inner in part.get("properties", {}).items() if isinstance(part.get("properties"), dict) else ():
            if "description" not in inner and name not in ("apiVersion", "kind", "metadata", "spec"):
                yield f"{path}.{name}"
        for key, inner in part.items():
            yield from unexplained(inner, f"{path}.{key}")

    known = ("errorsOverTotal", "goodOverTotal", "latency", "booleanGauge", "raw", "page", "ticket")
    assert [path for path in unexplained(schema(), "") if path.rpartition(".")[2] not in known] == []


def test_it_is_printed_and_published() -> None:
    published = (ROOT / "docs/reference/slo.schema.json").read_text()
    result = CliRunner().invoke(main, ["rules", "schema"])
    assert (result.exit_code, result.stdout) == (0, published)
    assert json.loads(published) == schema()


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda file: file.name)
def test_examples_name_it_for_editors(file: Path) -> None:
    first = file.read_text().partition("\n")[0]
    place = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / place).resolve() == ROOT / "docs/reference/slo.schema.json"
