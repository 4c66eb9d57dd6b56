from __future__ import annotations

import json
from typing import Any

import pytest

from receiver.errors import EnvelopeError
from receiver.intake.body import decode_body


def nested(levels: int, *, last: Any) -> Any:
    """Objects and arrays in turn, the innermost of which is `last`."""
    value = last
    for level in range(1, levels):
        value = [value] if level % 2 else {"a": 1, "b": value}
    return value


@pytest.mark.parametrize("last", [[], {}, [1], {"a": "b"}])
def test_depth(last: Any) -> None:
    body = json.dumps(nested(8, last=last)).encode()
    assert decode_body(body, nesting=8) == nested(8, last=last)
    with pytest.raises(EnvelopeError, match="too deep, expected at most 7 levels"):
        decode_body(body, nesting=7)


def test_many_brackets_that_lie_side_by_side_or_in_a_text() -> None:
    assert len(decode_body(b'{"a": [' + b"[], " * 99 + b"[]]}", nesting=3)["a"]) == 100
    assert decode_body(json.dumps("[{" * 99).encode(), nesting=1) == "[{" * 99


def test_deeper_than_the_parser_goes() -> None:
    with pytest.raises(EnvelopeError, match="nesting that is too deep"):
        decode_body(b"[" * 200_000, nesting=32)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"nonsense"])
def test_no_json(body: bytes) -> None:
    with pytest.raises(EnvelopeError, match="expected a JSON object"):
        decode_body(body, nesting=32)
