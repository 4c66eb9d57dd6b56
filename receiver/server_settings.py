"""What every server of ours can be told: the settings that are alike, and how a table of settings is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from receiver.errors import SettingError
from receiver.web.tls import TlsFiles
from rules.durations import DurationError, parse_duration

ENVIRONMENT_PREFIX = "METRICOPS_"


def setting(default: str, meaning: str) -> Any:
    """A row of a table of settings."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The settings as text, as they were given; the properties read them. Durations are Prometheus' (`5m`, `1h30m`).

    A subclass adds its own, and checks them in `check`.
    """

    listen: str = setting("0.0.0.0:8080", "Address and port that the HTTP server binds to.")
    kubeconfig: str = setting("", "Kubeconfig to use; empty: the pod's own service account, else kubectl's default.")
    context: str = setting("", "Context of the kubeconfig.")
    api_timeout: str = setting("10s", "How long an answer of the API server is waited for.")
    tls_certificate_file: str = setting(
        "",
        "File with the certificate (PEM, with its chain) of the HTTP server, read again when it changes; empty: HTTP.",
    )
    tls_key_file: str = setting("", "File with the key of that certificate (PEM, not encrypted).")
    threads: str = setting("8", "Threads that answer requests.")
    request_timeout: str = setting("10s", "A request that has not arrived whole by then is cut off.")
    max_body_bytes: str = setting("4194304", "Largest request that is read, in bytes.")
    log_format: str = setting("json", "`json` (one object per line) or `text`.")
    log_level: str = setting("info", "`debug`, `info`, `warning` or `error`.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], given: Mapping[str, str]) -> Self:
        """Flags (`given`) win over METRICOPS_… variables, those over the defaults. Raises `SettingError`."""
        known = {row.name for row in fields(cls)}
        values = {
            name: environment[variable_name(name)] for name in known if environment.get(variable_name(name), "") != ""
        }
        settings = cls(**{**values, **{name: value for name, value in given.items() if name in known}})
        settings.check()
        return settings

    def check(self) -> None:
        """Read every setting once. Raises `SettingError` for the first that cannot be used."""
        _ = (self.address, self.thread_count, self.body_limit, self.api_timeout_seconds, self.request_seconds)
        for name, allowed in (("log_format", ("json", "text")), ("log_level", ("debug", "info", "warning", "error"))):
            if getattr(self, name) not in allowed:
                raise self._wrong(name, f"one of {', '.join(allowed)}")
        self._check_files("tls_certificate_file", "tls_key_file")
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            missing = "tls_key_file" if self.tls_certificate_file else "tls_certificate_file"
            raise self._wrong(missing, "a readable file: certificate and key come together")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to bind to."""
        host, _, port = self.listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise self._wrong("listen", "HOST:PORT")
        return host, int(port)

    @property
    def thread_count(self) -> int:
        """Threads that answer requests."""
        return self._number("threads", 2, 64)

    @property
    def body_limit(self) -> int:
        """Bytes."""
        return self._number("max_body_bytes", 1024, 64 * 1024 * 1024)

    @property
    def request_seconds(self) -> float:
        """Seconds in which a request must have arrived."""
        return self._duration("request_timeout").total_seconds()

    @property
    def api_timeout_seconds(self) -> float:
        """Seconds."""
        return self._duration("api_timeout").total_seconds()

    @property
    def tls_files(self) -> TlsFiles | None:
        """The files for TLS on the server's port; None for plain HTTP."""
        if not self.tls_certificate_file:
            return None
        return TlsFiles(Path(self.tls_certificate_file), Path(self.tls_key_file))

    def _check_files(self, *names: str) -> None:
        for name in names:
            if getattr(self, name) and not Path(getattr(self, name)).is_file():
                raise self._wrong(name, "a readable file")

    def _duration(self, name: str) -> timedelta:
        try:
            return parse_duration(getattr(self, name))
        except DurationError:
            raise self._wrong(name, "a duration such as 30s, 5m or 1h30m") from None

    def _number(self, name: str, least: int, most: int) -> int:
        text = getattr(self, name)
        if not text.isdigit() or not least <= int(text) <= most:
            raise self._wrong(name, f"a whole number from {least} to {most}")
        return int(text)

    def _is_yes(self, name: str) -> bool:
        if getattr(self, name) not in ("yes", "no"):
            raise self._wrong(name, "yes or no")
        return bool(getattr(self, name) == "yes")

    def _wrong(self, name: str, expected: str) -> SettingError:
        return SettingError(f"{variable_name(name)}: found {getattr(self, name)!r}, expected {expected}")


def variable_name(name: str) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + name.upper()


def flag_name(name: str) -> str:
    """The command-line flag of a setting."""
    return "--" + name.replace("_", "-")
