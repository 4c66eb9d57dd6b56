"""Rollouts that were written down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cli.replay.rollouts_file import EARLIER, read_rollouts
from receiver.decision.values import WorkloadRef
from rules.problems import SpecificationError
from tests.unit.scenario import NOW

CSV = """time,namespace,kind,name,revision,by
2026-03-01T12:00:00Z,prod,Deployment,shop,v2,me
2026-03-01T14:00:00+01:00,prod,deployment,shop,v3,me
2026-03-01T12:30:00Z,prod,statefulset,db,"1,5",me
"""
YAML = """
- {time: 2026-03-01T12:00:00Z, namespace: prod, kind: Deployment, name: shop, revision: v2}
- {time: 2026-03-01T14:00:00+01:00, namespace: prod, kind: Deployment, name: shop, revision: v3}
- {time: 2026-03-01T12:30:00Z, namespace: prod, kind: StatefulSet, name: db, revision: "1,5"}
"""


@pytest.mark.parametrize(("text", "file"), [(CSV, "r.csv"), ("\ufeff" + CSV, "r.csv"), (YAML, "r.yaml")])
def test_both_forms(text: str, file: str) -> None:
    shop, db = read_rollouts(text.encode(), file)
    assert (shop.ref, db.ref) == (WorkloadRef("Deployment", "prod", "shop"), WorkloadRef("StatefulSet", "prod", "db"))
    assert [r.revision for r in shop.rollouts] == [EARLIER, "v2", "v3"]
    assert [r.began.latest for r in shop.rollouts][1:] == [NOW, NOW + timedelta(hours=1)]
    assert [r.revision for r in db.rollouts] == [EARLIER, "1,5"]


def test_before_the_first_one_an_earlier_release_ran() -> None:
    shop, _ = read_rollouts(CSV.encode(), "r.csv")
    workload = shop.workload_at(NOW + timedelta(minutes=5))
    assert workload is not None
    assert [(r.number, r.name) for r in workload.revisions] == [(1, EARLIER), (2, "v2")]


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        ("time,namespace,name,revision\n", "r.csv", ["r.csv:1: document: found no column kind"]),
        ("\xff", "r.csv", ["r.csv:1: document: found 'utf-8'"]),
        (
            "time,namespace,kind,name,revision\nsoon,prod,Deployment,shop,v1\n2026-03-01T12:00:00,p,Pod,a,\n",
            "r.csv",
            [
                "r.csv:2: time: found 'soon', expected a time such as",
                "r.csv:3: revision: found nothing",
                "r.csv:3: kind: found 'Pod', expected one of Deployment",
                "r.csv:3: time: found '2026-03-01T12:00:00', expected a time such as",
            ],
        ),
        (
            "- {time: 2026-03-01T12:00:00Z, namespace: prod, kind: Deployment, name: shop}\n- {nam: a}",
            "r.yml",
            ["r.yml:1: revision: found nothing", "r.yml:2: [1].nam: found the unknown field", "r.yml:2: time"],
        ),
        ("a: [", "r.yaml", ["r.yaml:"]),
    ],
)
def test_what_is_wrong(text: str, file: str, expected: list[str]) -> None:
    with pytest.raises(SpecificationError) as raised:
        read_rollouts(text.encode("latin-1"), file)
    lines = [str(problem) for problem in raised.value.problems]
    assert [line for line, start in zip(lines, expected, strict=False) if not line.startswith(start)] == []
    assert len(lines) >= len(expected)
