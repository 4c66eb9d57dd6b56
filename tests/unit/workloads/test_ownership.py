"""Who applied a workload, and what an undo leaves to whom."""

from __future__ import annotations

import json
from typing import Any

import pytest

from receiver.workloads.ownership import (
    LAST_APPLIED,
    MOST_ANNOTATION_BYTES,
    heirs,
    is_deployers,
    main_applier,
    settling_operations,
)

IMAGE: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:image": {}}}}}
LEVEL: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:level": {}}}}}
REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}, "f:selector": {}}}


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", **more: str) -> dict[str, Any]:
    base = {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": "2026-03-01T12:00:00Z"}
    return {**base, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


def both(*sets: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for fields in sets:
        for key, below in fields.items():
            merged[key] = both(merged.get(key, {}), below)
    return merged


def operations_for(*entries: dict[str, Any], **annotations: str) -> list[dict[str, Any]]:
    return settling_operations(entries, annotations)


def state(image: str, level: str, **annotations: str) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}, "spec": {"template": {"spec": {"image": image, "level": level}}}}


def applied(**annotations: str) -> dict[str, str]:
    manifest = {"metadata": {"annotations": annotations}, "spec": {"replicas": 2, "template": {"spec": {"image": "2"}}}}
    return {LAST_APPLIED: json.dumps(manifest)}


class TestMainApplier:
    ci, injector = entry("ci", both(IMAGE, REPLICAS)), entry("injector", LEVEL)

    @pytest.mark.parametrize(
        "other",
        [
            injector,
            entry("kubectl", both(IMAGE, REPLICAS, LEVEL), "Update"),
            entry("hpa", both(IMAGE, REPLICAS, LEVEL), subresource="scale"),
            entry("metricops", both(IMAGE, REPLICAS, LEVEL), "Update"),
            entry("ci-of-yesterday", both(IMAGE, REPLICAS), time="2026-02-28T12:00:00Z"),
            entry("labeller", {"f:metadata": {"f:annotations": {"f:a": {}, "f:b": {}, "f:c": {}, "f:d": {}}}}),
        ],
    )
    def test_it_owns_most_of_those_that_apply(self, other: dict[str, Any]) -> None:
        assert main_applier([other, self.ci]) is self.ci
        assert main_applier([self.ci, other]) is self.ci

    def test_client_side_apply_is_an_update_by_name(self) -> None:
        client_side = entry("kubectl-client-side-apply", both(IMAGE, REPLICAS), "Update")
        assert main_applier([self.injector, client_side]) is client_side
        assert main_applier([entry("kubectl-edit", IMAGE, "Update")]) is None


class TestHeirs:
    def test_last_applied_is_as_if_the_restored_release_had_been_applied(self) -> None:
        live = {
            **applied(**{"note/two": "2", "metricops.dev/cooldown": "9m", "kept": "k"}),
            "note/two": "2",
            "kept": "k",
        }
        entries = [entry("kubectl-client-side-apply", both(IMAGE, REPLICAS), "Update")]
        after = state("1", "x", **{"note/one": "1", "kept": "k", "metricops.dev/restored-by": "{}"})
        left = heirs(entries, live, state("2", "x", **live), after, frozenset({"kept", LAST_APPLIED}))
        assert json.loads(left.last_applied or "") == {
            "metadata": {"annotations": {"metricops.dev/cooldown": "9m", "kept": "k", "note/one": "1"}},
            "spec": {"replicas": 2, "template": {"spec": {"image": "1", "level": "x"}}},
        }
        assert left.others == ()

    def test_what_others_own_is_not_in_it(self) -> None:
        entries = [entry("kubectl-client-side-apply", both(IMAGE, REPLICAS), "Update"), entry("set", LEVEL, "Update")]
        left = heirs(entries, applied(), state("2", "x"), state("1", "x"), frozenset())
        assert json.loads(left.last_applied or "")["spec"]["template"] == {"spec": {"image": "1"}}

    def test_what_another_wrote_for_the_bad_release_goes_to_the_applier(self) -> None:
        entries = [entry("kubectl-client-side-apply", both(IMAGE, REPLICAS), "Update"), entry("set", LEVEL, "Update")]
        left = heirs(entries, applied(), state("2", "bad"), state("1", "good"), frozenset())
        assert json.loads(left.last_applied or "")["spec"]["template"] == {"spec": {"image": "1", "level": "good"}}

    def test_another_applier_keeps_its_field_also_where_its_value_is_restored(self) -> None:
        entries = [entry("ci", both(IMAGE, REPLICAS)), entry("injector", LEVEL)]
        left = heirs(entries, applied(), state("2", "new"), state("1", "old"), frozenset())
        assert json.loads(left.last_applied or "")["spec"]["template"] == {"spec": {"image": "1"}}
        assert left.others == ({"manager": "injector", "operation": "Apply", "apiVersion": "apps/v1", "fields": LEVEL},)

    @pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"spec": null}', '{"spec": {}, "metadata": 5}'])
    def test_what_is_no_manifest_stays(self, text: str) -> None:
        left = heirs([], {LAST_APPLIED: text} if text else {}, state("2", "x"), state("1", "x"), frozenset())
        assert left.last_applied is None

    def test_what_would_not_fit_stays(self) -> None:
        def fits(size: int) -> bool:
            after = state("1" * size, "x")
            return heirs([], applied(), state("2", "x"), after, frozenset()).last_applied is not None

        assert fits(MOST_ANNOTATION_BYTES - 8192)
        assert not fits(MOST_ANNOTATION_BYTES)


class TestSettling:
    ci = entry("ci", REPLICAS)
    ours = entry("metricops", both(IMAGE, {"f:metadata": {"f:annotations": {"f:note": {}}}}), "Update")

    def test_ours_goes_to_the_applier(self) -> None:
        operations = operations_for(self.ours, self.ci)
        assert [(op["op"], op["path"]) for op in operations] == [
            ("test", "/metadata/managedFields/0"),
            ("test", "/metadata/managedFields/1"),
            ("replace", "/metadata/managedFields/1"),
            ("remove", "/metadata/managedFields/0"),
        ]
        assert operations[0]["value"] == self.ours
        assert operations[2]["value"] == {**self.ci, "fieldsV1": both(REPLICAS, self.ours["fieldsV1"])}

    def test_our_own_annotations_stay_ours(self) -> None:
        own: dict[str, Any] = {"f:metadata": {"f:annotations": {".": {}, "f:metricops.dev/restored-by": {}}}}
        ours = {**self.ours, "fieldsV1": both(self.ours["fieldsV1"], own)}
        operations = operations_for(self.ci, ours)
        assert operations[2] == {
            "op": "replace",
            "path": "/metadata/managedFields/1",
            "value": {**ours, "fieldsV1": own},
        }
        assert operations_for(self.ci, {**ours, "fieldsV1": own}) == []

    def test_there_must_be_somebody_to_take_it(self) -> None:
        assert operations_for(self.ours) == []
        assert operations_for(self.ours, entry("kubectl", REPLICAS, "Update")) == []
        assert operations_for() == []

    @pytest.mark.parametrize("there", [True, False])
    def test_a_noted_heir_gets_its_share(self, there: bool) -> None:
        ours = {**self.ours, "fieldsV1": both(IMAGE, LEVEL)}
        heir = {"manager": "injector", "operation": "Apply", "apiVersion": "apps/v1"}
        note = json.dumps({"heirs": [{**heir, "fields": LEVEL}]})
        entries = [self.ci, ours, *([entry("injector", {"f:metadata": {}})] if there else [])]
        operations = operations_for(*entries, **{"metricops.dev/restored-by": note})
        written = {op["value"]["manager"]: op for op in operations if op["op"] in ("replace", "add")}
        assert written["ci"]["value"]["fieldsV1"] == both(REPLICAS, IMAGE)
        assert written["injector"]["op"] == ("replace" if there else "add")
        assert both(written["injector"]["value"]["fieldsV1"], {"f:metadata": {}}) == both(LEVEL, {"f:metadata": {}})

    @pytest.mark.parametrize(
        "note", ["", "null", "5", '{"heirs": 5}', '{"heirs": [5]}', '{"heirs": [{"manager": "x"}]}']
    )
    def test_a_note_that_cannot_be_read_counts_for_nothing(self, note: str) -> None:
        operations = operations_for(self.ours, self.ci, **{"metricops.dev/restored-by": note})
        assert operations == operations_for(self.ours, self.ci)


def test_whose_annotation_it_is() -> None:
    notes: dict[str, Any] = {"f:metadata": {"f:annotations": {"f:note": {}}}}
    assert is_deployers([entry("ci", both(IMAGE, notes))], {}, "note")
    assert not is_deployers([entry("ci", IMAGE), entry("kubectl", both(IMAGE, notes), "Update")], {}, "note")
    assert is_deployers([entry("kubectl-replace", both(IMAGE, notes), "Update")], {}, "note")
    assert not is_deployers([entry("kubectl-annotate", notes, "Update")], {}, "note")
    assert is_deployers([], applied(note="x"), "note")
