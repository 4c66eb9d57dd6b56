from __future__ import annotations

from typing import Any

from sandbox.file_discovery import target_groups


def a_pod(**status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "shop-6d4cf56db6-x2x4k",
            "namespace": "prod",
            "labels": {"app": "shop", "pod-template-hash": "6d4cf56db6"},
            "annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "8080"},
            "ownerReferences": [
                {"kind": "Shop", "name": "owner", "controller": False},
                {"kind": "ReplicaSet", "name": "shop-6d4cf56db6", "controller": True},
            ],
        },
        "status": {"podIP": "127.1.0.9", "phase": "Running", **status},
    }


def test_a_pod_has_the_meta_labels_of_the_real_discovery() -> None:
    assert target_groups(a_pod()) == [
        {
            "targets": ["127.1.0.9"],
            "labels": {
                "__meta_kubernetes_namespace": "prod",
                "__meta_kubernetes_pod_name": "shop-6d4cf56db6-x2x4k",
                "__meta_kubernetes_pod_ip": "127.1.0.9",
                "__meta_kubernetes_pod_phase": "Running",
                "__meta_kubernetes_pod_controller_kind": "ReplicaSet",
                "__meta_kubernetes_pod_controller_name": "shop-6d4cf56db6",
                "__meta_kubernetes_pod_label_app": "shop",
                "__meta_kubernetes_pod_label_pod_template_hash": "6d4cf56db6",
                "__meta_kubernetes_pod_annotation_prometheus_io_scrape": "true",
                "__meta_kubernetes_pod_annotation_prometheus_io_port": "8080",
            },
        }
    ]


def test_a_pod_without_an_address_is_no_target() -> None:
    assert target_groups(a_pod(podIP=None)) == []
    assert target_groups({"metadata": {"name": "new", "namespace": "prod"}}) == []


def test_a_pod_without_a_controller_names_none() -> None:
    pod = a_pod()
    del pod["metadata"]["ownerReferences"]
    labels = target_groups(pod)[0]["labels"]
    assert labels["__meta_kubernetes_pod_controller_kind"] == ""
    assert labels["__meta_kubernetes_pod_controller_name"] == ""
