"""What is written is what PyYAML writes, and is read back as what it was."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rules import block_yaml
from rules.block_yaml import dump

TEXTS = st.text(alphabet="abyno \n:#-{}[]\"'\\é☃,&*!|>%@`=~1.0(\t\u2028\U0001f600\x07", max_size=14)
NAMES = st.text(alphabet="abcno_", min_size=1, max_size=5)


class Reference(yaml.SafeDumper):
    """PyYAML's own writer, all of it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Reference.add_representer(str, as_block)


def documents(text: str, name: str) -> dict[str, Any]:
    rule = {"expr": text, "labels": {name: text}, "annotations": {}, "more": []}
    return {"groups": [{"name": name, "rules": [rule, rule]}], "spec": {"deep": {"list": [text], "last": text}}}


@given(TEXTS, NAMES)
def test_it_is_read_back(text: str, name: str) -> None:
    value = documents(text, name)
    assert yaml.safe_load(dump(value)) == value


@given(TEXTS.filter(lambda text: block_yaml._COMMON.fullmatch(text) is not None and not text.endswith("\n")), NAMES)
def test_it_is_what_pyyaml_writes(text: str, name: str) -> None:
    value = documents(text, name)
    reference = yaml.dump(value, Dumper=Reference, sort_keys=False, width=1_000_000, allow_unicode=True)
    assert dump(value) == reference


@given(TEXTS)
def test_with_and_without_libyaml(text: str) -> None:
    if not hasattr(yaml, "CSafeDumper"):
        pytest.skip("PyYAML was built without libyaml")

    class Pure(yaml.SafeDumper):
        pass

    Pure.add_representer(str, block_yaml._represent)
    before = block_yaml._spelt.__wrapped__(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(block_yaml, "_Dumper", Pure)
        assert block_yaml._spelt.__wrapped__(text) == before
