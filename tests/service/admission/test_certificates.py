"""Certificates of the webhook's own authority, before a real API server that refuses what it can't believe."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admission.certificates.contents import (
    SERVING_KEY,
    SERVING_PRIVATE_KEY,
    Contents,
    bundle_pem,
    serving_pem,
    write_contents,
)
from admission.certificates.issuing import Issuer
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.publishing import WebhookConfiguration
from admission.certificates.secret import CertificateSecret, MovedError
from admission.certificates.upkeep import Action
from receiver import names
from receiver.cluster.api import Api
from sandbox.admission import account_objects, admission_token, install_admission
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from tests.service.admission.replicas import (
    CONFIGURATION_PATH,
    NAMESPACE,
    SECONDS,
    SECRET_PATH,
    Certificates,
    Replica,
    Traffic,
    configuration,
    deploy,
    goes_well,
    is_stamped,
    owners,
    refusal,
    shipped_webhooks,
)

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")

LIFETIMES = Lifetimes(timedelta(seconds=30))
NAMES = ("metricops-admission.metricops-system.svc", "127.0.0.1", "localhost")
ISSUER = Issuer(NAMES, LIFETIMES)
AT_ONCE_SECONDS = 10.0
"""Well before the next look that nothing but time is a reason for, after 30 s."""
TIMEOUT_SECONDS = 3.0
"""That of the shipped configuration."""
Start = Callable[..., Replica]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """One whose webhook configuration is not that of other tests."""
    with ControlPlane(progress=print, scheduler=False, controllers=False) as plane:
        install_admission(plane.api(), account_objects())
        labels = {"metricops.dev/rollback": "enabled"}
        plane.api().create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": labels}})
        yield plane


@pytest.fixture(scope="module")
def kubeconfig(plane: ControlPlane) -> Path:
    """The shipped service account's."""
    return plane.write_kubeconfig(admission_token(plane.api()), plane.folder / "admission.kubeconfig")


@pytest.fixture
def api(plane: ControlPlane) -> Api:
    return plane.api()


@pytest.fixture
def certificates(api: Api) -> Certificates:
    found = Certificates(api)
    found.clear()
    return found


@pytest.fixture
def start(kubeconfig: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a replica; whatever is left is ended after the test."""
    started: list[Replica] = []

    def begin(**settings: str) -> Replica:
        started.append(Replica(kubeconfig, tmp_path, **settings))
        return started[-1]

    yield begin
    for replica in started:
        replica.process.kill()
    logs = "".join(replica.log() for replica in started)
    assert "forbidden" not in logs, "the shipped rights do not suffice"
    assert "Traceback" not in logs
    assert "PRIVATE" not in logs


def made(ago: timedelta, issuer: Issuer = ISSUER) -> Contents:
    """A new authority and what it has signed, so long ago."""
    return issuer.carry_out(Action.START_OVER, Contents(), None, datetime.now(UTC) - ago)


def eventually(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SECONDS, what)


def test_replicas_that_start_at_once_on_an_empty_cluster_make_one_authority(
    plane: ControlPlane, api: Api, certificates: Certificates, start: Start
) -> None:
    replicas = [start() for _ in range(3)]
    install_admission(api, [configuration(replicas, "Fail")])
    for replica in replicas:
        replica.wait_until_ready()
    eventually(certificates.is_published, "the authority is published")
    contents = certificates.contents()
    assert len(contents.bundle) == 1
    assert {replica.served(certificates.bundle()) for replica in replicas} == {contents.serving}
    made_by = [
        event["responseStatus"]["code"]
        for event in plane.audit_events()
        if event["verb"] == "create" and event["objectRef"]["resource"] == "secrets"
    ]
    assert made_by.count(201) == 1, made_by
    eventually(lambda: goes_well(api), "all three are believed")
    assert contents.serving is not None
    expiry = contents.serving.not_valid_after_utc.timestamp()
    for replica in replicas:
        assert replica.metric("metricops_admission_certificate_expiry_timestamp_seconds") == expiry
        assert replica.metric("metricops_admission_ca_published") == 1
    keys = [base64.b64decode(write_contents(contents)[key]).decode().split("\n")[1] for key in ("ca.key", "tls.key")]
    assert not [key for key in keys for replica in replicas if key in replica.log()]


def test_only_one_of_two_writers_from_the_same_state_succeeds(api: Api, certificates: Certificates) -> None:
    secret = CertificateSecret(api, names.DEFAULT_NAMESPACE, names.ADMISSION_SECRET)
    contents = made(timedelta(0))
    nothing = secret.read()
    first = secret.write(nothing, contents)
    for stale in (nothing, first):
        secret.write(secret.read(), contents)
        api.merge_patch(SECRET_PATH, {"metadata": {"labels": {"moved": "yes" if stale is first else "no"}}})
        with pytest.raises(MovedError):
            secret.write(stale, made(timedelta(0)))
    known = secret.read()
    api.delete(SECRET_PATH)
    with pytest.raises(MovedError):
        secret.write(known, contents)

    webhooks = WebhookConfiguration(api, names.ADMISSION_CONFIGURATION)
    assert webhooks.read() is None
    item = {
        "webhooks": [
            {**configured, "clientConfig": {"url": "https://127.0.0.1:1/"}} for configured in shipped_webhooks()
        ]
    }
    made_item = api.create(CONFIGURATION_PATH.rpartition("/")[0], {"metadata": {"name": "metricops-admission"}, **item})
    published = webhooks.read()
    assert published is not None
    assert webhooks.publish(published, contents.bundle)
    with pytest.raises(MovedError):
        webhooks.publish(published, made(timedelta(0)).bundle)
    published = webhooks.read()
    assert published is not None
    assert published.trusts(contents.bundle[0])
    assert not webhooks.publish(published, contents.bundle), "nothing is written where nothing differs"
    changed = api.get(CONFIGURATION_PATH)
    for webhook in changed["webhooks"]:
        assert base64.b64decode(webhook["clientConfig"].pop("caBundle")) == bundle_pem(contents.bundle)
    assert changed["webhooks"] == made_item["webhooks"], "no other field is ours"


def test_no_admission_fails_while_certificates_and_authorities_change(
    api: Api, certificates: Certificates, start: Start
) -> None:
    replicas = [start(certificate_lifetime="30s") for _ in range(2)]
    install_admission(api, [configuration(replicas, "Fail")])
    for replica in replicas:
        replica.wait_until_ready()
    eventually(lambda: goes_well(api), "both are believed")
    traffic = Traffic(certificates, replicas)
    with traffic.running():
        # One that is due to be renewed, by the same authority.
        now = datetime.now(UTC)
        due = ISSUER.carry_out(Action.RENEW, certificates.contents(), None, now - timedelta(seconds=20))
        certificates.put(due)
        eventually(lambda: certificates.contents().serving != due.serving, "it is renewed")
        renewed = certificates.contents()
        assert renewed.bundle == due.bundle
        # A successor that is itself due for one: two changes of authorities in a row.
        old = made(timedelta(seconds=241))
        certificates.put(replace(renewed, bundle=(*renewed.bundle, *old.bundle), authority_key=old.authority_key))
        eventually(lambda: len(certificates.contents().bundle) == 3, "the successor has a successor")
        eventually(lambda: certificates.has_switched(replicas), "what the last one signed is served by both")
        assert certificates.is_published()
        # By another name for the same, the API server begins new connections.
        install_admission(api, [configuration(replicas, "Fail", host="localhost")])
        before = traffic.deploys
        eventually(lambda: traffic.deploys > before + 5, "deploys go on")
    assert traffic.failures == []
    assert traffic.deploys > 20
    assert traffic.connections > 40
    told = "".join(replica.log() for replica in replicas)
    assert [told.count(f'"action": "{action}"') for action in ("start-over", "switch", "succeed")] == [1, 2, 1]


def test_with_an_expired_certificate_a_deploy_goes_through_and_it_heals(
    api: Api, certificates: Certificates, start: Start, tmp_path: Path
) -> None:
    month = Issuer(NAMES, Lifetimes())
    expired = month.carry_out(
        Action.RENEW, made(timedelta(days=40), month), None, datetime.now(UTC) - timedelta(days=31)
    )
    files = {name: tmp_path / name for name in (SERVING_KEY, SERVING_PRIVATE_KEY)}

    def give(contents: Contents) -> None:
        for name, path in files.items():
            draft = path.with_suffix(".draft")
            draft.write_bytes(base64.b64decode(write_contents(contents)[name]))
            draft.replace(path)

    give(expired)
    # As with cert-manager: files of others, which have expired and then are renewed.
    mounted = start(tls_certificate_file=str(files[SERVING_KEY]), tls_key_file=str(files[SERVING_PRIVATE_KEY]))
    mounted.wait_until_ready()
    bundle = base64.b64decode(write_contents(expired)["ca.crt"])
    install_admission(api, [configuration([mounted], "Fail", bundle=bundle)])
    eventually(lambda: "certificate has expired" in refusal(api), "the API server does not believe it")
    install_admission(api, [configuration([mounted], "Ignore", bundle=bundle)])
    eventually(lambda: refusal(api) == "", "the API server goes on without it")
    began = time.monotonic()
    assert not is_stamped(deploy(api))
    assert time.monotonic() - began < TIMEOUT_SECONDS
    give(month.carry_out(Action.RENEW, expired, None, datetime.now(UTC)))
    eventually(lambda: goes_well(api), "the renewed certificate is believed")

    # Everything of the webhook's own has expired as well, while nobody ran.
    certificates.clear()
    certificates.put(made(timedelta(days=1000), month))
    own = start()
    install_admission(api, [configuration([own], "Ignore", bundle=bundle)])
    own.wait_until_ready()
    eventually(lambda: goes_well(api), "another authority is there, and believed")
    assert '"action": "start-over"' in own.log()
    assert serving_pem(certificates.contents()) != serving_pem(expired)


def test_whoever_applies_the_manifest_again_empties_or_deletes_something(
    plane: ControlPlane, api: Api, certificates: Certificates, start: Start
) -> None:
    replica = start()
    manifest = json.dumps(configuration([replica], "Fail"))
    for _ in range(2):
        plane.kubectl("apply", "-f", "-", stdin=manifest)
        replica.wait_until_ready()
        eventually(certificates.is_published, "the authority is published")
    plane.kubectl("apply", "--server-side", "--field-manager=gitops", "-f", "-", stdin=manifest)
    assert certificates.is_published(), "no apply takes it away"
    assert owners(api) == {"metricops-admission"}

    sound = certificates.contents()
    plane.kubectl("replace", "-f", "-", stdin=manifest)
    wait_until(certificates.is_published, AT_ONCE_SECONDS, "what a replace emptied is put back")
    eventually(lambda: goes_well(api), "and believed")

    api.delete(CONFIGURATION_PATH)
    plane.kubectl("create", "-f", "-", stdin=manifest)
    eventually(certificates.is_published, "it is published in another configuration as well")

    def delete() -> None:
        api.delete(SECRET_PATH)

    def damage() -> None:
        api.merge_patch(SECRET_PATH, {"data": {"ca.crt": "AAAA", "tls.crt": "AAAA", "more": "AAAA"}})

    for harm in (delete, damage):
        harm()
        # The Secret is looked at every 30 s; a change of the configuration is another reason to look.
        plane.kubectl("replace", "-f", "-", stdin=manifest)
        eventually(lambda: certificates.contents().serving == sound.serving, "what is served is put back")
        eventually(lambda: certificates.is_published() and goes_well(api), "and published, and believed")
    assert api.get(SECRET_PATH)["data"]["more"] == "AAAA"
    assert api.get(SECRET_PATH)["type"] == "kubernetes.io/tls"
