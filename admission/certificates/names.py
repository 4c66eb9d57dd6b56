"""The names that the API server asks the webhook's certificate for."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from receiver.cluster.api import may_be_name


def server_names(service: str, namespace: str, further: Sequence[str]) -> tuple[str, ...]:
    """The Service's name as the API server spells it, and further DNS names and IP addresses.

    Raises `ValueError` for what is neither.
    """
    names = (f"{service}.{namespace}.svc", *further)
    for name in names:
        if not may_be_name(name):
            ipaddress.ip_address(name)
    return tuple(name if may_be_name(name) else str(ipaddress.ip_address(name)) for name in names)
