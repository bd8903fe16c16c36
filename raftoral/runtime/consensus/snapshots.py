"""A state on its way to a node that is too far behind for the log: in checked chunks, resumable, out of band.

    offer (point, size, digest)  ->  want 0  ->  chunk 0  ->  want 262144  ->  ...  ->  done: install it

In: the point of the state, and ports that read and write its bytes (a file at the host, memory in tests). Out:
messages for the other end, which the host carries as it likes: beside the log, so that a large state delays no
heartbeat. The engine put pickled chunks without a name into its appends, and installed whatever came of them
(deviations 5-9, 12).

Every lost message is repaired by the next offer (`Lacking` is said again every second): the receiver then says how far
it is. Never: hands out a snapshot whose digest is not the offered one, nor takes a chunk at another place than it
wants.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol
from zlib import crc32

from google.protobuf.message import DecodeError

from ..faults import PeerError, check
from ..proto import consensus_pb2 as pb
from .journal import Point
from .messages import NUMBER_MAX

CHUNK_BYTES = 256 * 1024
CHUNK_BYTES_MAX = 4 * 1024 * 1024
DIGEST_BYTES = 32


class Header(NamedTuple):
    """What a snapshot is: a state at a place of a group's log."""

    group: int
    point: Point
    size: int
    digest: bytes


class Sink(Protocol):
    """Where the bytes of one snapshot go to, at the receiver."""

    def begin(self, header: Header) -> None:
        """Another snapshot comes: what was written of an earlier one is of no use any more."""

    def write(self, data: bytes) -> None:
        """The next bytes."""


class MemorySink:
    def __init__(self) -> None:
        self.data = bytearray()

    def begin(self, header: Header) -> None:
        self.data.clear()

    def write(self, data: bytes) -> None:
        self.data += data


class Sender:
    """Gives one snapshot to one peer. `read(offset, count)` reads the state as it was at the header's point, always."""

    def __init__(self, header: Header, read: Callable[[int, int], bytes], chunk_bytes: int = CHUNK_BYTES) -> None:
        check(0 < chunk_bytes <= CHUNK_BYTES_MAX, "chunks have a size that a receiver takes")
        self.header = header
        self.done = False
        self._read = read
        self._chunk_bytes = chunk_bytes

    def offer(self) -> bytes:
        """Begins, and begins again where the receiver is, after whatever was lost."""
        point = self.header.point
        message = self._message()
        message.offer.CopyFrom(
            pb.SnapshotOffer(index=point.index, term=point.term, members=sorted(point.members), bytes=self.header.size)
        )
        return message.SerializeToString()

    def received(self, data: bytes) -> bytes | None:
        """What to send for an answer of the receiver; None: nothing."""
        message = _parsed(data)
        if message.group != self.header.group or message.digest != self.header.digest:
            return None  # of an earlier snapshot
        if message.WhichOneof("body") == "done":
            self.done = True
            return None
        if message.WhichOneof("body") != "want":
            raise PeerError("a receiver of a snapshot only wants chunks")
        offset = message.want.offset
        if offset >= self.header.size:
            raise PeerError(f"a chunk at {offset} is wanted, of a snapshot of {self.header.size} bytes")
        chunk = self._read(offset, min(self._chunk_bytes, self.header.size - offset))
        check(len(chunk) > 0, "a snapshot is as long as its header says")
        out = self._message()
        out.chunk.CopyFrom(pb.SnapshotChunk(offset=offset, data=chunk, crc=crc32(chunk)))
        return out.SerializeToString()

    def _message(self) -> pb.SnapshotMessage:
        return pb.SnapshotMessage(group=self.header.group, digest=self.header.digest)


class Receiver:
    """Takes snapshots of one group, one at a time. When `whole` is set, all of it is in the sink and checked."""

    def __init__(self, group: int, sink: Sink) -> None:
        self.whole: Header | None = None
        self._group = group
        self._sink = sink
        self._header: Header | None = None
        self._have = 0
        self._hash = hashlib.sha256()
        self._idle = False  # no chunk came since another snapshot was offered

    def received(self, data: bytes) -> bytes | None:
        """What to answer to a message of a sender; None: nothing."""
        message = _parsed(data)
        if message.group != self._group:
            raise PeerError(f"a snapshot of group {message.group}, where one of {self._group} is taken")
        match message.WhichOneof("body"):
            case "offer":
                return self._offered(message)
            case "chunk":
                return self._chunk(message)
            case other:
                raise PeerError(f"a sender of a snapshot says {other}")

    def clear(self) -> None:
        """What is here was installed, or is of no use."""
        self.whole = None
        self._header = None

    def _offered(self, message: pb.SnapshotMessage) -> bytes | None:
        offer = message.offer
        if (
            max(offer.index, offer.term, offer.bytes) > NUMBER_MAX
            or not offer.bytes
            or len(message.digest) != DIGEST_BYTES
        ):
            raise PeerError("an offer of a snapshot is out of bounds")
        header = Header(
            self._group, Point(offer.index, offer.term, frozenset(offer.members)), offer.bytes, message.digest
        )
        current = self._header
        if current is None or (header != current and self._replaces(header, current)):
            self._header, self._have, self._idle, self.whole = header, 0, False, None
            self._hash = hashlib.sha256()
            self._sink.begin(header)
        elif header != current:
            return None
        return self._want()

    def _replaces(self, header: Header, current: Header) -> bool:
        """A later state is better. An earlier one is taken when the other sender is silent: it may lead no more."""
        if header.point.index >= current.point.index or self._idle:
            return True
        self._idle = True
        return False

    def _chunk(self, message: pb.SnapshotMessage) -> bytes | None:
        header, chunk = self._header, message.chunk
        if header is None or message.digest != header.digest or chunk.offset != self._have:
            return None  # late, repeated, or of another snapshot; the next offer says where we are
        if crc32(chunk.data) != chunk.crc or not 0 < len(chunk.data) <= min(CHUNK_BYTES_MAX, header.size - self._have):
            raise PeerError(f"the chunk at {chunk.offset} of a snapshot is damaged")
        self._idle = False
        self._sink.write(chunk.data)
        self._hash.update(chunk.data)
        self._have += len(chunk.data)
        if self._have < header.size:
            return self._want()
        if self._hash.digest() != header.digest:
            self._header = None
            raise PeerError("a snapshot is whole, and not what was offered")
        self.whole = header
        return self._answer(pb.SnapshotMessage(done=pb.SnapshotDone()))

    def _want(self) -> bytes:
        if self.whole is not None:
            return self._answer(pb.SnapshotMessage(done=pb.SnapshotDone()))
        return self._answer(pb.SnapshotMessage(want=pb.SnapshotWant(offset=self._have)))

    def _answer(self, message: pb.SnapshotMessage) -> bytes:
        header = self._header
        assert header is not None
        message.group, message.digest = header.group, header.digest
        return message.SerializeToString()


def _parsed(data: bytes) -> pb.SnapshotMessage:
    try:
        return pb.SnapshotMessage.FromString(data)
    except DecodeError as error:
        raise PeerError(f"a message about a snapshot cannot be read: {error}") from None
