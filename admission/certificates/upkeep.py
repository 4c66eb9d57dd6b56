"""What is to be done with the certificates: values in, a Step out. No I/O, no clock.

The order of a change of authorities is what keeps every admission well. The successor is trusted first: it is in the
bundle, and published, for `Lifetimes.published_for`, before it signs what is served. The predecessor is trusted for as
long as it is valid, so whatever it has signed is too, wherever it may still be served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from admission.certificates.contents import Contents, is_valid_at
from admission.certificates.lifetimes import Lifetimes


class Action(StrEnum):
    """What a replica does to the Secret."""

    KEEP = "keep"
    RENEW = "renew"
    """Sign another serving certificate by the same authority."""
    SUCCEED = "succeed"
    """Make the authority's successor, which is trusted from now on and signs later."""
    SWITCH = "switch"
    """Sign the serving certificate by the successor."""
    FORGET = "forget"
    """Trust authorities no longer whose time has run out."""
    RESTORE = "restore"
    """Put back what this replica has served."""
    START_OVER = "start-over"
    """Make everything anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, and why."""

    action: Action
    reason: str


def next_step(
    found: Contents,
    held: Contents | None,
    *,
    now: datetime,
    names: Sequence[str],
    lifetimes: Lifetimes,
    published_for: timedelta | None,
) -> Step:
    """Judge what the Secret holds.

    `held` is what this replica serves, `names` are those that the API server asks for, and `published_for` is how
    long this replica has seen the newest authority in the published bundle; None where it has not.
    """
    signer = found.signer if found.signer is not None and is_valid_at(found.signer, now) else None
    fault = serving_fault(found, now, names)
    if fault is not None:
        # What is served already is trusted already; but never back behind another replica's step.
        if held is not None and signer in (None, held.signer) and serving_fault(held, now, names) is None:
            return Step(Action.RESTORE, fault)
        return Step(Action.START_OVER if signer is None else Action.RENEW, fault)
    if found.serving is None or found.issuer is None:  # A sound one has both.
        raise AssertionError
    left = found.serving.not_valid_after_utc - now
    if signer is None:
        return Step(Action.SUCCEED, f"no authority that could sign: {'; '.join(found.faults) or 'the key fits none'}")
    if found.issuer != signer:
        if published_for is not None and published_for >= lifetimes.published_for:
            return Step(Action.SWITCH, f"the successor has been published for {_whole(published_for)}")
        if left < lifetimes.urgent_left:
            return Step(Action.SWITCH, f"the serving certificate has only {_whole(left)} left")
        return Step(Action.KEEP, "the successor has not been published for long enough")
    signer_left = signer.not_valid_after_utc - now
    if signer_left < lifetimes.succeed_left:
        return Step(Action.SUCCEED, f"the authority has {_whole(signer_left)} left")
    if left < lifetimes.renew_left:
        return Step(Action.RENEW, f"the serving certificate has {_whole(left)} left")
    if expired := [one for one in found.bundle if one.not_valid_after_utc < now]:
        return Step(Action.FORGET, f"expired authorities: {len(expired)}")
    return Step(Action.KEEP, "nothing is due")


def serving_fault(contents: Contents, now: datetime, names: Sequence[str]) -> str | None:
    """Why an API server that trusts the bundle would not accept the serving certificate; None where it would."""
    serving = contents.serving
    if serving is None or not contents.is_a_pair:
        return "; ".join(contents.faults) or "the serving certificate and its key do not fit together"
    if not is_valid_at(serving, now):
        return (
            f"the serving certificate is valid from {serving.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} "
            f"to {serving.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}, and it is {now:%Y-%m-%dT%H:%M:%SZ}"
        )
    if contents.issuer is None:
        return "; ".join(contents.faults) or "no authority in the bundle has signed the serving certificate"
    if not is_valid_at(contents.issuer, now):
        return "the authority that has signed the serving certificate is not valid now"
    if missing := [name for name in names if name not in _names_of(serving)]:
        return f"the serving certificate lacks the name {', '.join(missing)}"
    if not _serves(serving):
        return "the serving certificate is not for servers"
    return None


def _names_of(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return set()
    return {str(name.value) for name in names}


def _serves(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return ExtendedKeyUsageOID.SERVER_AUTH in usage


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=int(span.total_seconds()))
