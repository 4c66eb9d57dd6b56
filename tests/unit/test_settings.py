from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from receiver.errors import SettingError
from receiver.server_settings import flag_name, variable_name
from receiver.settings import Settings

OPEN = {"METRICOPS_UNAUTHENTICATED": "yes"}


def test_flags_win_over_the_environment_and_that_over_defaults() -> None:
    settings = Settings.from_environment(
        {**OPEN, "METRICOPS_COOLDOWN": "1m", "METRICOPS_SETTLE": "2s"}, {"cooldown": "3m"}
    )
    assert settings.defaults.cooldown == timedelta(minutes=3)
    assert settings.timing.settle == timedelta(seconds=2)
    assert settings.defaults.act_within == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cooldown", "5 minutes", "a duration such as 30s"),
        ("act_within", "-1m", "a duration"),
        ("listen", "8080", "HOST:PORT"),
        ("listen", "0.0.0.0:99999", "HOST:PORT"),
        ("threads", "0", "a whole number from 2 to 64"),
        ("threads", "many", "a whole number"),
        ("resync_interval", "soon", "a duration"),
        ("max_body_bytes", "10", "a whole number from 1024"),
        ("max_alerts", "0", "a whole number"),
        ("log_format", "xml", "one of json, text"),
        ("log_level", "loud", "one of debug"),
        ("unauthenticated", "true", "yes or no"),
        ("token_file", "/does/not/exist", "a readable file"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_environment({**OPEN, variable_name(name): value}, {})
    assert variable_name(name) in str(caught.value)
    assert repr(value) in str(caught.value)
    assert expected in str(caught.value)


def test_it_does_not_start_open_unless_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="METRICOPS_TOKEN_FILE"):
        Settings.from_environment({}, {})
    token = tmp_path / "token"
    token.write_text("x")
    assert Settings.from_environment({"METRICOPS_TOKEN_FILE": str(token)}, {}).token_file == str(token)


def test_every_setting_says_what_it_means() -> None:
    assert all(setting.metadata["meaning"].endswith(".") for setting in fields(Settings))
    assert flag_name("act_within") == "--act-within"


def test_records_are_kept_as_long_as_anything_can_ask_for_them() -> None:
    def keep(**given: str) -> timedelta:
        return Settings.from_environment({}, {"unauthenticated": "yes", **given}).keep

    assert keep() == timedelta(days=30)
    assert keep(keep_records="40d") == timedelta(days=40)
    assert keep(keep_records="1d", condemnation="3d", cooldown="2d") == timedelta(days=3)
    assert keep(keep_records="1d", condemnation="1d", cooldown="2d") == timedelta(days=2)
    assert keep(keep_records="1h", condemnation="1h", budget_window="2h") == timedelta(hours=2)


def test_one_token_opens_one_door(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("token_file", "releases_token_file", "read_token_file")}
    for name, path in files.items():
        path.write_text(f"{name}\nlast month's {name}\n{name}\n")
    given = {name: str(path) for name, path in files.items()}
    Settings.from_environment({}, given)
    files["read_token_file"].write_text("its own\ntoken_file\n")
    with pytest.raises(SettingError, match=r"METRICOPS_READ_TOKEN_FILE: .* than those of METRICOPS_TOKEN_FILE"):
        Settings.from_environment({}, given)
    with pytest.raises(SettingError, match="METRICOPS_RELEASES_TOKEN_FILE"):
        Settings.from_environment({}, {**given, "releases_token_file": given["token_file"]})


@pytest.mark.parametrize(("threads", "deliveries", "places"), [("10", "6", 3), ("8", "6", 1), ("2", "1", 1)])
def test_deliveries_and_probes_keep_their_threads(threads: str, deliveries: str, places: int) -> None:
    given = {"threads": threads, "max_deliveries_in_flight": deliveries, "unauthenticated": "yes"}
    assert Settings.from_environment({}, given).reading_places == places
