"""The settings of `metricops rules reconcile`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from receiver.series_settings import SeriesSettings
from receiver.server_settings import setting
from rules.identifiers import LABEL_VALUE


@dataclass(frozen=True, slots=True)
class ReconcileSettings(SeriesSettings):
    """See `ServerSettings`."""

    rules_namespaces: str = setting(
        "",
        "Only these namespaces (separated by commas), which need no label then; empty: those labelled "
        "`metricops.dev/rules=enabled`.",
    )
    rule_labels: str = setting(
        "", "Labels of the PrometheusRules, such as `release=prometheus`: those that the operator's ruleSelector wants."
    )
    rules_resync: str = setting("30s", "How often everything is looked at without a change.")

    def check(self) -> None:
        """Read every setting once. Raises `SettingError`."""
        SeriesSettings.check(self)
        _ = (self.labels, self.resync_every)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that are named."""
        return tuple(filter(None, (name.strip() for name in self.rules_namespaces.split(","))))

    @property
    def labels(self) -> dict[str, str]:
        """The labels of objects."""
        pairs = [pair.strip().partition("=") for pair in self.rule_labels.split(",") if pair.strip()]
        if not all(separator and name and LABEL_VALUE.fullmatch(value) for name, separator, value in pairs):
            raise self._wrong("rule_labels", "labels such as release=prometheus,team=web")
        return {name: value for name, _, value in pairs}

    @property
    def resync_every(self) -> timedelta:
        """How often everything is looked at."""
        every = self._duration("rules_resync")
        if not every:
            raise self._wrong("rules_resync", "a duration above 0s")
        return every
