"""Kubeconfigs for other identities in the cluster that a kubeconfig leads to."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml


def cluster_of(kubeconfig: Path) -> dict[str, Any]:
    """The cluster entry of the current context: server and certificate authority."""
    config = yaml.safe_load(kubeconfig.read_text())
    context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
    cluster: dict[str, Any] = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
    return cluster


def certificate_authority(kubeconfig: Path, folder: Path) -> Path:
    """The cluster's CA as a file."""
    cluster = cluster_of(kubeconfig)
    if "certificate-authority" in cluster:
        return (kubeconfig.parent / str(cluster["certificate-authority"])).resolve()
    path = folder / "ca.crt"
    path.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return path


def with_token(kubeconfig: Path, token: str, path: Path, *, server: str | None = None) -> Path:
    """The same cluster with a bearer token, perhaps through a proxy (plain HTTP)."""
    cluster = dict(cluster_of(kubeconfig))
    if "certificate-authority" in cluster:
        cluster["certificate-authority"] = str((kubeconfig.parent / cluster["certificate-authority"]).resolve())
    if server is not None:
        cluster = {"server": server}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(config))
    return path
