"""One request to one node over HTTP/1.1: connections are kept, bounded, and never shared by two calls at a time.

    wire = HttpWire(token="s3cret")
    await wire.call("127.0.0.1:7001", "describe", {"id": "order-17"}, seconds=30.0)

In: an operation and its arguments. Out: what the node gave, or the exception that it raised. `NotSent` when no node can
have done it. Never tries twice: `remote` does.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import h11

from raftoral import errors as e
from raftoral.runtime.links.listener import split_address
from raftoral.runtime.links.problems import error_of
from raftoral.runtime.links.remote import NotSent
from raftoral.runtime.links.table import OPERATIONS
from raftoral.runtime.links.tls import Tls
from raftoral.runtime.service import JSON

from . import events
from .requests import GROUP_HEADER, written

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 30.0  # after which a connection is not used again: well before a node lets go of it
IDLE_MAX = 100  # connections that are kept for one address
BODY_BYTES_MAX = 64 * 1024 * 1024
SILENCE_SECONDS = 60.0  # in a stream: a node says something much more often
ASKED_BYTES = 1024 * 1024  # of a body: above it, a node is asked first whether it wants it
ASKED_SECONDS = 2.0
READ_BYTES = 64 * 1024


class HttpWire:
    """See the module."""

    def __init__(
        self, *, token: str | None = None, tls: Tls | ssl.SSLContext | None = None, group: int | None = None
    ) -> None:
        self._token = token
        self._group = group  # of a node, which asks for what concerns one group alone
        self._name = tls.name if isinstance(tls, Tls) else None
        self._context = tls.client_context() if isinstance(tls, Tls) else tls
        self._idle: dict[str, list[_Connection]] = {}
        self._closed = False

    async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        operation = OPERATIONS[name]
        method, target, headers, body = written(operation, arguments)
        connection = await self._connection(address, seconds)
        done = False
        try:
            async with asyncio.timeout(seconds):
                await connection.send(method, target, headers, body)
                response = await connection.response()
                data = b"".join([part async for part in connection.body()])
            done = connection.may_go_on()
        except TimeoutError:
            raise e.Unavailable(f"{address} did not answer within {seconds:g} s") from None
        except (OSError, h11.ProtocolError) as error:
            raise _broken(address, error) from error
        finally:
            self._keep(address, connection) if done else connection.abort()
        if _went_wrong(response):
            raise error_of(data)
        return operation.gives.read(data)

    async def stream(
        self, address: str, name: str, arguments: Mapping[str, Any], seconds: float
    ) -> AsyncIterator[JSON]:
        method, target, headers, body = written(OPERATIONS[name], arguments)
        connection = await self._connection(address, seconds)
        try:
            try:
                async with asyncio.timeout(seconds):
                    await connection.send(method, target, {**headers, "Accept": "text/event-stream"}, body)
                    response = await connection.response()
                    if _went_wrong(response):
                        raise error_of(b"".join([part async for part in connection.body()]))
                async for value in events.values_of(connection.body(SILENCE_SECONDS)):
                    yield value
            except TimeoutError:
                raise e.Unavailable(f"{address} is silent") from None
            except (OSError, h11.ProtocolError) as error:
                raise _broken(address, error) from error
        finally:
            connection.abort()

    async def close(self) -> None:
        self._closed = True
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()

    # --- connections -----------------------------------------------------------------------------------------

    async def _connection(self, address: str, seconds: float) -> _Connection:
        if self._closed:
            raise e.Closed("the client was closed")
        kept = self._idle.get(address, [])
        while kept:
            connection = kept.pop()
            if connection.is_fresh():
                return connection
            connection.abort()
        return await self._connected(address, seconds)

    async def _connected(self, address: str, seconds: float) -> _Connection:
        host, port, secure = parsed_address(address, self._context is not None)
        context = (self._context or ssl.create_default_context()) if secure else None
        try:
            async with asyncio.timeout(min(seconds, CONNECT_SECONDS)):
                reader, writer = await asyncio.open_connection(
                    host, port, ssl=context, server_hostname=(self._name or host) if secure else None
                )
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or str(error) or "it did not answer in time"
            raise NotSent(f"cannot be reached: {why}") from error
        usual = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "Accept": "application/json"}
        if self._token is not None:
            usual["Authorization"] = f"Bearer {self._token}"
        if self._group is not None:
            usual[GROUP_HEADER] = str(self._group)
        return _Connection(reader, writer, usual)

    def _keep(self, address: str, connection: _Connection) -> None:
        kept = self._idle.setdefault(address, [])
        if self._closed or len(kept) >= IDLE_MAX:
            connection.abort()
        else:
            kept.append(connection)


class _Connection:
    """A connection to a node. One request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, usual: Mapping[str, str]) -> None:
        self._reader, self._writer, self._usual = reader, writer, usual
        self._h11 = h11.Connection(h11.CLIENT)
        self._early: Any = None  # an answer that came before the body was sent
        self._used = asyncio.get_running_loop().time()

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> None:
        lines = {**self._usual, **headers}
        if body:
            lines["Content-Type"] = "application/json"
        if body or method != "GET":
            lines["Content-Length"] = str(len(body))
        if len(body) > ASKED_BYTES:
            lines["Expect"] = "100-continue"
        request = h11.Request(method=method, target=target, headers=list(lines.items()))
        data = self._h11.send(request) or b""
        if len(body) > ASKED_BYTES:
            self._writer.write(data)
            data = b""
            if not await self._may_send():
                return
        data += (self._h11.send(h11.Data(data=body)) or b"") if body else b""
        data += self._h11.send(h11.EndOfMessage()) or b""
        self._writer.write(data)
        with suppress(OSError):  # a node that refuses a body may have said why: it is there to be read
            await self._writer.drain()

    async def _may_send(self) -> bool:
        """Whether the node wants the body. Who sends one that is too large unasked loses the answer that says so."""
        with suppress(TimeoutError):  # something on the way may not know of this: then it is sent, as it was before
            async with asyncio.timeout(ASKED_SECONDS):
                event = await self._event()
                if not isinstance(event, h11.InformationalResponse):
                    self._early = event
                    return False
        return True

    async def response(self) -> h11.Response:
        while True:
            event, self._early = self._early or await self._event(), None
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse):
                raise ConnectionResetError("it was closed before an answer came")

    async def body(self, silence: float | None = None) -> AsyncIterator[bytes]:
        """The parts of a body; `silence` is how long each may take, in a stream."""
        size = 0
        while True:
            async with asyncio.timeout(silence):
                event = await self._event()
            if not isinstance(event, h11.Data):
                break
            size += len(event.data)
            if silence is None and size > BODY_BYTES_MAX:
                raise e.RaftoralError(f"an answer has more than {BODY_BYTES_MAX} bytes: ask for fewer runs at a time")
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise ConnectionResetError("it was closed in the middle of an answer")

    async def _event(self) -> Any:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            self._h11.receive_data(await self._reader.read(READ_BYTES))
        return event

    def may_go_on(self) -> bool:
        """Whether another request may be sent on it."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        self._used = asyncio.get_running_loop().time()
        return True

    def is_fresh(self) -> bool:
        """Whether the node probably still holds it."""
        is_new = asyncio.get_running_loop().time() - self._used < IDLE_SECONDS
        return is_new and not self._reader.at_eof() and not self._writer.is_closing()

    def abort(self) -> None:
        self._writer.transport.abort()


def parsed_address(address: str, tls: bool) -> tuple[str, int, bool]:
    """Host, port, and whether to speak TLS, of `HOST:PORT` or `https://HOST[:PORT]`."""
    scheme, found, rest = address.rpartition("://")
    if found and scheme not in ("http", "https"):
        raise e.UsageError(f"an address is HOST:PORT or https://HOST:PORT, not {address!r}")
    rest = rest.rstrip("/")
    if found and (":" not in rest or rest.endswith("]")):
        rest += ":443" if scheme == "https" else ":80"
    host, port = split_address(rest)
    return host, port, scheme == "https" or (not found and tls)


def _broken(address: str, error: Exception) -> e.Unavailable:
    if "ConnectionClosed" in str(error):  # h11's words for an end where an answer should be
        return e.Unavailable(f"{address} hung up without an answer")
    return e.Unavailable(f"the connection to {address} broke: {error or type(error).__name__}")


def _went_wrong(response: h11.Response) -> bool:
    """A node that is not ready says so with a status too; but only a problem is an error."""
    kinds = [value for name, value in response.headers if name == b"content-type"]
    is_problem = any(kind.startswith(b"application/problem+json") for kind in kinds)
    plain = any(kind.startswith(b"application/json") for kind in kinds)
    return is_problem or (response.status_code >= 300 and not plain)
