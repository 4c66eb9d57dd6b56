"""A workload that people deploy with kubectl, and what one deploy after another made of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from receiver.cluster.api import ApiError, JsonObject, object_path
from receiver.decision.templates import clean_template
from receiver.decision.values import Workload, WorkloadRef
from receiver.workloads.registry import KINDS
from receiver.workloads.undo import stays_live
from sandbox.process import wait_until
from tests.cluster.conftest import Cluster
from tests.cluster.releases import NAME, Release, injected, manifest

PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
WAYS = {
    "client-side apply": ("apply",),
    "server-side apply": ("apply", "--server-side", "--field-manager=ci"),
    "plain update": ("replace",),
}


class Shop:
    """One workload of a namespace, deployed with kubectl."""

    def __init__(self, cluster: Cluster, kubectl: Path, namespace: str, kind: str) -> None:
        self.api, self.namespace, self.kind = cluster.api, namespace, kind
        self._kubectl = [str(kubectl), "--kubeconfig", str(cluster.kubeconfig), "--namespace", namespace]
        self.ref = WorkloadRef(kind, namespace, NAME)
        self.path = object_path("apps/v1", PLURALS[kind], namespace, NAME)
        self._revisions = 0

    def kubectl(self, *arguments: str, stdin: JsonObject | None = None) -> str:
        """Run it; raises `CalledProcessError` where it fails. Returns stderr: the warnings."""
        given = None if stdin is None else json.dumps(stdin)
        done = subprocess.run(
            [*self._kubectl, *arguments], input=given, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stderr

    def deploy(self, way: tuple[str, ...], release: Release) -> None:
        """Deploy, and wait until the controller has made a revision of it."""
        first = ("create",) if way[0] == "replace" and self._revisions == 0 else way
        body = manifest(self.kind, self.namespace, release)
        for tries in range(5, 0, -1):
            try:
                self.kubectl(*first, "-f", "-", stdin=body)
                break
            except subprocess.CalledProcessError as error:
                # `replace` reads first: the controller's status write between its two steps is nobody's conflict.
                if "the object has been modified" not in error.stderr or tries == 1:
                    raise
        self.expect_another_revision()

    def inject(self, value: str) -> None:
        """The second applier, without force. Not kubectl: next to a client-side applier, that takes all fields over."""
        body = injected(self.kind, self.namespace, value)
        self.api.apply(self.path, body, field_manager="injector", force=False)
        self.expect_another_revision()

    def expect_another_revision(self) -> None:
        """Wait until the controller has made, or taken up again, a revision of what was just written."""
        self._revisions += 1

        def is_current() -> bool:
            current = self.read().current
            return current is not None and current.number >= self._revisions

        wait_until(is_current, 30, f"revision {self._revisions} of {self.ref}")

    def read(self) -> Workload:
        workload = KINDS[self.kind].read(self.api, self.ref, datetime.now(UTC))
        assert workload is not None
        return workload

    def undo(self, version: str = "one", *, settle: bool = True) -> None:
        """Our undo, to the newest revision of a version."""
        workload, kind = self.read(), KINDS[self.kind]
        target = [revision for revision in workload.revisions if version_in(revision.template) == version][-1]
        note = {"rollback": "shop-2-x", "templateHash": target.template_hash, "restoredAt": "2026-03-01T00:00:00Z"}
        after = kind.undo(self.api, workload, target, target.template, note)
        assert clean_template(after["spec"]["template"]) == target.template
        if settle:
            assert kind.settle_ownership(self.api, self.ref)
        self.expect_another_revision()

    def undo_by_kubectl(self, revision: int) -> None:
        self.kubectl("rollout", "undo", f"{self.kind.lower()}/{NAME}", f"--to-revision={revision}")
        self.expect_another_revision()

    def seen(self) -> dict[str, Any]:
        """The template and those annotations that are a deployer's, as flat paths."""
        item = self.api.get(self.path)
        annotations = {k: v for k, v in (item["metadata"].get("annotations") or {}).items() if not stays_live(k)}
        return flat({"metadata": annotations, "template": clean_template(item["spec"]["template"])})

    def generation(self) -> int:
        return int(self.api.get(self.path)["metadata"]["generation"])

    def managers_of_template(self) -> set[str]:
        entries = self.api.get(self.path)["metadata"]["managedFields"]
        return {entry["manager"] for entry in entries if "f:template" in entry["fieldsV1"].get("f:spec", {})}


def version_in(template: JsonObject) -> str:
    return str(next(e["value"] for e in template["spec"]["containers"][0]["env"] if e["name"] == "VERSION"))


def flat(value: Any, at: str = "") -> dict[str, Any]:
    """Every leaf by its path; items of a list by their names."""
    if isinstance(value, dict) and value:
        parts = {f"{at}/{key}": item for key, item in value.items()}
    elif isinstance(value, list) and value:
        parts = {f"{at}/{named(item, index)}": item for index, item in enumerate(value)}
    else:
        return {at: value}
    return {path: leaf for where, item in parts.items() for path, leaf in flat(item, where).items()}


def named(item: Any, index: int) -> str:
    keys = ("name", "mountPath", "containerPort")
    return next((str(item[key]) for key in keys if key in item), str(index)) if isinstance(item, dict) else str(index)


def compare(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """`exact`, or what is there too much or differs."""
    leftover = sorted(where for where in found if where not in expected)
    wrong = sorted(where for where in expected if found.get(where) != expected[where])
    told = [("left behind: ", leftover), ("differs: ", wrong)]
    return "; ".join(words + ", ".join(sorted({*map(thing, wheres)})) for words, wheres in told if wheres) or "exact"


def try_to(deploy: Callable[[], None]) -> str:
    """Why a deploy was not taken; empty where it was."""
    try:
        deploy()
    except (subprocess.CalledProcessError, ApiError) as error:
        said = str(error.stderr) if isinstance(error, subprocess.CalledProcessError) else str(error)
        if "conflict" not in said:
            return f"refused: {said.strip().splitlines()[-1]}"
        managers = sorted(set(re.findall(r'with "([^"]+)"', said)))
        return f"conflict with {', '.join(managers)}"
    return ""


def thing(where: str) -> str:
    """`env ONLY_ONE` for `/template/spec/containers/main/env/ONLY_ONE/value`."""
    parts = where.strip("/").split("/")
    if parts[0] == "metadata":
        return f"annotation {'/'.join(parts[1:])}"
    rest = parts[2:] if parts[1] == "spec" else ["template annotation", "/".join(parts[3:])]
    if len(rest) > 2 and rest[0].endswith("ontainers") and rest[1] == "main":
        rest = rest[2:]
    singular = rest[0].removesuffix("s")
    return f"{singular} {rest[1]}" if len(rest) > 1 else singular
