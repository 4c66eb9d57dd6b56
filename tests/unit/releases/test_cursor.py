from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from receiver.releases.cursor import as_token, read_token
from receiver.releases.opted_in import PLACE
from receiver.releases.refusal import RefusedError

AT = {"kind": "Deployment", "namespace": "", "chunk": "abc", "after": "shop/shop"}


def token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_a_page_goes_on_where_the_last_one_ended() -> None:
    query = {"namespace": "shop", "limit": 5}
    more = as_token(AT, query)
    assert read_token({**query, "continue": more}, PLACE) == AT
    assert read_token({"namespace": "shop", "continue": more}, PLACE) == AT
    assert read_token(query, PLACE) is None


@pytest.mark.parametrize(
    "made_up",
    [
        "x",
        "é",
        "=" * 4,
        "//",
        token(1),
        token({}),
        token(AT),
        token({**AT, "f": 1}),
        token({"kind": "Secret", "namespace": "", "chunk": "", "after": ""}),
        "W" * 4096,
    ],
)
def test_what_is_made_up_is_refused(made_up: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read_token({"continue": made_up}, PLACE)
    assert refused.value.status == 400
    assert refused.value.problems[0].field == "continue"


def test_other_filters_make_another_list() -> None:
    more = as_token(AT, {"namespace": "shop"})
    with pytest.raises(RefusedError, match="other filters"):
        read_token({"namespace": "prod", "continue": more}, PLACE)
