"""Whatever becomes of the webhook, a deploy goes through, within the timeout."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import yaml

from receiver.cluster.api import Api
from sandbox.admission import SHIPPED
from sandbox.certificates import Authority
from tests.service.admission.servers import OtherServer, asked_alone
from tests.service.admission.workloads import create, manifest, path

SLACK_SECONDS = 2.0
TIMEOUT_SECONDS = max(
    webhook["timeoutSeconds"] for webhook in yaml.safe_load((SHIPPED / "webhook.yaml").read_text())["webhooks"]
)


@pytest.fixture
def plain(api: Api) -> str:
    """A namespace that asks no webhook of ours but the one of the test."""
    name = f"faults-{time.monotonic_ns()}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@pytest.fixture
def server(api: Api, authority: Authority, plain: str) -> Iterator[OtherServer]:
    """Registered as ours is, and asked."""
    with OtherServer(authority.sign("other")) as server, asked_alone(api, server, authority, plain, "faulty"):
        yield server


def down(server: OtherServer, _authority: Authority) -> None:
    server.stop()


def slow(server: OtherServer, _authority: Authority) -> None:
    server.hangs = True


def expired(server: OtherServer, authority: Authority) -> None:
    server.use(authority.sign("expired", days=-1))


@pytest.mark.parametrize("fault", [down, slow, expired])
def test_a_deploy_goes_through(
    api: Api, plain: str, server: OtherServer, authority: Authority, fault: Callable[[OtherServer, Authority], None]
) -> None:
    fault(server, authority)
    before, began = server.requests, time.monotonic()
    create(api, manifest(plain, revisionHistoryLimit=3))
    took = time.monotonic() - began
    assert took < TIMEOUT_SECONDS + SLACK_SECONDS
    # Only one that hangs was asked, and waited for.
    assert server.requests - before == int(fault is slow)
    assert (took >= TIMEOUT_SECONDS) is (fault is slow)
    assert api.get(path(plain))["spec"]["revisionHistoryLimit"] == 3
