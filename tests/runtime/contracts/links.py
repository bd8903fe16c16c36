"""The contract of links between nodes: over every transport they promise the same.

A module that tests a transport has a class that inherits from `LinksContract`, and a fixture `way` of its own, which
says how its wires are dialled and accepted.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol

import pytest

from raftoral.runtime.faults import PeerError
from raftoral.runtime.links.peers import greeting, links
from raftoral.runtime.links.peers.greeting import Identity, greet
from raftoral.runtime.links.peers.link import FRAME_BYTES_MAX, Link
from raftoral.runtime.links.peers.links import Pace, Peers
from raftoral.runtime.links.peers.wires import Accept, Transport, Wire
from tests.runtime.kit import on_loop

SECRET = b"s" * 32


class Door(Protocol):
    """What accepts wires at an address."""

    @property
    def address(self) -> str: ...

    async def close(self) -> None: ...


class Way(Protocol):
    """One transport, both ends of it. An address that was used before may be asked for again."""

    def transport(self) -> Transport: ...

    async def open(self, accept: Accept, address: str = "") -> Door: ...


class End:
    """One node's links, and the door through which others come."""

    def __init__(self, way: Way, name: str, *, pace: Pace | None = None, **identity: Any) -> None:
        self.way = way
        self.got: list[tuple[str, bytes]] = []
        self.links: list[tuple[str, bool]] = []
        self.refuses = ""
        given = {"cluster": "c", "secret": SECRET, "abi": 1, **identity}
        self.identity = Identity(node=name, address="", **given)
        note = lambda peer, up: self.links.append((peer, up))  # noqa: E731
        self.peers = Peers(self.identity, way.transport(), self._received, note, pace)

    def _received(self, peer: str, data: bytes) -> None:
        if self.refuses:
            raise PeerError(self.refuses)
        self.got.append((peer, data))

    async def open(self, address: str = "") -> End:
        self.door = await self.way.open(self.peers.accept, address)
        self.address = self.identity.address = self.door.address
        return self

    async def close(self) -> None:
        await self.peers.close()
        await self.door.close()

    @property
    def up(self) -> list[str]:
        return sorted(self.peers.up())


class Between:
    """Stands on the way to an end. It can swallow what comes over the wires that there are, or stop to take it, as a
    machine does that is gone while something still answers for it."""

    def __init__(self, way: Way, to: str) -> None:
        self.way, self.to = way, to
        self.wires: list[Wire] = []
        self.swallows: set[Wire] = set()
        self.takes = asyncio.Event()
        self.takes.set()

    async def open(self) -> Between:
        self.door = await self.way.open(self._accept)
        self.address = self.door.address
        return self

    def swallow(self) -> None:
        self.swallows.update(self.wires)

    async def _accept(self, near: Wire) -> None:
        far = await self.way.transport().dial(self.to)
        self.wires += [near, far]
        copies = [asyncio.ensure_future(self._copy(near, far)), asyncio.ensure_future(self._copy(far, near))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for copy in copies:
                copy.cancel()
            await asyncio.gather(*copies, return_exceptions=True)
            near.abort()
            far.abort()

    async def _copy(self, source: Wire, sink: Wire) -> None:
        while data := await source.read():
            if source not in self.swallows:
                sink.write(data)
            await self.takes.wait()

    async def close(self) -> None:
        self.takes.set()
        for wire in self.wires:
            wire.abort()
        await self.door.close()


def know(*ends: End) -> None:
    for end in ends:
        end.peers.address({each.identity.node: each.address for each in ends})


async def until(what: Callable[[], Any]) -> None:
    while not what():
        await asyncio.sleep(0.005)


@asynccontextmanager
async def two(way: Way, *, pace: Pace | None = None, **identity: Any) -> AsyncIterator[tuple[End, End]]:
    """The ends `a` and `b`, which do not know each other yet; `identity` is of `b`."""
    async with AsyncExitStack() as stack:
        ends = []
        for name, own in (("a", {}), ("b", identity)):
            end = await End(way, name, pace=pace, **own).open()
            stack.push_async_callback(end.close)
            ends.append(end)
        yield ends[0], ends[1]


async def over(wire: Wire) -> None:
    """Waits until the other end has ended a wire."""
    try:
        while await wire.read():
            pass
    except OSError:
        pass


class LinksContract:
    """See the module."""

    # --- what is promised ------------------------------------------------------------------------------------

    @on_loop
    async def test_what_is_sent_comes_in_order_and_once(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: a.up and b.up)
            sent = [b"%d" % number * (1 + number * 37 % 2000) for number in range(500)]
            for data in sent:
                a.peers.send("b", data)
            b.peers.send("a", b"back")
            await until(lambda: len(b.got) >= 500 and a.got)
            assert [data for _, data in b.got] == sent
            assert a.got == [("b", b"back")]

    @on_loop
    async def test_a_large_frame_comes_whole(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: a.up)
            large = bytes(range(256)) * 40_000
            a.peers.send("b", large)
            a.peers.send("b", b"small")
            await until(lambda: len(b.got) == 2)
            assert b.got == [("a", large), ("a", b"small")]

    @on_loop
    async def test_a_link_that_broke_is_another_one(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: a.up)
            address = b.address
            await b.close()
            await until(lambda: a.links[-1] == ("b", False))
            a.peers.send("b", b"into the void")
            again = await End(way, "b").open(address)
            know(again, a)
            await until(lambda: a.links[-1] == ("b", True))
            a.peers.send("b", b"new")
            await until(lambda: again.got)
            assert again.got == [("a", b"new")], "what was lost does not come later"
            await again.close()

    @on_loop
    async def test_a_node_that_listens_elsewhere_is_found_through_its_own_link(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: a.up)
            await b.close()
            again = await End(way, "b").open()
            again.peers.address({"a": a.address, "b": again.address})
            await until(lambda: a.links[-1] == ("b", True))
            a.peers.send("b", b"found")
            await until(lambda: again.got)
            await again.close()

    @on_loop
    async def test_a_node_that_was_removed_loses_its_links(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: a.up and b.up)
            a.peers.address({"a": a.address})
            await until(lambda: not a.up)
            await until(lambda: ("a", False) in b.links)

    # --- who may not -----------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("identity", "words"),
        [
            ({"secret": b"t" * 32}, "does not know the secret"),
            ({"cluster": "d"}, "belongs to the cluster 'd'"),
            ({"abi": 2}, "runs programs by ABI 2"),
            ({"digest": "another"}, r"computes otherwise \(determinism digest another"),
            ({"secret": b""}, "no cluster yet|does not know the secret"),
        ],
    )
    def test_strangers_are_refused(
        self, way: Way, identity: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        @on_loop
        async def play() -> None:
            async with two(way, **identity) as (a, b):
                know(a, b)
                await until(lambda: any(re.search(words, record.getMessage()) for record in caplog.records))
                assert not any(up for _, up in [*a.links, *b.links])

        with caplog.at_level(logging.WARNING, "raftoral"):
            play()

    def test_another_version_of_links_is_refused(
        self, way: Way, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        @on_loop
        async def play() -> None:
            async with two(way) as (a, b):
                know(a, b)
                old = Identity("b", "c", SECRET, "", 1)
                link = Link(await way.transport().dial(a.address))
                monkeypatch.setattr(greeting, "PROTOCOL", 1)
                greeting_sent = asyncio.ensure_future(greet(link, old, "a"))
                await asyncio.sleep(0)
                monkeypatch.undo()
                with pytest.raises((EOFError, OSError)):
                    await greeting_sent
                await until(lambda: a.peers.counted["refused"])
                link.abort()

        with caplog.at_level(logging.WARNING, "raftoral"):
            play()
        assert "b speaks protocol 1 of links, and this node 2: upgrade one" in caplog.text

    def test_two_processes_of_one_name_are_refused(self, way: Way, caplog: pytest.LogCaptureFixture) -> None:
        @on_loop
        async def play() -> None:
            async with two(way) as (a, b):
                know(a, b)
                await until(lambda: b.up)
                twin = await End(way, "b").open()
                twin.peers.address({"a": a.address, "b": twin.address})
                await until(lambda: a.peers.counted["refused"])
                assert not twin.up
                b.peers.send("a", b"mine")
                await until(lambda: a.got)
                await b.close()  # the first one is gone: the other one may be it
                await until(lambda: twin.up)
                await twin.close()

        with caplog.at_level(logging.WARNING, "raftoral"):
            play()
        assert "another process says that it is b: does it run twice" in caplog.text

    @on_loop
    async def test_a_node_that_is_not_known_yet_is_let_in_once_it_is(self, way: Way) -> None:
        async with two(way) as (a, b):
            b.peers.address({"a": a.address})
            await until(lambda: a.peers.counted["refused"])
            assert not b.up
            know(a, b)
            await until(lambda: b.up)

    # --- what makes no sense ---------------------------------------------------------------------------------

    @on_loop
    async def test_nonsense_costs_the_link_and_no_more(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: b.up)
            a.refuses = "that makes no sense"
            b.peers.send("a", b"?")
            b.peers.send("a", b"behind it")
            await until(lambda: a.peers.counted["nonsense"])
            a.refuses = ""
            await until(lambda: b.links.count(("a", True)) == 2)
            b.peers.send("a", b"!")
            await until(lambda: a.got)
            assert a.got == [("b", b"!")], "of a link that was dropped nothing comes any more"

    @pytest.mark.parametrize(
        "junk", [b"\xff\xff\xff\xff", b"\0\0\0\x05junk!", b"\0\0\0\x00", b"\0\0\x10\x01" + b"x" * 4097, b"GET /"]
    )
    @on_loop
    async def test_junk_is_let_go(self, way: Way, junk: bytes) -> None:
        async with two(way, pace=Pace(hello=0.2)) as (a, b):
            wire = await way.transport().dial(a.address)
            wire.write(junk)
            await over(wire)
            wire.abort()
            know(a, b)
            await until(lambda: a.up and b.up)

    @on_loop
    async def test_a_frame_that_is_too_large_breaks_the_link(self, way: Way) -> None:
        async with two(way) as (a, b):
            know(a, b)
            await until(lambda: b.up)
            b.peers.send("a", bytes(FRAME_BYTES_MAX + 1))
            await until(lambda: a.peers.counted["refused"])
            await until(lambda: b.links.count(("a", True)) == 2)
            assert a.got == []

    # --- who is gone, or slow --------------------------------------------------------------------------------

    @on_loop
    async def test_who_says_nothing_is_let_go(self, way: Way) -> None:
        async with two(way, pace=Pace(hello=0.05)) as (a, _):
            wire = await way.transport().dial(a.address)
            await over(wire)
            wire.abort()

    @on_loop
    async def test_a_link_of_which_one_end_is_left_is_noticed_at_both(self, way: Way) -> None:
        """The beats are short here; a link on which they come is never broken for that."""
        async with two(way, pace=Pace(beat=0.05)) as (a, b):
            between = await Between(way, b.address).open()
            b.identity.address = between.address
            a.peers.address({"a": a.address, "b": between.address})
            b.peers.address({"a": a.address, "b": between.address})
            await until(lambda: a.up and b.up)
            between.swallow()
            await until(lambda: a.peers.counted["silent"] and ("b", False) in a.links)
            await until(lambda: a.links[-1] == ("b", True))
            a.peers.send("b", b"over the next one")
            await until(lambda: b.got)
            await between.close()

    @on_loop
    async def test_links_on_which_nothing_is_said_stay(self, way: Way) -> None:
        async with two(way, pace=Pace(beat=0.02)) as (a, b):
            know(a, b)
            await until(lambda: a.up and b.up)
            beats = 0
            beat = Link.beat

            def counting(self: Link) -> bool:
                nonlocal beats
                beats += 1
                return beat(self)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Link, "beat", counting)
                await until(lambda: beats > 100)
            assert (a.links, b.links) == ([("b", True)], [("a", True)])
            assert a.got == b.got == [], "beats are nothing that a node is told"

    @on_loop
    async def test_who_takes_too_little_loses_its_link(self, way: Way) -> None:
        """And the memory of who sends is bounded."""
        async with two(way, pace=Pace(beat=3600.0)) as (a, b):
            between = await Between(way, b.address).open()
            b.identity.address = between.address
            a.peers.address({"a": a.address, "b": between.address})
            b.peers.address({"a": a.address, "b": between.address})
            await until(lambda: a.up)
            between.takes.clear()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(links, "UNSENT_BYTES_MAX", 4 * 1024 * 1024)
                sent = 0
                while not a.peers.counted["full"]:
                    a.peers.send("b", b"%08d" % sent + bytes(256 * 1024))
                    sent += 1
                    await asyncio.sleep(0)
            between.takes.set()
            await until(lambda: a.links[-2:] == [("b", False), ("b", True)])
            a.peers.send("b", b"after")
            await until(lambda: ("a", b"after") in b.got)
            numbers = [int(data[:8]) for _, data in b.got[:-1]]
            assert numbers == list(range(len(numbers))), "what came is a beginning of what was sent"
            await between.close()
