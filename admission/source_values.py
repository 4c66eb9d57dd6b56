"""What a mark of a CD system says, cut down to what may be shown: commits, revisions, addresses, change causes.

Whoever may write the workload wrote these texts. Each reader gives the value, or an empty text where it isn't one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

LONGEST_REVISION = 128
LONGEST_ADDRESS = 512
LONGEST_CAUSE = 256

_HEX = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_FULL_HASHES = (40, 64)
"""Digits of a commit in git: SHA-1, SHA-256."""
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+@:-]*")
_FLUX = re.compile(r"(?:[A-Za-z0-9._/+-]+@)?sha(?:1|256):([0-9a-f]{7,64})", re.IGNORECASE)
_ADDRESS_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/@%+,=-]+")
_SCP = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9.-]+\.[A-Za-z0-9-]+):([A-Za-z0-9._~][A-Za-z0-9._~/+-]*)")
_COMMIT_PAGE = re.compile(r"(https?://[^?#]+?)(?:/-)?/commits?/([0-9a-f]{7,64})/?", re.IGNORECASE)
_SCHEMES = ("https", "http", "ssh", "git")
_CREDENTIALS_OF_ADDRESSES = re.compile(r"(?<=://)[^/\s@]*@")
_SECRETS = ("token", "password", "secret")
"""What is in the names of flags whose values nobody should read."""


def commit(text: str) -> str:
    """A commit: hexadecimal, Flux' `main@sha1:0123abc`, or the name of a revision in another system."""
    text = text.strip()
    if len(text) > LONGEST_ADDRESS:
        return ""
    flux = _FLUX.fullmatch(text)
    return _digits(flux[1] if flux else text) or revision(text)


def full_commit(text: str) -> str:
    """A commit only where the text can be nothing else: all digits of a hash of git's."""
    digits = _digits(text.strip())
    return digits if len(digits) in _FULL_HASHES else ""


def revision(text: str) -> str:
    """A branch, a tag or a version: at most 128 characters that need no quoting anywhere."""
    text = text.strip()
    return text if len(text) <= LONGEST_REVISION and _SAFE.fullmatch(text) else ""


def commit_page(text: str) -> tuple[str, str, str]:
    """(commit, repository, link) of the address of a commit's page, as GitHub and GitLab have them; empty if none."""
    link = page_address(text)
    page = _COMMIT_PAGE.fullmatch(link)
    return (_digits(page[2]), page[1], link) if page else ("", "", "")


def address(text: str) -> str:
    """The address of a repository or a page, without user, password, query and fragment, which may be secrets.

    `git@host:team/shop.git`, git's short form of ssh, comes out as `ssh://host/team/shop.git`.
    """
    text = text.strip()
    if len(text) > LONGEST_ADDRESS:
        return ""
    short = _SCP.fullmatch(text)
    if short:
        return f"ssh://{short[1]}/{short[2]}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme not in _SCHEMES or not host or ":" in host:
        return ""  # An IPv6 address is nobody's repository.
    shown = f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path}"
    return shown if _ADDRESS_CHARACTERS.fullmatch(shown) else ""


def page_address(text: str) -> str:
    """The address of a page that a browser can show: http or https."""
    shown = address(text)
    return shown if shown.startswith(("https:", "http:")) else ""


def change_cause(text: str) -> str:
    """A change cause as one line of at most 256 characters; credentials of a recorded command line are left out."""
    words = "".join(c if c.isprintable() else " " for c in text[: LONGEST_CAUSE * 8]).split()
    line = _CREDENTIALS_OF_ADDRESSES.sub("", " ".join(_without_secrets(words)))
    return line if len(line) <= LONGEST_CAUSE else line[: LONGEST_CAUSE - 1] + "…"


def _without_secrets(words: Iterable[str]) -> Iterator[str]:
    """A command line without the values of flags such as `--token`; a quoted one ends where its quote does."""
    quote, is_value = "", False
    for word in words:
        if quote:
            quote = "" if word.endswith(quote) else quote
            continue
        flag, equals, value = word.partition("=")
        if is_value:
            yield "…"
            quote, is_value = _open_quote(word), False
        elif flag.startswith("-") and any(secret in flag.lower() for secret in _SECRETS):
            yield f"{flag}=…" if equals else flag
            quote, is_value = _open_quote(value), not equals
        else:
            yield word


def _open_quote(value: str) -> str:
    """The quote that a value begins with, where it does not end with it."""
    quote = value[:1]
    return quote if quote in ("'", '"') and (len(value) == 1 or not value.endswith(quote)) else ""


def _digits(text: str) -> str:
    return text.lower() if _HEX.fullmatch(text) else ""
