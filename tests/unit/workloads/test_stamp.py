"""The stamp of a release: what is written is what is read, and what can't be read counts for nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.workloads.stamp import ReleaseStamp, read_stamp

RELEASE = "metricops.dev/release"
BEGAN = datetime(2026, 3, 1, 11, 29, 59, 500_000, tzinfo=UTC)
texts = st.text(min_size=1, max_size=20)
moments = st.none() | st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))


@given(
    st.builds(
        ReleaseStamp,
        template_hash=texts,
        rollout_began=moments,
        released_at=moments,
        who=texts,
        images=st.dictionaries(texts, texts, max_size=3),
        commit=texts,
        repository=texts,
        revision=texts,
        link=texts,
        change_cause=texts,
        held_back=st.booleans(),
    )
)
def test_what_is_written_is_read(stamp: ReleaseStamp) -> None:
    text = stamp.text()
    assert "\n" not in text
    assert text.isascii()
    assert read_stamp({RELEASE: text}) == stamp


def test_it_says_what_is_known_and_no_more() -> None:
    stamp = ReleaseStamp("one", BEGAN, BEGAN, "ci", {"main": "shop:1"}, commit="abc1234")
    assert json.loads(stamp.text()) == {
        "templateHash": "one",
        "rolloutBegan": "2026-03-01T11:29:59.500000Z",
        "releasedAt": "2026-03-01T11:29:59.500000Z",
        "images": {"main": "shop:1"},
        "who": "ci",
        "commit": "abc1234",
    }
    assert ReleaseStamp("one").text() == '{"templateHash":"one"}'


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", "5", "null", '{"rolloutBegan": "2026-03-01T11:29:59Z"}', "[" * 99_999]
)
def test_what_is_no_stamp_counts_for_nothing(text: str) -> None:
    assert read_stamp({RELEASE: text}) is None
    assert read_stamp({}) is None


@pytest.mark.parametrize(
    "moment", [5, None, "soon", "2026-03-01T11:29:59", "0001-01-01T00:00:00+23:00", {}, "9" * 5000]
)
def test_fields_of_another_shape_are_unknown(moment: object) -> None:
    said = {"templateHash": "one", "rolloutBegan": moment, "who": 5, "images": ["x"], "commit": None}
    assert read_stamp({RELEASE: json.dumps(said)}) == ReleaseStamp("one")
    assert read_stamp({RELEASE: json.dumps({"templateHash": 5, "images": {"a": 5, "b": "x"}})}) == ReleaseStamp(
        "", images={"b": "x"}
    )
