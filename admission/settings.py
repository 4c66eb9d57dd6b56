"""Every setting of the admission webhook: one table, like the receiver's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from admission.certificates.names import server_names
from receiver import names
from receiver.series_settings import SeriesSettings
from receiver.server_settings import setting

SHORTEST_LIFETIME = timedelta(seconds=10)
LONGEST_LIFETIME = timedelta(days=365)
RECEIVER_ACCOUNT = f"system:serviceaccount:{names.DEFAULT_NAMESPACE}:metricops-receiver"


@dataclass(frozen=True, slots=True)
class AdmissionSettings(SeriesSettings):
    """The webhook's own settings, and every server's."""

    listen: str = setting("0.0.0.0:8443", "Address and port that the HTTP server binds to.")
    namespace: str = setting(
        names.DEFAULT_NAMESPACE,
        f"Namespace of the webhook's Service and of the Secret {names.ADMISSION_SECRET} with its certificates.",
    )
    tls_certificate_file: str = setting(
        "",
        "File with the webhook's certificate (PEM, with its chain), read again when it changes, for example of "
        "cert-manager; empty: the webhook has an authority of its own.",
    )
    certificate_lifetime: str = setting(
        "30d",
        "How long a certificate of the webhook's own authority is valid; it is renewed after two thirds of that, and "
        "the authority lives twelve times as long.",
    )
    certificate_names: str = setting(
        "",
        "Further DNS names and IP addresses by which the API server reaches the webhook, with commas between; its "
        "Service's name is always among them.",
    )
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

    @property
    def lifetime(self) -> timedelta:
        """Of a certificate of the webhook's own authority."""
        lifetime = self._duration("certificate_lifetime")
        if not SHORTEST_LIFETIME <= lifetime <= LONGEST_LIFETIME:
            raise self._wrong("certificate_lifetime", "a duration from 10s to 1y")
        return lifetime

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names that the webhook's own certificate is for, the Service's first."""
        further = tuple(filter(None, map(str.strip, self.certificate_names.split(","))))
        try:
            return server_names(names.ADMISSION_SERVICE, self.namespace, further)
        except ValueError:
            raise self._wrong("certificate_names", "DNS names and IP addresses with commas between") from None

    def check(self) -> None:
        """Read every setting once. Raises `SettingError` for the first that cannot be used."""
        SeriesSettings.check(self)
        _ = (self.lifetime, self.server_names)
