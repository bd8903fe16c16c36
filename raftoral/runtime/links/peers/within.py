"""Nodes in one process, without sockets: what one writes is what the other reads.

    exchange = Exchange()                       shared by the nodes
    exchange.listen("here:1", links.accept)     wire = await exchange.dial("here:1")

In: names that stand for addresses. Out: wires. Each node has a thread and a loop of its own, so every byte is handed
over to the loop of its reader, and the word that it was taken comes back the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from .wires import Accept

READ_BYTES = 256 * 1024


class Exchange:
    """See the module."""

    def __init__(self) -> None:
        self._listening: dict[str, tuple[asyncio.AbstractEventLoop, Accept]] = {}
        self._accepting: set[asyncio.Task[None]] = set()

    def listen(self, address: str, accept: Accept) -> None:
        """On the loop on which `accept` is to be called."""
        self._listening[address] = asyncio.get_running_loop(), accept

    def leave(self, address: str) -> None:
        self._listening.pop(address, None)

    async def dial(self, address: str) -> InnerWire:
        there = self._listening.get(address)
        if there is None:
            raise ConnectionRefusedError(f"nobody listens at {address}")
        loop, accept = there
        near, far = InnerWire(asyncio.get_running_loop()), InnerWire(loop)
        near.other, far.other = far, near
        _post(loop, self._accept, accept, far)
        return near

    async def close(self) -> None:
        """The other nodes still need it; each wire ends with its links."""

    def _accept(self, accept: Accept, wire: InnerWire) -> None:
        async def accepted() -> None:
            await accept(wire)

        task = asyncio.ensure_future(accepted())
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)


class InnerWire:
    """One end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.other: InnerWire
        self.unsent = 0
        self._loop = loop
        self._came: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._over = False

    def write(self, data: bytes) -> None:
        if not self._over:
            self.unsent += len(data)
            _post(self.other._loop, self.other._take, data)

    async def read(self) -> bytes:
        while not self._came:
            if self._over:
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._came.popleft()
        while self._came and len(data) + len(self._came[0]) <= READ_BYTES:
            data += self._came.popleft()
        _post(self.other._loop, self.other._taken, len(data))
        return data

    def abort(self) -> None:
        self._end()
        self._came.clear()
        _post(self.other._loop, self.other._end)

    # --- called on the loop of this end ----------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        if not self._over:
            self._came.append(data)
            self._news.set()

    def _taken(self, size: int) -> None:
        self.unsent -= size

    def _end(self) -> None:
        self._over = True
        self._news.set()


def _post(loop: asyncio.AbstractEventLoop, work: Callable[..., None], *words: object) -> None:
    """A loop that is closed has nobody on it who could miss it."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(work, *words)
