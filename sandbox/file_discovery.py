"""Pods for a Prometheus that was built without kubernetes_sd: a file with the same meta labels, kept up to date."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

from receiver.cluster.api import Api, ApiError, JsonObject

REFRESH_SECONDS = 1.0


class FileDiscovery:
    """Writes a file_sd target file from the API server's pods every second."""

    def __init__(self, api: Api, path: Path) -> None:
        self._api = api
        self._path = path
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="file-discovery", daemon=True)

    def start(self) -> None:
        """Write once, then keep writing."""
        self._write([])
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(REFRESH_SECONDS):
            try:
                self._write([entry for pod in self._api.get("/api/v1/pods")["items"] for entry in target_groups(pod)])
            except ApiError:
                continue  # The last targets stay, as with the real discovery.

    def _write(self, groups: list[dict[str, Any]]) -> None:
        draft = self._path.with_suffix(".draft")
        draft.write_text(json.dumps(groups))
        draft.rename(self._path)


def target_groups(pod: JsonObject) -> list[dict[str, Any]]:
    """A pod as a file_sd target group; none without an address.

    The meta labels are those of Prometheus' documentation of `kubernetes_sd_config`, role `pod`.
    """
    metadata, status = pod["metadata"], pod.get("status") or {}
    address = status.get("podIP")
    if not address:
        return []
    controller: JsonObject = next((o for o in metadata.get("ownerReferences") or [] if o.get("controller")), {})
    labels = {
        "__meta_kubernetes_namespace": metadata["namespace"],
        "__meta_kubernetes_pod_name": metadata["name"],
        "__meta_kubernetes_pod_ip": address,
        "__meta_kubernetes_pod_phase": status.get("phase", ""),
        "__meta_kubernetes_pod_controller_kind": controller.get("kind", ""),
        "__meta_kubernetes_pod_controller_name": controller.get("name", ""),
    }
    for kind in ("label", "annotation"):
        for key, value in (metadata.get(f"{kind}s") or {}).items():
            labels[f"__meta_kubernetes_pod_{kind}_" + re.sub(r"[^a-zA-Z0-9_]", "_", key)] = value
    return [{"targets": [address], "labels": labels}]
