"""What comes one after the other: signs of life, ends, errors, and everything let go behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.links.http import events
from raftoral.runtime.links.streams import SILENCE, begun, followed
from tests.runtime.desk import on_a_loop


class Source:
    """Gives what it is told to; says when it is let go."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.left = False

    def put(self, *values: Any) -> None:
        for value in values:
            self.queue.put_nowait(value)

    async def values(self) -> AsyncIterator[Any]:
        try:
            while (value := await self.queue.get()) is not None:
                if isinstance(value, Exception):
                    raise value
                yield value
        finally:
            self.left = True


@on_a_loop
async def test_silence_is_said_and_nothing_is_lost_in_it():
    source, closing = Source(), asyncio.Event()
    following = followed(source.values(), closing, ping=0.001)
    assert await anext(following) is SILENCE
    assert await anext(following) is SILENCE
    source.put(1, 2, None)
    assert [value async for value in following if value is not SILENCE] == [1, 2]
    assert source.left


@on_a_loop
async def test_who_closes_sends_everybody_elsewhere():
    source, closing = Source(), asyncio.Event()
    following = followed(source.values(), closing)
    source.put(1)
    assert await anext(following) == 1
    closing.set()
    with pytest.raises(e.Unavailable, match="this node is closing"):
        await anext(following)
    assert source.left


@on_a_loop
async def test_what_goes_wrong_at_once_is_no_stream():
    source = Source()
    source.put(e.NotFound("x"))
    with pytest.raises(e.NotFound):
        await begun(source.values())
    source.put(1, 2, None)
    first, everything = await begun(source.values())
    assert (first, [value async for value in everything]) == (1, [1, 2])


@on_a_loop
async def test_events_there_and_back():
    source, closing = Source(), asyncio.Event()
    source.put({"a": "ü\n\n"}, {"b": None}, None)
    chunks = [chunk async for chunk in events.written(source.values(), _json, closing, 60.0)]
    for size in (1, 2, 7, 1_000):  # however the network cuts it

        async def cut(size: int = size) -> AsyncIterator[bytes]:
            whole = b": a remark\n\n" + events.PING + b"".join(chunks)
            for at in range(0, len(whole), size):
                yield whole[at : at + size]

        assert [value async for value in events.values_of(cut())] == [{"a": "ü\n\n"}, {"b": None}]


@pytest.mark.parametrize(("error", "kind"), [(e.NotFound("gone"), e.NotFound), (KeyError("bug"), e.RaftoralError)])
@on_a_loop
async def test_an_error_is_an_event(error, kind):
    source = Source()
    source.put({"a": 1}, error)
    reading = events.values_of(events.written(source.values(), _json, asyncio.Event(), 60.0))
    assert await anext(reading) == {"a": 1}
    with pytest.raises(kind):
        await anext(reading)


@on_a_loop
async def test_a_stream_that_breaks_off_is_not_complete():
    async def torn() -> AsyncIterator[bytes]:
        yield b'data: {"a":1}\n\ndata: {"b"'

    reading = events.values_of(torn())
    assert await anext(reading) == {"a": 1}
    with pytest.raises(e.Unavailable, match="went away in the middle of a stream"):
        await anext(reading)


def _json(value: Any) -> bytes:
    from pydantic_core import to_json

    return to_json(value)
