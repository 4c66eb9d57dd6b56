from __future__ import annotations

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
