"""One TCP port for everything: looks at the first bytes of a connection, and hands it to whom it is for.

    PRI * HTTP/2.0      gRPC: copied to and from its server, which listens on a private unix socket
    RFTL                a link of another node: `peer(first, reader, writer)`
    anything else       HTTP: `http(first, reader, writer)`

In: connections. Out: the same, with the bytes that were read already (at least those that decided, perhaps more). A
handler is a coroutine; the connection is closed when it returns, whatever happens in it, and it is cancelled when the
listener is closed. TLS ends here, so nobody behind knows of it. Never answers anything itself.

A port that others can reach gives away the cluster: without TLS and tokens it is refused, unless `insecure` says that
the network is to be trusted.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

from raftoral import errors as e

from .tls import Tls

log = logging.getLogger("raftoral")

Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HTTP2 = b"PRI * HTTP/2.0"
PEER = b"RFTL"
FIRST_SECONDS = 15.0  # for the first byte, and for those that decide
COPY_BYTES = 64 * 1024
BACKLOG = 512
CONNECTIONS_MAX = 5_000


class Listener:
    """See the module. `guarded`: whether there are tokens; `grpc` is the path of the private socket."""

    def __init__(
        self,
        address: str,
        *,
        http: Handler | None = None,
        grpc: str | None = None,
        peer: Handler | None = None,
        tls: Tls | None = None,
        guarded: bool = False,
        insecure: bool = False,
        first_seconds: float = FIRST_SECONDS,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self._host, self._port = split_address(address)
        check_exposure(self._host, tls is not None, guarded, insecure)
        self._http, self.grpc, self._peer = http, grpc, peer
        self._tls = tls
        self._first_seconds = first_seconds
        self._connections_max = connections_max
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Takes connections from now on."""
        context: ssl.SSLContext | None = None
        handshake: dict[str, Any] = {}
        if self._tls is not None:
            context, handshake = self._tls.server_context(), {"ssl_handshake_timeout": self._first_seconds}
        try:
            self._server = await asyncio.start_server(
                self._accept, self._host, self._port, ssl=context, backlog=BACKLOG, **handshake
            )
        except OSError as error:
            where = f"{self._host}:{self._port}"
            why = error.strerror or str(error)
            if error.errno == errno.EADDRINUSE:
                why = "another process does. Stop that one, or take another port"
            raise e.UsageError(f"cannot listen on {where}: {why}") from None
        self._port = self._server.sockets[0].getsockname()[1]

    @property
    def address(self) -> str:
        """Where it listens; with the port that was chosen, when 0 was given."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def stop(self) -> None:
        """Takes no connection any more. Those that are there go on."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Ends everything that is left."""
        self.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    # --- one connection --------------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= self._connections_max:  # whoever comes next would take what the others need
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._take(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first, handler = await self._decide(reader)
            if handler is not None:
                await handler(first, reader, writer)
        except (OSError, TimeoutError) as error:
            log.debug("a connection was lost: %s", error)
        except Exception as error:
            log.error("a connection failed because of a bug: %s", error, exc_info=error)
        finally:
            await _close(writer)

    async def _decide(self, reader: asyncio.StreamReader) -> tuple[bytes, Handler | None]:
        """Reads until it is clear who is meant."""
        first = b""
        async with asyncio.timeout(self._first_seconds):
            while True:
                data = await reader.read(COPY_BYTES)
                first += data
                if not first:
                    return b"", None
                for mark, handler in ((HTTP2, self._spliced if self.grpc else None), (PEER, self._peer)):
                    if first.startswith(mark):
                        return first, handler
                    if mark.startswith(first) and data:
                        break  # not enough to tell
                else:
                    return first, self._http

    async def _spliced(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert self.grpc is not None
        inner_reader, inner_writer = await asyncio.open_unix_connection(self.grpc)
        inner_writer.write(first)
        try:
            await _first_done(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            await _close(inner_writer)


async def _first_done(*work: Awaitable[None]) -> None:
    """Until one of them ends: a connection of HTTP/2 is over when either side is."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(COPY_BYTES):
        writer.write(data)
        await writer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    """Lets what was written go out, and no longer than that."""
    writer.close()
    try:
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


# --- addresses -----------------------------------------------------------------------------------------------------


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:7001` or `[::1]:7001`."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise e.UsageError(f"an address is HOST:PORT, such as 127.0.0.1:7001, not {address!r}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise e.UsageError(f"an address of IPv6 stands in brackets: [{host}]:{port}")
    if not host:
        raise e.UsageError(f"say on which address: 127.0.0.1:{port} for this machine, 0.0.0.0:{port} for everybody")
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(host: str, tls: bool, guarded: bool, insecure: bool) -> None:
    """Refuses to open the cluster to a network without a lock on the door."""
    if insecure or is_loopback(host) or (tls and guarded):
        return
    lacks = " and ".join(name for name, there in (("TLS", tls), ("tokens", guarded)) if not there)
    raise e.UsageError(
        f"others can reach {host}, and there is no protection by {lacks}: give tls=Tls(cert=..., key=...) and "
        "tokens={'...': 'admin'}, or listen on 127.0.0.1; insecure=True says that everybody in this network is trusted"
    )
