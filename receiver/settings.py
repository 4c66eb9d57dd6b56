"""Every setting of the receiver: one table, from which flags, environment variables and the reference are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from receiver import names
from receiver.decision.budget import Limits
from receiver.decision.policy import MOST_FAILED_EVENTS, MOST_OBSERVED
from receiver.decision.values import Defaults, EvidencePolicy
from receiver.errors import SettingError
from receiver.intake.envelope import Bounds
from receiver.rollbacks.steps import Timing
from receiver.series_settings import SeriesSettings
from receiver.server_settings import setting, variable_name
from receiver.web.tls import TlsFiles
from receiver.web.token import read_tokens

TOKEN_FILES = ("token_file", "releases_token_file", "read_token_file")


@dataclass(frozen=True, slots=True)
class Settings(SeriesSettings):
    """The receiver's own settings, and every server's."""

    namespace: str = setting(names.DEFAULT_NAMESPACE, "Namespace of the stop switch, ConfigMap metricops-control.")
    watch_namespace: str = setting(
        "", "Only this namespace's alerts and Rollbacks are looked after; empty: all namespaces'."
    )
    token_file: str = setting("", "File with the bearer token that deliveries must carry, read again when it changes.")
    releases_token_file: str = setting(
        "",
        "File with the bearer token that CD systems must send with a release, read again when it changes. It delivers "
        "no alert, nor does `token_file`'s note a release. Empty: releases are not taken.",
    )
    read_token_file: str = setting(
        "",
        "File with the bearer token that whoever reads releases, rollbacks and workloads must send, read again when it "
        "changes; those of `releases_token_file` do as well. Empty: whoever reaches the port may read.",
    )
    client_ca_file: str = setting(
        "",
        "File with the CAs (PEM) that sign clients' certificates: deliveries must then come with such a certificate, "
        "and with the token only if `token_file` is set too.",
    )
    unauthenticated: str = setting(
        "no", "`yes` allows to set neither token nor client CA: whoever reaches the port can then ask for undos."
    )
    prometheus_url: str = setting("", "Base URL of the Prometheus that evaluates the rules; empty: none is asked.")
    alertmanager_url: str = setting(
        "", "Base URL of the Alertmanager that delivers here; empty: lost deliveries and silences are not looked for."
    )
    alertmanager_receiver: str = setting("metricops", "What Alertmanager's configuration calls this receiver.")
    resync_interval: str = setting("30s", "How often Alertmanager is asked which alerts are active.")
    cooldown: str = setting("5m", "After an undo of a workload, the next one waits this long.")
    attribution_window: str = setting("1h", "An alert that begins later than this after a rollout does not blame it.")
    act_within: str = setting("30m", "Alerts and rollouts that are both older than this are left to a person.")
    condemnation: str = setting("30d", "How long a template that was undone may not come back.")
    keep_records: str = setting(
        "30d",
        "How long a Rollback is kept after its end. It also stays while its blamed or restored template runs, and is "
        "younger than condemnation, cooldown and budget_window.",
    )
    evidence: str = setting(
        "trust-alert", "What an unknown answer of Prometheus means: `trust-alert` acts, `require-evidence` refuses."
    )
    minimum_failed_events: str = setting(
        "5", "So many events must have failed since a rollout to blame it, where the rule tells how to count them."
    )
    wide_fault_workloads: str = setting(
        "3", "So many other workloads whose alerts began within 5 minutes make a wide fault, which blames no release."
    )
    approval_expires: str = setting("1h", "How long a Rollback in mode `approve` waits for a person.")
    observe_first: str = setting(
        "0", "A newly enabled workload stays in dry-run until so many decisions to undo a release of it were seen."
    )
    namespace_budget: str = setting("5", "Most undos in one namespace within the budget's window.")
    cluster_budget: str = setting("10", "Most undos in the whole cluster within the budget's window.")
    budget_window: str = setting("1h", "How long an undo counts for the budgets.")
    check_secrets: str = setting(
        "no",
        "`yes` looks whether the Secrets that a target needs exist (manifests/components/secrets grants the right).",
    )
    rollout_deadline: str = setting("10m", "An undo whose rollout is not complete by then has failed.")
    settle: str = setting(
        "1m", "The alert must be absent and its SLI good for this long before a workload counts as recovered."
    )
    recovery_deadline: str = setting(
        "15m",
        "The longest wait for a workload to recover after its rollout. It ends sooner where the SLI's window is known: "
        "once that and the settling time have passed. Raise it for rules that look back further.",
    )
    sweep_interval: str = setting("10s", "How often unfinished Rollbacks are looked for.")
    threads: str = setting("10", "Threads that answer requests.")
    max_deliveries_in_flight: str = setting(
        "6", "Most deliveries that are handled at once, fewer than threads; one more is answered with 503."
    )
    max_alerts: str = setting("1000", "Most alerts that one delivery may carry.")
    max_labels: str = setting("128", "Most labels, and most annotations, that one alert may carry.")
    max_label_name_length: str = setting("1024", "Longest name of a label or annotation, in characters.")
    max_label_value_length: str = setting("8192", "Longest value of a label or annotation, in characters.")
    max_nesting: str = setting("32", "How deep arrays and objects of a delivery may lie in each other.")

    def check(self) -> None:
        """Read every setting once. Raises `SettingError` for the first that cannot be used."""
        SeriesSettings.check(self)
        _ = (self.defaults, self.limits, self.timing, self.places, self.bounds, self.sweep_every, self.resync_every)
        _ = (self.may_check_secrets, self.keep)
        if not self.accepts_unauthenticated and not self.token_file and not self.client_ca_file:
            raise SettingError(
                f"{variable_name('token_file')}: found nothing, expected a file with the bearer token "
                f"(or a {variable_name('client_ca_file')}, or {variable_name('unauthenticated')}=yes, where nobody "
                "else reaches the port)"
            )
        self._check_files(*TOKEN_FILES, "client_ca_file")
        self._check_tokens()
        if self.client_ca_file and not self.tls_certificate_file:
            raise self._wrong(
                "tls_certificate_file", f"a readable file, because {variable_name('client_ca_file')} is set"
            )

    def _check_tokens(self) -> None:
        """One token that opened two doors would open the wrong one some day."""
        seen: dict[bytes, str] = {}
        for name in TOKEN_FILES:
            path = getattr(self, name)
            for token in read_tokens(Path(path)) if path else ():
                if seen.get(token, name) != name:
                    raise self._wrong(name, f"other tokens than those of {variable_name(seen[token])}")
                seen[token] = name

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
    def places(self) -> int:
        """Deliveries that are handled at once; one thread stays for health probes."""
        places = self._number("max_deliveries_in_flight", 1, 63)
        if places >= self.thread_count:
            raise self._wrong("max_deliveries_in_flight", f"fewer than {variable_name('threads')} ({self.threads})")
        return places

    @property
    def reading_places(self) -> int:
        """Requests of the releases API that are handled at once: the threads that deliveries leave, but one."""
        return max(1, self.thread_count - self.places - 1)

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
        """The files for TLS on the receiver's port, with the CA of its clients; None for plain HTTP."""
        if not self.tls_certificate_file:
            return None
        client_ca = Path(self.client_ca_file) if self.client_ca_file else None
        return TlsFiles(Path(self.tls_certificate_file), Path(self.tls_key_file), client_ca)

    @property
    def sweep_every(self) -> timedelta:
        """How often unfinished Rollbacks are looked for."""
        return self._duration("sweep_interval")

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

    @property
    def _evidence_policy(self) -> EvidencePolicy:
        try:
            return EvidencePolicy(self.evidence)
        except ValueError:
            raise self._wrong("evidence", f"one of {', '.join(EvidencePolicy)}") from None
