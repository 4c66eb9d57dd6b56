"""How series say whose they are: told alike to every server that looks at the rules of deployers."""

from __future__ import annotations

from dataclasses import dataclass

from receiver.server_settings import ServerSettings, setting
from rules.deployer.confinement import Confinement, Series
from rules.identifiers import LABEL_NAME


@dataclass(frozen=True, slots=True)
class SeriesSettings(ServerSettings):
    """See `ServerSettings`."""

    series_namespace_label: str = setting(
        "namespace", "For rules in annotations: the label of series that holds their namespace."
    )
    series: str = setting(
        "workload",
        "For rules in annotations, how a series is known to be a workload's: `workload` (label `deployment`, "
        "`statefulset` or `daemonset`), `pod` (label `pod`, by the names of its pods), `namespace` (every series of "
        "the namespace).",
    )

    def check(self) -> None:
        """Read every setting once. Raises `SettingError`."""
        ServerSettings.check(self)
        _ = self.confinement

    @property
    def confinement(self) -> Confinement:
        """How the rules of annotations are kept to their own series."""
        if self.series not in list(Series):
            raise self._wrong("series", f"one of {', '.join(Series)}")
        if not LABEL_NAME.fullmatch(self.series_namespace_label):
            raise self._wrong("series_namespace_label", "a label's name")
        return Confinement(self.series_namespace_label, Series(self.series))
