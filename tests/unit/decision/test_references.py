"""What a pod template needs of its namespace."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.decision.references import NeededKind, Reference, references
from tests.unit.scenario import template

MAP, SECRET = NeededKind.CONFIG_MAP, NeededKind.SECRET


def of(**spec: Any) -> tuple[Reference, ...]:
    return references({"spec": spec})


def one(name: str = "c", kind: NeededKind = MAP, *keys: str, optional: bool = False) -> tuple[Reference, ...]:
    return (Reference(kind, name, frozenset(keys) or None, optional),)


def env(**source: Any) -> dict[str, Any]:
    return {"name": "main", "env": [{"name": "A", "valueFrom": source}]}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"volumes": [{"configMap": {"name": "c"}}]}, one()),
        ({"volumes": [{"configMap": {"name": "c", "optional": True}}]}, one(optional=True)),
        ({"volumes": [{"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}]}, one("c", MAP, "k")),
        ({"volumes": [{"secret": {"secretName": "s"}}]}, one("s", SECRET)),
        ({"volumes": [{"projected": {"sources": [{"configMap": {"name": "c"}}]}}]}, one()),
        (
            {"volumes": [{"projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k"}]}}]}}]},
            one("s", SECRET, "k"),
        ),
        ({"volumes": [{"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]}, ()),
        (
            {"volumes": [{"persistentVolumeClaim": {"claimName": "p"}}]},
            one("p", NeededKind.VOLUME_CLAIM),
        ),
        ({"volumes": [{"csi": {"driver": "d", "nodePublishSecretRef": {"name": "s"}}}]}, one("s", SECRET)),
        ({"volumes": [{"emptyDir": {}}, {"ephemeral": {"volumeClaimTemplate": {}}}]}, ()),
        ({"containers": [env(configMapKeyRef={"name": "c", "key": "k"})]}, one("c", MAP, "k")),
        ({"containers": [env(secretKeyRef={"name": "s", "key": "k"})]}, one("s", SECRET, "k")),
        (
            {"containers": [env(configMapKeyRef={"name": "c", "key": "k", "optional": True})]},
            one("c", MAP, "k", optional=True),
        ),
        ({"containers": [env(fieldRef={"fieldPath": "metadata.name"})]}, ()),
        ({"containers": [{"name": "main", "env": [{"name": "A", "value": "1"}]}]}, ()),
        ({"containers": [{"name": "main", "envFrom": [{"configMapRef": {"name": "c"}}]}]}, one()),
        ({"initContainers": [{"name": "init", "envFrom": [{"secretRef": {"name": "s"}}]}]}, one("s", SECRET)),
        ({"ephemeralContainers": [env(configMapKeyRef={"name": "c", "key": "k"})]}, one("c", MAP, "k")),
        ({"serviceAccountName": "a"}, one("a", NeededKind.SERVICE_ACCOUNT)),
        ({"serviceAccount": "a"}, one("a", NeededKind.SERVICE_ACCOUNT)),
        ({"serviceAccountName": "default"}, ()),
        ({"imagePullSecrets": [{"name": "s"}]}, ()),
        ({}, ()),
    ],
)
def test_references(spec: dict[str, Any], found: tuple[Reference, ...]) -> None:
    assert of(**spec) == found


def test_each_once() -> None:
    same = {"configMapKeyRef": {"name": "c", "key": "k"}}
    found = of(containers=[env(**same), env(**same)], volumes=[{"configMap": {"name": "c"}}])
    assert set(found) == {*one("c", MAP, "k"), *one()}
    assert len(found) == 2


def test_nothing_is_used() -> None:
    assert references(template("shop:1")) == ()
