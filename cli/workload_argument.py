"""The argument KIND/NAME, with the words that kubectl knows the kinds by."""

from __future__ import annotations

import click

from receiver.cluster.api import may_be_name
from receiver.decision.values import WorkloadRef

KIND_WORDS = {
    "deployment": "Deployment",
    "deployments": "Deployment",
    "deploy": "Deployment",
    "statefulset": "StatefulSet",
    "statefulsets": "StatefulSet",
    "sts": "StatefulSet",
    "daemonset": "DaemonSet",
    "daemonsets": "DaemonSet",
    "ds": "DaemonSet",
}


def workload_ref(text: str, namespace: str) -> WorkloadRef:
    """Which workload `deployment/shop` is. Raises `click.BadParameter`."""
    kind, _, name = text.partition("/")
    if kind.lower() not in KIND_WORDS or not may_be_name(name):
        raise click.BadParameter(f"found {text!r}, expected deployment/NAME, statefulset/NAME or daemonset/NAME")
    return WorkloadRef(KIND_WORDS[kind.lower()], namespace, name)
