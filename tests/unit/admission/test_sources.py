from __future__ import annotations

import json
import time
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admission.sources import SOURCES, Marks, Place, ReleaseSource, late_facts, release_source

SHA = "c63b323186ea1320a31290de6dcc094c06385e75"
OTHER = "0" * 39 + "f"


def marks(annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None, **template: Any) -> Marks:
    return Marks(annotations or {}, labels or {}, template.get("annotations") or {}, template.get("labels") or {})


def annotated(commit: str) -> Marks:
    return marks({"metricops.dev/commit": commit})


class TestOurOwnAnnotation:
    @pytest.mark.parametrize(
        ("text", "commit"),
        [
            (SHA, SHA),
            (SHA.upper(), SHA),
            (f" {SHA[:7]}\n", SHA[:7]),
            (f"main@sha1:{SHA}", SHA),
            (f"sha1:{SHA}", SHA),
            ("r1234", "r1234"),
            ("release/2026-11@3", "release/2026-11@3"),
            ("", ""),
            ("$(rm -rf /)", ""),
            ("a b", ""),
            ("-x", ""),
            ("x" * 129, ""),
            ("é", ""),
            ("{{ .Values.commit }}", ""),
        ],
    )
    def test_commit(self, text: str, commit: str) -> None:
        assert release_source(annotated(text)) == ReleaseSource(commit=commit)

    @pytest.mark.parametrize(
        ("page", "repository"),
        [
            (f"https://github.com/team/shop/commit/{SHA}", "https://github.com/team/shop"),
            (f"https://gitlab.example/team/sub/shop/-/commit/{SHA}", "https://gitlab.example/team/sub/shop"),
            (f"https://bitbucket.org/team/shop/commits/{SHA}", "https://bitbucket.org/team/shop"),
        ],
    )
    def test_the_page_of_a_commit(self, page: str, repository: str) -> None:
        assert release_source(annotated(page)) == ReleaseSource(SHA, repository, link=page)

    def test_the_page_loses_credentials_and_query(self) -> None:
        page = f"https://bot:secret@git.example:8443/team/shop/commit/{SHA}?private_token=secret#L1"
        found = release_source(annotated(page))
        assert found.link == f"https://git.example:8443/team/shop/commit/{SHA}"
        assert "secret" not in str(found)

    def test_it_wins_and_a_source_of_another_commit_is_left_out(self) -> None:
        run = json.dumps({"commit": OTHER, "runUri": "https://github.com/team/shop/actions/runs/1", "branch": "b"})
        both = marks({"metricops.dev/commit": SHA, "actions.github.com/k8s-deploy": run})
        assert release_source(both) == ReleaseSource(SHA)

    def test_a_source_of_the_same_commit_adds_to_it(self) -> None:
        run = json.dumps({"commit": SHA, "runUri": "https://github.com/team/shop/actions/runs/1"})
        both = marks({"metricops.dev/commit": SHA[:8], "actions.github.com/k8s-deploy": run})
        assert release_source(both).link == "https://github.com/team/shop/actions/runs/1"
        assert release_source(both).commit == SHA[:8]


class TestWhatSystemsLeave:
    def test_k8s_deploy(self) -> None:
        run = {
            "run": "3498366832",
            "repository": "team/shop",
            "runUri": "https://github.com/team/shop/actions/runs/3498366832",
            "commit": SHA,
            "lastSuccessRunCommit": "NA",
            "branch": "refs/heads/main",
            "deployTimestamp": 1668787848577,
            "helmChartPaths": [],
            "provider": "GitHub",
        }
        assert release_source(marks({"actions.github.com/k8s-deploy": json.dumps(run)})) == ReleaseSource(
            SHA, "https://github.com/team/shop", "main", "https://github.com/team/shop/actions/runs/3498366832"
        )

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"commit": 5}', "[" * 100_000, '{"commit": {"a": 1}}'])
    def test_k8s_deploy_that_is_broken(self, text: str) -> None:
        assert release_source(marks({"actions.github.com/k8s-deploy": text})) == ReleaseSource()

    def test_images_labels_as_annotations(self) -> None:
        prefix = "org.opencontainers.image."
        both = {
            f"{prefix}revision": SHA,
            f"{prefix}source": "https://u:p@git.example/shop.git",
            f"{prefix}version": "2",
        }
        assert release_source(marks(both)) == ReleaseSource(SHA, "https://git.example/shop.git", "2")

    def test_gits_short_address(self) -> None:
        jkube = {"jkube.eclipse.org/git-commit": SHA, "jkube.eclipse.org/git-url": "git@github.com:team/shop.git"}
        assert release_source(marks(jkube)) == ReleaseSource(SHA, "ssh://github.com/team/shop.git")

    @pytest.mark.parametrize("digits", [SHA, SHA + "0" * 24])
    def test_a_version_that_is_a_whole_commit(self, digits: str) -> None:
        assert release_source(marks(labels={"app.kubernetes.io/version": digits})) == ReleaseSource(digits)

    @pytest.mark.parametrize("version", ["1.4.2", "20261125", "deadbee"])
    def test_a_version_that_may_be_something_else(self, version: str) -> None:
        assert release_source(marks(labels={"app.kubernetes.io/version": version})) == ReleaseSource(revision=version)

    def test_charts(self) -> None:
        labels = {"helm.sh/chart": "shop-1.4.2", "app.kubernetes.io/managed-by": "Helm"}
        assert release_source(marks(labels=labels)) == ReleaseSource(revision="shop-1.4.2")

    def test_the_template_is_read_where_the_workload_says_nothing(self) -> None:
        name = "org.opencontainers.image.revision"
        assert release_source(marks(annotations={name: SHA})).commit == SHA
        below = Marks({}, {}, {name: SHA}, {"helm.sh/chart": "shop-1"})
        assert release_source(below) == ReleaseSource(SHA, revision="shop-1")
        assert release_source(Marks({name: OTHER}, {}, {name: SHA}, {})).commit == OTHER

    @pytest.mark.parametrize(
        "annotations",
        [
            {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/shop"},
            {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "shop"},
            {"moniker.spinnaker.io/application": "shop", "artifact.spinnaker.io/version": ""},
            {"app.gitlab.com/app": "team-shop", "app.gitlab.com/env": "production"},
            {"config.kubernetes.io/origin": "path: base/deployment.yaml\n"},
        ],
    )
    def test_what_only_tells_the_owner(self, annotations: dict[str, str]) -> None:
        assert release_source(marks(annotations)) == ReleaseSource()

    def test_labels_are_not_annotations(self) -> None:
        assert release_source(marks(labels={"metricops.dev/commit": SHA})) == ReleaseSource()


class TestAddresses:
    def repository(self, text: str) -> str:
        return release_source(marks({"app.openshift.io/vcs-uri": text})).repository

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("https://git.example/team/shop.git", "https://git.example/team/shop.git"),
            ("HTTPS://Git.Example:8443/team/shop", "https://git.example:8443/team/shop"),
            ("https://token@git.example/shop", "https://git.example/shop"),
            ("ssh://git@git.example:2222/shop.git", "ssh://git.example:2222/shop.git"),
            ("git@git.example:team/shop.git", "ssh://git.example/team/shop.git"),
            ("https://git.example/shop?token=secret#secret", "https://git.example/shop"),
            ("javascript:alert(1)", ""),
            ("file:///etc/passwd", ""),
            ("https://[::1]/shop", ""),
            ("https://[", ""),
            ("https://git.example:port/shop", ""),
            ("https:///shop", ""),
            ("https://git.example/a b", ""),
            ("https://git.example/" + "x" * 512, ""),
            ("shop", ""),
        ],
    )
    def test_what_is_shown(self, text: str, shown: str) -> None:
        assert self.repository(text) == shown

    def test_a_link_is_a_page(self) -> None:
        run = json.dumps({"commit": SHA, "runUri": "ssh://git.example/team/shop/actions/runs/1"})
        assert release_source(marks({"actions.github.com/k8s-deploy": run})) == ReleaseSource(SHA)


class TestChangeCause:
    def cause(self, text: str) -> str:
        return release_source(marks({"kubernetes.io/change-cause": text})).change_cause

    def test_one_line(self) -> None:
        assert self.cause("  faster\n\tcheckout\x00\u2028 ") == "faster checkout"

    def test_a_recorded_command_loses_its_credentials(self) -> None:
        recorded = "kubectl apply --token=abc --password hunter2 --from-literal-secret='a b' https://me:pw@git/x"
        shown = self.cause(recorded)
        assert all(secret not in shown for secret in ("abc", "hunter2", "a b", "me:pw"))
        assert shown == "kubectl apply --token=… --password … --from-literal-secret=… https://git/x"

    def test_a_quote_that_never_ends_hides_the_rest(self) -> None:
        assert self.cause("apply --token 'abc def") == "apply --token …"
        assert self.cause('apply --token="abc" now') == "apply --token=… now"

    @pytest.mark.parametrize("text", ["-" * 2048, "-token" * 341, "--secret" * 256, "--token " * 256, "://" * 700])
    def test_whatever_it_says_is_read_in_no_time(self, text: str) -> None:
        began = time.process_time()
        self.cause(text)
        assert time.process_time() - began < 0.1

    def test_length(self) -> None:
        assert self.cause("x" * 256) == "x" * 256
        assert self.cause("x" * 257) == "x" * 255 + "…"


class TestMarksOfTheReleaseBefore:
    before = marks(
        {"metricops.dev/commit": SHA, "kubernetes.io/change-cause": "one", "app.openshift.io/vcs-uri": "https://g/s"}
    )

    def test_they_say_nothing_of_other_images(self) -> None:
        assert release_source(self.before, self.before) == ReleaseSource(repository="https://g/s")

    def test_the_same_images_are_of_the_same_commit(self) -> None:
        found = release_source(self.before, self.before, same_images=True)
        assert found == ReleaseSource(SHA, "https://g/s")

    def test_what_the_deploy_changed_counts(self) -> None:
        now = marks({**self.before.annotations, "metricops.dev/commit": OTHER})
        assert release_source(now, self.before) == ReleaseSource(OTHER, "https://g/s")

    def test_a_workload_that_is_new_has_none(self) -> None:
        assert release_source(self.before).change_cause == "one"


class TestWhatComesAfterTheApply:
    def test_an_annotation_fills_what_was_not_known(self) -> None:
        after = marks({"kubernetes.io/change-cause": "two", "metricops.dev/commit": SHA})
        assert late_facts(ReleaseSource(), after, marks()) == ReleaseSource(SHA, change_cause="two")
        assert late_facts(ReleaseSource(SHA), after, marks()) == ReleaseSource(SHA, change_cause="two")

    def test_it_replaces_nothing(self) -> None:
        known = ReleaseSource(SHA, change_cause="one")
        after = marks({"kubernetes.io/change-cause": "two"})
        assert late_facts(known, after, marks()) == known

    def test_the_next_commit_is_none_of_this_release(self) -> None:
        after = marks({"metricops.dev/commit": OTHER, "kubernetes.io/change-cause": "two"})
        assert late_facts(ReleaseSource(SHA), after, marks()) == ReleaseSource(SHA)

    def test_what_did_not_change_was_left_out_for_a_reason(self) -> None:
        stale = marks({"metricops.dev/commit": SHA})
        assert late_facts(ReleaseSource(), stale, stale) == ReleaseSource()


def test_marks_of_a_workload_as_the_api_server_shows_it() -> None:
    workload = {
        "metadata": {"annotations": {"a": "1"}, "labels": None},
        "spec": {"template": {"metadata": {"labels": {"b": "2"}}}},
    }
    assert Marks.of(workload) == Marks({"a": "1"}, {}, {}, {"b": "2"})
    assert Marks.of({}) == marks()


NAMES = [(mark.name, mark.place) for source in SOURCES for mark in source.marks]


def test_each_name_is_read_once() -> None:
    assert len(NAMES) == len(set(NAMES))


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=700) | st.from_regex(r"https?://[^/]{0,9}@h/.{0,9}")))
def test_whatever_stands_there_comes_out_bounded_and_plain(texts: dict[tuple[str, Place], str]) -> None:
    by_place = {place: {name: text for (name, where), text in texts.items() if where is place} for place in Place}
    found = release_source(marks(by_place[Place.ANNOTATION], by_place[Place.LABEL]))
    for field in fields(ReleaseSource):
        value = getattr(found, field.name)
        assert len(value) <= 512
        assert value == "".join(c for c in value if c.isprintable())
    for value in (found.commit, found.revision, found.repository, found.link):
        assert value.isascii()
        assert not set(value) & set(" \"'`$<>\\;|&(){}?#")
    for value in (found.repository, found.link):
        assert "@" not in value.partition("://")[2].partition("/")[0]
