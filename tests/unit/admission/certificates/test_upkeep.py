"""Which step follows from what the Secret holds, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from admission.certificates.contents import Contents
from admission.certificates.issuing import Issuer
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.upkeep import Action, Step, next_step, serving_fault
from tests.unit.admission.certificates.simulated import NAMES, START, aged

LIFETIMES = Lifetimes()
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def step(found: Contents, held: Contents | None = None, *, after: timedelta = timedelta(0), **more: object) -> Step:
    given = {"names": NAMES, "lifetimes": LIFETIMES, "published_for": None, **more}
    return next_step(found, held, now=START + after, **given)  # type: ignore[arg-type]


def made(authority: timedelta = timedelta(0), serving: timedelta = timedelta(0)) -> Contents:
    return aged(LIFETIMES, authority, serving)


def changing(serving: timedelta = timedelta(0)) -> Contents:
    """A successor is there, and does not sign yet."""
    both = Issuer(NAMES, LIFETIMES).carry_out(Action.SUCCEED, made(241 * DAY), None, START - serving)
    assert len(both.bundle) == 2
    assert both.signer == both.bundle[1] != both.issuer
    return both


@pytest.mark.parametrize(
    ("after", "action"),
    [
        (timedelta(0), Action.KEEP),
        (20 * DAY, Action.KEEP),
        (20 * DAY + SECOND, Action.RENEW),
        (30 * DAY, Action.RENEW),
        (30 * DAY + SECOND, Action.RENEW),
        (240 * DAY + SECOND, Action.RENEW),
        (360 * DAY + SECOND, Action.START_OVER),
        (-HOUR, Action.KEEP),
        (-HOUR - SECOND, Action.START_OVER),
    ],
)
def test_a_serving_certificate_by_its_age(after: timedelta, action: Action) -> None:
    assert step(made(), after=after).action is action


def test_an_eager_replica_renews_earlier_and_none_later() -> None:
    eager = Lifetimes(eagerness=1.0)
    assert step(made(), after=18.5 * DAY - SECOND, lifetimes=eager).action is Action.KEEP
    assert step(made(), after=18.5 * DAY + SECOND, lifetimes=eager).action is Action.RENEW
    assert step(made(221 * DAY), lifetimes=eager).action is Action.KEEP
    assert step(made(223 * DAY), lifetimes=eager).action is Action.SUCCEED


def test_an_authority_gets_its_successor_while_it_can_still_sign_for_long() -> None:
    assert step(made(240 * DAY)).action is Action.KEEP
    assert step(made(240 * DAY + SECOND)) == Step(Action.SUCCEED, "the authority has 119 days, 23:59:59 left")
    # Before the serving certificate is renewed: that is part of it.
    assert step(made(241 * DAY, 25 * DAY)).action is Action.SUCCEED


@pytest.mark.parametrize(
    ("published_for", "serving", "action"),
    [
        (None, timedelta(0), Action.KEEP),
        (timedelta(0), timedelta(0), Action.KEEP),
        (HOUR - SECOND, timedelta(0), Action.KEEP),
        (HOUR, timedelta(0), Action.SWITCH),
        (None, 25 * DAY, Action.KEEP),
        (None, 25 * DAY + SECOND, Action.SWITCH),
    ],
)
def test_a_successor_signs_once_it_is_trusted(
    published_for: timedelta | None, serving: timedelta, action: Action
) -> None:
    assert step(changing(serving), published_for=published_for).action is action


def test_a_predecessor_is_trusted_until_it_expires() -> None:
    switched = Issuer(NAMES, LIFETIMES).carry_out(Action.SWITCH, changing(), None, START)
    assert step(switched).action is Action.KEEP
    later = Issuer(NAMES, LIFETIMES).carry_out(Action.RENEW, switched, None, START + 118 * DAY)
    assert step(later, after=119 * DAY).action is Action.KEEP
    assert step(later, after=119 * DAY + SECOND) == Step(Action.FORGET, "expired authorities: 1")


def test_parts_that_are_lost() -> None:
    sound = made()
    assert step(replace(sound, authority_key=None)).action is Action.SUCCEED
    assert step(replace(sound, serving=None)).action is Action.RENEW
    assert step(replace(sound, serving_key=None)).action is Action.RENEW
    assert step(replace(sound, serving_key=made().serving_key)) == Step(
        Action.RENEW, "the serving certificate and its key do not fit together"
    )
    assert step(replace(sound, bundle=())).action is Action.START_OVER
    assert step(replace(sound, bundle=made().bundle)) == Step(
        Action.START_OVER, "no authority in the bundle has signed the serving certificate"
    )
    assert step(Contents(faults=("tls.crt: found nothing", "tls.key: found nothing"))) == Step(
        Action.START_OVER, "tls.crt: found nothing; tls.key: found nothing"
    )


def test_what_is_served_is_put_back_unless_another_replica_is_further() -> None:
    held = made()
    assert step(Contents(), held).action is Action.RESTORE
    assert step(replace(held, serving=None), held).action is Action.RESTORE
    assert step(Contents(), held, after=31 * DAY).action is Action.START_OVER
    assert step(Contents(), held, names=("other.svc",)).action is Action.START_OVER
    both = changing()
    assert step(replace(both, serving=None), replace(both, bundle=both.bundle[:1])).action is Action.RENEW


def test_why_an_api_server_would_not_believe_it() -> None:
    sound = made()
    assert serving_fault(sound, START, NAMES) is None
    assert "and it is 2026-04-01" in str(serving_fault(sound, START + 31 * DAY, NAMES))
    assert serving_fault(sound, START, (*NAMES, "a", "b")) == "the serving certificate lacks the name a, b"
    authority = replace(sound, serving=sound.bundle[0], serving_key=sound.authority_key)
    assert serving_fault(authority, START, ()) == "the serving certificate is not for servers"
    assert serving_fault(authority, START, NAMES) == f"the serving certificate lacks the name {NAMES[0]}"


def test_short_lives_keep_all_proportions() -> None:
    short = Lifetimes(timedelta(minutes=1))
    assert short.published_for == timedelta(seconds=1.25)
    assert short.look_every == SECOND
    assert LIFETIMES.published_for == HOUR
    assert LIFETIMES.look_every == timedelta(seconds=30)
    for one in (short, LIFETIMES, Lifetimes(eagerness=1.0)):
        # A successor is there, and signs, before the predecessor's last signature runs out; and none is cut short.
        assert one.published_for + 2 * one.look_every < one.serving - one.urgent_left
        assert one.urgent_left < one.renew_left < one.serving < one.succeed_left
