"""What comes one after the other, for as long as a node stays.

    async for value in followed(changes, closing, ping=15.0):
        if value is SILENCE: ...                                nothing came for 15 seconds

In: values of a service. Out: the same; `Unavailable` when the node closes, so that whoever listens goes elsewhere.
Never knows how they travel.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from raftoral import errors as e

SILENCE: Any = object()
_OVER: Any = object()


async def begun(values: AsyncIterator[Any]) -> tuple[Any, AsyncIterator[Any]]:
    """The first value, and all of them: what goes wrong at once is an answer of its own, and no stream."""
    first = await anext(values)
    return first, _again(first, values)


async def _again(first: Any, values: AsyncIterator[Any]) -> AsyncIterator[Any]:
    try:
        yield first
        async for value in values:
            yield value
    finally:
        await let_go(values)


async def followed(values: AsyncIterator[Any], closing: asyncio.Event, ping: float | None = None) -> AsyncIterator[Any]:
    stop = asyncio.ensure_future(closing.wait())
    coming = asyncio.ensure_future(_next(values))
    try:
        while True:
            await asyncio.wait({coming, stop}, timeout=ping, return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                value = coming.result()
                if value is _OVER:
                    return
                yield value
                coming = asyncio.ensure_future(_next(values))
            elif stop.done():
                raise e.Unavailable("this node is closing; ask another one")
            else:
                yield SILENCE
    finally:
        for task in (stop, coming):
            task.cancel()
        await asyncio.gather(stop, coming, return_exceptions=True)
        await let_go(values)


async def let_go(values: AsyncIterator[Any]) -> None:
    """Whoever gives them need not give more."""
    if hasattr(values, "aclose"):
        await values.aclose()


async def _next(values: AsyncIterator[Any]) -> Any:
    return await anext(values, _OVER)
