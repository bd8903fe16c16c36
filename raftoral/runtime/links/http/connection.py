"""One connection of HTTP/1.1 on the server's side: requests in, one after the other; responses out.

    connection = Connection(first, reader, writer, Limits())
    while (request := await connection.request()) is not None:
        await connection.respond(request, response)

In: bytes; h11 knows what they mean. Out: whole requests, and bytes again. Everything is bounded, in bytes and in time:
a client that is slow, silent, or sends what is no HTTP costs no more than its connection. Never knows what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import h11

from raftoral import errors as e

from .requests import Request
from .responses import Response, refusal

T = TypeVar("T")

READ_BYTES = 64 * 1024
SMALL_BYTES = 64 * 1024  # of a body: less is read in any case, so that the connection can go on
PIPELINE_BYTES_MAX = 256 * 1024  # of further requests, while one is being answered


class Limits(NamedTuple):
    """Seconds are for the whole of what they name, so that a byte now and then does not help."""

    head_bytes_max: int = 64 * 1024
    body_bytes_max: int = 8 * 1024 * 1024
    idle_seconds: float = 75.0  # between requests
    head_seconds: float = 15.0
    body_seconds: float = 120.0
    write_seconds: float = 60.0  # until a client takes what it asked for
    linger_seconds: float = 2.0  # for what a client still sends when it was refused
    connections_max: int = 1_000


class Gone(Exception):
    """The client is not there any more."""


class Refused(Exception):
    """A request that was not read to its end: `response` says why, and nothing else can come on the connection."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Connection:
    """See the module."""

    def __init__(
        self,
        first: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: Limits,
        refused: Callable[[Request], Response | None],
    ) -> None:
        self._reader, self._writer, self._limits = reader, writer, limits
        self._refused = refused  # asked before a body is read: nobody without a token shall fill our memory
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes_max)
        if first:
            self._h11.receive_data(first)
        self._held = len(first)  # bytes that h11 may have, and did not give yet
        self.idle = not first

    # --- in ------------------------------------------------------------------------------------------------

    async def request(self) -> Request | None:
        """The next one; None at the end. Raises `Refused` when it can be said what is wrong with it."""
        try:
            if not await self._begins():
                return None
            async with asyncio.timeout(self._limits.head_seconds):
                event = await self._event()
            if not isinstance(event, h11.Request):
                return None
            headers = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
            head = Request(event.method.decode("ascii"), event.target.decode("ascii", "replace"), headers, b"")
            if _is_long(headers) and (response := self._refused(head)):
                raise Refused(response)
            async with asyncio.timeout(self._limits.body_seconds):
                return head._replace(body=await self._body(headers))
        except TimeoutError:
            raise Refused(refusal(e.UsageError("the request did not come to its end in time"), 408)) from None
        except h11.RemoteProtocolError as error:
            status = error.error_status_hint if error.error_status_hint >= 400 else 400
            raise Refused(refusal(e.UsageError(f"this is no request of HTTP: {error}"), status)) from None

    async def _begins(self) -> bool:
        """Waits for the first byte of a request."""
        if self._held or self._h11.trailing_data[0]:
            return True
        self.idle = True
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                data = await self._reader.read(READ_BYTES)
        except TimeoutError:
            return False
        self.idle = False
        self._h11.receive_data(data)
        return bool(data)

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._h11.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # of two sentinels, one is left
            if self._h11.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(await self._reader.read(READ_BYTES))

    async def _body(self, headers: Mapping[str, str]) -> bytes:
        most = self._limits.body_bytes_max
        if _length(headers) > most:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while isinstance(event := await self._event(), h11.Data):
            size += len(event.data)
            if size > most:
                raise self._too_large()
            parts.append(bytes(event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise Gone
        self._held = len(self._h11.trailing_data[0])
        return b"".join(parts)

    def _too_large(self) -> Refused:
        return Refused(refusal(e.WrongInput(f"the body has more than {self._limits.body_bytes_max} bytes"), 413))

    async def while_there(self, work: Awaitable[T]) -> T:
        """Does something for as long as the client is there to see it; `Gone` when it left."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise Gone
        finally:
            gone.cancel()
            task.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def _left(self) -> None:
        """Ends when the client closes. What it sends meanwhile is kept, as far as there is room."""
        while self._held < PIPELINE_BYTES_MAX:
            try:
                data = await self._reader.read(READ_BYTES)
            except OSError:
                return
            self._held += len(data)
            self._h11.receive_data(data)
            if not data:
                return
        await asyncio.get_running_loop().create_future()  # it sends too much; it will notice when we write

    # --- out -----------------------------------------------------------------------------------------------

    async def respond(
        self, status: int, headers: Mapping[str, str], body: bytes | AsyncIterator[bytes], *, last: bool, head: bool
    ) -> None:
        """`last`: the connection ends with it; `head`: the body is left out."""
        lines = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        if isinstance(body, bytes) and status != 204:
            lines.append((b"Content-Length", str(len(body)).encode()))
        if last:
            lines.append((b"Connection", b"close"))
        await self._send(h11.Response(status_code=status, headers=lines))
        try:
            if isinstance(body, bytes):
                if body and not head:
                    await self._send(h11.Data(data=body))
            elif not head:
                async for part in body:
                    await self._send(h11.Data(data=part))
        finally:
            if not isinstance(body, bytes) and hasattr(body, "aclose"):
                await body.aclose()
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage) -> None:
        data = self._h11.send(event)
        if not data:
            return
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._limits.write_seconds):
                await self._writer.drain()
        except (TimeoutError, OSError):
            raise Gone from None

    async def switched(self, headers: Sequence[tuple[str, str]]) -> bytes:
        """Agrees to go on as something else than HTTP; gives what came behind the request already."""
        await self._send(h11.InformationalResponse(status_code=101, headers=list(headers)))
        return self._h11.trailing_data[0]

    @property
    def can_answer(self) -> bool:
        """Whether a response may be sent yet: not after one was begun."""
        return self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    def next(self) -> bool:
        """Whether another request may come."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        self._held = len(self._h11.trailing_data[0])
        return True

    def abort(self) -> None:
        """Ends it at once."""
        transport = self._writer.transport
        if transport is not None:
            transport.abort()


def _length(headers: Mapping[str, str]) -> int:
    return int(headers.get("content-length", "0"))  # h11 lets at most twenty digits through, and nothing else


def _is_long(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or _length(headers) > SMALL_BYTES
