"""The Prometheus that reads the folder: whether it is ready, its reload, and which files its rules are from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePosixPath

import urllib3

SECONDS = 5.0
RELOAD_SECONDS = 60.0
RULES_SECONDS = 30.0
LONGEST_ANSWER = 500


class Reload(Enum):
    """How a reload ended."""

    TAKEN = auto()
    REFUSED = auto()
    NO_ANSWER = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """How a reload ended, and what was said where it did not end well."""

    reload: Reload
    message: str = ""


class Prometheus:
    """One Prometheus that was started with `--web.enable-lifecycle`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(SECONDS))

    def not_ready(self) -> str | None:
        """Why it is not ready to be reloaded; None where it is."""
        try:
            response = self._pool.request("GET", f"{self.url}/-/ready")
        except urllib3.exceptions.HTTPError as error:
            return f"{self.url} does not answer: {error}"
        return None if response.status == 200 else f"{self.url}/-/ready: {response.status} {_text(response)}"

    def reload(self) -> Answer:
        """Have it read all its files again; it answers once they are in force, or refused."""
        timeout = urllib3.Timeout(connect=SECONDS, read=RELOAD_SECONDS)
        try:
            response = self._pool.request("POST", f"{self.url}/-/reload", timeout=timeout)
        except urllib3.exceptions.HTTPError as error:
            return Answer(Reload.NO_ANSWER, f"POST {self.url}/-/reload: {error}")
        if response.status == 200:
            return Answer(Reload.TAKEN)
        message = f"POST {self.url}/-/reload: {response.status} {_text(response)}"
        # 500 is the configuration's; everything else (403: started without --web.enable-lifecycle) is not.
        return Answer(Reload.REFUSED if response.status == 500 else Reload.NO_ANSWER, message)

    def files(self) -> set[str] | None:
        """The names (without folders, which it may see under another path) of files with rules in force.

        None where it does not say.
        """
        try:
            response = self._pool.request(
                "GET", f"{self.url}/api/v1/rules", fields={"exclude_alerts": "true"}, timeout=RULES_SECONDS
            )
            answer = json.loads(response.data) if response.status == 200 else None
            groups = answer["data"]["groups"] if answer else None
            return None if groups is None else {PurePosixPath(str(group["file"])).name for group in groups}
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError):
            return None


def _text(response: urllib3.BaseHTTPResponse) -> str:
    return " ".join(response.data[:LONGEST_ANSWER].decode(errors="replace").split())
