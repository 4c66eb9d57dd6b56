"""The rules about releases that never become ready, on what kube-state-metrics shows, in promtool's virtual time.

Time runs in steps of 30 s, as scrapes do. Revision 1 was made at 0 and serves; revision 2 comes after ten minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.rules_readiness import HEADER
from rules.readiness import release_readiness
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool

ROLLOUT = 20
"""The step at which the release comes."""
LONG = 200
NEVER_READY = f"3x{LONG}"
KIND = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}


@dataclass
class Cluster:
    """What kube-state-metrics shows of a cluster, series by series."""

    extra: str = ""
    series: dict[str, str] = field(default_factory=dict)

    def show(self, metric: str, values: str, **labels: str) -> None:
        written = ",".join(f'{key}="{value}"' for key, value in {"namespace": "shop", **labels}.items())
        self.series[f"{metric}{{{written}{self.extra}}}"] = values

    def pod(self, pod: str, kind: str, owner: str, since: int, until: int = LONG) -> None:
        """A pod that is there from one step to another."""
        lives = {"pod": pod, "uid": f"u-{pod}-{since}"}
        self.show("kube_pod_owner", there(1, since, until), **lives, **owned(kind, owner))
        self.show("kube_pod_created", there(since * 30, since, until), **lives)

    def waits(self, pod: str, since: int, values: str, reason: str = "CrashLoopBackOff", *, init: bool = False) -> None:
        """A container of a pod waits; the values begin with the pod."""
        metric = f"kube_pod_{'init_' if init else ''}container_status_waiting_reason"
        labels = {"pod": pod, "uid": f"u-{pod}-{since}", "container": "web", "reason": reason}
        self.show(metric, f"_x{since} {values}", **labels)

    def deployment(self, old_pods: str, available: str, condition: str = f"0x{LONG}") -> None:
        """Deployment shop with three replicas: pods of revision 1 that are left, and its available ones."""
        shop = {"deployment": "shop"}
        progressing = {"condition": "Progressing", "status": "false"}
        self.show("kube_deployment_created", f"0x{LONG}", **shop)
        self.show("kube_deployment_status_replicas", old_pods, **shop)
        self.show("kube_deployment_status_replicas_updated", f"3x{ROLLOUT - 1} 1x{LONG}", **shop)
        self.show("kube_deployment_status_replicas_available", available, **shop)
        self.show("kube_deployment_status_condition", condition, **shop, **progressing)
        for name, since, replicas in (("shop-1", 0, f"3x{LONG}"), ("shop-2", ROLLOUT, f"1x{LONG}")):
            ours = {"replicaset": name}
            wait = f"_x{since} "
            self.show("kube_replicaset_created", there(since * 30, since), **ours)
            self.show("kube_replicaset_owner", there(1, since), **ours, **owned("Deployment", "shop"))
            self.show("kube_replicaset_spec_replicas", wait + replicas, **ours)
        self.pod("shop-1-a", "ReplicaSet", "shop-1", 0)
        self.pod("shop-1-b", "ReplicaSet", "shop-1", 0)
        self.pod("shop-2-a", "ReplicaSet", "shop-2", ROLLOUT)

    def statefulset(self, update: str, ready: str, updated: str) -> None:
        db = {"statefulset": "db"}
        self.show("kube_statefulset_created", f"0x{LONG}", **db)
        self.show("kube_statefulset_replicas", f"3x{LONG}", **db)
        self.show("kube_statefulset_status_replicas_ready", ready, **db)
        self.show("kube_statefulset_status_replicas_updated", updated, **db)
        self.show("kube_statefulset_status_current_revision", f"1x{LONG}", **db, revision="db-1")
        if update == "db-1":
            self.show("kube_statefulset_status_update_revision", f"1x{LONG}", **db, revision="db-1")
        else:
            self.show("kube_statefulset_status_update_revision", f"1x{ROLLOUT - 1} stale", **db, revision="db-1")
            self.show("kube_statefulset_status_update_revision", there(1, ROLLOUT), **db, revision=update)
        self.pod("db-0", "StatefulSet", "db", 0)
        self.pod("db-1", "StatefulSet", "db", 0)
        self.pod("db-2", "StatefulSet", "db", 0, ROLLOUT)
        self.pod("db-2", "StatefulSet", "db", ROLLOUT)

    def daemonset(self, available: str, updated: str) -> None:
        agent = {"daemonset": "agent"}
        self.show("kube_daemonset_created", f"0x{LONG}", **agent)
        self.show("kube_daemonset_status_desired_number_scheduled", f"3x{LONG}", **agent)
        self.show("kube_daemonset_status_number_available", available, **agent)
        self.show("kube_daemonset_status_updated_number_scheduled", updated, **agent)
        self.pod("agent-a", "DaemonSet", "agent", 0)
        self.pod("agent-b", "DaemonSet", "agent", ROLLOUT)


def there(value: int, since: int, until: int = LONG) -> str:
    wait = f"_x{since} "
    return f"{wait}{value}x{until - since - 1} stale"


def owned(kind: str, name: str) -> dict[str, str]:
    return {"owner_kind": kind, "owner_name": name, "owner_is_controller": "true"}


def rolling(**changes: str) -> Cluster:
    """A Deployment in the middle of a rollout: three old pods serve, a new one is there."""
    cluster = Cluster()
    given = {"old_pods": f"3x{ROLLOUT - 1} 4x{LONG}", "available": NEVER_READY, **changes}
    cluster.deployment(**given)
    return cluster


def crashes(times: int = LONG) -> str:
    """Waits for a minute, runs for one, and so on."""
    return " ".join(["1 1 stale _"] * (times // 4))


def run(
    monitoring: MonitoringBinaries,
    folder: Path,
    cluster: Cluster,
    expected: dict[str, set[str]],
    *,
    undo: bool = True,
    namespaces: tuple[str, ...] = (),
) -> None:
    """Assert with promtool which alerts fire (their names), for which objects, at these moments."""
    (folder / "rules.yaml").write_text(render_rule_file([release_readiness(namespaces, undo=undo)], HEADER))
    checks: list[dict[str, Any]] = []
    for at, firing in expected.items():
        samples = []
        for one in sorted(firing):
            alert, name = one.split(" ")
            label = next(label for label, kind in KIND.items() if alert.startswith(kind))
            labels = {"alertname": alert, "alertstate": "firing", "namespace": "shop", label: name}
            labels |= {"severity": "ticket", **({"metricops": "undo"} if undo else {})}
            written = ",".join(f'{key}="{value}"' for key, value in labels.items())
            samples.append({"labels": f"ALERTS{{{written}}}", "value": 1})
        selector = 'ALERTS{alertstate="firing",alertname!="ReleaseReadinessUnknown"}'
        checks.append({"expr": selector, "eval_time": at, "exp_samples": samples})
    test = {
        "interval": "30s",
        "input_series": [{"series": series, "values": values} for series, values in cluster.series.items()],
        "promql_expr_test": checks,
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [test]}))
    promtool(monitoring, "test", "rules", file)


@pytest.mark.parametrize("undo", [True, False])
@pytest.mark.parametrize("namespaces", [(), ("shop",), ("other", "shop")], ids=str)
def test_promtool_accepts_them(
    monitoring: MonitoringBinaries, tmp_path: Path, undo: bool, namespaces: tuple[str, ...]
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(render_rule_file([release_readiness(namespaces, undo=undo)], HEADER))
    assert "SUCCESS" in promtool(monitoring, "check", "rules", file)


def test_a_release_that_crashes(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Six minutes after its first crash, once, however many containers and pods crash; not a minute earlier."""
    cluster = rolling()
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    cluster.waits("shop-2-a", ROLLOUT, crashes(), init=True)
    expected = {"15m30s": set[str](), "17m": {"DeploymentReleaseCrashes shop"}, "1h": {"DeploymentReleaseCrashes shop"}}
    run(monitoring, tmp_path, cluster, expected)


def test_the_alerts_are_for_people_unless_they_may_undo(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    cluster = rolling()
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    run(monitoring, tmp_path, cluster, {"17m": {"DeploymentReleaseCrashes shop"}}, undo=False)


@pytest.mark.parametrize(("namespace", "fires"), [("shop", True), ("other", False), ("sho", False)])
def test_only_the_namespaces_that_are_asked_for(
    monitoring: MonitoringBinaries, tmp_path: Path, namespace: str, fires: bool
) -> None:
    cluster = rolling()
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    expected = {"DeploymentReleaseCrashes shop"} if fires else set()
    run(monitoring, tmp_path, cluster, {"17m": expected}, namespaces=(namespace,))
    run(monitoring, tmp_path, cluster, {"17m": expected}, namespaces=(namespace, "third"))


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"])
def test_a_release_that_cannot_be_started(monitoring: MonitoringBinaries, tmp_path: Path, reason: str) -> None:
    cluster = rolling()
    cluster.waits("shop-2-a", ROLLOUT, f"1x{LONG}", reason)
    run(monitoring, tmp_path, cluster, {"15m": set(), "17m": {"DeploymentReleaseNeverRuns shop"}})


def test_an_image_that_is_pulled_and_backed_off_in_turns(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """One alert, and one that goes on: the reason is no label."""
    cluster = rolling()
    cluster.waits("shop-2-a", ROLLOUT, "1 stale _ _ " * 40, "ErrImagePull")
    cluster.waits("shop-2-a", ROLLOUT, "_ 1 1 stale " * 40, "ImagePullBackOff")
    always = {f"{minutes}m": {"DeploymentReleaseNeverRuns shop"} for minutes in range(17, 50)}
    run(monitoring, tmp_path, cluster, always)


def test_a_release_that_misses_its_deadline(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """The pods start and are never ready: after progressDeadlineSeconds the Deployment itself says so."""
    cluster = rolling(condition=f"0x{ROLLOUT + 19} 1x{LONG}")
    run(monitoring, tmp_path, cluster, {"20m": set(), "21m30s": {"DeploymentReleaseStuck shop"}})


def test_what_a_release_says_of_itself_while_it_is_stuck(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """With the reason as a label, as newer kube-state-metrics write it, the series is another one each time."""
    cluster = rolling()
    shop = {"deployment": "shop", "condition": "Progressing", "status": "false"}
    cluster.series = {key: value for key, value in cluster.series.items() if "status_condition" not in key}
    cluster.show("kube_deployment_status_condition", f"0x{ROLLOUT - 1} stale", **shop, reason="NewReplicaSetAvailable")
    values = f"_x{ROLLOUT} 0x19 stale"
    cluster.show("kube_deployment_status_condition", values, **shop, reason="ReplicaSetUpdated")
    values = f"_x{ROLLOUT + 20} 1x{LONG}"
    cluster.show("kube_deployment_status_condition", values, **shop, reason="ProgressDeadlineExceeded")
    run(monitoring, tmp_path, cluster, {"20m": set(), "21m30s": {"DeploymentReleaseStuck shop"}})


NOTHING: dict[str, Cluster] = {}


def nothing(name: str, cluster: Cluster) -> Cluster:
    NOTHING[name] = cluster
    return cluster


nothing("no kube-state-metrics", Cluster())
nothing("a slow start", rolling())
nothing("a slow start with one crash", rolling()).waits("shop-2-a", ROLLOUT, "1 1 stale")
nothing("a start that waits for its database", rolling()).waits("shop-2-a", ROLLOUT, "1 1 stale _ _ 1 1 1 stale")
nothing("containers that are being created", rolling()).waits(
    "shop-2-a", ROLLOUT, f"1x{LONG}", reason="ContainerCreating"
)
nothing("the old pods crash", rolling()).waits("shop-1-a", 0, crashes())
# Its rollout is complete (no older pod is left), and two of its pods go on serving.
nothing("a pod of a release that was ready crashes", rolling(old_pods=f"3x{ROLLOUT - 1} 1x{LONG}")).waits(
    "shop-2-a", ROLLOUT, crashes()
)
nothing("not the controller of the pod", rolling()).series = {
    series.replace('owner_is_controller="true"', 'owner_is_controller="false"'): values
    for series, values in rolling().series.items()
}
NOTHING["not the controller of the pod"].waits("shop-2-a", ROLLOUT, crashes())
_mislabelled = nothing("labels that are not honoured", Cluster(',exported_namespace="shop"'))
_mislabelled.deployment(f"3x{ROLLOUT - 1} 4x{LONG}", NEVER_READY, f"1x{LONG}")
_mislabelled.waits("shop-2-a", ROLLOUT, crashes())
_job = nothing("the pod of a Job", rolling())
_job.pod("import-a", "Job", "import", 0)
_job.waits("import-a", 0, crashes())
_old_db = nothing("an old pod of a StatefulSet crashes during a rollout", Cluster())
_old_db.statefulset("db-2", f"3x{LONG}", f"3x{ROLLOUT - 1} 0 1x8 2x8 3x{LONG}")
_old_db.waits("db-0", 0, crashes())
_ready_db = nothing("a pod of a StatefulSet that was ready crashes", Cluster())
_ready_db.statefulset("db-1", f"2x{LONG}", f"3x{LONG}")
_ready_db.waits("db-2", ROLLOUT, crashes())
_slow_db = nothing("a StatefulSet whose pods take ten minutes each", Cluster())
_slow_db.statefulset("db-2", f"3x{ROLLOUT - 1} 2x{LONG}", f"3x{ROLLOUT - 1} 0 1x20 2x20 3x20 " + "1 2 " * 80)
_old_agent = nothing("an old pod of a DaemonSet crashes during a rollout", Cluster())
_old_agent.daemonset(f"3x{ROLLOUT - 1} 2x{LONG}", f"3x{ROLLOUT - 1} " + "1x10 2x10 " * 9)
_old_agent.waits("agent-a", 0, crashes())
_ready_agent = nothing("a pod of a DaemonSet that was ready crashes", Cluster())
_ready_agent.daemonset(f"2x{LONG}", f"3x{LONG}")
_ready_agent.waits("agent-b", ROLLOUT, crashes())


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_fires_on(monitoring: MonitoringBinaries, tmp_path: Path, name: str) -> None:
    run(monitoring, tmp_path, NOTHING[name], {f"{minutes}m": set() for minutes in range(1, 98)})


def test_a_release_that_replaced_all_pods_at_once(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """With strategy Recreate no older pod is left, and nothing is available."""
    cluster = rolling(old_pods=f"3x{ROLLOUT - 1} 1x{LONG}", available=f"3x{ROLLOUT - 1} 0x{LONG}")
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    run(monitoring, tmp_path, cluster, {"17m": {"DeploymentReleaseCrashes shop"}})


def test_an_undone_release_is_no_longer_the_newest(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Its ReplicaSet keeps its age, and has no replicas: what crashes then is the older one, at once."""
    cluster = rolling(available=f"0x{LONG}")
    gone = 'kube_replicaset_spec_replicas{namespace="shop",replicaset="shop-2"}'
    cluster.series[gone] = f"_x{ROLLOUT} 1x20 0x{LONG}"
    cluster.waits("shop-2-a", ROLLOUT, f"1x{LONG}")
    run(monitoring, tmp_path, cluster, {"20m": {"DeploymentReleaseCrashes shop"}, "21m": set()})
    cluster.waits("shop-1-a", 0, f"1x{LONG}")
    run(monitoring, tmp_path, cluster, {"22m": {"DeploymentReleaseCrashes shop"}})


def test_two_replicas_of_kube_state_metrics(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Each series twice: one alert, and no error of a join."""
    cluster = rolling(condition=f"0x{ROLLOUT + 19} 1x{LONG}")
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    twice = {f'{key[:-1]},instance="{n}"}}': value for key, value in cluster.series.items() for n in "ab"}
    fires = {"DeploymentReleaseCrashes shop", "DeploymentReleaseStuck shop"}
    run(monitoring, tmp_path, Cluster(series=twice), {"17m": {"DeploymentReleaseCrashes shop"}, "22m": fires})


def test_namesakes_in_two_namespaces(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Deployments, ReplicaSets and pods of one name: only the one whose release crashes is blamed."""
    cluster = rolling()
    for series, values in rolling().series.items():
        cluster.series[series.replace('namespace="shop"', 'namespace="test"')] = values
    cluster.waits("shop-2-a", ROLLOUT, crashes())
    run(monitoring, tmp_path, cluster, {"17m": {"DeploymentReleaseCrashes shop"}})


def test_a_statefulset_that_crashes(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Its updated pod has the name of the old one; nothing is replaced after it, which in the end is a standstill."""
    cluster = Cluster()
    cluster.statefulset("db-2", f"3x{ROLLOUT - 1} 2x{LONG}", f"3x{ROLLOUT - 1} 1x{LONG}")
    cluster.waits("db-2", ROLLOUT, crashes())
    crash, stuck = "StatefulSetReleaseCrashes db", "StatefulSetReleaseStuck db"
    run(monitoring, tmp_path, cluster, {"15m30s": set(), "17m": {crash}, "26m": {crash}, "28m": {crash, stuck}})


def test_a_statefulset_that_never_ran(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Its first release has no other revision to differ from; none of its pods is ready."""
    cluster = Cluster()
    cluster.statefulset("db-1", f"0x{LONG}", f"3x{LONG}")
    cluster.waits("db-2", ROLLOUT, f"1x{LONG}", "ImagePullBackOff")
    run(monitoring, tmp_path, cluster, {"17m": {"StatefulSetReleaseNeverRuns db"}})


def test_a_daemonset_that_crashes(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.daemonset(f"3x{ROLLOUT - 1} 2x{LONG}", f"3x{ROLLOUT - 1} 1x{LONG}")
    cluster.waits("agent-b", ROLLOUT, crashes())
    crash, stuck = "DaemonSetReleaseCrashes agent", "DaemonSetReleaseStuck agent"
    run(monitoring, tmp_path, cluster, {"15m30s": set(), "17m": {crash}, "26m": {crash}, "28m": {crash, stuck}})


@pytest.mark.parametrize(
    ("cluster", "fires"),
    [
        pytest.param(Cluster(), True, id="no kube-state-metrics"),
        pytest.param(NOTHING["labels that are not honoured"], True, id="labels that are not honoured"),
        pytest.param(rolling(), False, id="all is there"),
    ],
)
def test_what_would_go_unnoticed_is_told(
    monitoring: MonitoringBinaries, tmp_path: Path, cluster: Cluster, fires: bool
) -> None:
    """To people, and never with the label that undoes."""
    (tmp_path / "rules.yaml").write_text(render_rule_file([release_readiness(undo=True)], HEADER))
    labels = 'ALERTS{alertname="ReleaseReadinessUnknown",alertstate="firing",severity="ticket"}'
    test = {
        "interval": "30s",
        "input_series": [{"series": series, "values": values} for series, values in cluster.series.items()],
        "promql_expr_test": [
            {
                "expr": 'ALERTS{alertstate="firing",alertname="ReleaseReadinessUnknown"}',
                "eval_time": "20m",
                "exp_samples": [{"labels": labels, "value": 1}] if fires else [],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "30s", "tests": [test]}))
    promtool(monitoring, "test", "rules", file)
