"""The HTTP server: connections that a listener took, and what is asked on them.

    server = HttpServer(service, access)
    await server.serve(first_bytes, reader, writer)         returns when the connection is over
    await server.close(grace=5.0)

In: connections, with the bytes that were read already. Out: responses. Never listens by itself.

Closing lets everybody finish: who is idle is let go at once, streams are told to go elsewhere, and only what is not
done after the grace is broken off.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from raftoral import errors as e
from raftoral.runtime.links.access import Access
from raftoral.runtime.links.peers.lean import StreamWire
from raftoral.runtime.links.peers.wires import Accept
from raftoral.runtime.service import Service

from .app import App, Metrics, Within
from .connection import Connection, Gone, Limits, Refused
from .peers import LINK_LINE, SWITCH, wants_link
from .requests import Request
from .responses import Response, refusal

log = logging.getLogger("raftoral")

LINGER_BYTES_MAX = 64 * 1024 * 1024


class HttpServer:
    """See the module."""

    def __init__(
        self,
        service: Service,
        access: Access | None = None,
        *,
        origins: Sequence[str] = (),
        metrics: Metrics | None = None,
        limits: Limits | None = None,
        own_machine_only: bool = False,
        within: Within | None = None,
        peer: Accept | None = None,
    ) -> None:
        self._peer = peer
        self._app = App(
            service,
            access or Access(),
            origins=origins,
            metrics=metrics,
            own_machine_only=own_machine_only,
            within=within,
        )
        self._limits = limits or Limits()
        self._serving: dict[asyncio.Task[None], Connection] = {}

    @property
    def connections(self) -> int:
        return len(self._serving)

    async def serve(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers what is asked on one connection, until it is over."""
        connection = Connection(first, reader, writer, self._limits, self._app.refused)
        task = asyncio.current_task()
        assert task is not None
        # Clients must not shut out the other nodes: who asks for a link proves who it is, in seconds.
        too_many = len(self._serving) >= self._limits.connections_max and not first.startswith(LINK_LINE)
        self._serving[task] = connection
        try:
            if too_many or self._app.closing.is_set():
                why = "this node has as many connections as it takes" if too_many else "this node is closing"
                await self._send(connection, refusal(e.Unavailable(f"{why}; ask another one")), last=True)
            else:
                behind = await self._serve(connection, reader)
                if behind is not None and self._peer is not None:
                    self._serving.pop(task)  # it is no request any more: closing does not wait for it
                    await self._peer(StreamWire(behind, reader, writer))
        except (Gone, OSError):
            connection.abort()
        except Exception as error:
            log.error("a connection failed because of a bug: %s", error, exc_info=error)
            connection.abort()
        finally:
            self._serving.pop(task, None)

    async def _serve(self, connection: Connection, reader: asyncio.StreamReader) -> bytes | None:
        """One request after the other. When the connection goes on as a link, what came of that already."""
        while True:
            try:
                request = await connection.request()
            except Refused as refused:
                if connection.can_answer:
                    await self._send(connection, refused.response, last=True)
                    await _linger(reader, self._limits.linger_seconds)
                return None
            if request is None:
                return None
            if self._peer is not None and wants_link(request):
                return await connection.switched(SWITCH)
            exchange = self._exchange(connection, request)
            await (connection.while_there(exchange) if self._app.waits(request) else exchange)
            if not connection.next():
                return None

    async def _exchange(self, connection: Connection, request: Request) -> None:
        response = await self._app.answer(request)
        closing = self._app.closing.is_set() or not isinstance(response.body, bytes)
        await self._send(connection, response, last=closing, head=request.method == "HEAD")

    async def _send(
        self, connection: Connection, response: Response, *, last: bool = False, head: bool = False
    ) -> None:
        headers: Mapping[str, str] = {"X-Content-Type-Options": "nosniff", **response.headers}
        await connection.respond(response.status, headers, response.body, last=last, head=head)

    async def close(self, grace: float = 5.0) -> None:
        """Lets everybody finish, and breaks off what is not done after `grace` seconds."""
        self._app.closing.set()
        own = asyncio.current_task()
        busy = [task for task in self._serving if task is not own]
        for task in busy:
            if self._serving[task].idle:
                self._serving[task].abort()
        if busy:
            await asyncio.wait(busy, timeout=grace)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


async def _linger(reader: asyncio.StreamReader, seconds: float) -> None:
    """Takes what a client still sends, for a while: who closes with something unread takes the answer back with it."""
    left = LINGER_BYTES_MAX
    try:
        async with asyncio.timeout(seconds):
            while left > 0 and (data := await reader.read(64 * 1024)):
                left -= len(data)
    except (TimeoutError, OSError):
        return
