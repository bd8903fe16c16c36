"""Links between nodes over gRPC: one stream of messages in each direction, on the same server as the API.

    transport = GrpcPeers(tls)                      wire = await transport.dial("10.0.0.2:7001")
    add_links(server, links.accept)

In: an address; streams that somebody began. Out: wires. A message is a piece of what the link wrote: what waits when
the stream is ready to take more goes out as one, and what is too long for one is cut. It has no other form, so there is
no message in `peer.proto` for it. Flow control is that of HTTP/2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from raftoral.runtime.links.peers.wires import Accept
from raftoral.runtime.links.remote import NotSent
from raftoral.runtime.links.tls import Tls

from .channels import connected, credentials_of, opened, options_of

PIECE_BYTES_MAX = 1024 * 1024  # a server takes less than 4 MiB if nothing else is said
SERVICE, METHOD = "raftoral.peer.Links", "Link"


class GrpcPeers:
    """See the module."""

    def __init__(self, tls: Tls | None = None) -> None:
        self._credentials, self._options = credentials_of(tls), options_of(tls)

    async def dial(self, address: str) -> GrpcWire:
        channel = opened(address, self._credentials, self._options)
        try:
            await connected(channel)
            call: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(f"/{SERVICE}/{METHOD}")()
        except NotSent as error:
            await channel.close(None)
            raise ConnectionError(f"by gRPC it {error}") from None
        except BaseException:
            await channel.close(None)
            raise

        async def end() -> None:
            call.cancel()
            await channel.close(None)

        return GrpcWire(call.read, call.write, end)

    async def close(self) -> None:
        """Each wire has a channel of its own, which ends with it."""


def add_links(server: grpc.aio.Server, accept: Accept, over: asyncio.Event) -> None:
    """Has a server accept links, until `over` is set."""

    async def link(requests: object, context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        async def end() -> None:
            """The stream is over when this call is."""

        wire = GrpcWire(context.read, context.write, end)

        async def closes() -> None:
            await over.wait()
            wire.abort()

        closing = asyncio.ensure_future(closes())
        try:
            await accept(wire)
        finally:
            closing.cancel()

    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(link)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler}),))


class GrpcWire:
    """A wire over one call, at either end of it."""

    def __init__(
        self,
        read: Callable[[], Awaitable[Any]],
        write: Callable[[bytes], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._read, self._write, self._end = read, write, end
        self.unsent = 0
        self._waiting: list[bytes] = []
        self._news = asyncio.Event()
        self._pumping = asyncio.ensure_future(self._pump())
        self._reading: asyncio.Task[bytes] | None = None
        self._ending: asyncio.Task[None] | None = None  # kept, since a loop only knows tasks weakly

    def write(self, data: bytes) -> None:
        if self._ending is None:
            self._waiting.append(data)
            self.unsent += len(data)
            self._news.set()

    async def _pump(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                waiting, self._waiting = self._waiting, []
                data = b"".join(waiting)
                for at in range(0, len(data), PIECE_BYTES_MAX):
                    piece = data[at : at + PIECE_BYTES_MAX]
                    await self._write(piece)
                    self.unsent -= len(piece)
        except Exception:  # grpcio raises half a dozen kinds for a call that is over; who reads is told the reason
            self.abort()

    async def read(self) -> bytes:
        if self._ending is not None:
            return b""
        self._reading = asyncio.ensure_future(self._piece())
        try:
            return await self._reading
        except asyncio.CancelledError:
            if self._aborted() and not _is_cancelled():
                return b""
            raise

    def _aborted(self) -> bool:
        return self._ending is not None

    async def _piece(self) -> bytes:
        try:
            piece = await self._read()
        except grpc.aio.AioRpcError as error:
            raise ConnectionError(error.details() or error.code().name) from None
        except (grpc.aio.UsageError, asyncio.InvalidStateError) as error:
            raise ConnectionError(str(error)) from None
        return b"" if piece is grpc.aio.EOF else bytes(piece)

    def abort(self) -> None:
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
            self._pumping.cancel()
            if self._reading is not None:
                self._reading.cancel()


def _is_cancelled() -> bool:
    """Whether it is this task that somebody cancelled, and not only one that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
