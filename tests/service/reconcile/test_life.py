"""The life of an annotation: made, changed, left alone by a deploy, refused, removed; with the workload, too."""

from __future__ import annotations

from typing import Any

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from reconcile.rule_object import PLURAL
from reconcile.telling import INVALID, NAME_TAKEN, REFUSED, WRITTEN
from rules.names import RULE_ANNOTATION
from rules.rule_file import OPERATOR_API, OPERATOR_KIND
from tests.service.reconcile.conftest import Namespace, Start, eventually

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmission"
TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
SLOWER = 'sum(rate(http_request_total{code=~"^5.*$"}[5m])) > 1'


def confined(namespace: Namespace, label: str = 'deployment="web"') -> str:
    return f'rate(http_request_total{{code=~"^5.*$",namespace="{namespace.name}",{label}}}[5m]) > 0'


def test_the_life_of_an_annotation(api: Api, namespace: Namespace, start: Start) -> None:
    process = start("--rule-labels", "release=prometheus")
    workload = namespace.deploy("web", TALK)
    eventually(lambda: namespace.expression("web") == confined(namespace), "the rule is there")
    made = namespace.rule("web")
    assert made is not None
    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Deployment", "web", workload["metadata"]["uid"])
    assert made["metadata"]["labels"]["release"] == "prometheus"
    (alert,) = made["spec"]["groups"][0]["rules"]
    assert alert["annotations"]["metricops_rule"] == TALK
    assert alert["labels"]["deployment"] == "web"
    assert alert["labels"]["metricops"] == "undo"
    eventually(lambda: len(namespace.events("web", WRITTEN)) == 1, "it is told")
    assert "once-per-series" in namespace.events("web", WRITTEN)[0]

    # A deploy that leaves the annotation alone, a scaling and a status write nothing.
    namespace.deploy("web", TALK, image="shop:1.1")
    api.merge_patch(namespace.path("web"), {"spec": {"replicas": 3}})
    # Another workload's rule shows that the deploy has been seen.
    namespace.deploy("canary", TALK)
    eventually(lambda: namespace.rule("canary") is not None, "the other rule is there")
    assert namespace.rule("web") == made
    assert "rule object changed" not in process.log.read_text()

    # An invalid one leaves the last good rule, and is told on the workload.
    namespace.deploy("web", 'up{namespace="other"} > 0')
    eventually(lambda: bool(namespace.events("web", INVALID)), "the refusal is told")
    (said,) = namespace.events("web", INVALID)
    assert said.startswith("its last good rules stay in force: annotation metricops.dev/rule:1: column 1: found ")
    assert namespace.rule("web") == made

    namespace.deploy("web", SLOWER)
    eventually(lambda: (namespace.expression("web") or "").startswith("sum("), "the rule has changed")
    changed = namespace.rule("web")
    assert changed is not None
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]

    # Somebody's change of it is taken back, and what others add is left.
    spec = {"groups": [{"name": "g", "rules": [{"record": "a", "expr": "b"}]}]}
    theirs = {"metadata": {"annotations": {"theirs": "1"}}, "spec": spec}
    api.merge_patch(f"{_rules(namespace)}/{changed['metadata']['name']}", theirs)
    eventually(lambda: namespace.expression("web") not in (None, "b"), "the change is taken back")
    again = namespace.rule("web")
    assert again is not None
    assert again["spec"] == changed["spec"]
    assert again["metadata"]["annotations"] == {"theirs": "1"}

    namespace.deploy("web", None)
    eventually(lambda: namespace.rule("web") is None, "the rule goes with the annotation")
    assert namespace.rule("canary") is not None


def test_all_kinds_and_the_garbage_collector(api: Api, namespace: Namespace, start: Start) -> None:
    start()
    kinds = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
    for kind in kinds.values():
        namespace.deploy("web", TALK, kind=kind)
    for label in kinds:
        wanted = confined(namespace, f'{label}="web"')
        eventually(lambda: namespace.expression("web", label) == wanted, f"the rule of the {label} is there")  # noqa: B023
    # Deleted and made again at once: the rule is the new one's, whoever was faster.
    api.delete(namespace.path("web"))
    uid = namespace.deploy("web", TALK)["metadata"]["uid"]
    eventually(lambda: owner_uid(namespace.rule("web")) == uid, "the rule is the new Deployment's")
    for kind in kinds.values():
        api.delete(namespace.path("web", kind))
    for label in kinds:
        eventually(lambda: namespace.rule("web", label) is None, f"the rule goes with the {label}")  # noqa: B023


def owner_uid(rule: JsonObject | None) -> str | None:
    return None if rule is None else str(rule["metadata"]["ownerReferences"][0]["uid"])


def test_a_namespace_opts_in_and_out(api: Api, namespace: Namespace, start: Start) -> None:
    namespace.opt(None)
    start()
    namespace.deploy("web", TALK)
    api.create(_rules(namespace), _rule("by-hand", labels={"app.kubernetes.io/managed-by": "metricops"}))
    namespace.opt("yes")  # Only `enabled` is.
    namespace.opt("enabled")
    eventually(lambda: namespace.rule("web") is not None, "the rule is there")
    namespace.opt("disabled")
    eventually(lambda: namespace.rule("web") is None, "the rule goes with the opt-in")
    assert api.get(f"{_rules(namespace)}/by-hand")


def test_a_namespace_that_is_named_needs_no_label(api: Api, namespace: Namespace, start: Start) -> None:
    namespace.opt(None)
    start("--rules-namespaces", namespace.name)
    namespace.deploy("web", TALK)
    eventually(lambda: namespace.rule("web") is not None, "the rule is there")
    namespace.deploy("web", None)
    eventually(lambda: namespace.rule("web") is None, "the rule goes with the annotation")


def test_what_is_not_ours_is_not_touched(api: Api, namespace: Namespace, start: Start) -> None:
    path = _rules(namespace)
    theirs = api.create(path, _rule("metricops-deployment-web"))
    start()
    namespace.deploy("web", TALK)
    eventually(lambda: bool(namespace.events("web", NAME_TAKEN)), "it is told that the name is taken")
    namespace.deploy("web", None)
    namespace.deploy("canary", TALK)
    eventually(lambda: namespace.rule("canary") is not None, "the other rule is there")
    assert api.get(f"{path}/metricops-deployment-web") == theirs

    # A copy of ours under another name belongs to whoever made it.
    mine = namespace.rule("canary")
    assert mine is not None
    kept = {key: mine["metadata"][key] for key in ("labels", "ownerReferences")}
    api.create(path, {**mine, "metadata": {**kept, "name": "a-copy"}})
    namespace.deploy("canary", None)
    eventually(lambda: namespace.rule("canary") is None, "ours goes")
    assert api.get(f"{path}/a-copy")


def test_a_restart_and_a_second_replica_write_nothing(api: Api, namespace: Namespace, start: Start) -> None:
    first = start()
    names = [f"web-{number}" for number in range(8)]
    second = start()
    for name in names:
        namespace.deploy(name, TALK)
    eventually(lambda: all(namespace.rule(name) for name in names), "all rules are there")
    made = [namespace.rule(name) for name in names]
    first.stop()
    # The other goes on, and one that starts anew finds everything in line.
    start()
    namespace.deploy("one-more", TALK)
    eventually(lambda: namespace.rule("one-more") is not None, "the next rule is there")
    for name in names:
        api.merge_patch(namespace.path(name), {"metadata": {"annotations": {RULE_ANNOTATION: SLOWER}}})
    eventually(
        lambda: all((namespace.expression(name) or "").startswith("sum(") for name in names), "all rules have changed"
    )
    assert second.is_running
    changed = [namespace.rule(name) for name in names]
    for before, after in zip(made, changed, strict=True):
        assert before is not None
        assert after is not None
        assert before["metadata"]["uid"] == after["metadata"]["uid"]
        # Made once, changed once.
        assert (before["metadata"]["generation"], after["metadata"]["generation"]) == (1, 2)


def test_what_the_api_server_refuses_is_told_and_not_tried_at_once(
    api: Api, namespace: Namespace, start: Start
) -> None:
    policy = _forbid_rules(api, namespace)
    process = start()
    namespace.deploy("web", TALK)
    eventually(lambda: bool(namespace.events("web", REFUSED)), "the refusal is told")
    assert "no rules here" in namespace.events("web", REFUSED)[0]
    api.delete(f"{POLICIES}policybindings/{policy}")
    eventually(lambda: namespace.rule("web") is not None, "it is tried again")
    assert len(namespace.events("web", REFUSED)) == 1
    assert process.is_running


def _forbid_rules(api: Api, namespace: Namespace) -> str:
    """An admission policy as a platform team has them; returns when it is in force."""
    name = f"no-rules-{namespace.name}"
    rule = {
        "apiGroups": ["monitoring.coreos.com"],
        "apiVersions": ["v1"],
        "resources": ["prometheusrules"],
        "operations": ["CREATE"],
    }
    api.create(
        f"{POLICIES}policies",
        {
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": "false", "message": "no rules here"}],
            },
        },
    )
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}}
    api.create(
        f"{POLICIES}policybindings",
        {
            "metadata": {"name": name},
            "spec": {
                "policyName": name,
                "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": selector},
            },
        },
    )

    def is_in_force() -> bool:
        try:
            api.create(_rules(namespace), _rule("probe"), dryRun="All")
        except ApiError:
            return True
        return False

    eventually(is_in_force, "the policy is in force")
    return name


def _rules(namespace: Namespace) -> str:
    return object_path(OPERATOR_API, PLURAL, namespace.name)


def _rule(name: str, **metadata: Any) -> JsonObject:
    metadata = {"name": name, **metadata}
    return {"apiVersion": OPERATOR_API, "kind": OPERATOR_KIND, "metadata": metadata, "spec": {"groups": []}}
