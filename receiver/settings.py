"""Every setting of the receiver: one table, from which flags, environment variables and the reference are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from receiver import names
from receiver.decision.budget import Limits
from receiver.decision.policy import MOST_FAILED_EVENTS, MOST_OBSERVED
from receiver.decision.values import Defaults, EvidencePolicy
from receiver.errors import SettingError
from receiver.intake.envelope import Bounds
from receiver.rollbacks.steps import Timing
from receiver.web.tls import TlsFiles
from rules.durations import DurationError, parse_duration

ENVIRONMENT_PREFIX = "METRICOPS_"


def _setting(default: str, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as text, as they were given; the properties read them. Durations are Prometheus' (`5m`, `1h30m`)."""

    listen: str = _setting("0.0.0.0:8080", "Address and port that the HTTP server binds to.")
    kubeconfig: str = _setting("", "Kubeconfig to use; empty: the pod's own service account, else kubectl's default.")
    context: str = _setting("", "Context of the kubeconfig.")
    api_timeout: str = _setting("10s", "How long an answer of the API server is waited for.")
    namespace: str = _setting(names.DEFAULT_NAMESPACE, "Namespace of the stop switch, ConfigMap metricops-control.")
    watch_namespace: str = _setting(
        "", "Only this namespace's alerts and Rollbacks are looked after; empty: all namespaces'."
    )
    token_file: str = _setting("", "File with the bearer token that deliveries must carry, read again when it changes.")
    tls_certificate_file: str = _setting(
        "",
        "File with the certificate (PEM, with its chain) of the HTTP server, read again when it changes; empty: HTTP.",
    )
    tls_key_file: str = _setting("", "File with the key of that certificate (PEM, not encrypted).")
    client_ca_file: str = _setting(
        "",
        "File with the CAs (PEM) that sign clients' certificates: deliveries must then come with such a certificate, "
        "and with the token only if `token_file` is set too.",
    )
    unauthenticated: str = _setting(
        "no", "`yes` allows to set neither token nor client CA: whoever reaches the port can then ask for undos."
    )
    prometheus_url: str = _setting("", "Base URL of the Prometheus that evaluates the rules; empty: none is asked.")
    alertmanager_url: str = _setting(
        "", "Base URL of the Alertmanager that delivers here; empty: lost deliveries and silences are not looked for."
    )
    alertmanager_receiver: str = _setting("metricops", "What Alertmanager's configuration calls this receiver.")
    resync_interval: str = _setting("30s", "How often Alertmanager is asked which alerts are active.")
    cooldown: str = _setting("5m", "After an undo of a workload, the next one waits this long.")
    attribution_window: str = _setting("1h", "An alert that begins later than this after a rollout does not blame it.")
    act_within: str = _setting("30m", "Alerts and rollouts that are both older than this are left to a person.")
    condemnation: str = _setting("30d", "How long a template that was undone may not come back.")
    keep_records: str = _setting(
        "30d",
        "How long a Rollback is kept after its end. It also stays while its blamed or restored template runs, and is "
        "younger than condemnation, cooldown and budget_window.",
    )
    evidence: str = _setting(
        "trust-alert", "What an unknown answer of Prometheus means: `trust-alert` acts, `require-evidence` refuses."
    )
    minimum_failed_events: str = _setting(
        "5", "So many events must have failed since a rollout to blame it, where the rule tells how to count them."
    )
    wide_fault_workloads: str = _setting(
        "3", "So many other workloads whose alerts began within 5 minutes make a wide fault, which blames no release."
    )
    approval_expires: str = _setting("1h", "How long a Rollback in mode `approve` waits for a person.")
    observe_first: str = _setting(
        "0", "A newly enabled workload stays in dry-run until so many decisions to undo a release of it were seen."
    )
    namespace_budget: str = _setting("5", "Most undos in one namespace within the budget's window.")
    cluster_budget: str = _setting("10", "Most undos in the whole cluster within the budget's window.")
    budget_window: str = _setting("1h", "How long an undo counts for the budgets.")
    check_secrets: str = _setting(
        "no", "`yes` looks whether the Secrets that a target needs exist (manifests/secrets grants the right)."
    )
    rollout_deadline: str = _setting("10m", "An undo whose rollout is not complete by then has failed.")
    settle: str = _setting(
        "1m", "The alert must be absent and its SLI good for this long before a workload counts as recovered."
    )
    recovery_deadline: str = _setting(
        "15m",
        "The longest wait for a workload to recover after its rollout. It ends sooner where the SLI's window is known: "
        "once that and the settling time have passed. Raise it for rules that look back further.",
    )
    sweep_interval: str = _setting("10s", "How often unfinished Rollbacks are looked for.")
    threads: str = _setting("8", "Threads that answer requests.")
    max_deliveries_in_flight: str = _setting(
        "6", "Most deliveries that are handled at once, fewer than threads; one more is answered with 503."
    )
    request_timeout: str = _setting("10s", "A request that has not arrived whole by then is cut off.")
    max_body_bytes: str = _setting("4194304", "Largest delivery that is read, in bytes.")
    max_alerts: str = _setting("1000", "Most alerts that one delivery may carry.")
    max_labels: str = _setting("128", "Most labels, and most annotations, that one alert may carry.")
    max_label_name_length: str = _setting("1024", "Longest name of a label or annotation, in characters.")
    max_label_value_length: str = _setting("8192", "Longest value of a label or annotation, in characters.")
    max_nesting: str = _setting("32", "How deep arrays and objects of a delivery may lie in each other.")
    log_format: str = _setting("json", "`json` (one object per line) or `text`.")
    log_level: str = _setting("info", "`debug`, `info`, `warning` or `error`.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], given: Mapping[str, str]) -> Self:
        """Flags (`given`) win over METRICOPS_… variables, those over the defaults. Raises `SettingError`."""
        known = {setting.name for setting in fields(cls)}
        values = {
            name: environment[variable_name(name)] for name in known if environment.get(variable_name(name), "") != ""
        }
        settings = cls(**{**values, **{name: value for name, value in given.items() if name in known}})
        settings.check()
        return settings

    def check(self) -> None:
        """Read every setting once. Raises `SettingError` for the first that cannot be used."""
        _ = (self.defaults, self.limits, self.timing, self.address, self.thread_count, self.places, self.body_limit)
        _ = (self.bounds, self.sweep_every, self.resync_every, self.api_timeout_seconds, self.request_seconds)
        _ = (self.may_check_secrets, self.keep)
        for name, allowed in (("log_format", ("json", "text")), ("log_level", ("debug", "info", "warning", "error"))):
            if getattr(self, name) not in allowed:
                raise self._wrong(name, f"one of {', '.join(allowed)}")
        if not self.accepts_unauthenticated and not self.token_file and not self.client_ca_file:
            raise SettingError(
                f"{variable_name('token_file')}: found nothing, expected a file with the bearer token "
                f"(or a {variable_name('client_ca_file')}, or {variable_name('unauthenticated')}=yes, where nobody "
                "else reaches the port)"
            )
        for name in ("token_file", "tls_certificate_file", "tls_key_file", "client_ca_file"):
            if getattr(self, name) and not Path(getattr(self, name)).is_file():
                raise self._wrong(name, "a readable file")
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            missing = "tls_key_file" if self.tls_certificate_file else "tls_certificate_file"
            raise self._wrong(missing, "a readable file: certificate and key come together")
        if self.client_ca_file and not self.tls_certificate_file:
            raise self._wrong(
                "tls_certificate_file", f"a readable file, because {variable_name('client_ca_file')} is set"
            )

    @property
    def defaults(self) -> Defaults:
        """The policy where no annotation says otherwise."""
        return Defaults(
            cooldown=self._duration("cooldown"),
            attribution_window=self._duration("attribution_window"),
            act_within=self._duration("act_within"),
            condemnation=self._duration("condemnation"),
            evidence=self._evidence_policy,
            observe_first=self._number("observe_first", 0, MOST_OBSERVED),
            minimum_failed_events=self._number("minimum_failed_events", 0, MOST_FAILED_EVENTS),
            wide_fault_workloads=self._number("wide_fault_workloads", 1, 10_000),
        )

    @property
    def limits(self) -> Limits:
        """How many undos an hour may hold."""
        return Limits(
            namespace=self._number("namespace_budget", 1, 100_000),
            cluster=self._number("cluster_budget", 1, 100_000),
            window=self._duration("budget_window"),
        )

    @property
    def keep(self) -> timedelta:
        """How long an ended record is kept at least: as long as anything could ask for it."""
        asked_for = (self.defaults.condemnation, self.defaults.cooldown, self.limits.window)
        return max(self._duration("keep_records"), *asked_for)

    @property
    def timing(self) -> Timing:
        """How long each phase may take."""
        return Timing(
            approval_expires=self._duration("approval_expires"),
            rollout_deadline=self._duration("rollout_deadline"),
            settle=self._duration("settle"),
            recovery_deadline=self._duration("recovery_deadline"),
        )

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
    def places(self) -> int:
        """Deliveries that are handled at once; one thread stays for health probes."""
        places = self._number("max_deliveries_in_flight", 1, 63)
        if places >= self.thread_count:
            raise self._wrong("max_deliveries_in_flight", f"fewer than {variable_name('threads')} ({self.threads})")
        return places

    @property
    def request_seconds(self) -> float:
        """Seconds in which a request must have arrived."""
        return self._duration("request_timeout").total_seconds()

    @property
    def bounds(self) -> Bounds:
        """What one delivery may carry."""
        return Bounds(
            alerts=self._number("max_alerts", 1, 100_000),
            labels=self._number("max_labels", 1, 10_000),
            name_length=self._number("max_label_name_length", 1, 1_000_000),
            value_length=self._number("max_label_value_length", 1, 10_000_000),
            nesting=self._number("max_nesting", 4, 500),
        )

    @property
    def tls_files(self) -> TlsFiles | None:
        """The files for TLS on the receiver's port; None for plain HTTP."""
        if not self.tls_certificate_file:
            return None
        client_ca = Path(self.client_ca_file) if self.client_ca_file else None
        return TlsFiles(Path(self.tls_certificate_file), Path(self.tls_key_file), client_ca)

    @property
    def sweep_every(self) -> timedelta:
        """How often unfinished Rollbacks are looked for."""
        return self._duration("sweep_interval")

    @property
    def api_timeout_seconds(self) -> float:
        """Seconds."""
        return self._duration("api_timeout").total_seconds()

    @property
    def resync_every(self) -> timedelta:
        """How often Alertmanager is asked."""
        return self._duration("resync_interval")

    @property
    def accepts_unauthenticated(self) -> bool:
        """Whether neither token nor client CA need be set."""
        return self._is_yes("unauthenticated")

    @property
    def may_check_secrets(self) -> bool:
        """Whether there is a right to look whether a Secret exists."""
        return self._is_yes("check_secrets")

    def _is_yes(self, name: str) -> bool:
        if getattr(self, name) not in ("yes", "no"):
            raise self._wrong(name, "yes or no")
        return bool(getattr(self, name) == "yes")

    @property
    def _evidence_policy(self) -> EvidencePolicy:
        try:
            return EvidencePolicy(self.evidence)
        except ValueError:
            raise self._wrong("evidence", f"one of {', '.join(EvidencePolicy)}") from None

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

    def _wrong(self, name: str, expected: str) -> SettingError:
        return SettingError(f"{variable_name(name)}: found {getattr(self, name)!r}, expected {expected}")


def variable_name(setting: str) -> str:
    """The environment variable of a setting."""
    return ENVIRONMENT_PREFIX + setting.upper()


def flag_name(setting: str) -> str:
    """The command-line flag of a setting."""
    return "--" + setting.replace("_", "-")
