from __future__ import annotations

import json

from receiver.cluster.api import encode


def test_texts_are_encoded_as_the_api_server_does() -> None:
    assert encode({"a": "x && y > '<ü>'\u2028"}) == (
        b'{"a": "x \\u0026\\u0026 y \\u003e \'\\u003c\xc3\xbc\\u003e\'\\u2028"}'
    )


def test_nothing_else_changes() -> None:
    value = {"a": ['\t\n\r\b\f\x00\x1f\x7f\\"', 1.5, None, True], "<&>": {}}
    assert json.loads(encode(value)) == value
    assert json.loads(encode("half \ud800")) == "half ?"
