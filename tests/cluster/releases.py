"""Three releases that differ in everything that a deploy can leave behind: added, removed, changed and renamed."""

from __future__ import annotations

from typing import Any

from receiver.cluster.api import JsonObject

IMAGE = "registry.k8s.io/pause:3.10"
NAME = "shop"

ODD = "true && echo '<ü>'\u2028\t"
"""What JSON encoders write in more than one way: a JSON patch's `test` of last-applied-configuration compares bytes."""

Release = dict[str, Any]

ONE: Release = {
    "annotations": {
        "kubernetes.io/change-cause": "one",
        "metricops.dev/commit": "c0ffee1",
        "note/one": "1",
        "note/all": "1",
    },
    "template annotations": {"note/one": "1", "note/all": "1"},
    "init": ["prepare"],
    "sidecars": ["helper"],
    "env": {"VERSION": "one", "ONLY_ONE": "1", "NAME_ONE": "x", "ALL": ODD},
    "ports": {"http": 8080, "metrics": 9090},
    "volumes": {"one": {"emptyDir": {}}, "all": {"emptyDir": {}}, "kind": {"emptyDir": {}}},
    "more": {"terminationGracePeriodSeconds": 5, "securityContext": {"runAsUser": 1000}},
}
TWO: Release = {
    "annotations": {
        "kubernetes.io/change-cause": "two",
        "metricops.dev/commit": "c0ffee2",
        "note/two": "2",
        "note/all": "2",
    },
    "template annotations": {"note/two": "2", "note/all": "2"},
    "init": ["migrate"],
    "sidecars": ["agent"],
    "env": {"VERSION": "two", "ONLY_TWO": "1", "NAME_TWO": "x", "ALL": ODD},
    "ports": {"web": 8080, "debug": 7070},
    "volumes": {"two": {"emptyDir": {}}, "all": {"emptyDir": {}}, "kind": {"configMap": {"name": "settings"}}},
    "more": {"dnsPolicy": "Default"},
}
THREE: Release = {
    "annotations": {"metricops.dev/commit": "c0ffee3", "note/all": "3"},
    "template annotations": {"note/all": "3"},
    "init": [],
    "sidecars": [],
    "env": {"VERSION": "three", "NAME_THREE": "x", "ALL": ODD},
    "ports": {"api": 8081},
    "volumes": {"three": {"emptyDir": {}}, "all": {"emptyDir": {}}, "kind": {"secret": {"secretName": "keys"}}},
    "more": {},
}


def manifest(kind: str, namespace: str, release: Release) -> JsonObject:
    """A workload of this kind that makes no pods: what is looked at is the object."""
    main: JsonObject = {
        "name": "main",
        "image": f"{IMAGE}-{release['env']['VERSION']}",
        "env": [{"name": name, "value": value} for name, value in release["env"].items()],
        "ports": [{"name": name, "containerPort": number} for name, number in release["ports"].items()],
        "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in release["volumes"]],
    }
    spec: JsonObject = {
        "nodeSelector": {"nowhere": "at-all"},
        "containers": [main, *({"name": name, "image": IMAGE} for name in release["sidecars"])],
        "volumes": [{"name": name, **source} for name, source in release["volumes"].items()],
        **({"initContainers": [{"name": name, "image": IMAGE} for name in release["init"]]} if release["init"] else {}),
        **release["more"],
    }
    template = {
        "metadata": {"labels": {"app": NAME}, "annotations": release["template annotations"]},
        "spec": spec,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": NAME, "namespace": namespace, "annotations": release["annotations"]},
        "spec": {
            "selector": {"matchLabels": {"app": NAME}},
            "template": template,
            **({} if kind == "DaemonSet" else {"replicas": 0}),
            **({"serviceName": NAME} if kind == "StatefulSet" else {}),
        },
    }


def injected(kind: str, namespace: str, value: str) -> JsonObject:
    """What a second applier writes on the same workload: an env variable, a container, annotations of its own."""
    template = {
        "metadata": {"annotations": {"injector/in-template": value}},
        "spec": {
            "containers": [
                {
                    "name": "main",
                    "env": [{"name": "INJECTED", "value": value}, {"name": "INJECTED_ALWAYS", "value": "x"}],
                },
                {"name": "injected", "image": IMAGE, "env": [{"name": "LEVEL", "value": value}]},
            ]
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": NAME, "namespace": namespace, "annotations": {"injector/on-workload": value}},
        "spec": {"template": template},
    }
