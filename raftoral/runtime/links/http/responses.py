"""What goes back: a response of HTTP, whose body is bytes or comes bit by bit; and the one that says what went wrong.

In: errors. Out: responses. Data only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from raftoral import errors as e
from raftoral.runtime.links.problems import problem


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes]


def refusal(error: e.RaftoralError, status: int = 0, headers: Mapping[str, str] | None = None) -> Response:
    """A response that says what went wrong."""
    status, body = problem(error, status)
    return Response(status, {"Content-Type": "application/problem+json", **(headers or {})}, body)
