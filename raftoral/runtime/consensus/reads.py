"""Linearizable reads without writing (ReadIndex).

    ask  ->  note the commit index, begin a round  ->  a majority answers appends of it  ->  applied: readable

The engine answers reads from whatever state a node has that takes itself for the leader: in nine of ten simulated runs
one was stale (deviation 21). A leader that a majority has answered *after* the read was asked for was still the leader
then, so every write that was acknowledged before is at or below its commit index. No clock is trusted.

Never: serves a read by an answer to an append that left before the read came, or by one of another term.
"""

from __future__ import annotations

from typing import NamedTuple


class Read(NamedTuple):
    request_id: bytes
    round: int
    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name


class Reads:
    def __init__(self) -> None:
        self.round = 0  # grows for ever; stands in each append, comes back in its answer
        self._rounds: dict[str, int] = {}  # the latest that each follower has answered
        self._waiting: list[Read] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def begin(self) -> None:
        """A new leadership: what was answered in another one says nothing about this one."""
        self._rounds.clear()

    def ask(self, request_id: bytes, index: int) -> None:
        self.round += 1
        self._waiting.append(Read(request_id, self.round, index))

    def answered(self, peer: str, round: int) -> None:
        self._rounds[peer] = max(self._rounds.get(peer, 0), round)

    def served(self, others: frozenset[str], applied: int) -> list[Read]:
        """Those that may be read now. `others`: the members besides the leader itself, which counts as having
        answered."""
        if not self._waiting:
            return []
        rounds = sorted((self._rounds.get(peer, 0) for peer in others), reverse=True)
        needed = (len(others) + 1) // 2  # answers that make a majority with the leader
        confirmed = rounds[needed - 1] if needed else self.round
        ready = [read for read in self._waiting if read.round <= confirmed and read.index <= applied]
        if ready:
            done = set(ready)
            self._waiting = [read for read in self._waiting if read not in done]
        return ready

    def drop(self) -> list[Read]:
        """All that wait: this node leads no longer."""
        waiting, self._waiting = self._waiting, []
        return waiting
