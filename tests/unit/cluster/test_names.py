from __future__ import annotations

import pytest

from receiver.cluster.api import may_be_name


@pytest.mark.parametrize("name", ["shop", "a", "0", "shop-v2", "shop.prod.example", "x" * 253])
def test_names(name: str) -> None:
    assert may_be_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a/b",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "a.-b",
        "Shop",
        "a_b",
        "a b",
        "a\n",
        "%2e",
        "ѕhop",
        "１",
        "x" * 254,
    ],
)
def test_what_is_no_name(text: str) -> None:
    assert not may_be_name(text)
