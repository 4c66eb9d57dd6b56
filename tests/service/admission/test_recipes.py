"""The recipes of docs/cd, taken out of the pages and run: a real API server, the webhook, the receiver."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import yaml

from sandbox.admission import AdmissionProcess
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.receiver_process import RELEASES_TOKEN, ReceiverProcess, alert_for
from sandbox.shipped import receiver_token
from tests.recipes import blocks, documents, scripts, text_of
from tests.service.admission.deployer import ARGO_CD, FLUX
from tests.service.admission.pipeline import NAMESPACE, Pipeline

SHA = "c63b323186ea1320a31290de6dcc094c06385e75"
NEXT = "0d1e2f3a4b5c6d7e8f900d1e2f3a4b5c6d7e8f90"
PAGE = f"https://git.example/team/shop/-/commit/{SHA}"
RUN = "https://ci.example/runs/7"

VARIABLES = {
    "README.md": {"COMMIT": SHA, "LINK": RUN},
    "jenkins.md": {"GIT_COMMIT": SHA, "BUILD_URL": RUN},
    "tekton.md": {"COMMIT": SHA},
    "github-actions.md": {"COMMIT": PAGE, "GITHUB_SHA": SHA, "LINK": RUN, "GITHUB_ACTOR": "octocat"},
    "gitlab-ci.md": {
        "CI_PROJECT_URL": "https://git.example/team/shop",
        "CI_COMMIT_SHA": SHA,
        "CI_COMMIT_TITLE": 'Checkout is "fast" again; $5 & less',
        "CI_PIPELINE_URL": RUN,
        "GITLAB_USER_LOGIN": "ann",
    },
    "circleci.md": {"CIRCLE_SHA1": SHA, "CIRCLE_BUILD_URL": RUN, "CIRCLE_USERNAME": "ann"},
}


@pytest.fixture(scope="module")
def receiver(
    plane: ControlPlane, webhook: AdmissionProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReceiverProcess]:
    """With a namespace `shop` that is opted in."""
    plane.api().create(
        "/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": {"metricops.dev/rollback": "enabled"}}}
    )
    kubeconfig = plane.write_kubeconfig(receiver_token(plane.api()), plane.folder / "receiver.kubeconfig")
    folder = tmp_path_factory.mktemp("receiver")
    read_token = folder / "read-token"
    read_token.write_text("reading needs one")
    running = ReceiverProcess(kubeconfig, folder, read_token_file=str(read_token))
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.process.stop()


@pytest.fixture
def pipeline(plane: ControlPlane, receiver: ReceiverProcess, tmp_path: Path) -> Iterator[Pipeline]:
    running = Pipeline(plane, receiver, tmp_path)
    running.write_image("shop:1")
    yield running
    running.remove()


def script(page: str, part: str) -> str:
    """The script of a page that has this in it."""
    return next(script for script in scripts(page) if part in script)


@pytest.mark.parametrize("page", VARIABLES)
def test_what_is_deployed_is_stamped_with_its_commit(pipeline: Pipeline, page: str) -> None:
    pipeline.succeeds(script(page, "kubectl annotate"), VARIABLES[page])
    stamp = pipeline.shop.stamp()
    assert (stamp.commit, stamp.images) == (SHA, {"main": "shop:1"})
    assert "annotations" not in pipeline.shop.live()["spec"]["template"]["metadata"]
    if page in ("github-actions.md", "gitlab-ci.md"):
        assert (stamp.repository, stamp.link) == ("https://git.example/team/shop", PAGE)
    if page == "gitlab-ci.md":
        assert stamp.change_cause == VARIABLES[page]["CI_COMMIT_TITLE"]


@pytest.mark.parametrize("page", [page for page in VARIABLES if page != "tekton.md"])
def test_the_post_says_what_the_manifest_did_not(pipeline: Pipeline, page: str) -> None:
    pipeline.succeeds("kubectl apply -f deploy/", {})
    assert pipeline.shop.stamp().commit == ""
    answer = json.loads(pipeline.succeeds(script(page, "/api/v1/releases"), VARIABLES[page]))
    stamp = pipeline.shop.stamp()
    assert (stamp.commit, stamp.link) == (SHA, RUN), answer
    assert stamp.rollout_began is not None  # The webhook's, which knows it exactly.


def test_the_pipeline_hears_of_an_undo(pipeline: Pipeline, receiver: ReceiverProcess) -> None:
    deploy, verdict = (script("gitlab-ci.md", part) for part in ("kubectl annotate", "release wait"))
    first = VARIABLES["gitlab-ci.md"]
    second = {**first, "CI_COMMIT_SHA": NEXT}
    ask = script("README.md", "/api/v1/rollbacks")
    assert "date -u +%Y-%m-%dT%H:%M:%SZ" in text_of("README.md")
    pipeline.succeeds(deploy, first)
    assert "the release stood" in pipeline.succeeds(verdict, first)
    pipeline.shop.stamp()  # The controller has made its revision.
    began = pipeline.succeeds("date -u +%Y-%m-%dT%H:%M:%SZ", {}).strip()
    pipeline.succeeds(ask, {"BEGAN": began})

    pipeline.write_image("shop:2")
    pipeline.succeeds(deploy, second)
    pipeline.shop.stamp()
    assert receiver.decide(alert_for(NAMESPACE, "shop"))["reason"] == "undo"
    wait_until(lambda: pipeline.shop.stamp().commit == SHA, 30, "the undo has brought the first release back")
    undone = pipeline.run(verdict, second)
    assert undone.returncode == 1, undone.stdout
    assert "the release was undone" in undone.stderr
    assert pipeline.run(ask, {"BEGAN": began}).returncode == 1

    # The commit is reverted: the same template, and a release of its own.
    pipeline.write_image("shop:1")
    reverted = {**first, "CI_COMMIT_SHA": "f" * 40}
    pipeline.succeeds(deploy, reverted)
    pipeline.succeeds(verdict, reverted)


def test_githubs_verdict_runs_the_image(pipeline: Pipeline) -> None:
    variables = VARIABLES["github-actions.md"]
    pipeline.succeeds(script("github-actions.md", "kubectl annotate"), variables)
    assert "the release stood" in pipeline.succeeds(script("github-actions.md", "docker run"), variables)
    other = pipeline.run(script("github-actions.md", "docker run"), {**variables, "COMMIT": NEXT})
    assert (other.returncode, other.stdout) == (3, "")


def test_spinnakers_stages(pipeline: Pipeline, receiver: ReceiverProcess) -> None:
    text = blocks("spinnaker.md", "json")[0]
    known = {"trigger['hash']": SHA, "trigger['user']": "ann", "parameters['metricopsToken']": RELEASES_TOKEN}
    deploy, note, verdict = json.loads(re.sub(r"\$\{(.*?)\}", lambda found: known[found[1]], text))
    for body in deploy["manifests"]:
        body["spec"]["replicas"] = 0
        pipeline.shop.kubectl("apply", of=body)
    assert pipeline.shop.stamp().commit == SHA
    address = note["url"].replace("https://metricops.example", receiver.url)
    answer = urllib3.request(note["method"], address, body=json.dumps(note["payload"]), headers=note["customHeaders"])
    assert answer.status == 200, answer.data
    assert pipeline.shop.stamp().who == "Spinnaker, for ann"
    pipeline.shop.kubectl("apply", "--dry-run=server", "--validate=strict", of=verdict["manifest"])
    (container,) = verdict["manifest"]["spec"]["template"]["spec"]["containers"]
    assert "the release stood" in pipeline.succeeds(" ".join(["metricops", *container["args"]]), {})


def test_skaffolds_hook(pipeline: Pipeline) -> None:
    sha = in_git(pipeline)
    pipeline.succeeds("kubectl apply -f deploy/", {})
    pipeline.succeeds(script("skaffold.md", "curl"), {})
    assert (pipeline.shop.stamp().commit, pipeline.shop.stamp().who) == (sha, "skaffold")


def test_argo_cds_repository(pipeline: Pipeline) -> None:
    in_git(pipeline)
    pipeline.succeeds(script("argo-cd.md", "git push"), {"COMMIT": SHA})
    pipeline.succeeds(f"kubectl {' '.join(ARGO_CD)} -f deploy/deployment.yaml", {})
    assert pipeline.shop.stamp().commit == SHA
    assert "annotations" not in pipeline.shop.live()["spec"]["template"]["metadata"]
    assert pipeline.succeeds("git status --short; git log origin/main -1 --format=%s", {}) == f"shop: {SHA}\n"


def test_fluxs_repository(pipeline: Pipeline) -> None:
    in_git(pipeline)
    build = next(document for document in documents("flux.md") if document["apiVersion"].startswith("kustomize.config"))
    (pipeline.checkout / "deploy/kustomization.yaml").write_text(yaml.safe_dump(build))
    pipeline.succeeds(script("flux.md", "git push"), {"COMMIT": SHA})
    pipeline.succeeds(f"kubectl kustomize deploy | kubectl {' '.join(FLUX)} -f -", {})
    assert pipeline.shop.stamp().commit == SHA
    assert "annotations" not in pipeline.shop.live()["spec"]["template"]["metadata"]


def test_kustomizes_common_annotations_reach_the_pod_template(pipeline: Pipeline) -> None:
    # Why the pages warn of them.
    build = {"resources": ["deployment.yaml"], "commonAnnotations": {"metricops.dev/commit": SHA}}
    (pipeline.checkout / "deploy/kustomization.yaml").write_text(yaml.safe_dump(build))
    built = yaml.safe_load(pipeline.succeeds("kubectl kustomize deploy", {}))
    assert built["spec"]["template"]["metadata"]["annotations"] == {"metricops.dev/commit": SHA}


def test_jenkins_xs_value(pipeline: Pipeline) -> None:
    values = pipeline.checkout / "charts/shop/values.yaml"
    values.parent.mkdir(parents=True)
    values.write_text('replicas: 2\ncommit: ""\n')
    pipeline.succeeds(script("jenkins-x.md", "sed -i"), {"PULL_BASE_SHA": SHA})
    assert yaml.safe_load(values.read_text()) == {"replicas": 2, "commit": SHA}


def in_git(pipeline: Pipeline) -> str:
    """Make the checkout a clone with one commit; returns it."""
    pipeline.succeeds(
        "git init -q -b main --bare ../origin.git; git init -q -b main; git remote add origin ../origin.git\n"
        "git config user.name ci; git config user.email ci@example.invalid\n"
        "git add deploy; git commit -qm first; git push -q -u origin main",
        {},
    )
    return pipeline.succeeds("git rev-parse HEAD", {}).strip()
