"""At every moment what each replica serves is believed by every API server, however late each of them sees things."""

from __future__ import annotations

import random
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from admission.certificates.contents import Contents
from admission.certificates.lifetimes import Lifetimes
from tests.unit.admission.certificates.simulated import Replica, World, aged, interleaved

EAGER = Lifetimes(eagerness=1.0)
LAZY = Lifetimes()
LATE = LAZY.published_for - timedelta(seconds=1)
LONGEST_UNSEEN = timedelta(days=2)
"""So long a replica may be without a look (its API server is away, say) and still serve."""


def check(world: World, replicas: list[Replica], late: tuple[timedelta, ...]) -> None:
    for replica in replicas:
        if replica.served:
            for one in late:
                assert replica.is_believed(world.bundle_seen(one)), world.now


@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**32),
    authority_days=st.integers(200, 250),
    serving_days=st.integers(0, 19),
    late=st.timedeltas(timedelta(0), LATE),
)
def test_every_api_server_believes_every_replica_at_every_moment(
    seed: int, authority_days: int, serving_days: int, late: timedelta
) -> None:
    choices = random.Random(seed)  # noqa: S311
    world = World(aged(LAZY, timedelta(days=authority_days), timedelta(days=serving_days)))
    replicas = [Replica(world, EAGER), Replica(world, LAZY), Replica(world, LAZY)]
    first_authority = world.contents.bundle[0]
    interleaved(world, replicas, choices)
    spans = (timedelta(seconds=30), timedelta(minutes=20), timedelta(minutes=61), timedelta(hours=20))
    while world.now < first_authority.not_valid_after_utc + timedelta(days=3):
        # Slow where something changes, fast where nothing does.
        moving = len(world.contents.bundle) > 1 and world.contents.issuer == first_authority
        world.now += choices.choice(spans[:3] if moving else spans[3:])
        check(world, replicas, (timedelta(0), late, LATE))
        for number, replica in enumerate(replicas):
            if choices.random() < 0.02:
                replicas[number] = Replica(world, replica.keeper._lifetimes)
            if choices.random() < 0.5 or world.now - replica.looked > LONGEST_UNSEEN:
                replicas[number].look()
            check(world, replicas, (timedelta(0), late, LATE))
    for replica in replicas:
        replica.look()
    assert first_authority not in world.contents.bundle
    assert world.changes[-1][1] == frozenset(world.contents.bundle)
    assert len(world.changes) <= 4, "begun, ended, and not one change more than needed"


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_replicas_that_start_at_once_on_nothing_agree(seed: int) -> None:
    choices = random.Random(seed)  # noqa: S311
    world = World(None)
    replicas = [Replica(world, LAZY), Replica(world, EAGER), Replica(world, LAZY)]
    interleaved(world, replicas, choices)
    for replica in replicas:
        replica.look()
    world.lost = lambda: False
    for replica in replicas:
        replica.look()
    assert world.version == 1, "one of them has made everything"
    assert {replica.certificate for replica in replicas} == {world.contents.serving}
    assert world.changes[-1][1] == frozenset(world.contents.bundle)
    check(world, replicas, (timedelta(0),))


@settings(max_examples=15)
@given(
    seed=st.integers(0, 2**32), parts=st.sets(st.sampled_from(["bundle", "authority_key", "serving", "serving_key"]))
)
def test_damage_is_repaired_and_no_api_server_notices(seed: int, parts: set[str]) -> None:
    choices = random.Random(seed)  # noqa: S311
    world = World(aged(LAZY, timedelta(days=100), timedelta(days=10)))
    replicas = [Replica(world, LAZY), Replica(world, LAZY)]
    for replica in replicas:
        replica.look()
    sound = world.contents
    kept = {name: getattr(sound, name) for name in ("bundle", "authority_key", "serving", "serving_key")}
    world.contents = Contents(**{name: value for name, value in kept.items() if name not in parts})
    world.version += 1
    interleaved(world, replicas, choices)
    for _ in range(60):
        world.now += choices.choice((timedelta(seconds=30), timedelta(minutes=20)))
        check(world, replicas, (timedelta(0), LATE))
        choices.choice(replicas).look()
    check(world, replicas, (timedelta(0), LATE))
    assert world.contents.signer is not None
    assert world.contents.issuer == world.contents.signer


def test_who_looked_before_a_successor_was_made_does_not_take_it_back() -> None:
    world = World(aged(LAZY, timedelta(days=235), timedelta(days=1)))
    world.changes.append((world.now, frozenset()))
    early, late = Replica(world, EAGER), Replica(world, LAZY)
    requests = iter(range(10))

    def between() -> None:
        if next(requests) == 2:  # It has read both, and is about to publish.
            world.between = lambda: None
            early.look()

    world.between = between
    late.look()
    predecessor, successor = world.contents.bundle
    assert [bundle for _, bundle in world.changes[2:]] == [{predecessor, successor}]


def test_everything_has_expired_while_nobody_ran() -> None:
    world = World(aged(LAZY, timedelta(days=1000), timedelta(days=900)))
    replicas = [Replica(world, LAZY), Replica(world, LAZY)]
    for replica in replicas:
        replica.look()
    assert world.version == 2
    check(world, replicas, (timedelta(0),))
    assert len(world.changes) == 2


def test_a_clock_that_jumps_heals_at_the_next_look_whichever_way() -> None:
    world = World(None)
    replicas = [Replica(world, LAZY), Replica(world, LAZY)]
    for jump in (timedelta(days=5000), timedelta(days=-9000), timedelta(days=20), timedelta(days=4000)):
        world.now += jump
        for replica in replicas:
            replica.look()
        check(world, replicas, (timedelta(0),))
        assert world.contents.serving is not None
        assert world.contents.serving.not_valid_after_utc <= world.now + LAZY.serving


def test_without_a_configuration_the_successor_signs_only_when_it_must() -> None:
    world = World(aged(LAZY, timedelta(days=241), timedelta(days=19)), configured=False)
    replica = Replica(world, LAZY)
    replica.look()
    predecessor, successor = world.contents.bundle
    assert world.contents.issuer == predecessor
    world.now += timedelta(days=24)
    replica.look()
    assert world.contents.issuer == predecessor
    world.now += timedelta(days=2)
    replica.look()
    assert world.contents.issuer == successor
    assert replica.count("metricops_admission_ca_published") == 0
