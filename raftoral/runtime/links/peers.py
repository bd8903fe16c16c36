"""Links between nodes: frames over TCP, or over TLS when the node has it.

    links = Peers(identity, received=host.receive, linked=host.link)
    links.address({"b": "10.0.0.2:7001"}); links.send("b", parcel)

Each node dials each other one, and sends over what it dialled; what it accepted it only reads. A link is in order and
never delivers twice; what was on its way when it broke is lost, and a new link is another one. Both ends prove that
they know the secret of the cluster, and that they mean each other, before a frame counts.

In: parcels for peers. Out: parcels of peers whose names are proved. What is not taken in time is bounded: beyond
`UNSENT_BYTES_MAX` a link is broken, since a peer that reads so slowly lags behind anyway and is caught up by the log.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from raftoral import __version__

from ..faults import PeerError
from ..proto import peer_pb2 as pb

log = logging.getLogger("raftoral")

MAGIC = b"RFTL"
PROTOCOL = 1
FRAME_BYTES_MAX = 16 * 1024 * 1024
HELLO_BYTES_MAX = 4096
UNSENT_BYTES_MAX = 64 * 1024 * 1024
READ_BYTES = 256 * 1024
HELLO_SECONDS = 5.0  # for the other end to say who it is
SILENT_MS = 5_000  # that a peer may not take what was sent, before its link is broken
TOLD_MAX = 100
DIAL_FIRST_S, DIAL_MOST_S = 0.05, 1.0  # between two attempts
_LENGTH = struct.Struct("!I")


@dataclass
class Identity:
    """Who this node is. `secret` is empty until it belongs to a cluster."""

    node: str
    cluster: str
    secret: bytes
    address: str
    abi: int

    def __post_init__(self) -> None:
        self.process = secrets.token_hex(8)


class Refused(Exception):
    """The other end is not who it should be. The words are for the log of both."""


class Peers:
    """All links of a node. Lives on one loop."""

    def __init__(
        self,
        identity: Identity,
        received: Callable[[str, bytes], None],
        linked: Callable[[str, bool], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.identity = identity
        self._received = received
        self._linked = linked
        self._tls = tls
        self._addresses: dict[str, str] = {}
        self._dialling: dict[str, asyncio.Task[None]] = {}
        self._writers: dict[str, asyncio.StreamWriter] = {}
        self._readers: dict[str, tuple[str, asyncio.StreamWriter]] = {}  # node -> (its process, the link from it)
        self._moved: dict[str, str] = {}  # where nodes said themselves that they are
        self._closed = False
        self._told: set[str] = set()  # of links that were refused: they are dialled again every second
        self.counted: dict[str, int] = {"refused": 0, "broken": 0, "nonsense": 0}

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

    def _stop_dialling(self, name: str) -> None:
        task = self._dialling.pop(name, None)
        if task is not None:
            task.cancel()

    def _let_go(self, name: str) -> None:
        self._stop_dialling(name)
        incoming = self._readers.pop(name, None)
        if incoming is not None:
            incoming[1].close()

    def send(self, peer: str, data: bytes) -> None:
        """Sends a parcel, if there is a link."""
        writer = self._writers.get(peer)
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            log.warning("the link to %s is broken: it takes too little", peer)
            writer.transport.abort()
            return
        writer.write(_LENGTH.pack(len(data)))
        writer.write(data)

    def drop(self, peer: str, why: str) -> None:
        """A peer sent nonsense: its link goes."""
        self.counted["nonsense"] += 1
        log.error("the link from %s is dropped: %s", peer, why)
        incoming = self._readers.pop(peer, None)
        if incoming is not None:
            incoming[1].transport.abort()

    def up(self) -> frozenset[str]:
        """The peers that this node can send to."""
        return frozenset(self._writers)

    async def close(self) -> None:
        """Breaks all links."""
        self._closed = True
        tasks = list(self._dialling.values())
        for name in [*self._dialling, *self._readers]:
            self._let_go(name)
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- out -------------------------------------------------------------------------------------------------

    async def _dial(self, name: str) -> None:
        pause = DIAL_FIRST_S
        told = ""
        while not self._closed:
            try:
                reader, writer = await self._connected(name)
            except (OSError, Refused, PeerError, EOFError, TimeoutError) as error:
                hung_up = isinstance(error, EOFError)
                why = "it hung up: its own log says why" if hung_up else f"{type(error).__name__}: {error}"
                if why != told and not isinstance(error, ConnectionRefusedError):
                    log.warning("no link to %s at %s: %s", name, self._addresses.get(name), why)
                told = why
                await asyncio.sleep(pause)
                pause = min(pause * 2, DIAL_MOST_S)
                continue
            pause, told = DIAL_FIRST_S, ""
            self._writers[name] = writer
            self._linked(name, True)
            try:
                await reader.read(1)  # nothing comes this way: it ends when the link does
            except OSError:
                pass
            finally:
                if self._writers.get(name) is writer:
                    del self._writers[name]
                self.counted["broken"] += 1
                self._linked(name, False)
                writer.transport.abort()

    async def _connected(self, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, _, port = self._addresses[name].rpartition(":")
        async with asyncio.timeout(HELLO_SECONDS):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=self._tls)
            _give_up_soon(writer)
            try:
                own = self._hello(name)
                writer.write(MAGIC + _framed(own.SerializeToString()))
                other = await _hello_from(reader)
                self._check(other, name)
                if not hmac.compare_digest(other.proof, self._proof(b"accepts", own.nonce, other)):
                    raise Refused(f"{name} does not know the secret of this cluster")
                writer.write(_framed(self._proof(b"dials", other.nonce, own)))
                if await _frame(reader, HELLO_BYTES_MAX) != b"ok":
                    raise Refused(f"{name} does not take this node for a member")
            except BaseException:
                writer.transport.abort()
                raise
        return reader, writer

    def _hello(self, to: str) -> pb.Hello:
        identity = self.identity
        return pb.Hello(
            protocol=PROTOCOL,
            cluster=identity.cluster,
            node=identity.node,
            address=identity.address,
            abi=identity.abi,
            version=f"{__version__} {identity.process}",
            nonce=secrets.token_bytes(16),
            to=to,
        )

    def _proof(self, role: bytes, nonce: bytes, hello: pb.Hello) -> bytes:
        """Says: I know the secret, I am who `hello` names, and this is an answer to your nonce."""
        said = b"\0".join((role, hello.cluster.encode(), hello.node.encode(), hello.to.encode(), nonce))
        return hmac.digest(self.identity.secret, said, "sha256")

    def _check(self, other: pb.Hello, name: str) -> None:
        identity = self.identity
        if other.protocol != PROTOCOL:
            raise Refused(f"{name} speaks protocol {other.protocol} of links, and this node {PROTOCOL}: upgrade one")
        if other.cluster != identity.cluster:
            raise Refused(f"{name} belongs to the cluster {other.cluster!r}, and this node to {identity.cluster!r}")
        if other.node != name:
            raise Refused(f"at that address is {other.node}, not {name}")
        if other.abi != identity.abi:
            raise Refused(f"{name} runs programs by ABI {other.abi}, and this node by {identity.abi}: upgrade one")

    # --- in --------------------------------------------------------------------------------------------------

    async def accept(self, first: bytes, stream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection that begins with `MAGIC`; `first` was read of it already. Returns when the link is over."""
        name = ""
        reader = _Rest(first[len(MAGIC) :], stream)
        _give_up_soon(writer)
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                other = await _hello_from(reader)
                self._welcome(other)
                own = self._hello(other.node)
                own.proof = self._proof(b"accepts", other.nonce, own)
                writer.write(_framed(own.SerializeToString()))
                proof = await _frame(reader, HELLO_BYTES_MAX)
                if not hmac.compare_digest(proof, self._proof(b"dials", own.nonce, other)):
                    raise Refused(f"{other.node} does not know the secret of this cluster")
                writer.write(_framed(b"ok"))
            name = other.node
            self._told.clear()
            self._readers[name] = (other.version, writer)
            if other.address and other.address != self._addresses.get(name):
                # It listens somewhere else now. That will be decreed, but perhaps not without this link back.
                self._moved[name] = other.address
                self.address(self._addresses | {name: other.address})
            while frames := await reader.frames(FRAME_BYTES_MAX):
                for data in frames:
                    if self._readers.get(name, ("", None))[1] is not writer:
                        return
                    try:
                        self._received(name, data)
                    except PeerError as error:
                        self.drop(name, str(error))
                        return
        except (Refused, PeerError) as error:
            self.counted["refused"] += 1
            if str(error) not in self._told:
                log.warning("a link was refused: %s", error)
            self._told = {*self._told, str(error)} if len(self._told) < TOLD_MAX else {str(error)}
        except (OSError, EOFError, TimeoutError, DecodeError):
            pass
        finally:
            if name and self._readers.get(name, ("", None))[1] is writer:
                del self._readers[name]
            writer.transport.abort()

    def _welcome(self, other: pb.Hello) -> None:
        name = other.node
        if not self.identity.secret:
            raise Refused(f"{name} dials a node that belongs to no cluster yet")
        self._check(other, name)
        if other.to != self.identity.node:
            raise Refused(f"{name} looks for {other.to}, and this is {self.identity.node}")
        if name not in self._addresses:
            raise Refused(f"{name} is no node of this cluster, or is not known here yet")
        known = self._readers.get(name)
        if known is not None and known[0] != other.version and not known[1].transport.is_closing():
            # Its old process may have died without a word: then the link breaks as soon as something is written.
            known[1].write(b"\0")
            raise Refused(
                f"another process says that it is {name}: does it run twice, or on a copy of its directory? If it has "
                "just died, this passes"
            )


def _give_up_soon(writer: asyncio.StreamWriter) -> None:
    """A machine that is gone does not close its connections: what it does not take for some seconds breaks the link."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)


def _framed(data: bytes) -> bytes:
    return _LENGTH.pack(len(data)) + data


class _Rest:
    """A stream of which the beginning was read by somebody else."""

    def __init__(self, first: bytes, stream: asyncio.StreamReader) -> None:
        self._first = first
        self._stream = stream

    async def readexactly(self, count: int) -> bytes:
        if not self._first:
            return await self._stream.readexactly(count)
        part, self._first = self._first[:count], self._first[count:]
        return part if len(part) == count else part + await self._stream.readexactly(count - len(part))

    async def frames(self, most: int) -> list[bytes]:
        """What came next, as whole frames: at least one; none at the end. One wait for all that one packet brought."""
        found: list[bytes] = []
        buffer = bytearray(self._first)
        while not found:
            at = 0
            while len(buffer) - at >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(buffer, at)
                if length > most:
                    raise PeerError(f"a frame of {length:,} bytes; {most:,} are the most")
                end = at + _LENGTH.size + length
                if end > len(buffer):
                    break
                found.append(bytes(buffer[at + _LENGTH.size : end]))
                at = end
            del buffer[:at]
            if not found:
                data = await self._stream.read(READ_BYTES)
                if not data:
                    return []
                buffer += data
        self._first = bytes(buffer)
        return found


async def _frame(reader: asyncio.StreamReader | _Rest, most: int) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > most:
        raise PeerError(f"a frame of {length:,} bytes; {most:,} are the most")
    return await reader.readexactly(length)


async def _hello_from(reader: asyncio.StreamReader | _Rest) -> pb.Hello:
    try:
        return pb.Hello.FromString(await _frame(reader, HELLO_BYTES_MAX))
    except DecodeError:
        raise PeerError("what should say who it is cannot be read") from None
