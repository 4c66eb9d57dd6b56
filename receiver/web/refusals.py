"""How a request is refused: one JSON shape for all of them, and the headers that go with a status."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Response, jsonify

from receiver.intake.conformity import Problem


def refusal(
    status: int,
    message: str,
    *,
    problems: Iterable[Problem] = (),
    retry_after: int | None = None,
    allowed: Iterable[str] | None = None,
) -> tuple[Response, int]:
    """The answer `{error, problems}`. `retry_after` is in seconds; `allowed` are the methods of a 405."""
    told = [problem.as_json() for problem in problems]
    response = jsonify(error=message, **({"problems": told} if told else {}))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status == 503 and retry_after is None:
        retry_after = 1
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if allowed is not None:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response, status
