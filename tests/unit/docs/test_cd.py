"""The recipes of docs/cd hang together: what a schema or a real run can say of them is in tests/service."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from admission.systems import SYSTEMS
from tests.recipes import CD, PAGES, blocks, documents, jenkins_steps, scripts, text_of

RECIPES = [page for page in PAGES if page != "README.md"]


def test_the_table_has_every_page_and_every_system() -> None:
    linked = re.findall(r"^\| \[([^]]+)\]\(([^)]+)\)", text_of("README.md"), re.MULTILINE)
    assert sorted(page for _, page in linked) == RECIPES
    assert {name for name, _ in linked} == {system.name for system in SYSTEMS} - {"Helm"}  # A tool of many of them.


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)", text_of(page)):
        assert (CD / target).exists(), target


@pytest.mark.parametrize("page", RECIPES)
def test_a_page_answers_all_three_questions(page: str) -> None:
    text = text_of(page)
    assert "metricops.dev/commit" in text or "/api/v1/releases" in text
    assert "release wait" in text or '"release", "wait"' in text or "gitops-owner" in text
    assert "After a rollback" in text or "What to do" in text


def templates(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if "template" in node:
            yield node["template"]
        for value in node.values():
            yield from templates(value)
    elif isinstance(node, list):
        for value in node:
            yield from templates(value)


@pytest.mark.parametrize("page", RECIPES)
def test_no_recipe_writes_the_commit_on_a_pod_template(page: str) -> None:
    shown = [*documents(page), *(json.loads(block) for block in blocks(page, "json"))]
    for template in templates(shown):
        assert "metricops.dev/" not in json.dumps(template.get("metadata", {}))
        assert "commonAnnotations" not in json.dumps(shown)


@pytest.mark.parametrize("page", RECIPES)
def test_no_value_of_the_pipeline_is_pasted_into_a_script(page: str) -> None:
    # `${{ … }}` and `$(params.…)` are replaced before the shell reads the script: what stands there would be run.
    for script in scripts(page):
        assert "${{" not in script
        assert "$(params" not in script


def test_jenkinsfile() -> None:
    pipeline, step = blocks("jenkins.md", "groovy")
    without_scripts = re.sub(r"'''.*?'''|'[^']*'", "''", pipeline, flags=re.DOTALL)
    assert without_scripts.count("{") == without_scripts.count("}")
    words = re.findall(r"(\w+)(?:\([^)]*\))? \{", without_scripts)
    assert words == ["pipeline", "environment", "stages", "stage", "steps", "stage", "steps"]
    assert len(jenkins_steps(pipeline)) == 2
    assert len(jenkins_steps(step)) == 1


def test_spinnakers_stages_follow_each_other() -> None:
    stages = json.loads(blocks("spinnaker.md", "json")[0])
    assert [(s["refId"], s["type"], s["requisiteStageRefIds"]) for s in stages] == [
        ("1", "deployManifest", []),
        ("2", "webhook", ["1"]),
        ("3", "runJobManifest", ["2"]),
    ]
    assert all(s["cloudProvider"] == "kubernetes" and s["account"] and s["source"] == "text" for s in stages[::2])


@pytest.mark.parametrize("page", ["tekton.md", "jenkins-x.md"])
def test_tektons_steps(page: str) -> None:
    (task,) = (document for document in documents(page) if document["apiVersion"] == "tekton.dev/v1")
    if task["kind"] == "Task":
        steps, default = task["spec"]["steps"], ""
        declared = {parameter["name"] for parameter in task["spec"]["params"]}
        assert set(re.findall(r"\$\(params\.(\w+)\)", json.dumps(task))) == declared
    else:
        spec = task["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]
        steps, default = spec["steps"], spec["stepTemplate"]["image"]
    assert all(step.get("image", default) for step in steps)
    assert all(step["script"].startswith("#!/bin/sh\n") for step in steps if "script" in step)


def test_skaffolds_fields() -> None:
    (config,) = documents("skaffold.md")
    assert (config["kind"], set(config)) == (
        "Config",
        {"apiVersion", "kind", "metadata", "build", "manifests", "deploy"},
    )
    assert re.fullmatch(r"skaffold/v4beta\d+", config["apiVersion"])
    (hook,) = config["deploy"]["kubectl"]["hooks"]["after"]
    assert hook["host"]["command"][:2] == ["sh", "-c"]


def test_a_charts_annotation_is_quoted() -> None:
    shown = next(block for block in blocks("jenkins-x.md", "yaml") if "{{" in block)
    rendered = yaml.safe_load(shown.replace("{{ .Values.commit | quote }}", '"1234567"'))
    assert rendered == {"metadata": {"annotations": {"metricops.dev/commit": "1234567"}}}


CRDS = {
    "Application": "argoproj.io_applications.yaml",
    "Kustomization": "kustomize.toolkit.fluxcd.io_kustomizations.yaml",
    "HelmRelease": "helm.toolkit.fluxcd.io_helmreleases.yaml",
}
SHARED = CD.parents[2] / "shared/crds"


def closed(schema: Any) -> Any:
    """A CRD's schema that refuses unknown fields, as a strict API server does."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    open_ended = "additionalProperties" in schema or schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and "properties" in schema and not open_ended:
        inner["additionalProperties"] = False
    return inner


@pytest.mark.skipif(not SHARED.is_dir(), reason="no CRDs of other projects at hand")
@pytest.mark.parametrize("kind", CRDS)
def test_gitops_objects_by_their_crds(kind: str) -> None:
    (shown,) = (
        document
        for page in ("argo-cd.md", "flux.md")
        for document in documents(page)
        if (document["kind"], document.get("spec") is not None) == (kind, True)
    )
    crd = yaml.load((SHARED / CRDS[kind]).read_text(), Loader=yaml.CSafeLoader)
    version = next(v for v in crd["spec"]["versions"] if f"{crd['spec']['group']}/{v['name']}" == shown["apiVersion"])
    validator = jsonschema.Draft202012Validator(closed(version["schema"]["openAPIV3Schema"]))
    assert [error.message for error in validator.iter_errors(shown)] == []
    shown["spec"]["unheard-of"] = 1
    assert not validator.is_valid(shown)
