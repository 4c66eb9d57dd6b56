"""How the commands reach a cluster: as kubectl does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from kubernetes import config

from receiver.cluster.api import Api, ApiError, JsonObject

REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LONGEST_USER = 256
"""As manifests/base/crd.yaml bounds whoever a record names."""


def with_cluster(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--kubeconfig` and `--context`."""
    command = click.option("--context", default=None, help="Context of the kubeconfig.")(command)
    return click.option(
        "--kubeconfig", default=None, type=click.Path(), envvar="KUBECONFIG", help="Kubeconfig to use."
    )(command)


def connect(kubeconfig: str | None, context: str | None) -> Api:
    """The API server that a command speaks to. Exits with a message where there is none."""
    try:
        return Api.connect(kubeconfig, context, user_agent="metricops-cli")
    except ApiError as error:
        raise click.ClickException(error.message) from error


def namespace_of(kubeconfig: str | None, context: str | None) -> str:
    """The context's own namespace, as kubectl takes it where none is named; `default` where it has none."""
    try:
        contexts, active = config.list_kube_config_contexts(kubeconfig)
    except (config.ConfigException, OSError):
        return "default"
    chosen = next((one for one in contexts if one["name"] == context), active)
    return str((chosen.get("context") or {}).get("namespace") or "default")


def who_am_i(api: Api) -> str:
    """Who the API server takes us for (SelfSubjectReview). Exits with a message where it does not say."""
    body: JsonObject = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        return str(api.create(REVIEWS, body)["status"]["userInfo"]["username"])[:LONGEST_USER]
    except ApiError as error:
        raise complaint(error, "ask who you are") from error


def check_right(api: Api, verb: str, group: str, resource: str, *, namespace: str, name: str) -> None:
    """Exit with a message unless the API server would let us (SelfSubjectAccessReview)."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": name}
    body: JsonObject = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    try:
        allowed = api.create(ACCESS_REVIEWS, body)["status"]["allowed"]
    except ApiError as error:
        raise complaint(error, "ask what you may do") from error
    if not allowed:
        raise click.ClickException(f"a right is missing: {verb} {resource}.{group} in namespace {namespace}")


def complaint(error: ApiError, doing: str) -> click.ClickException:
    """One message for a refusal of the API server. `doing` completes "cannot …"."""
    if error.status == 0:
        why = f"the API server cannot be reached: {error.message}"
    elif error.status == 401:
        why = "the API server does not know you: check the kubeconfig's credentials"
    elif error.status == 403:
        # The API server's own words name user, verb, resource and namespace: exactly the right that is missing.
        why = f"a right is missing: {error.message}"
    elif error.status == 404 and " not found" in error.message and '"' in error.message:
        why = error.message
    elif error.status == 404:
        why = "the cluster has no such resource: is the CRD of manifests/base installed?"
    else:
        why = f"{error.status} {error.reason} {error.message}".strip()
    return click.ClickException(f"cannot {doing}: {why}")
