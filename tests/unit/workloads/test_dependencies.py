"""What an API server's objects say about the references to them."""

from __future__ import annotations

from typing import Any, cast

import pytest

from receiver.cluster.api import Api, ApiError
from receiver.decision.references import Finding, NeededKind, Reference
from receiver.timestamps import parse_time
from receiver.workloads.dependencies import MOST_READ, finding, read_dependencies

WHOLE = Reference(NeededKind.CONFIG_MAP, "c")
KEYED = Reference(NeededKind.CONFIG_MAP, "c", frozenset({"a"}))
EARLY, LATE = "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z"


def wrote(manager: str, at: str, *keys: str, part: str = "f:data") -> dict[str, Any]:
    return {"manager": manager, "time": at, "fieldsV1": {part: {".": {}, **{f"f:{key}": {} for key in keys}}}}


def config_map(*managed: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(managed)}, "data": {"a": "1", "b": "2"}, **changes}


@pytest.mark.parametrize(
    ("managed", "whole", "keyed"),
    [
        ([wrote("ci", EARLY, "a", "b")], (EARLY, "ci"), (EARLY, "ci")),
        ([wrote("ci", EARLY, "a"), wrote("kubectl", LATE, "b")], (LATE, "kubectl"), (EARLY, "ci")),
        ([wrote("ci", EARLY, "b", part="f:binaryData")], (EARLY, "ci"), None),
        ([wrote("ci", EARLY, "a"), wrote("kubectl", LATE, "a")], (EARLY, "ci"), (EARLY, "ci")),
        ([{"manager": "ci", "time": LATE, "fieldsV1": {"f:metadata": {"f:labels": {}}}}], None, None),
        ([{"manager": "ci", "fieldsV1": {"f:data": {"f:a": {}}}}], None, None),
        ([], None, None),
    ],
)
def test_when_the_used_keys_were_written(
    managed: list[dict[str, Any]], whole: tuple[str, str] | None, keyed: tuple[str, str] | None
) -> None:
    for reference, expected in ((WHOLE, whole), (KEYED, keyed)):
        found = finding(reference, config_map(*managed))
        moment = found.changed_at
        assert (moment, found.changed_by) == ((parse_time(expected[0]), expected[1]) if expected else (None, ""))


@pytest.mark.parametrize(
    ("name", "changes", "counts"),
    [
        ("c", {}, True),
        ("c", {"immutable": True}, False),
        ("c", {"immutable": False}, True),
        ("shop-config-5f7m2h4k9t", {}, False),
        ("shop-config-5f7m2h4k9", {}, True),
        ("shop-config-5f7a2h4k9t", {}, True),
    ],
)
def test_content_that_cannot_change_under_its_name(name: str, changes: dict[str, Any], counts: bool) -> None:
    found = finding(Reference(NeededKind.CONFIG_MAP, name), config_map(wrote("ci", LATE, "a"), **changes))
    assert (found.changed_at is not None) is counts
    assert found.is_there is True


def test_missing_keys() -> None:
    wanted = Reference(NeededKind.CONFIG_MAP, "c", frozenset({"a", "z", "y"}))
    assert finding(wanted, config_map()).missing_keys == ("y", "z")
    assert finding(wanted, config_map(binaryData={"y": "", "z": ""})).missing_keys == ()
    assert finding(WHOLE, config_map()).missing_keys == ()


def test_a_claim_on_its_way_out_is_gone() -> None:
    claim = Reference(NeededKind.VOLUME_CLAIM, "p")
    assert finding(claim, {"metadata": {}}).is_there is True
    assert finding(claim, {"metadata": {"deletionTimestamp": LATE}}).is_there is False


class Server:
    """Answers with a status per path; 200 is an empty object."""

    def __init__(self, **status: int) -> None:
        self._status = status
        self.asked: list[str] = []

    def get(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        status = self._status.get(path.rpartition("/")[2], 200)
        if status != 200:
            raise ApiError(status, "")
        return {"metadata": {}}

    def metadata(self, path: str) -> dict[str, Any]:
        return self.get(path)


TEMPLATE = {
    "spec": {
        "serviceAccountName": "account",
        "volumes": [
            {"configMap": {"name": "config"}},
            {"secret": {"secretName": "secret"}},
            {"persistentVolumeClaim": {"claimName": "claim"}},
        ],
    }
}


def read(server: Server, template: dict[str, Any] = TEMPLATE, *, secrets: bool = False) -> dict[str, Finding]:
    found = read_dependencies(cast(Api, server), "prod", template, "h", secrets=secrets)
    assert found.template_hash == "h"
    return {finding.reference.name: finding for finding in found.findings}


def test_one_request_each_and_none_for_secrets_without_the_right() -> None:
    server = Server()
    found = read(server)
    assert {name: f.is_there for name, f in found.items()} == {
        "config": True,
        "claim": True,
        "account": True,
        "secret": None,
    }
    assert sorted(server.asked) == [
        "/api/v1/namespaces/prod/configmaps/config",
        "/api/v1/namespaces/prod/persistentvolumeclaims/claim",
        "/api/v1/namespaces/prod/serviceaccounts/account",
    ]
    assert read(Server(secret=404), secrets=True)["secret"].is_there is False


def test_several_references_to_one_object_are_one_request() -> None:
    server = Server()
    from_key = {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "k"}}}
    template = {"spec": {**TEMPLATE["spec"], "containers": [{"name": "main", "env": [from_key]}]}}
    read(server, template)
    assert len(server.asked) == 3


def test_nothing_used_costs_nothing() -> None:
    server = Server()
    assert read(server, {"spec": {"containers": [{"name": "main"}]}}) == {}
    assert server.asked == []


def test_gone_forbidden_and_no_answer() -> None:
    assert read(Server(config=404))["config"].is_there is False
    assert read(Server(config=403))["config"].is_there is None
    with pytest.raises(ApiError):
        read(Server(config=500))


def test_a_template_that_names_very_many_objects() -> None:
    server = Server()
    volumes = [{"configMap": {"name": f"c{number}"}} for number in range(100)]
    found = read(server, {"spec": {"volumes": volumes}})
    assert len(server.asked) == MOST_READ
    assert [f.is_there for f in found.values()].count(None) == 100 - MOST_READ


def test_what_could_be_no_name_is_not_asked_for() -> None:
    server = Server()
    assert read(server, {"spec": {"volumes": [{"configMap": {"name": "../x"}}]}})["../x"].is_there is False
    assert server.asked == []
