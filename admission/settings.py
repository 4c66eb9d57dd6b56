"""Every setting of the admission webhook: one table, like the receiver's."""

from __future__ import annotations

from dataclasses import dataclass

from receiver import names
from receiver.server_settings import ServerSettings, setting

RECEIVER_ACCOUNT = f"system:serviceaccount:{names.DEFAULT_NAMESPACE}:metricops-receiver"


@dataclass(frozen=True, slots=True)
class AdmissionSettings(ServerSettings):
    """The webhook's own settings, and every server's."""

    listen: str = setting("0.0.0.0:8443", "Address and port that the HTTP server binds to.")
    max_body_bytes: str = setting(
        "8388608", "Largest request that is read, in bytes; it carries the workload as it was and as it shall be."
    )
    receiver_accounts: str = setting(
        RECEIVER_ACCOUNT,
        "User names of the receiver's service accounts, with commas between: what they say of a release is kept.",
    )

    @property
    def receivers(self) -> frozenset[str]:
        """The user names."""
        return frozenset(filter(None, map(str.strip, self.receiver_accounts.split(","))))
