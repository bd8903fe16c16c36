"""The lean transport: TCP, or TLS over it, and nothing above. What a node uses if nothing else is said.

    transport = Lean(tls)                       wire = await transport.dial("10.0.0.2:7001")
    listener = Listener(..., peer=accepting(links.accept))

In: addresses; connections that the listener took and that begin with `PEER`. Out: wires.
"""

from __future__ import annotations

import asyncio
import socket

from raftoral.runtime.links.listener import PEER, Handler
from raftoral.runtime.links.tls import Tls

from .wires import Accept

READ_BYTES = 256 * 1024
SILENT_MS = 5_000  # that a peer's machine may not take what was sent, before its connection is broken


class Lean:
    """See the module."""

    def __init__(self, tls: Tls | None = None) -> None:
        self._context = None if tls is None else tls.client_context()
        self._name = None if tls is None else tls.name

    async def dial(self, address: str) -> StreamWire:
        wire = await self.connected(address)
        wire.write(PEER)
        return wire

    async def connected(self, address: str) -> StreamWire:
        """A connection on which nothing was said."""
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(
            host.strip("[]"), int(port), ssl=self._context, server_hostname=self._name
        )
        return StreamWire(b"", reader, writer)

    async def close(self) -> None:
        """Nothing is kept between two dials."""


def accepting(accept: Accept) -> Handler:
    """What the listener does with a connection that begins with `PEER`."""

    async def handle(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await accept(StreamWire(first[len(PEER) :], reader, writer))

    return handle


class StreamWire:
    """A wire over streams of asyncio, of which the beginning may have been read by somebody else."""

    def __init__(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._first = first
        self._reader, self._writer = reader, writer
        _give_up_soon(writer)

    def write(self, data: bytes) -> None:
        if not self._writer.transport.is_closing():  # asyncio would log each of them
            self._writer.write(data)

    @property
    def unsent(self) -> int:
        return self._writer.transport.get_write_buffer_size()

    async def read(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        return await self._reader.read(READ_BYTES)

    def unread(self, data: bytes) -> None:
        """Puts back what was read, to be read again."""
        self._first = data + self._first

    def abort(self) -> None:
        self._writer.transport.abort()


def _give_up_soon(writer: asyncio.StreamWriter) -> None:
    """A machine that is gone does not close its connections: what it does not take for some seconds breaks the link."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)
