"""The settings of `metricops rules reconcile`."""

from __future__ import annotations

import pytest

from receiver.errors import SettingError
from reconcile.settings import ReconcileSettings
from rules.deployer.confinement import Confinement, Series


def read(**given: str) -> ReconcileSettings:
    return ReconcileSettings.from_environment({}, given)


def test_what_they_say() -> None:
    given = {"METRICOPS_SERIES": "pod", "METRICOPS_RULE_LABELS": "release=prometheus, team=web"}
    settings = ReconcileSettings.from_environment(given, {"rules_namespaces": "shop, test,"})
    assert settings.confinement == Confinement("namespace", Series.POD)
    assert settings.labels == {"release": "prometheus", "team": "web"}
    assert settings.namespaces == ("shop", "test")
    assert read().namespaces == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("series", "all"),
        ("series_namespace_label", "a-b"),
        ("rule_labels", "release"),
        ("rule_labels", "release={{ x }}"),
        ("rules_resync", "0s"),
        ("rules_resync", "soon"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"METRICOPS_{name.upper()}"):
        read(**{name: value})
