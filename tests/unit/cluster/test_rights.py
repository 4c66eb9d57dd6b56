"""A refusal by an API server that has just started is none."""

from __future__ import annotations

from typing import cast

import pytest

from receiver.cluster.api import Api, ApiError
from receiver.cluster.rights import with_rights

FORBIDDEN = ApiError(403, "", reason="Forbidden")


class Server:
    """Says these things in turn, the last one for ever: an answer or a refusal; and whether it is ready."""

    def __init__(self, *says: str | ApiError, unready: ApiError | None = None) -> None:
        self._says, self._unready = list(says), unready
        self.asked = 0

    def ask(self) -> str:
        self.asked += 1
        said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if isinstance(said, ApiError):
            raise said
        return said

    def raw(self, path: str) -> bytes:
        assert path == "/readyz"
        if self._unready is not None:
            raise self._unready
        return b"ok"

    def answer(self) -> str:
        return with_rights(cast(Api, self), self.ask)


def test_an_answer_is_asked_for_once() -> None:
    server = Server("yes", unready=ApiError(500, ""))
    assert (server.answer(), server.asked) == ("yes", 1)


@pytest.mark.parametrize("status", [403, 500, 0])
def test_a_refusal_by_a_server_that_is_not_ready_is_for_a_moment(status: int) -> None:
    with pytest.raises(ApiError) as refused:
        Server(FORBIDDEN, unready=ApiError(status, "etcd")).answer()
    assert refused.value.status == 503
    assert refused.value.is_transient


def test_a_server_that_has_become_ready_meanwhile_is_asked_again() -> None:
    assert Server(FORBIDDEN, "yes").answer() == "yes"


def test_a_refusal_by_a_server_that_is_ready_is_final() -> None:
    server = Server(FORBIDDEN)
    with pytest.raises(ApiError, match="403"):
        server.answer()
    assert server.asked == 2


def test_other_refusals_are_as_they_are() -> None:
    for status in (0, 404, 409, 500):
        server = Server(ApiError(status, ""))
        with pytest.raises(ApiError) as refused:
            server.answer()
        assert (refused.value.status, server.asked) == (status, 1)
