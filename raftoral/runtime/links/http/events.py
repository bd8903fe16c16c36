"""Server-sent events: what a stream of a node looks like, and what a client reads of it.

    data: {"id":"order-17","status":"running",...}          one thing
    event: end                                              it is complete; without it, something was lost
    event: error                                            a problem document, as another response would have it

In: values that come one after the other, or lines. Out: bytes, or values. Never knows what they mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from pydantic_core import from_json

from raftoral import errors as e
from raftoral.runtime.links.problems import error_of, problem, public
from raftoral.runtime.links.streams import SILENCE, followed, let_go
from raftoral.runtime.service import JSON

END = b"event: end\ndata: {}\n\n"
PING = b": still here\n\n"
EVENT_MAX = 16 * 1024 * 1024


async def written(
    values: AsyncIterator[Any], write: Callable[[Any], bytes], closing: asyncio.Event, ping: float
) -> AsyncIterator[bytes]:
    """A stream for as long as the node stays; something is sent every `ping` seconds, so that who listens can tell."""
    following = followed(values, closing, ping)
    try:
        async for value in following:
            yield PING if value is SILENCE else b"data: " + write(value) + b"\n\n"
        yield END
    except Exception as error:
        yield _error(error)
    finally:
        await let_go(following)


def _error(error: Exception) -> bytes:
    return b"event: error\ndata: " + problem(public(error))[1] + b"\n\n"


async def values_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[JSON]:
    """What a stream tells. Raises what the node raised, and `Unavailable` when the stream breaks off."""
    async for event, data in _events(chunks):
        if event == "end":
            return
        if event == "error":
            raise error_of(data)
        if event == "message":
            yield from_json(data)
    raise e.Unavailable("the node went away in the middle of a stream")


async def _events(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, bytes]]:
    rest = b""
    async for chunk in chunks:
        *events, rest = (rest + chunk).split(b"\n\n")
        if len(rest) > EVENT_MAX:
            raise e.Unavailable("what answered sends events without an end")
        for event in events:
            name, data = "message", []
            for line in event.split(b"\n"):
                field, _, value = line.partition(b":")
                value = value.removeprefix(b" ")
                if field == b"event":
                    name = value.decode("utf-8", "replace")
                elif field == b"data":
                    data.append(value)
            if data:
                yield name, b"\n".join(data)
