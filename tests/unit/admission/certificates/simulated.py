"""A Secret and a configuration with guarded writes, a clock, and replicas and API servers that see things late."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from prometheus_client import CollectorRegistry

from admission.certificates.contents import Contents, has_signed, is_valid_at
from admission.certificates.issuing import Issuer
from admission.certificates.keeper import Keeper
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.metrics import CertificateMetrics
from admission.certificates.publishing import Published, WebhookConfiguration
from admission.certificates.secret import CertificateSecret, MovedError, Stored
from admission.certificates.upkeep import Action
from receiver.cluster.api import ApiError, JsonObject

NAMES = ("metricops-admission.metricops-system.svc",)
START = datetime(2026, 3, 1, tzinfo=UTC)
Bundle = frozenset[x509.Certificate]


def aged(lifetimes: Lifetimes, authority: timedelta, serving: timedelta) -> Contents:
    """Contents whose authority and serving certificate were made so long before START."""
    issuer = Issuer(NAMES, lifetimes)
    old = issuer.carry_out(Action.START_OVER, Contents(), None, START - authority)
    return issuer.carry_out(Action.RENEW, old, None, START - serving)


class World:
    """What all see, and when."""

    def __init__(self, contents: Contents | None, *, configured: bool = True) -> None:
        self.now = START
        self.contents, self.version = contents or Contents(), 1 if contents else 0
        self.configured = configured
        bundle: Bundle = frozenset(contents.bundle if contents else ())
        self.changes: list[tuple[datetime, Bundle]] = [(START - timedelta(days=1), bundle)]
        self.reachable = True
        self.between: Callable[[], None] = lambda: None
        """Called before each request."""
        self.lost: Callable[[], bool] = lambda: False
        """Whether the answer to a write that has had its effect is lost."""

    def request(self) -> None:
        self.between()
        if not self.reachable:
            raise ApiError(0, "no route to host")

    def answer(self) -> None:
        if self.lost():
            raise ApiError(0, "connection reset")

    def bundle_seen(self, late: timedelta) -> Bundle:
        """What an API server that is late trusts by now."""
        return next(bundle for at, bundle in reversed(self.changes) if at + late <= self.now)


class SimulatedSecret(CertificateSecret):
    def __init__(self, world: World) -> None:
        self._world = world

    def __str__(self) -> str:
        return "Secret"

    def read(self) -> Stored:
        self._world.request()
        version = self._world.version
        return Stored(self._world.contents, {"version": version} if version else None)

    def write(self, stored: Stored, contents: Contents) -> Stored:
        self._world.request()
        if self._world.version != (stored.item or {"version": 0})["version"]:
            raise MovedError("409")
        self._world.version += 1
        self._world.contents = contents
        self._world.answer()
        item: JsonObject = {"version": self._world.version}
        return Stored(contents, item)


class SimulatedConfiguration(WebhookConfiguration):
    def __init__(self, world: World) -> None:
        self._world = world

    def __str__(self) -> str:
        return "MutatingWebhookConfiguration"

    def read(self) -> Published | None:
        self._world.request()
        if not self._world.configured:
            return None
        return Published(str(len(self._world.changes)), (self._world.changes[-1][1],))

    def publish(self, published: Published, bundle: tuple[x509.Certificate, ...]) -> bool:
        if published.bundles == (frozenset(bundle),):
            return False
        self._world.request()
        if published.version != str(len(self._world.changes)):
            raise MovedError("422")
        self._world.changes.append((self._world.now, frozenset(bundle)))
        self._world.answer()
        return True


class Replica:
    """A keeper, and what it serves."""

    def __init__(self, world: World, lifetimes: Lifetimes, names: tuple[str, ...] = NAMES) -> None:
        self.served: list[bytes] = []
        self.world = world
        self.registry = CollectorRegistry()
        self.keeper = Keeper(
            SimulatedSecret(world),
            SimulatedConfiguration(world),
            self.served.append,
            CertificateMetrics(self.registry),
            names=names,
            lifetimes=lifetimes,
            now=lambda: world.now,
            clock=lambda: (world.now - START).total_seconds(),
        )
        self.looked = world.now

    def look(self) -> None:
        self.keeper.look()
        self.looked = self.world.now

    @property
    def certificate(self) -> x509.Certificate | None:
        return x509.load_pem_x509_certificate(self.served[-1]) if self.served else None

    def is_believed(self, bundle: Bundle) -> bool:
        """Whether an API server that trusts this bundle takes what is served."""
        certificate = self.certificate
        return (
            certificate is not None
            and is_valid_at(certificate, self.world.now)
            and any(is_valid_at(one, self.world.now) and has_signed(one, certificate) for one in bundle)
        )

    def count(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def interleaved(world: World, replicas: list[Replica], choices: random.Random) -> None:
    """Let other replicas look, and time pass, between any two requests of a look."""
    depth = 0

    def between() -> None:
        nonlocal depth
        if depth < 2 and choices.random() < 0.2:
            depth += 1
            choices.choice(replicas).look()
            depth -= 1
        world.now += timedelta(seconds=choices.choice((0, 0, 0, 1, 20)))

    world.between = between
    world.lost = lambda: choices.random() < 0.1
