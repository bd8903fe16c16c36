"""What the tests of links share: a front with a `Local` behind it, and a client that writes its bytes by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from raftoral.runtime.links.front import Front
from raftoral.runtime.local import Local
from tests.runtime.contracts.service import Whole
from tests.runtime.desk import Desk


@dataclass
class Place:
    front: Front
    behind: Whole
    here: Local
    desk: Desk

    @property
    def address(self) -> str:
        return self.front.address


@asynccontextmanager
async def front(m: Any, **options: Any) -> AsyncIterator[Place]:
    """A front on a free port of this machine, without gRPC unless it is asked for."""
    desk = Desk()
    async with desk.local(m) as here:
        behind = Whole(here)
        async with Front(behind, "127.0.0.1:0", **{"grpc": False, **options}) as opened:
            yield Place(opened, behind, here, desk)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hand:
    """A client that writes what it is told to, and reads one answer after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, head: bool = False) -> Answer:
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:] if line)}
        if status == 100:
            return await self.answer(head=head)
        length = 0 if head or status == 204 else int(headers.get("content-length", "-1"))
        body = await self.reader.readexactly(length) if length >= 0 else await self._chunks()
        return Answer(status, headers, body)

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self.reader.readline(), 16):
            parts.append(await self.reader.readexactly(size))
            await self.reader.readline()
        await self.reader.readline()
        return b"".join(parts)

    async def chunk(self) -> bytes:
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readline()
        return data

    async def ask(self, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
        lines = {"host": "localhost", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body:
            lines["content-length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        await self.send(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)
        return await self.answer(head=method == "HEAD")

    async def over(self) -> bool:
        """Whether the other end closes, after whatever it still has to say."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        return True

    def abort(self) -> None:
        self.writer.transport.abort()


@asynccontextmanager
async def hand(address: str) -> AsyncIterator[Hand]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Hand(reader, writer)
    finally:
        writer.transport.abort()


async def asked(address: str, method: str, target: str, body: bytes = b"", **headers: str) -> Answer:
    async with hand(address) as own:
        return await own.ask(method, target, body, **headers)
