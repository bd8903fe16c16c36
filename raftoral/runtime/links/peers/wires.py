"""The port of transports between nodes.

    wire = await transport.dial("10.0.0.2:7001")
    wire.write(b"..."); data = await wire.read()

In: an address. Out: one connection, as bytes in both directions, in order; a wire that broke stays broken. Everything
else (frames, proofs, beats, bounds) is done above, once for all transports.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol


class Wire(Protocol):
    """One connection. Lives on one loop."""

    def write(self, data: bytes) -> None:
        """Sends, soon. Never waits and never raises: who sends too much looks at `unsent`."""

    @property
    def unsent(self) -> int:
        """Bytes that were written and that the other end's system has not taken."""

    async def read(self) -> bytes:
        """What came next; nothing at the end. `OSError` when it broke. Who does not read holds the other end back."""

    def abort(self) -> None:
        """Ends it at once; a `read` that waits ends too."""


class Transport(Protocol):
    """How a node dials others."""

    async def dial(self, address: str) -> Wire:
        """A new connection; `OSError` when there is none to be had."""

    async def close(self) -> None:
        """Nothing will be dialled any more."""


Accept = Callable[[Wire], Awaitable[None]]  # what a server does with a wire that somebody dialled; until it is over
