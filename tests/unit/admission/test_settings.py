"""The webhook's own settings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from admission.settings import AdmissionSettings
from receiver.errors import SettingError
from receiver.server_settings import variable_name


def settings(**given: str) -> AdmissionSettings:
    return AdmissionSettings.from_environment({variable_name(name): value for name, value in given.items()}, {})


def test_its_certificate_is_for_its_service_and_lasts_thirty_days() -> None:
    assert settings().tls_files is None
    assert settings().lifetime == timedelta(days=30)
    assert settings().server_names == ("metricops-admission.metricops-system.svc",)
    assert settings(namespace="shop", certificate_names="webhook.example.org, 127.0.0.1 ,::1,").server_names == (
        "metricops-admission.shop.svc",
        "webhook.example.org",
        "127.0.0.1",
        "::1",
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("certificate_lifetime", "9s", "a duration from 10s to 1y"),
        ("certificate_lifetime", "366d", "a duration from 10s to 1y"),
        ("certificate_lifetime", "long", "a duration such as"),
        ("certificate_names", "a b", "DNS names and IP addresses"),
        ("certificate_names", "*.example.org", "DNS names and IP addresses"),
        ("certificate_names", "1::2::3", "DNS names and IP addresses"),
        ("threads", "0", "a whole number"),
    ],
)
def test_what_is_refused(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingError, match=f"{variable_name(name)}: found .*, expected {expected}"):
        settings(**{name: value})
