"""The specifications that are compared, what their queries select, and the rules that both make of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from bench.rules.definition import Pair
from bench.rules.scenarios import Scenario, scenarios
from bench.rules.series import Clients, Requests, Satisfaction, Source
from bench.rules.sloth import Sloth
from rules.document import LOADER
from sandbox.demo.command import metricops

EXAMPLES = Path(__file__).parents[3] / "shared/slo-examples/sloth"
SIDE_LABEL = "bench_side"
LOUD = "spike 10 % over fast page"
MONTH = (("page", 60, 5, "2"), ("page", 360, 30, "5"), ("ticket", 1440, 120, "10"), ("ticket", 4320, 360, "10"))
"""The workbook's table: severity, long and short window in minutes, percentage of the period's budget."""
WEEK = (("page", 60, 5, "8"), ("page", 360, 30, "12.5"), ("ticket", 1440, 120, "20"), ("ticket", 4320, 360, "42"))
"""What the catalogue 7d.yaml says."""


@dataclass(frozen=True, slots=True)
class Load:
    """A source of series, and the objectives that it is for. The scenarios' burn rates are those of the first one."""

    source: Source
    objectives: tuple[str, ...]
    """As sloth names them: service and name, with a hyphen between."""


@dataclass(frozen=True, slots=True)
class Example:
    """A file of specifications under some series. `catalogue` is a file of windows for a period in days.

    An evaluation of a `costly` one reads so much that it is done every two minutes at the most.
    """

    file: str
    loads: tuple[Load, ...]
    days: int = 30
    catalogue: str = ""
    alerts: bool = True
    costly: bool = False

    @property
    def name(self) -> str:
        """For the table."""
        return f"{self.file} over {self.days}d" if self.catalogue else self.file

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The windows that the definition speaks of."""
        table = WEEK if self.catalogue else MONTH
        return tuple(
            Pair(severity, long, short, Fraction(Decimal(share)) / 100 * self.days * 1440 / long)
            for severity, long, short, share in table
        )

    def courses(self) -> list[Scenario]:
        """The scenarios that say something about it: where nothing can fire, one that would make everything fire."""
        fast_page, slow_page, fast_ticket, slow_ticket = (float(pair.factor) for pair in self.pairs)
        counters = all(load.source.counters for load in self.loads)
        return [
            replace(one, step=max(one.step, 2)) if self.costly else one
            for one in scenarios((fast_page, slow_page, fast_ticket, slow_ticket))
            if (counters or not one.for_counters) and (self.alerts or one.name == LOUD)
        ]

    def budgets(self, examples: Path) -> dict[str, Fraction]:
        """The budget of each objective in the file, as sloth names them."""
        found: dict[str, Fraction] = {}
        for document in yaml.safe_load_all((examples / self.file).read_text()):
            service: dict[str, Any] = (document or {}).get("spec", document) or {}
            for one in service.get("slos", ()):
                percentage = Fraction(Decimal(str(one["objective"])))
                found[f"{service['service']}-{one['name']}"] = 1 - percentage / 100
        return found


_SHOP = Load(Requests("myservice"), ("myservice-requests-availability",))
_BOTH_SHOPS = Load(Requests("myservice"), ("myservice-requests-availability", "myservice2-requests-availability"))
"""The second service's queries select the first one's series."""
_GOOD, _RISK = "home-wifi-good-wifi-client-satisfaction", "home-wifi-risk-wifi-client-satisfaction"
COMPARED = (
    Example("getting-started.yml", (_SHOP,)),
    Example("k8s-getting-started.yml", (_SHOP,)),
    Example("multifile.yml", (_BOTH_SHOPS,)),
    Example("home-wifi.yml", (Load(Clients(), (_GOOD, _RISK)),), costly=True),
    Example("home-wifi.yml", (Load(Clients(), (_RISK, _GOOD)),), costly=True),
    Example("raw-home-wifi.yml", (Load(Satisfaction(), ("home-wifi-wifi-client-satisfaction",)),)),
    Example("no-alerts.yml", (Load(Requests("myapp"), ("myapp-http-availability",)),), alerts=False),
    Example("getting-started.yml", (_SHOP,), days=7, catalogue="7d.yaml"),
)


def rules_of_sloth(example: Example, examples: Path, sloth: Sloth, folder: Path) -> list[dict[str, Any]]:
    """The rule groups that sloth makes, in a folder of its own. Raises `SlothError` where it refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    arguments: list[str] = []
    if example.catalogue:
        windows = folder / "windows"
        windows.mkdir(exist_ok=True)
        shutil.copy(examples / example.catalogue, windows)
        arguments = [f"--slo-period-windows-path={windows}", f"--default-slo-period={example.days}d"]
    output = folder / "sloth.yml"
    sloth.generate(examples / example.file, output, arguments)
    return marked(output.read_text(), "sloth")


def our_rules(example: Example, examples: Path) -> list[dict[str, Any]]:
    """The rule groups that `metricops rules generate` makes of the same file. Raises `CalledProcessError`."""
    catalogue: list[str | Path] = (
        [examples / example.catalogue, f"--period={example.days}d"] if example.catalogue else []
    )
    command: list[str | Path] = ["rules", "generate", "--format", "prometheus", examples / example.file, *catalogue]
    return marked(metricops(*command), "metricops")


def marked(text: str, side: str) -> list[dict[str, Any]]:
    """The groups of rule files or PrometheusRule objects, each alert with the label of its side."""
    groups: list[dict[str, Any]] = []
    for document in yaml.load_all(text, Loader=LOADER):
        groups += ((document or {}).get("spec", document) or {}).get("groups") or []
    for group in groups:
        for rule in group.get("rules") or ():
            if "alert" in rule:
                rule["labels"] = {**(rule.get("labels") or {}), SIDE_LABEL: side}
    return groups
