"""One port for everything: who is handed what, who is refused, and what TLS asks of both ends."""

from __future__ import annotations

import asyncio
import os
import ssl
from pathlib import Path

import pytest

from raftoral import errors as e
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.front import Front
from raftoral.runtime.links.listener import Listener, check_exposure, is_loopback, split_address
from raftoral.runtime.links.tls import Tls
from tests.runtime.contracts.service import until
from tests.runtime.desk import on_a_loop
from tests.runtime.links.certificates import made_pems, shown
from tests.runtime.links.fronts import asked, front, hand


class Taken:
    """A handler that keeps what it was given, and says it back."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.ends: list[BaseException | None] = []

    async def __call__(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self.name + b":" + first)
            while data := await reader.read(100):
                writer.write(data)
            self.ends.append(None)
        except BaseException as error:
            self.ends.append(error)
            raise


# --- who is meant ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ([b"GET / HTTP/1.1"], b"http:GET / HTTP/1.1"),
        ([b"RFTL\x00\x01"], b"peer:RFTL\x00\x01"),
        ([b"R", b"FT", b"L!"], b"peer:RFTL!"),
        ([b"R", b"FC"], b"http:RFC"),
        ([b"P", b"RI", b" * HTTP/2.0\r\n"], b""),  # there is no gRPC here
        ([b"P", b"OST"], b"http:POST"),
        ([b"PRI * HTTP/1.1"], b"http:PRI * HTTP/1.1"),
        ([b"R"], b"http:R"),  # and then it ended
        ([b"\x00"], b"http:\x00"),
        ([b""], b""),
    ],
)
@on_a_loop
async def test_the_first_bytes_decide(pieces, answer):
    http, peer = Taken(b"http"), Taken(b"peer")
    listener = Listener("127.0.0.1:0", http=http, peer=peer)
    await listener.open()
    async with hand(listener.address) as client:
        for piece in pieces:
            await client.send(piece)
            for _ in range(5):
                await asyncio.sleep(0)  # so that they come one after the other; if not, it makes no difference
        client.writer.write_eof()
        assert await client.reader.read() == answer
    await listener.close()
    assert http.ends + peer.ends in ([None], [])


@on_a_loop
async def test_nobody_is_there_for_it():
    listener = Listener("127.0.0.1:0", http=Taken(b"http"))
    await listener.open()
    async with hand(listener.address) as client:
        await client.send(b"RFTL")
        assert await client.over()
    await listener.close()


@on_a_loop
async def test_who_never_says_who_is_meant_is_let_go():
    listener = Listener("127.0.0.1:0", http=Taken(b"http"), peer=Taken(b"peer"), first_seconds=0.01)
    await listener.open()
    for begun in (b"", b"RFT"):
        async with hand(listener.address) as client:
            await client.send(begun)
            assert await client.reader.read() == b""
    await listener.close()


@on_a_loop
async def test_closing_ends_every_connection():
    peer = Taken(b"peer")
    listener = Listener("127.0.0.1:0", peer=peer)
    await listener.open()
    async with hand(listener.address) as client:
        await client.send(b"RFTL")
        assert await client.reader.readexactly(9) == b"peer:RFTL"
        listener.stop()
        await client.send(b"x")
        assert await client.reader.readexactly(1) == b"x"
        await listener.close()
        assert await client.over()
    assert [type(end) for end in peer.ends] == [asyncio.CancelledError]


@on_a_loop
async def test_a_bug_in_a_handler_is_its_own(caplog):
    async def broken(first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise KeyError("x")

    listener = Listener("127.0.0.1:0", http=broken)
    await listener.open()
    for _ in range(2):
        async with hand(listener.address) as client:
            await client.send(b"GET")
            assert await client.over()
    await listener.close()
    assert "a connection failed because of a bug: 'x'" in caplog.text


@on_a_loop
async def test_a_port_that_is_taken():
    listener = Listener("127.0.0.1:0")
    await listener.open()
    with pytest.raises(e.UsageError, match=rf"cannot listen on {listener.address}: "):
        await Listener(listener.address).open()
    await listener.close()


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:7001", ("127.0.0.1", 7001)), ("[::1]:0", ("::1", 0)), ("node-1.x:65535", ("node-1.x", 65535))],
)
def test_addresses(address, parts):
    assert split_address(address) == parts


@pytest.mark.parametrize("address", ["", "7001", ":7001", "h:", "h:x", "h:65536", "::1:7001", "h:-1", "h:٣"])
def test_addresses_that_are_none(address):
    with pytest.raises(e.UsageError):
        split_address(address)


def test_loopback():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.evil")))


@pytest.mark.parametrize(
    ("tls", "guarded", "lacks"),
    [(False, False, "TLS and tokens"), (True, False, "by tokens"), (False, True, "by TLS"), (True, True, "")],
)
def test_others_may_reach_it_only_behind_a_lock(tls, guarded, lacks):
    if lacks:
        with pytest.raises(e.UsageError, match=lacks) as raised:
            check_exposure("0.0.0.0", tls, guarded, False)
        assert "insecure=True says that everybody in this network is trusted" in str(raised.value)
    else:
        check_exposure("0.0.0.0", tls, guarded, False)
    check_exposure("0.0.0.0", tls, guarded, True)
    check_exposure("127.0.0.1", tls, guarded, False)


@on_a_loop
async def test_a_front_for_everybody_is_refused_before_it_listens(m):
    async with front(m) as place:
        with pytest.raises(e.UsageError, match=r"others can reach 0.0.0.0, and there is no protection by TLS and"):
            Front(place.behind, "0.0.0.0:0")
        async with Front(place.behind, "0.0.0.0:0", insecure=True) as trusted:
            port = trusted.address.rpartition(":")[2]
            assert (await asked(f"127.0.0.1:{port}", "GET", "/v1/runs", host="node-1:7001")).status == 200


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_pems(tmp_path_factory.mktemp("pems"))


@pytest.mark.parametrize("way", ["http", "grpc"])
@on_a_loop
async def test_tls(m, pems, way):
    async with front(m, tls=shown(pems, "node"), tokens={"t": "admin"}, grpc=True) as place:
        async with connect(place.address, transport=way, tls=Tls(ca=str(pems / "ca.pem")), token="t") as client:
            assert await m.Quick.start(client, 4, id="q") is not None
            assert await client.result(m.Quick.DEFINITION, "q") == 8
        named = Tls(ca=str(pems / "ca.pem"), name="node.test")
        async with connect(f"https://{place.address}", transport=way, tls=named, token="t") as client:
            assert await client.count() == 1
        for tls in (Tls(ca=str(pems / "other.pem")), True, None):
            async with connect(place.address, transport=way, tls=tls, token="t", patience=0.0, timeout=5.0) as client:
                with pytest.raises(e.Unavailable):
                    await client.count()


@pytest.mark.parametrize("way", ["http", "grpc"])
@on_a_loop
async def test_mutual_tls(m, pems, way):
    async with front(m, tls=shown(pems, "node", "ca"), grpc=True) as place:
        async with connect(place.address, transport=way, tls=shown(pems, "client", "ca")) as client:
            assert await client.count() == 0
        for tls in (Tls(ca=str(pems / "ca.pem")), shown(pems, "stranger", "ca")):
            async with connect(place.address, transport=way, tls=tls, patience=0.0, timeout=2.0) as client:
                with pytest.raises(e.Unavailable):
                    await client.count()


@on_a_loop
async def test_what_is_said_in_clear_to_a_port_with_tls(m, pems):
    async with front(m, tls=shown(pems, "node")) as place:
        async with hand(place.address) as client:
            await client.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert await client.over()
        context = ssl.create_default_context(cafile=str(pems / "ca.pem"))
        reader, writer = await asyncio.open_connection(*place.address.split(":"), ssl=context)
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()
        await until(lambda: place.front.http.connections == 0)


def test_tls_that_cannot_be_set_up(tmp_path):
    with pytest.raises(e.UsageError, match="TLS of a node needs a certificate"):
        Tls(ca="x").server_context()
    with pytest.raises(e.UsageError, match=r"TLS cannot be set up from .*gone.pem: "):
        Tls(cert=os.fspath(tmp_path / "gone.pem")).server_context()
    (tmp_path / "bad.pem").write_text("nothing")
    with pytest.raises(e.UsageError, match=r"TLS cannot be set up"):
        Tls(ca=os.fspath(tmp_path / "bad.pem")).client_context()


@on_a_loop
async def test_no_more_connections_than_there_may_be():
    listener = Listener("127.0.0.1:0", http=Taken(b"http"), connections_max=1)
    await listener.open()
    async with hand(listener.address) as one:
        await one.send(b"x")
        assert await one.reader.readexactly(6) == b"http:x"
        async with hand(listener.address) as two:
            assert await two.over()
        await one.send(b"y")
        assert await one.reader.readexactly(1) == b"y"
    await listener.close()
