"""The records that a command names: found, read, and changed under a guard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click
from click.shell_completion import CompletionItem

from cli.connection import complaint, connect, namespace_of, with_cluster
from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, may_be_name, object_path

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Records:
    """The Rollbacks of one namespace, for a person. Every failure exits with one message."""

    api: Api
    namespace: str

    def get(self, name: str) -> JsonObject:
        """One record as the API server shows it."""
        if not may_be_name(name):
            raise click.ClickException(f"{name!r} cannot be the name of a Rollback")
        try:
            return self.api.get(self._path(name))
        except ApiError as error:
            raise complaint(error, f"read Rollback {name} in namespace {self.namespace}") from error

    def write(self, name: str, spec: Callable[[JsonObject], JsonObject], doing: str) -> JsonObject:
        """Set fields of the spec. `spec` is handed the record as it is now, and says what to write or raises.

        Guarded: where the record has changed in between, it is read and judged anew.
        """
        for _ in range(MOST_TRIES):
            item = self.get(name)
            body = {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]}, "spec": spec(item)}
            try:
                return self.api.merge_patch(self._path(name), body, fieldManager="metricops-cli")
            except ApiError as error:
                if error.status != 409:
                    raise complaint(error, doing) from error
        raise click.ClickException(f"cannot {doing}: the record changed {MOST_TRIES} times meanwhile; try again")

    def _path(self, name: str) -> str:
        return object_path(names.API_VERSION, names.ROLLBACKS, self.namespace, name)


def with_record(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add NAME, `--namespace` and what says which cluster; the command gets `records` and `name`."""

    def run(name: str, namespace: str | None, kubeconfig: str | None, context: str | None, **options: Any) -> Any:
        records = Records(connect(kubeconfig, context), namespace or namespace_of(kubeconfig, context))
        return command(records=records, name=name, **options)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__click_params__ = list(getattr(command, "__click_params__", []))  # type: ignore[attr-defined]
    named = click.argument("name", shell_complete=complete_names)(
        click.option("--namespace", "-n", default=None, help="The record's namespace; the context's unless given.")(run)
    )
    return with_cluster(named)


def complete_names(current: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of records for the shell's completion; none where the cluster does not answer."""
    kubeconfig, context = current.params.get("kubeconfig"), current.params.get("context")
    namespace = current.params.get("namespace") or namespace_of(kubeconfig, context)
    try:
        api = Api.connect(kubeconfig, context, user_agent="metricops-cli", read_timeout=2.0)
        items = api.get(object_path(names.API_VERSION, names.ROLLBACKS, namespace))["items"]
    except ApiError:
        return []
    found = [item["metadata"]["name"] for item in items]
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]


def phase_of(item: JsonObject) -> str:
    """Where a record stands; an empty phase reads as Claimed."""
    return str((item.get("status") or {}).get("phase") or "Claimed")
