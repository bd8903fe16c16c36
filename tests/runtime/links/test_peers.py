"""Links between nodes: the contract over each transport, and TLS under those that have it."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from raftoral import errors as e
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.front import Front
from raftoral.runtime.links.http.connection import Limits
from raftoral.runtime.links.peers.choose import chosen
from raftoral.runtime.links.peers.greeting import Identity, greet
from raftoral.runtime.links.peers.link import Link
from raftoral.runtime.links.peers.wires import Accept, Transport, Wire
from raftoral.runtime.links.peers.within import Exchange
from raftoral.runtime.links.tls import Tls
from tests.runtime.contracts.links import LinksContract, know, two, until
from tests.runtime.kit import on_loop
from tests.runtime.links.certificates import made_pems, shown


class Fronts:
    """Wires through the one port of a node."""

    def __init__(self, name: str, server: Tls | None = None, client: Tls | None = None) -> None:
        self.name, self._server, self._client = name, server, client

    def transport(self) -> Transport:
        return chosen(self.name, self._client)

    async def open(self, accept: Accept, address: str = "") -> Front:
        grpc = self.name == "grpc"
        # Nobody asks anything here but for links, so there is no service.
        return await Front(cast(Any, None), address or "127.0.0.1:0", peer=accept, grpc=grpc, tls=self._server).open()


class Names:
    """Wires within this process."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self._opened = 0

    def transport(self) -> Transport:
        return self.exchange

    async def open(self, accept: Accept, address: str = "") -> Name:
        self._opened += 1
        name = Name(self.exchange, address or f"here:{self._opened}")
        self.exchange.listen(name.address, accept)
        return name


class Name:
    def __init__(self, exchange: Exchange, address: str) -> None:
        self.exchange, self.address = exchange, address

    async def close(self) -> None:
        self.exchange.leave(self.address)


class TestLean(LinksContract):
    @pytest.fixture
    def way(self) -> Fronts:
        return Fronts("lean")


class TestHttp(LinksContract):
    @pytest.fixture
    def way(self) -> Fronts:
        return Fronts("http")


@pytest.mark.skipif(find_spec("grpc") is None, reason="grpcio is not installed")
class TestGrpc(LinksContract):
    @pytest.fixture
    def way(self) -> Fronts:
        return Fronts("grpc")


class TestWithin(LinksContract):
    @pytest.fixture
    def way(self) -> Names:
        return Names()


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_pems(tmp_path_factory.mktemp("pems"))


async def greeted(transport: Transport, address: str, identity: Identity) -> None:
    link = Link(await transport.dial(address))
    try:
        await greet(link, identity, "a")
    finally:
        link.abort()


@pytest.mark.parametrize("name", ["lean", "http", "grpc"])
def test_links_over_tls_with_certificates_of_both(name: str, pems: Path) -> None:
    @on_loop
    async def play() -> None:
        node = shown(pems, "node", ca="ca")
        async with two(Fronts(name, node, node)) as (a, b):
            know(a, b)
            await until(lambda: a.up and b.up)
            a.peers.send("b", b"hidden")
            await until(lambda: b.got)
            for tls in (None, Tls(ca=str(pems / "ca.pem")), shown(pems, "stranger", ca="ca")):
                with pytest.raises((OSError, EOFError)):  # and no word of the one behind it
                    await greeted(chosen(name, tls), a.address, b.identity)

    play()


# --- what is said ----------------------------------------------------------------------------------------------------


def test_a_transport_that_there_is_not() -> None:
    with pytest.raises(e.UsageError, match="nodes talk to each other by lean, grpc, http; there is no transport 'pig'"):
        chosen("pig", None)


@on_loop
async def _serves_no_links(name: str, words: str) -> None:
    front = await Front(cast(Any, None), "127.0.0.1:0", grpc=False).open()
    with pytest.raises(OSError, match=words):
        await chosen(name, None).dial(front.address)
    await front.close(0.0)


def test_a_server_that_takes_no_links_says_so() -> None:
    _serves_no_links("http", "over HTTP no link is made there: 404")
    _serves_no_links("grpc", "by gRPC it cannot be reached")


@on_loop
async def _full() -> None:
    """Its clients have taken all places."""

    async def accepts(wire: Wire) -> None:
        wire.write(await wire.read())

    front = Front(cast(Any, None), "127.0.0.1:0", grpc=False, peer=accepts, limits=Limits(connections_max=0))
    async with front, connect(front.address, patience=0.0) as client:
        with pytest.raises(e.Unavailable, match="as many connections as it takes"):
            await client.health()
        wire = await chosen("http", None).dial(front.address)
        wire.write(b"heard")
        assert await wire.read() == b"heard"
        wire.abort()


def test_clients_do_not_shut_out_the_links_of_nodes() -> None:
    _full()


@on_loop
async def _no_node() -> None:
    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talks, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(OSError, match="what answers there is no node"):
        await chosen("http", None).dial(f"127.0.0.1:{port}")
    server.close()


def test_what_is_no_http_is_no_node() -> None:
    _no_node()


@on_loop
async def _closing() -> None:
    """Links do not hold a node back that closes, however much grace its requests have."""
    for name in ("lean", "http", "grpc"):
        async with two(Fronts(name)) as (a, b):
            know(a, b)
            await until(lambda: a.up and b.up)
            await cast(Front, a.door).close(3600.0)
            await until(lambda: ("a", False) in b.links)


def test_a_node_that_closes_does_not_wait_for_its_links() -> None:
    _closing()
