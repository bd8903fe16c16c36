"""Links between nodes: in order, never twice, only between those who know each other; nonsense costs the link."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from raftoral.runtime.faults import PeerError
from raftoral.runtime.links.peers import FRAME_BYTES_MAX, MAGIC, Identity, Peers
from tests.runtime.kit import on_loop

SECRET = b"s" * 32


class End:
    """One node's links, with a port of their own."""

    def __init__(self, name: str, **identity: Any) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.links: list[tuple[str, bool]] = []
        self.refuses = ""
        given = {"cluster": "c", "secret": SECRET, "abi": 1, **identity}
        self.identity = Identity(node=name, address="", **given)
        self.peers = Peers(self.identity, self._received, lambda peer, up: self.links.append((peer, up)))
        self.changed = asyncio.Event()

    def _received(self, peer: str, data: bytes) -> None:
        if self.refuses:
            raise PeerError(self.refuses)
        self.got.append((peer, data))

    async def open(self, port: int = 0) -> End:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.peers.accept(await reader.read(4), reader, writer)

        self.server = await asyncio.start_server(accept, "127.0.0.1", port)
        self.address = self.identity.address = f"127.0.0.1:{self.server.sockets[0].getsockname()[1]}"
        return self

    async def close(self) -> None:
        self.server.close()
        await self.peers.close()


def know(*ends: End) -> None:
    for end in ends:
        end.peers.address({each.identity.node: each.address for each in ends})


async def until(what: Callable[[], Any]) -> None:
    while not what():
        await asyncio.sleep(0.005)


def plays(play: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """A test with two ends, `a` and `b`, that are closed after it."""

    @on_loop
    async def run(**identity: Any) -> None:
        a, b = await End("a").open(), await End("b", **identity).open()
        try:
            await play(a, b)
        finally:
            await a.close()
            await b.close()

    return run


@plays
async def _in_order(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: ("b", True) in a.links and ("a", True) in b.links)
    for number in range(500):
        a.peers.send("b", b"%d" % number * (1 + number * 37 % 2000))
    b.peers.send("a", b"back")
    await until(lambda: len(b.got) == 500 and a.got)
    assert [data for _, data in b.got] == [b"%d" % number * (1 + number * 37 % 2000) for number in range(500)]
    assert a.got == [("b", b"back")]


def test_what_is_sent_comes_in_order() -> None:
    _in_order()


@plays
async def _again(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: ("b", True) in a.links)
    address = b.address
    await b.close()
    await until(lambda: a.links[-1] == ("b", False))
    a.peers.send("b", b"into the void")
    again = await End("b").open(int(address.rpartition(":")[2]))
    know(again, a)
    await until(lambda: a.links[-1] == ("b", True))
    a.peers.send("b", b"new")
    await until(lambda: again.got)
    assert again.got == [("a", b"new")], "what was lost does not come later"
    await again.close()


def test_a_link_that_broke_comes_again() -> None:
    _again()


@plays
async def _moves(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: ("b", True) in a.links)
    await b.close()
    again = await End("b").open()
    again.peers.address({"a": a.address, "b": again.address})
    await until(lambda: a.links[-1] == ("b", True))
    a.peers.send("b", b"found")
    await until(lambda: again.got)
    await again.close()


def test_a_node_that_listens_elsewhere_is_found_through_its_own_link() -> None:
    _moves()


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        ({"secret": b"t" * 32}, "does not know the secret"),
        ({"cluster": "d"}, "belongs to the cluster 'd'"),
        ({"abi": 2}, "runs programs by ABI 2"),
        ({"secret": b""}, "no cluster yet|does not know the secret"),
    ],
)
def test_strangers_are_refused(identity: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture) -> None:
    import re

    @plays
    async def play(a: End, b: End) -> None:
        know(a, b)
        await until(lambda: any(re.search(words, record.getMessage()) for record in caplog.records))
        assert not any(up for _, up in [*a.links, *b.links])

    with caplog.at_level(logging.WARNING, "raftoral"):
        play(**identity)


@plays
async def _unknown(a: End, b: End) -> None:
    b.peers.address({"a": a.address})
    await until(lambda: a.peers.counted["refused"])
    assert not b.peers.up()
    know(a, b)
    await until(lambda: "a" in b.peers.up())


def test_a_node_that_is_not_known_yet_is_let_in_once_it_is() -> None:
    _unknown()


@plays
async def _nonsense(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: "a" in b.peers.up())
    a.refuses = "that makes no sense"
    b.peers.send("a", b"?")
    await until(lambda: a.peers.counted["nonsense"])
    a.refuses = ""
    await until(lambda: b.links.count(("a", True)) == 2)
    b.peers.send("a", b"!")
    await until(lambda: a.got)


def test_nonsense_costs_the_link_and_no_more() -> None:
    _nonsense()


@pytest.mark.parametrize(
    "junk", [b"", b"\xff\xff\xff\xff", b"\0\0\0\x05junk!", b"\0\0\0\x00", b"\0\0\x10\x01" + b"x" * 4097, b"GET /"]
)
def test_junk_on_the_port_is_let_go(junk: bytes) -> None:
    @plays
    async def play(a: End, b: End) -> None:
        host, _, port = a.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(MAGIC + junk)
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        know(a, b)
        await until(lambda: "b" in a.peers.up() and "a" in b.peers.up())

    play()


@plays
async def _huge(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: "a" in b.peers.up())
    b.peers.send("a", bytes(FRAME_BYTES_MAX + 1))
    await until(lambda: a.peers.counted["refused"])
    await until(lambda: b.links.count(("a", True)) == 2)
    assert a.got == []


def test_a_frame_that_is_too_large_breaks_the_link() -> None:
    _huge()


@plays
async def _removed(a: End, b: End) -> None:
    know(a, b)
    await until(lambda: "a" in b.peers.up() and "b" in a.peers.up())
    a.peers.address({"a": a.address})
    await until(lambda: not a.peers.up())
    await until(lambda: ("a", False) in b.links)
    assert a.peers.up() == frozenset()


def test_a_node_that_was_removed_loses_its_links() -> None:
    _removed()
