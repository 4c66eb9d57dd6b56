from __future__ import annotations

from typing import Any

import pytest

from sandbox.node.environment import VariableError, container_environment, expand, field_value, service_variables

POD: dict[str, Any] = {
    "metadata": {
        "name": "shop-1",
        "namespace": "prod",
        "uid": "u-1",
        "labels": {"app": "shop", "tier": 'we"b'},
        "annotations": {"note": "two\nlines"},
    },
    "spec": {"nodeName": "standin-1", "serviceAccountName": "runner"},
    "status": {"podIP": "127.1.2.3", "podIPs": [{"ip": "127.1.2.3"}], "hostIP": "127.0.0.1"},
}
OBJECTS: dict[tuple[str, str], dict[str, str]] = {
    ("ConfigMap", "settings"): {"A": "from-map", "B": "b", "not=a-name": "x"},
    ("Secret", "keys"): {"A": "from-secret"},
}


def environment(container: dict[str, Any]) -> dict[str, str]:
    return container_environment(container, POD, {"SERVICE": "s"}, lambda kind, name: OBJECTS.get((kind, name)))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)z", "x1y2z"),
        ("$(MISSING)", "$(MISSING)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$($(A))", "$(1)"),
        ("$$", "$"),
        ("", ""),
    ],
)
def test_references_are_expanded_as_kubernetes_does(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_later_entries_see_earlier_ones_and_services_but_not_env_from() -> None:
    found = environment(
        {
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "env": [
                {"name": "ONE", "value": "1$(SERVICE)"},
                {"name": "TWO", "value": "$(ONE)2"},
                {"name": "EARLY", "value": "$(LATE)"},
                {"name": "LATE", "value": "late"},
                {"name": "MAP", "value": "$(B)"},
                {"name": "EMPTY"},
            ],
        }
    )
    assert found["TWO"] == "1s2"
    assert found["EARLY"] == "$(LATE)"
    assert found["MAP"] == "$(B)"
    assert found["EMPTY"] == ""
    assert found["B"] == "b"
    assert "not=a-name" not in found


def test_env_wins_over_env_from_and_the_later_source_over_the_earlier() -> None:
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "keys"}}]
    assert environment({"envFrom": sources})["A"] == "from-secret"
    assert environment({"envFrom": sources, "env": [{"name": "A", "value": "own"}]})["A"] == "own"
    assert environment({"envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}]})["P_A"] == "from-map"


def test_values_from_fields_and_keys() -> None:
    def named(source: dict[str, Any]) -> dict[str, Any]:
        return {"env": [{"name": "V", "valueFrom": source}]}

    assert environment(named({"fieldRef": {"fieldPath": "status.podIP"}}))["V"] == "127.1.2.3"
    assert environment(named({"configMapKeyRef": {"name": "settings", "key": "B"}}))["V"] == "b"
    assert environment(named({"secretKeyRef": {"name": "keys", "key": "A"}}))["V"] == "from-secret"
    assert "V" not in environment(named({"secretKeyRef": {"name": "none", "key": "A", "optional": True}}))
    for source, message in (
        ({"configMapKeyRef": {"name": "none", "key": "B"}}, "configmap 'none' not found"),
        ({"configMapKeyRef": {"name": "settings", "key": "Z"}}, "couldn't find key Z in configmap 'settings'"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "found resourceFieldRef"),
    ):
        with pytest.raises(VariableError, match=message):
            environment(named(source))


def test_a_missing_object_is_an_error_unless_it_is_optional() -> None:
    with pytest.raises(VariableError, match="secret 'none' not found"):
        environment({"envFrom": [{"secretRef": {"name": "none"}}]})
    assert environment({"envFrom": [{"secretRef": {"name": "none", "optional": True}}]}) == {"SERVICE": "s"}


def test_fields_of_the_pod() -> None:
    assert field_value(POD, "metadata.namespace") == "prod"
    assert field_value(POD, "metadata.labels['app']") == "shop"
    assert field_value(POD, "metadata.labels['none']") == ""
    assert field_value(POD, "metadata.labels") == 'app="shop"\ntier="we\\"b"'
    assert field_value(POD, "metadata.annotations") == 'note="two\\nlines"'
    with pytest.raises(VariableError, match=r"found 'spec\.containers'"):
        field_value(POD, "spec.containers")


def test_the_api_server_is_the_kubernetes_service() -> None:
    found = service_variables("127.0.0.1", 6443)
    assert found["KUBERNETES_SERVICE_HOST"] == "127.0.0.1"
    assert found["KUBERNETES_SERVICE_PORT"] == "6443"
