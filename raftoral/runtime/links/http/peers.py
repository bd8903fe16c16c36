"""Links between nodes over HTTP/1.1: a request that asks to go on as something else, as WebSockets begin.

    GET /v1/link HTTP/1.1                           HTTP/1.1 101 Switching Protocols
    Connection: upgrade                             Connection: upgrade
    Upgrade: raftoral-link                          Upgrade: raftoral-link

    transport = HttpPeers(tls)                      wire = await transport.dial("10.0.0.2:7001")

In: an address; the head of a request. Out: a wire, which has the connection to itself from then on. So proxies and
gateways of HTTP between nodes know what to do with it: whoever does not, says so at once, with a status.
"""

from __future__ import annotations

import h11

from raftoral.runtime.links.peers.lean import Lean, StreamWire
from raftoral.runtime.links.tls import Tls

from .requests import Request

PATH = "/v1/link"
LINK_LINE = f"GET {PATH} ".encode()
UPGRADE = "raftoral-link"
HEAD_BYTES_MAX = 16 * 1024
SWITCH = [("Connection", "upgrade"), ("Upgrade", UPGRADE)]


def wants_link(request: Request) -> bool:
    """Whether a request asks to go on as a link."""
    tokens = [each.strip().lower() for each in request.headers.get("connection", "").split(",")]
    upgrade = request.headers.get("upgrade", "").strip().lower()
    return request.method == "GET" and request.target == PATH and "upgrade" in tokens and upgrade == UPGRADE


class HttpPeers:
    """See the module."""

    def __init__(self, tls: Tls | None = None) -> None:
        self._lean = Lean(tls)

    async def dial(self, address: str) -> StreamWire:
        wire = await self._lean.connected(address)
        try:
            talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
            wire.write(talk.send(h11.Request(method="GET", target=PATH, headers=[("Host", address), *SWITCH])) or b"")
            wire.write(talk.send(h11.EndOfMessage()) or b"")
            wire.unread(await _switched(talk, wire))
            return wire
        except BaseException:
            wire.abort()
            raise

    async def close(self) -> None:
        """Nothing is kept between two dials."""


async def _switched(talk: h11.Connection, wire: StreamWire) -> bytes:
    """Waits for the other end to agree; gives what it said behind that."""
    try:
        while True:
            event = talk.next_event()
            if event is h11.NEED_DATA:
                talk.receive_data(await wire.read())
            elif isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                return talk.trailing_data[0]
            elif isinstance(event, h11.Response):
                reason = event.reason.decode("ascii", "replace")
                raise ConnectionError(f"over HTTP no link is made there: {event.status_code} {reason}".rstrip())
            elif isinstance(event, h11.ConnectionClosed):
                raise EOFError
    except h11.RemoteProtocolError as error:
        raise ConnectionError(f"what answers there is no node: {error}") from None
