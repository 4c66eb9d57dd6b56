"""The Node object: registered, kept Ready with its Lease, and removed."""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from pathlib import Path

from receiver.cluster.api import ApiError, JsonObject, object_path
from sandbox.node.client import MANAGER, NodeApi
from sandbox.node.clock import fine_timestamp, timestamp
from sandbox.node.host import HOST_IP

HEARTBEAT_SECONDS = 10.0
LEASE_SECONDS = 40
LEASE_NAMESPACE = "kube-node-lease"
NOT_READY_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
POD_CAPACITY = 250
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class Registration:
    """The Node object of this name."""

    def __init__(self, api: NodeApi, name: str) -> None:
        self._api = api
        self._name = name
        self._path = object_path("v1", "nodes", None, name)
        self._lease_path = object_path("coordination.k8s.io/v1", "leases", LEASE_NAMESPACE)
        self._stopped = threading.Event()

    def register(self) -> None:
        """Create the Node, or take over one that is there, and make it Ready. Raises `ApiError`."""
        try:
            node = node_object(self._name, timestamp())
            self._api.create(object_path("v1", "nodes"), node, fieldManager=MANAGER)
        except ApiError as error:
            if error.status != 409:
                raise
        found = self._beat()
        # No node-lifecycle controller runs in the sandbox to take the taint off that admission puts on a new node.
        taints = found["spec"].get("taints", [])
        wanted = [taint for taint in taints if taint["key"] not in NOT_READY_TAINTS]
        if wanted != taints:
            self._api.merge_patch(self._path, {"spec": {"taints": wanted}}, fieldManager=MANAGER)

    def keep(self) -> None:
        """Keep it Ready until `remove`; for a thread of its own."""
        while not self._stopped.wait(HEARTBEAT_SECONDS):
            try:
                self._beat()
            except ApiError as error:
                if error.status == 404 and not self._stopped.is_set():
                    with contextlib.suppress(ApiError):
                        self.register()

    def remove(self) -> None:
        """Delete the Node and its Lease; an API server that does not answer any more is not waited for."""
        self._stopped.set()
        for path in (self._path, f"{self._lease_path}/{self._name}"):
            with contextlib.suppress(ApiError):
                self._api.delete(path)

    def _beat(self) -> JsonObject:
        status = node_object(self._name, timestamp())["status"]
        found = self._api.merge_patch(self._path + "/status", {"status": status}, fieldManager=MANAGER)
        self._renew(found["metadata"]["uid"])
        return found

    def _renew(self, uid: str) -> None:
        owner = {"apiVersion": "v1", "kind": "Node", "name": self._name, "uid": uid}
        self._api.apply(
            f"{self._lease_path}/{self._name}",
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": self._name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
                "spec": {
                    "holderIdentity": self._name,
                    "leaseDurationSeconds": LEASE_SECONDS,
                    "renewTime": fine_timestamp(),
                },
            },
            field_manager=MANAGER,
        )


def node_object(name: str, now: str) -> JsonObject:
    """A Node with this machine's size, Ready since `now` (RFC 3339)."""
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
    disk = os.statvfs(Path("/"))
    capacity = {
        # Nothing enforces requests here, so a small machine must not keep pods with large ones Pending.
        "cpu": str(max(16, os.cpu_count() or 1)),
        "memory": f"{max(memory, 16 * 1024 * 1024)}Ki",
        "pods": str(POD_CAPACITY),
        "ephemeral-storage": f"{disk.f_blocks * disk.f_frsize // 1024}Ki",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": architecture,
            },
        },
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": HOST_IP}, {"type": "Hostname", "address": name}],
            "conditions": [
                _condition("MemoryPressure", "False", "KubeletHasSufficientMemory", now),
                _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", now),
                _condition("PIDPressure", "False", "KubeletHasSufficientPID", now),
                _condition("Ready", "True", "KubeletReady", now),
            ],
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": platform.release(),
                "osImage": "stand-in node",
                "containerRuntimeVersion": "standin://bubblewrap",
                "kubeletVersion": "standin",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": architecture,
            },
        },
    }


def _condition(name: str, status: str, reason: str, now: str) -> JsonObject:
    return {
        "type": name,
        "status": status,
        "reason": reason,
        "message": "reported by the stand-in node",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }
