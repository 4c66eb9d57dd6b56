"""The AlertmanagerConfig as prometheus-operator puts it into a real Alertmanager's configuration.

The operator names a receiver NAMESPACE/OBJECT/RECEIVER, lets the other routes go on, and adds a matcher for the
object's namespace unless the Alertmanager object says `alertmanagerConfigMatcherStrategy: {type: None}`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.alertmanager.source import AlertmanagerSource
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.alertmanager.running import alertmanager, fire
from tests.service.alertmanager.test_configuration import receivers

COMPONENT = Path(__file__).parents[3] / "manifests/components/alertmanager-config"
BURN = {"alertname": "Burn", "deployment": "shop", "metricops": "undo"}


def shipped() -> tuple[dict[str, Any], str]:
    """The object, and the name that the receiver is told."""
    config = yaml.safe_load((COMPONENT / "alertmanagerconfig.yaml").read_text())
    (patch,) = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())["patches"]
    (operation,) = yaml.safe_load(patch["patch"])
    return config, operation["value"]


def as_the_operator_writes(config: dict[str, Any], *, namespace_matcher: bool) -> str:
    metadata, spec = config["metadata"], config["spec"]

    def named(receiver: str) -> str:
        return f"{metadata['namespace']}/{metadata['name']}/{receiver}"

    def snake(fields: dict[str, Any]) -> dict[str, Any]:
        return {re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name): value for name, value in fields.items()}

    asked = [f'{one["name"]}{one["matchType"]}"{one["value"]}"' for one in spec["route"]["matchers"]]
    if namespace_matcher:
        asked.append(f'namespace="{metadata["namespace"]}"')
    route = snake(spec["route"]) | {"receiver": named(spec["route"]["receiver"]), "matchers": asked, "continue": True}
    hooks = [
        {**snake(hook), "http_config": {"authorization": {"type": "Bearer", "credentials": "what the Secret has"}}}
        for hook in spec["receivers"][0]["webhookConfigs"]
    ]
    for hook in hooks:
        hook["url"] = "http://127.0.0.1:9/"  # Nobody: what is asked here is who would be sent what.
    return yaml.safe_dump(
        {
            "route": {"receiver": "people", "routes": [route, {"receiver": "people"}]},
            "receivers": [{"name": "people"}, {"name": route["receiver"], "webhook_configs": hooks}],
        }
    )


@pytest.mark.parametrize("namespace_matcher", [False, True])
def test_whom_an_alert_reaches(monitoring: MonitoringBinaries, tmp_path: Path, namespace_matcher: bool) -> None:
    config, name = shipped()
    (file := tmp_path / "alertmanager.yml").write_text(
        as_the_operator_writes(config, namespace_matcher=namespace_matcher)
    )
    others = receivers(monitoring, file, "metricops=undo", "namespace=shop")
    assert others == ("people" if namespace_matcher else f"{name},people")
    assert receivers(monitoring, file, "metricops=undo", "namespace=metricops-system") == f"{name},people"
    assert receivers(monitoring, file, "metricops=watch", "namespace=metricops-system") == "people"


def test_the_receiver_finds_its_alerts_by_the_name_that_it_is_told(
    monitoring: MonitoringBinaries, tmp_path: Path
) -> None:
    config, name = shipped()
    with alertmanager(monitoring, tmp_path, as_the_operator_writes(config, namespace_matcher=False)) as url:
        fire(url, datetime.now(UTC), namespace="shop", **BURN)
        source = AlertmanagerSource(url, name)
        wait_until(lambda: len(source.active(datetime.now(UTC))) == 1, 15, "the alert is found")
        assert AlertmanagerSource(url, "metricops").active(datetime.now(UTC)) == []
