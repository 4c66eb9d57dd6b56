"""What a replica tells, and what it survives."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from unittest.mock import Mock, patch

import pytest

from admission.certificates.contents import Contents, write_contents
from admission.certificates.keeper import Upkeep
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.publishing import Published
from receiver.cluster.api import ApiError
from receiver.logs import FIELDS
from tests.unit.admission.certificates.simulated import (
    Replica,
    SimulatedConfiguration,
    SimulatedSecret,
    World,
    aged,
)

LIFETIMES = Lifetimes()
FAILURES = "metricops_admission_certificate_failures_total"
STEPS = "metricops_admission_certificate_steps_total"
PUBLISHED = "metricops_admission_ca_published"


def fresh(world: World | None = None) -> Replica:
    return Replica(world or World(None), LIFETIMES)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [f"{record.getMessage()} {getattr(record, FIELDS, '')}" for record in caplog.records]


def test_what_was_done_is_told_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    replica = fresh()
    with caplog.at_level(logging.INFO):
        replica.look()
        replica.look()
    told = lines(caplog)
    assert [line.split(" {")[0] for line in told] == [
        "certificates written",
        "certificate served",
        "authorities published",
    ]
    assert "'action': 'start-over'" in told[0]
    assert replica.count(STEPS, action="start-over") == 1
    assert replica.count(STEPS, action="renew") == 0
    assert replica.count(PUBLISHED) == 1
    assert replica.count(FAILURES) == 0
    assert len(replica.served) == 1
    for key in ("ca.key", "tls.key"):
        assert write_contents(replica.world.contents)[key][60:90] not in "".join(told)
    assert "PRIVATE" not in "".join(told)
    assert "PrivateKey" not in repr(replica.world.contents)


def test_an_api_server_that_is_away_is_told_once_and_the_certificate_stays(caplog: pytest.LogCaptureFixture) -> None:
    replica = fresh()
    assert not replica.keeper.serves
    replica.look()
    assert replica.keeper.serves
    replica.world.reachable = False
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            replica.look()
        assert replica.keeper.serves
        replica.world.reachable = True
        replica.look()
    assert [line.split(" {")[0] for line in lines(caplog)] == ["certificates not kept", "certificates kept again"]
    assert replica.count(FAILURES) == 3
    replica.world.now += timedelta(days=31)
    assert not replica.keeper.serves, "what has expired is not called ready"


def test_a_secret_that_may_not_be_written_serves_and_publishes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    replica = fresh()
    with patch.object(SimulatedSecret, "write", side_effect=ApiError(403, "forbidden")):
        replica.look()
    assert not replica.served
    assert len(replica.world.changes) == 1
    assert "forbidden" in lines(caplog)[-1]


def test_a_configuration_that_may_not_be_read_or_written_stops_no_renewal() -> None:
    for method in ("read", "publish"):
        world = World(aged(LIFETIMES, timedelta(days=100), timedelta(days=21)))
        replica = fresh(world)
        if method == "publish":
            world.changes.append((world.now, frozenset()))
        with patch.object(SimulatedConfiguration, method, side_effect=ApiError(403, "forbidden")):
            replica.look()
        assert replica.count(STEPS, action="renew") == 1
        assert replica.certificate == world.contents.serving
        assert replica.count(FAILURES) == 1
        assert replica.count(PUBLISHED) == 0


def test_another_controllers_bundle_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    replica = fresh()
    known = Published("1", (frozenset(),), "cert-manager.io/inject-ca-from")
    with patch.object(SimulatedConfiguration, "read", return_value=known):
        replica.look()
    assert len(replica.world.changes) == 1
    assert "cert-manager.io/inject-ca-from" in lines(caplog)[-1]
    assert replica.count(PUBLISHED) == 0


def test_an_emptied_bundle_is_put_back_and_the_wait_for_a_successor_begins_anew() -> None:
    world = World(aged(LIFETIMES, timedelta(days=241), timedelta(days=1)))
    replica = fresh(world)
    replica.look()
    predecessor, successor = world.contents.bundle
    for minutes in (50, 50, 50):
        world.now += timedelta(minutes=minutes)
        world.changes.append((world.now, frozenset()))
        replica.look()
        assert world.changes[-1][1] == {predecessor, successor}
        replica.look()
        assert world.contents.issuer == predecessor
    world.now += timedelta(minutes=61)
    replica.look()
    assert world.contents.issuer == successor
    assert world.contents.bundle == (predecessor, successor)


def test_names_that_change_are_signed_for_at_once() -> None:
    world = World(aged(LIFETIMES, timedelta(days=1), timedelta(days=1)))
    replica = Replica(world, LIFETIMES, ("other.svc", "127.0.0.1"))
    replica.look()
    assert replica.count(STEPS, action="renew") == 1
    assert replica.keeper.serves
    replica.look()
    assert world.version == 2


def test_a_whole_foreign_secret_is_replaced_by_what_is_served() -> None:
    replica = fresh()
    replica.look()
    served = replica.world.contents
    replica.world.contents = Contents(bundle=aged(LIFETIMES, timedelta(0), timedelta(0)).bundle)
    replica.world.version += 1
    replica.look()
    assert replica.world.contents == served
    assert replica.count(STEPS, action="restore") == 1
    assert len(replica.served) == 1
    assert len(replica.world.changes) == 2


def test_a_file_that_cannot_be_written_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    replica = fresh()
    with patch.object(replica.keeper, "_serve", side_effect=OSError("no space left")):
        replica.look()
    assert "no space left" in lines(caplog)[-1]
    assert not replica.keeper.serves
    replica.look()
    assert replica.keeper.serves
    assert replica.certificate == replica.world.contents.serving


class Panic(BaseException):
    """Rust code that panics raises something that is no Exception."""


def test_nothing_ends_the_upkeep(caplog: pytest.LogCaptureFixture) -> None:
    replica, looked = fresh(), threading.Event()
    outcomes = iter((RuntimeError("one"), Panic("two")))

    def look() -> None:
        if (outcome := next(outcomes, None)) is not None:
            raise outcome
        looked.set()

    watched = Mock()
    configuration = Mock(watch=Mock(return_value=watched))
    with patch.object(replica.keeper, "look", look):
        upkeep = Upkeep(replica.keeper, configuration, Lifetimes(timedelta(seconds=0.6)))
        upkeep.start()
        assert looked.wait(30)
        upkeep.stop()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["one", "two"]
    watched.start.assert_called_once_with()
    watched.stop.assert_called_once_with()
