"""Chance that every node computes for itself: `new_uuid()`, `random()`, `random_int(a, b)`, `shuffle(xs)`.

    Stream.of("order-1", slot=5, activation=2).random_int(1, 6)

A stream is SHA-256 over a seed and a counter. Its seed is the run, the slot and how often the slot was entered, so that
a transition that is computed again, or on another node, draws the same. Nobody can foresee it who does not know the
run's id; it is no source of secrets.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from ..faults import OutOfRange

T = TypeVar("T")

_WORD = 2**64


class Stream:
    """A sequence of draws; each takes one block of its own."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._count = 0

    @classmethod
    def of(cls, run: str, slot: int, activation: int) -> Stream:
        """The stream of one transition."""
        return cls(f"{slot}:{activation}:{run}".encode())

    def block(self) -> bytes:
        """The next 32 bytes."""
        if not self._count:  # most streams are never drawn from
            self._seed = sha256(b"raftoral stream 1\0" + self._seed).digest()
        self._count += 1
        return sha256(self._seed + self._count.to_bytes(8, "big")).digest()

    def uuid(self) -> UUID:
        """`new_uuid()`: version 4."""
        bits = int.from_bytes(self.block()[:16], "big")
        bits = bits & ~(0xF << 76) | 4 << 76  # the version
        bits = bits & ~(0x3 << 62) | 2 << 62  # the variant of RFC 9562
        return UUID(int=bits)

    def random(self) -> float:
        """`random()`: 53 bits, from 0 to below 1."""
        return (self._word() >> 11) * 2.0**-53

    def random_int(self, low: int, high: int) -> int:
        """`random_int(low, high)`: both ends included, all equally likely."""
        if low > high:
            raise OutOfRange("random_int wants the lower end first")
        return low + self._below(high - low + 1)

    def shuffle(self, values: list[T]) -> list[T]:
        """`shuffle(xs)`: a new list, all orders equally likely."""
        mixed = list(values)
        for left in range(len(mixed) - 1, 0, -1):
            other = self._below(left + 1)
            mixed[left], mixed[other] = mixed[other], mixed[left]
        return mixed

    def _word(self) -> int:
        return int.from_bytes(self.block()[:8], "big")

    def _below(self, count: int) -> int:
        """0 to `count - 1`. Words that would favour low numbers are drawn again."""
        fair = _WORD - _WORD % count
        word = self._word()
        while word >= fair:
            word = self._word()
        return word % count
