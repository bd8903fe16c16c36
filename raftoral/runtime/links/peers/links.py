"""All links of a node: to each other node one that it dialled, and from each one that it accepted.

    links = Peers(identity, Lean(tls), received=host.receive, linked=host.link)
    links.address({"b": "10.0.0.2:7001"}); links.send("b", parcel)

Each node dials each other one, and sends over what it dialled; what it accepted it only reads. A link is in order and
never delivers twice; what was on its way when it broke is lost, and a new link is another one. Both ends prove that
they know the secret of the cluster, and that they mean each other, before a frame counts.

In: parcels for peers. Out: parcels of peers whose names are proved. What is not taken in time is bounded: beyond
`UNSENT_BYTES_MAX` a link is broken, since a peer that reads so slowly lags behind anyway and is caught up by the log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from google.protobuf.message import DecodeError

from raftoral.runtime.faults import PeerError
from raftoral.runtime.proto import peer_pb2 as pb

from .greeting import Identity, Refused, greet, welcome
from .link import FRAME_BYTES_MAX, Link
from .wires import Transport, Wire

log = logging.getLogger("raftoral")

UNSENT_BYTES_MAX = 64 * 1024 * 1024
TOLD_MAX = 100


class Pace(NamedTuple):
    """Seconds."""

    hello: float = 5.0  # for the other end to say who it is
    beat: float = 1.0  # between two beats on each link
    dial_first: float = 0.05  # between two attempts
    dial_most: float = 1.0


class Incoming(NamedTuple):
    process: str
    link: Link


class Peers:
    """See the module. Lives on one loop."""

    def __init__(
        self,
        identity: Identity,
        transport: Transport,
        received: Callable[[str, bytes], None],
        linked: Callable[[str, bool], None],
        pace: Pace | None = None,
    ) -> None:
        self.identity = identity
        self._transport = transport
        self._received = received
        self._linked = linked
        self._pace = pace or Pace()
        self._addresses: dict[str, str] = {}
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._outgoing: dict[str, Link] = {}
        self._incoming: dict[str, Incoming] = {}
        self._moved: dict[str, str] = {}  # where nodes said themselves that they are
        self._beating: asyncio.Task[None] | None = None
        self._closed = False
        self._told: set[str] = set()  # of links that were refused: they are dialled again every second
        self.counted = dict.fromkeys(("refused", "broken", "nonsense", "silent", "full"), 0)

    def address(self, addresses: Mapping[str, str]) -> None:
        """Who is to be linked, and where. Those that are not here any more lose their links."""
        wanted = {name: self._moved.get(name, at) for name, at in addresses.items() if name != self.identity.node}
        for name in [name for name, at in self._addresses.items() if wanted.get(name) != at]:
            self._stop_dialling(name)
            if name not in wanted:
                self._let_go(name)
        self._addresses = wanted
        for name in wanted:
            if name not in self._dialling:
                self._dialling[name] = asyncio.ensure_future(self._dial(name))
        if self._beating is None:
            self._beating = asyncio.ensure_future(self._beat())

    def _stop_dialling(self, name: str) -> None:
        task = self._dialling.pop(name, None)
        if task is not None:
            task.cancel()

    def _let_go(self, name: str) -> None:
        self._stop_dialling(name)
        incoming = self._incoming.pop(name, None)
        if incoming is not None:
            incoming.link.abort()

    def send(self, peer: str, data: bytes) -> None:
        """Sends a parcel, if there is a link."""
        link = self._outgoing.get(peer)
        if link is None or link.ended:
            return
        if link.unsent > UNSENT_BYTES_MAX:
            self._break("full", link, f"the link to {peer} is broken: it takes too little")
            return
        link.send(data)

    def drop(self, peer: str, why: str) -> None:
        """A peer sent nonsense: its link goes."""
        self.counted["nonsense"] += 1
        log.error("the link from %s is dropped: %s", peer, why)
        incoming = self._incoming.pop(peer, None)
        if incoming is not None:
            incoming.link.abort()

    def up(self) -> frozenset[str]:
        """The peers that this node can send to."""
        return frozenset(self._outgoing)

    async def close(self) -> None:
        """Breaks all links."""
        self._closed = True
        tasks = [*self._dialling.values(), *([self._beating] if self._beating is not None else [])]
        if self._beating is not None:
            self._beating.cancel()
        for name in [*self._dialling, *self._incoming]:
            self._let_go(name)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.close()

    async def _beat(self) -> None:
        """Nodes of which neither leads have nothing to say to each other; so each link says that it is there."""
        while True:
            await asyncio.sleep(self._pace.beat)
            to = [(f"to {name}", link) for name, link in self._outgoing.items()]
            of = [(f"from {name}", incoming.link) for name, incoming in self._incoming.items()]
            for which, link in [*to, *of]:
                if not link.ended and not link.beat():
                    self._break("silent", link, f"the link {which} is broken: nothing comes from there any more")

    def _break(self, why: str, link: Link, words: str) -> None:
        self.counted[why] += 1
        log.warning("%s", words)
        link.abort()

    # --- out -------------------------------------------------------------------------------------------------

    async def _dial(self, name: str) -> None:
        pause = self._pace.dial_first
        told = ""
        while not self._closed:
            try:
                link = await self._dialled(name)
            except (OSError, Refused, PeerError, EOFError, TimeoutError) as error:
                hung_up = isinstance(error, EOFError)
                why = "it hung up: its own log says why" if hung_up else f"{type(error).__name__}: {error}"
                if why != told and not isinstance(error, ConnectionRefusedError):
                    log.warning("no link to %s at %s: %s", name, self._addresses.get(name), why)
                told = why
                await asyncio.sleep(pause)
                pause = min(pause * 2, self._pace.dial_most)
                continue
            pause, told = self._pace.dial_first, ""
            self._outgoing[name] = link
            self._linked(name, True)
            try:
                if await link.frames(FRAME_BYTES_MAX):  # beats alone come this way
                    self._break("nonsense", link, f"the link to {name} is dropped: it sent what is no beat")
            except PeerError as error:
                self._break("nonsense", link, f"the link to {name} is dropped: {error}")
            except OSError:
                pass
            finally:
                if self._outgoing.get(name) is link:
                    del self._outgoing[name]
                self.counted["broken"] += 1
                self._linked(name, False)
                link.abort()

    async def _dialled(self, name: str) -> Link:
        async with asyncio.timeout(self._pace.hello):
            link = Link(await self._transport.dial(self._addresses[name]))
            try:
                await greet(link, self.identity, name)
            except BaseException:
                link.abort()
                raise
        return link

    # --- in --------------------------------------------------------------------------------------------------

    async def accept(self, wire: Wire) -> None:
        """A wire that somebody dialled. Returns when its link is over."""
        name = ""
        link = Link(wire)
        try:
            async with asyncio.timeout(self._pace.hello):
                other = await welcome(link, self.identity, self._admit)
            name = other.node
            self._accepted(other, link)
            while frames := await link.frames(FRAME_BYTES_MAX):
                for data in frames:
                    if link.ended:
                        return
                    try:
                        self._received(name, data)
                    except PeerError as error:
                        self.drop(name, str(error))
                        return
        except (Refused, PeerError) as error:
            self._refuse(str(error))
        except (OSError, EOFError, TimeoutError, DecodeError):
            pass
        finally:
            if name and self._is_from(name, link):
                del self._incoming[name]
            link.abort()

    def _admit(self, other: pb.Hello) -> None:
        name = other.node
        if self._closed or name not in self._addresses:
            raise Refused(f"{name} is no node of this cluster, or is not known here yet")
        known = self._incoming.get(name)
        if known is not None and known.process != other.version and not known.link.ended:
            raise Refused(
                f"another process says that it is {name}: does it run twice, or on a copy of its directory? If it has "
                "just died, this passes"
            )

    def _accepted(self, other: pb.Hello, link: Link) -> None:
        name = other.node
        self._told.clear()
        earlier = self._incoming.get(name)
        self._incoming[name] = Incoming(other.version, link)
        if earlier is not None:
            earlier.link.abort()  # what it still holds must not come between what comes now
        if other.address and other.address != self._addresses.get(name):
            # It listens somewhere else now. That will be decreed, but perhaps not without this link back.
            self._moved[name] = other.address
            self.address(self._addresses | {name: other.address})

    def _is_from(self, name: str, link: Link) -> bool:
        known = self._incoming.get(name)
        return known is not None and known.link is link

    def _refuse(self, why: str) -> None:
        self.counted["refused"] += 1
        if why not in self._told:
            log.warning("a link was refused: %s", why)
        self._told = {*self._told, why} if len(self._told) < TOLD_MAX else {why}
