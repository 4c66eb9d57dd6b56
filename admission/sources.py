"""Where a release comes from, by the annotations and labels that CD systems leave on what they apply.

The table is the documentation's, too: docs/reference/release-sources.md is made from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from admission import source_values as values
from receiver.names import COMMIT_ANNOTATION


@dataclass(frozen=True, slots=True)
class ReleaseSource:
    """What is known of a release's origin. Empty is unknown; every text is bounded and safe to show."""

    commit: str = ""
    """Hexadecimal in small letters, or the name of a revision in another system."""
    repository: str = ""
    revision: str = ""
    """A branch, a tag, or the version of an image or chart."""
    link: str = ""
    """A page about the commit or the run that deployed it."""
    change_cause: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """Annotations and labels of a workload and of its pod template."""

    annotations: Mapping[str, str]
    labels: Mapping[str, str]
    template_annotations: Mapping[str, str]
    template_labels: Mapping[str, str]

    @classmethod
    def of(cls, workload: Mapping[str, Any]) -> Marks:
        """Those of a Deployment, StatefulSet or DaemonSet as the API server shows it."""
        own = workload.get("metadata") or {}
        template = ((workload.get("spec") or {}).get("template") or {}).get("metadata") or {}
        kinds = ("annotations", "labels")
        return cls(*(of.get(kind) or {} for of in (own, template) for kind in kinds))

    def find(self, name: str, place: Place) -> str:
        """The value of a name: the workload's, else its template's; empty where neither has one."""
        both = (
            (self.annotations, self.template_annotations)
            if place is Place.ANNOTATION
            else (self.labels, self.template_labels)
        )
        return both[0].get(name) or both[1].get(name) or ""


class Place(StrEnum):
    """Where a name is looked for."""

    ANNOTATION = "annotation"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Mark:
    """One name, and how what it says is read."""

    name: str
    place: Place
    read: Callable[[str], ReleaseSource]
    gives: str


@dataclass(frozen=True, slots=True)
class Source:
    """Names that one system leaves together: they speak of the same commit."""

    left_by: str
    marks: tuple[Mark, ...]


def release_source(now: Marks, before: Marks | None = None, *, same_images: bool = False) -> ReleaseSource:
    """What the marks on a workload whose template changes say of this release.

    The first source in SOURCES that gives a fact wins; one that names another commit than was found is left out.
    `before` is the workload as it was: `kubectl set image` leaves the marks of the release before on it, so that
    one that has not changed says nothing of this release, except of the repository, and of the commit where the
    images are the same.
    """
    found = ReleaseSource()
    for source in SOURCES:
        told = ReleaseSource()
        for mark in source.marks:
            told = _filled(told, _read(mark, now, before, same_images))
        if not (told.commit and found.commit) or same_commit(told.commit, found.commit):
            found = _filled(found, told)
    return found


def stated_commit(annotations: Mapping[str, str]) -> str:
    """The commit that whoever deployed says, in `metricops.dev/commit`; empty where nothing readable is said."""
    return _metricops_commit(annotations.get(COMMIT_ANNOTATION, "")).commit


def same_commit(one: str, other: str) -> bool:
    """Whether both are the same commit, be one of them shortened. An empty one is no commit."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def late_facts(known: ReleaseSource, now: Marks, before: Marks) -> ReleaseSource:
    """What is known of a release, with what was put on the workload since: some annotate after they apply.

    Only marks that changed count, and only for what was not known.
    """
    told = release_source(now, before)
    late = replace(told, repository=told.repository if told.commit else "")
    if known.commit and late.commit and not same_commit(known.commit, late.commit):
        return known
    return _filled(known, late)


def _read(mark: Mark, now: Marks, before: Marks | None, same_images: bool) -> ReleaseSource:
    text = now.find(mark.name, mark.place)
    if not text:
        return ReleaseSource()
    told = mark.read(text)
    if before is None or before.find(mark.name, mark.place) != text:
        return told
    return replace(told, change_cause="") if same_images else ReleaseSource(repository=told.repository)


def _filled(known: ReleaseSource, more: ReleaseSource) -> ReleaseSource:
    names = [f.name for f in fields(ReleaseSource)]
    return ReleaseSource(**{name: getattr(known, name) or getattr(more, name) for name in names})


def _metricops_commit(text: str) -> ReleaseSource:
    commit, repository, link = values.commit_page(text)
    return ReleaseSource(commit or values.commit(text), repository, link=link)


def _commit(text: str) -> ReleaseSource:
    return ReleaseSource(commit=values.commit(text))


def _repository(text: str) -> ReleaseSource:
    return ReleaseSource(repository=values.address(text))


def _revision(text: str) -> ReleaseSource:
    """A version or reference; a commit where it has all the digits of one."""
    commit = values.full_commit(text)
    return ReleaseSource(commit=commit) if commit else ReleaseSource(revision=values.revision(text))


def _cause(text: str) -> ReleaseSource:
    return ReleaseSource(change_cause=values.change_cause(text))


_LONGEST_JSON = 65536


def _github_run(text: str) -> ReleaseSource:
    try:
        run = json.loads(text) if len(text) <= _LONGEST_JSON else None
    except (ValueError, RecursionError):
        return ReleaseSource()
    if not isinstance(run, dict):
        return ReleaseSource()
    word = {key: value for key, value in run.items() if isinstance(value, str)}
    link = values.page_address(word.get("runUri", ""))
    return ReleaseSource(
        commit=values.commit(word.get("commit", "")),
        repository=link.partition("/actions/runs/")[0] if "/actions/runs/" in link else "",
        revision=values.revision(word.get("branch", "").removeprefix("refs/heads/").removeprefix("refs/tags/")),
        link=link,
    )


_ANNOTATION, _LABEL = Place.ANNOTATION, Place.LABEL

SOURCES = (
    Source(
        "your pipeline or manifest; it wins",
        (
            Mark(
                COMMIT_ANNOTATION,
                _ANNOTATION,
                _metricops_commit,
                "commit; of the address of a commit's page, repository and link as well",
            ),
        ),
    ),
    Source(
        "GitHub Actions, by `Azure/k8s-deploy`",
        (
            Mark(
                "actions.github.com/k8s-deploy", _ANNOTATION, _github_run, "commit, repository, branch, link to the run"
            ),
        ),
    ),
    Source(
        "OpenContainers; labels of images, often repeated as annotations",
        (
            Mark("org.opencontainers.image.revision", _ANNOTATION, _commit, "commit"),
            Mark("org.opencontainers.image.source", _ANNOTATION, _repository, "repository"),
            Mark("org.opencontainers.image.version", _ANNOTATION, _revision, "version"),
        ),
    ),
    Source(
        "label-schema, which OpenContainers replaced",
        (
            Mark("org.label-schema.vcs-ref", _ANNOTATION, _commit, "commit"),
            Mark("org.label-schema.vcs-url", _ANNOTATION, _repository, "repository"),
        ),
    ),
    Source(
        "Eclipse JKube, in Maven and Gradle builds",
        (
            Mark("jkube.eclipse.org/git-commit", _ANNOTATION, _commit, "commit"),
            Mark("jkube.eclipse.org/git-url", _ANNOTATION, _repository, "repository"),
            Mark("jkube.eclipse.org/git-branch", _ANNOTATION, _revision, "branch"),
        ),
    ),
    Source(
        "Eclipse JKube with its older prefix",
        (
            Mark("jkube.io/git-commit", _ANNOTATION, _commit, "commit"),
            Mark("jkube.io/git-url", _ANNOTATION, _repository, "repository"),
            Mark("jkube.io/git-branch", _ANNOTATION, _revision, "branch"),
        ),
    ),
    Source(
        "OpenShift's console, Knative's func",
        (
            Mark("app.openshift.io/vcs-ref", _ANNOTATION, _revision, "branch or tag; commit where it is a whole one"),
            Mark("app.openshift.io/vcs-uri", _ANNOTATION, _repository, "repository"),
        ),
    ),
    Source(
        "most Helm charts; Cloud Build's gke-deploy puts the commit there",
        (Mark("app.kubernetes.io/version", _LABEL, _revision, "version; commit where it is a whole one"),),
    ),
    Source("most Helm charts", (Mark("helm.sh/chart", _LABEL, _revision, "chart and its version"),)),
    Source("charts of Jenkins X' quickstarts", (Mark("chart", _LABEL, _revision, "chart and its version"),)),
    Source(
        "people, by `kubectl annotate`; Kubernetes shows it in `kubectl rollout history`",
        (Mark("kubernetes.io/change-cause", _ANNOTATION, _cause, "change cause"),),
    ),
)
"""In the order in which they are believed."""
