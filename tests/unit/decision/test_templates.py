from __future__ import annotations

from typing import Any

from receiver.decision.templates import clean_template, template_hash
from tests.unit.scenario import template


def test_the_controllers_hash_label_does_not_count() -> None:
    plain, hashed = template("shop:1"), template("shop:1")
    hashed["metadata"]["labels"]["pod-template-hash"] = "abc"
    hashed["metadata"]["creationTimestamp"] = None
    assert template_hash(plain) == template_hash(hashed)
    assert clean_template(hashed) == plain
    assert "pod-template-hash" in hashed["metadata"]["labels"]


def test_every_other_difference_counts() -> None:
    one, other = template("shop:1"), template("shop:1")
    other["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    assert template_hash(one) != template_hash(other)
    assert template_hash(one) != template_hash(template("shop:2"))


def test_the_order_of_keys_does_not_count() -> None:
    one = template("shop:1")
    turned = dict(reversed(list(one.items())))
    assert template_hash(one) == template_hash(turned)


def test_annotations_count_and_empty_metadata_does_not() -> None:
    plain, annotated = template("shop:1"), template("shop:1")
    annotated["metadata"]["annotations"] = {"checksum/config": "1"}
    assert clean_template(annotated) == annotated
    assert template_hash(annotated) != template_hash(plain)
    empty = template("shop:1")
    empty["metadata"]["annotations"] = {}
    assert clean_template(empty) == plain


def test_a_template_without_labels_or_metadata() -> None:
    spec: dict[str, Any] = {"containers": []}
    bare = {"metadata": {}, "spec": spec}
    for given in ({"spec": spec}, {"metadata": None, "spec": spec}, {"metadata": {"labels": None}, "spec": spec}):
        assert clean_template(given) == bare


def test_a_hash_stays_what_it_was() -> None:
    """Hashes stand on records and workloads: those of an earlier release of MetricOps must still be found."""
    noted = template("shop:1")
    noted["metadata"]["annotations"] = {"note": "été"}
    assert template_hash(template("shop:1")) == "0ab49149d16c78d6"
    assert template_hash(noted) == "059ffe019c591f1b"
