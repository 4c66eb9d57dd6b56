"""`metricops reference`: the reference pages in docs/reference/, made from the code."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import click
from prometheus_client import CollectorRegistry

from admission.metrics import AdmissionMetrics
from admission.settings import AdmissionSettings
from admission.sources import SOURCES
from admission.systems import SYSTEMS
from cli.rules_schema import schema_text
from receiver.decision.phases import LEAVES_TO, UNFINISHED, Phase
from receiver.decision.reasons import ALL_REASONS
from receiver.metrics import Metrics
from receiver.server_settings import ServerSettings, flag_name, variable_name
from receiver.settings import Settings
from receiver.web.openapi import document
from reconcile.metrics import Metrics as ReconcileMetrics
from reconcile.settings import ReconcileSettings

NOTE = "Made by `metricops reference`; do not edit."


def pages() -> dict[str, str]:
    """The pages by file name."""
    return {
        "settings.md": _settings(),
        "reasons.md": _reasons(),
        "metrics.md": _metrics(),
        "phases.md": _phases(),
        "release-sources.md": _release_sources(),
        "slo.schema.json": schema_text(),
        "openapi.json": json.dumps(document(), indent=2) + "\n",
    }


@click.command(name="reference")
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=Path("docs/reference"))
def reference_command(output: Path) -> None:
    """Write the reference pages: settings, reasons, metrics, phases, sources of releases, schemas."""
    output.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (output / name).write_text(text)
        click.echo(f"wrote {output / name}")


def _table(headings: list[str], rows: list[list[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _settings() -> str:
    return "\n".join(
        [
            f"# Settings of the receiver\n\n{NOTE}\n\nA flag of `metricops receiver serve` wins over the environment "
            "variable, that over the default. Durations are Prometheus' (`30s`, `5m`, `1h30m`).\n",
            _settings_of(Settings),
            "# Settings of the reconciler\n\nThose of `metricops rules reconcile` (docs/deployers-rule.md).\n",
            _settings_of(ReconcileSettings),
            "# Settings of the admission webhook\n\nThose of `metricops admission serve` (docs/admission.md).\n",
            _settings_of(AdmissionSettings),
        ]
    )


def _settings_of(table: type[ServerSettings]) -> str:
    rows = [
        [
            f"`{flag_name(s.name)}`",
            f"`{variable_name(s.name)}`",
            f"`{s.default}`" if s.default else "",
            s.metadata["meaning"],
        ]
        for s in fields(table)
    ]
    return _table(["flag", "variable", "default", "meaning"], rows)


def _reasons() -> str:
    rows = [[f"`{r.word}`", str(r.verdict), r.meaning, r.remedy] for r in ALL_REASONS]
    return (
        f"# Reasons\n\n{NOTE}\n\nEvery alert is decided with one of these, looked for in this order. The word is the "
        "label of `metricops_decisions_total`, a field of the log line, and stands on the Rollback.\n\n"
        + _table(["reason", "verdict", "what it means", "what to do"], rows)
    )


def _metrics() -> str:
    return "\n".join(
        [
            f"# Metrics of the receiver\n\n{NOTE}\n\nAt `/metrics`.\n",
            _metrics_of(Metrics().registry),
            "# Metrics of the reconciler\n",
            _metrics_of(ReconcileMetrics().registry),
            "# Metrics of the admission webhook\n",
            _metrics_of(AdmissionMetrics().registry),
        ]
    )


def _metrics_of(registry: CollectorRegistry) -> str:
    rows = []
    for family in sorted(registry.collect(), key=lambda family: family.name):
        if family.name.startswith("metricops_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            rows.append([f"`{name}`", family.type, family.documentation])
    return _table(["metric", "type", "meaning"], rows)


def _phases() -> str:
    rows = [
        [
            f"`{phase}`" + (" (unfinished)" if phase in UNFINISHED else ""),
            ", ".join(f"`{after}`" for after in Phase if after in LEAVES_TO[phase]) or "an end",
        ]
        for phase in Phase
    ]
    return f"# Phases of a Rollback\n\n{NOTE}\n\n" + _table(["phase", "leads to"], rows)


def _release_sources() -> str:
    rows = [
        [f"`{mark.name}`", mark.place.value, mark.gives, source.left_by] for source in SOURCES for mark in source.marks
    ]
    systems = [[s.name, "; ".join(s.leaves) or "nothing", s.says, s.commit] for s in SYSTEMS]
    return (
        f"# Where a release comes from\n\n{NOTE}\n\nWhen a pod template changes, these annotations and labels of the "
        "workload, or else of its pod template, are read for the release's facts. The first that gives one wins; one "
        "that speaks of another commit than was found is left out. One that the deploy did not change says nothing of "
        "it: `kubectl set image` leaves the marks of the release before on the workload. Only where the images are the "
        "same, they are believed to come from the same commit. Addresses lose user, password and query.\n\n"
        + _table(["name", "place", "gives", "left by"], rows)
        + "\n## What CD systems leave\n\n"
        + _table(["system", "leaves", "which says", "the commit"], systems)
    )
