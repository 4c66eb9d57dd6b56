"""The route as an object of prometheus-operator is that of the file, and the receiver knows the name it has there."""

from __future__ import annotations

import yaml

from tests.unit.manifests.shipped import MANIFESTS

COMPONENT = MANIFESTS / "components/alertmanager-config"
FRAGMENT = MANIFESTS.parent / "alertmanager/route-fragment.yml"


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def test_it_is_the_fragment() -> None:
    fragment = yaml.safe_load(FRAGMENT.read_text())
    # `=` alone is a type of its own in YAML 1.1; quoted, as here, it is a string.
    spec = yaml.safe_load((COMPONENT / "alertmanagerconfig.yaml").read_text())["spec"]
    (route,), (receiver,) = fragment["route"]["routes"], fragment["receivers"]
    (matcher,) = spec["route"].pop("matchers")
    assert [f'{matcher["name"]}{matcher["matchType"]}"{matcher["value"]}"'] == route.pop("matchers")
    assert spec["route"] == {camel(name): value for name, value in route.items()}

    (own,) = spec["receivers"]
    (hook,), (own_hook,) = receiver["webhook_configs"], own["webhookConfigs"]
    assert own_hook.pop("httpConfig") == {
        "authorization": {"type": "Bearer", "credentials": {"name": "metricops-token", "key": "token"}}
    }
    del hook["http_config"]
    assert own_hook == {camel(name): value for name, value in hook.items()}


def test_the_receiver_knows_its_name() -> None:
    config = yaml.safe_load((COMPONENT / "alertmanagerconfig.yaml").read_text())
    metadata, (receiver,) = config["metadata"], config["spec"]["receivers"]
    (patch,) = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())["patches"]
    (operation,) = yaml.safe_load(patch["patch"])
    assert operation["path"] == "/data/METRICOPS_ALERTMANAGER_RECEIVER"
    assert operation["value"] == f"{metadata['namespace']}/{metadata['name']}/{receiver['name']}"
