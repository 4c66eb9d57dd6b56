"""The pods' addresses: a /24 of loopback, derived from the API server's port."""

from __future__ import annotations

import threading


class AddressesExhaustedError(Exception):
    """Every address of the pod range is taken."""


def pod_range(port: int) -> str:
    """The first three octets for the pods of the cluster whose API server listens on this port.

    A port is unique on a machine, so two sandboxes side by side never share an address.
    """
    return f"127.{port >> 8}.{port & 255}"


class Addresses:
    """Hands out one address per owner. An address that was given back is used again as late as possible.

    (A target that Prometheus still scrapes under an old pod's address would otherwise mix two pods' series.)
    """

    def __init__(self, prefix: str) -> None:
        self._free = [f"{prefix}.{last}" for last in range(1, 255)]
        self._taken: dict[str, str] = {}
        self._lock = threading.Lock()

    def take(self, owner: str, wanted: str = "") -> str:
        """The owner's address, `wanted` where that one is free. Raises `AddressesExhaustedError`."""
        with self._lock:
            if owner not in self._taken:
                if not self._free:
                    raise AddressesExhaustedError("all 254 pod addresses of this node are taken")
                self._taken[owner] = self._free.pop(self._free.index(wanted) if wanted in self._free else 0)
            return self._taken[owner]

    def give_back(self, owner: str) -> None:
        """Free the owner's address; nothing happens where it has none."""
        with self._lock:
            address = self._taken.pop(owner, None)
            if address is not None:
                self._free.append(address)
