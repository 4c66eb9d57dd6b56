"""Who may deliver: a bearer token, a client certificate, both, or (if told so in words) everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from receiver.web.tls import Standing, Tls, take_no_more
from receiver.web.token import AnyToken, TokenFile


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a delivery is not let in: an HTTP status and its message."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Callers:
    """What is asked of a delivery. Each that is set must be shown."""

    token: TokenFile | AnyToken | None = None
    tls: Tls | None = None
    """Asks for a client certificate only where it has a client CA."""

    def why_refused(self, authorization: str, connection: Any) -> Refused | None:
        """None where a delivery may come in, by its Authorization header and the socket that it came over."""
        if self.tls is not None and self.tls.asks_for_certificates:
            standing = self.tls.standing(connection)
            if standing is Standing.OUTDATED:
                take_no_more(connection)
                return Refused(503, f"client certificate: {standing.value}; connect again")
            if standing is not Standing.TRUSTED:
                return Refused(403, "client certificate: expected one that the client CA signed")
        if self.token is not None and not self.token.accepts(authorization):
            return Refused(401, "Authorization: expected a valid bearer token")
        return None
