"""Rollouts that a person or a pipeline wrote down: CSV with a heading, or a YAML list of mappings.

Fields: time (RFC 3339), namespace, kind, name, revision (any text that tells releases apart, an image's tag, say).
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

from cli.replay.timeline import Rollout, Timeline, in_order
from receiver.decision.values import Interval, WorkloadRef
from receiver.timestamps import parse_time
from rules.document import read_documents
from rules.fields import Field
from rules.names import KIND_BY_LABEL
from rules.problems import Problem, SpecificationError

FIELDS = ("time", "namespace", "kind", "name", "revision")
EARLIER = "an earlier release"
_LONG_BEFORE = timedelta(days=36_500)


def read_rollouts(content: bytes, file: str) -> list[Timeline]:
    """The timelines of a file, by its name CSV or YAML. Raises `SpecificationError` with all that is wrong."""
    problems: list[Problem] = []
    if file.endswith((".yaml", ".yml")):
        rows = _yaml_rows(content, file, problems)
    else:
        rows = _csv_rows(content, file, problems)
    found: dict[WorkloadRef, list[Rollout]] = {}
    for line, row in rows:
        read = _rollout(row, file, line, problems)
        if read is not None:
            found.setdefault(read[0], []).append(read[1])
    if problems:
        raise SpecificationError(sorted(problems, key=lambda problem: problem.line))
    return [_timeline(ref, rollouts, file) for ref, rollouts in found.items()]


def _timeline(ref: WorkloadRef, rollouts: list[Rollout], file: str) -> Timeline:
    first = min(rollout.began.earliest for rollout in rollouts)
    # What ran before the first release that is named is taken for one that could be restored.
    before = Interval(first - _LONG_BEFORE, first - _LONG_BEFORE)
    return Timeline(
        ref, in_order([Rollout(before, EARLIER), *rollouts]), f"{file} (what ran before the first could be restored)"
    )


def _yaml_rows(content: bytes, file: str, problems: list[Problem]) -> list[tuple[int, dict[str, str]]]:
    nodes, unreadable = read_documents(content, file)
    problems += unreadable
    rows = []
    for item in (item for node in nodes for item in Field(node, "", file, problems).items() or []):
        fields = item.mapping(FIELDS)
        if fields is not None:
            given = {name: field for name in FIELDS if (field := fields.get(name)) is not None}
            rows.append((item.line, {name: str(field.node.value) for name, field in given.items()}))
    return rows


def _csv_rows(content: bytes, file: str, problems: list[Problem]) -> list[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        missing = [name for name in FIELDS if name not in (reader.fieldnames or [])]
        if missing:
            problems.append(Problem(file, 1, "", f"no column {', '.join(missing)}", f"a heading {','.join(FIELDS)}"))
            return []
        return [(reader.line_num, {name: (row[name] or "").strip() for name in FIELDS}) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        problems.append(Problem(file, 1, "", str(error), "CSV in UTF-8, or a name that ends in .yaml"))
        return []


def _rollout(row: dict[str, str], file: str, line: int, problems: list[Problem]) -> tuple[WorkloadRef, Rollout] | None:
    missing = [name for name in FIELDS if not row.get(name)]
    problems += [Problem(file, line, name, "nothing", "a value") for name in missing]
    kinds = {**{kind.lower(): kind for kind in KIND_BY_LABEL.values()}}
    kind = kinds.get(row.get("kind", "").lower())
    if kind is None and "kind" not in missing:
        problems.append(Problem(file, line, "kind", repr(row["kind"]), f"one of {', '.join(KIND_BY_LABEL.values())}"))
    moment = _moment(row.get("time", ""))
    if moment is None and "time" not in missing:
        problems.append(Problem(file, line, "time", repr(row["time"]), "a time such as 2026-03-01T12:00:00Z"))
    if missing or kind is None or moment is None:
        return None
    return WorkloadRef(kind, row["namespace"], row["name"]), Rollout(Interval(moment, moment), row["revision"])


def _moment(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except ValueError:
        return None
