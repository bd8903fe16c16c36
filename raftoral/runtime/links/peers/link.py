"""Frames over a wire, and beats.

    link = Link(wire)
    link.send(b"...")               frames = await link.frames(FRAME_BYTES_MAX)

In: frames, each with its length before it on the wire. Out: the same, whole and in order. An empty frame is a beat: it
says that this end is there. Both ends beat, so that a connection of which only one end is left is noticed over every
transport, also behind a proxy that still answers for who is gone.
"""

from __future__ import annotations

import struct

from raftoral.runtime.faults import PeerError

from .wires import Wire

FRAME_BYTES_MAX = 16 * 1024 * 1024
MISSED_MAX = 4  # beats of ours without a word of the other end
BEAT = b""
_LENGTH = struct.Struct("!I")


class Link:
    """See the module."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._held = bytearray()
        self._heard = True
        self._missed = 0
        self.ended = False  # by us

    def send(self, frame: bytes) -> None:
        self._wire.write(_LENGTH.pack(len(frame)) + frame)

    @property
    def unsent(self) -> int:
        return self._wire.unsent

    def abort(self) -> None:
        self.ended = True
        self._wire.abort()

    def beat(self) -> bool:
        """Says that we are there, and whether the other end has said so. Counts beats instead of seconds: neither a
        clock that jumps nor a loop that stood still makes an end silent that is not."""
        self._missed = 0 if self._heard else self._missed + 1
        self._heard = False
        self.send(BEAT)
        return self._missed <= MISSED_MAX

    async def frame(self, most: int) -> bytes:
        """The next frame; `EOFError` when there is none."""
        while (found := self._cut(most)) is None:
            if not await self._more():
                raise EOFError
        return found

    async def frames(self, most: int) -> list[bytes]:
        """What came next, without beats: at least one; none at the end. One wait for all that one packet brought."""
        found: list[bytes] = []
        while not found:
            while (frame := self._cut(most)) is not None:
                if frame:
                    found.append(frame)
            if not found and not await self._more():
                return []
        return found

    async def _more(self) -> bool:
        data = await self._wire.read()
        self._heard = True
        self._held += data
        return bool(data)

    def _cut(self, most: int) -> bytes | None:
        """A whole frame from what is held."""
        held = self._held
        if len(held) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(held)
        if length > most:
            raise PeerError(f"a frame of {length:,} bytes; {most:,} are the most")
        end = _LENGTH.size + length
        if end > len(held):
            return None
        frame = bytes(memoryview(held)[_LENGTH.size : end])
        del held[:end]
        return frame
