"""The bearer token that deliveries carry, from a file that may change while we run (RFC 6750)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path


class TokenFile:
    """Each line of the file is a valid token, so that two are valid during a rotation."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[bytes, ...] = ()

    def accepts(self, authorization: str) -> bool:
        """Whether an Authorization header carries a valid token. Compares in constant time; no token, no entry."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return False
        given = token.strip().encode()
        matches = [hmac.compare_digest(given, valid) for valid in self._read()]
        return any(matches)

    def _read(self) -> tuple[bytes, ...]:
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            if stamp != self._stamp:
                self._tokens = read_tokens(self._path)
                self._stamp = stamp
        except OSError:
            self._tokens, self._stamp = (), None
        return self._tokens


@dataclass(frozen=True, slots=True)
class AnyToken:
    """The tokens of several files."""

    files: tuple[TokenFile, ...]

    def accepts(self, authorization: str) -> bool:
        """Whether an Authorization header carries a valid token of one of them; all of them are looked at."""
        accepted = [token.accepts(authorization) for token in self.files]
        return any(accepted)


def read_tokens(path: Path) -> tuple[bytes, ...]:
    """The tokens of a file, one a line. Raises `OSError`."""
    return tuple(line.strip() for line in path.read_bytes().splitlines() if line.strip())
