"""What is due when, over all runs: a heap in which nothing is looked for and nothing taken out before its time.

    deadlines.add(due, "order-1", 3)
    deadlines.due(now) == [(due, "order-1", 3)]

What is no longer waited for stays until it is due; whoever asks knows whether it still matters. Ties are in the order
of (due, id of the run, op), on every node.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Deadlines:
    __slots__ = ("_heap",)

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, int]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: int, id: str, op: int) -> None:
        heappush(self._heap, (due, id, op))

    @property
    def next(self) -> int | None:
        """When something is due next."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: int) -> list[tuple[int, str, int]]:
        """Everything that is due, in order. It is taken out."""
        found = []
        while self._heap and self._heap[0][0] <= now:
            found.append(heappop(self._heap))
        return found
