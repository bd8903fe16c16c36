"""What is due when, over all runs: a heap in which nothing is looked for.

    deadlines.add(due, "order-1", 3)
    deadlines.due(now) == [(due, "order-1", 3)]

What is no longer waited for stays until it is due, or until most of the heap is like that: then it is swept. Whoever
asks knows whether it still matters. Ties are in the order of (due, id of the run, op), on every node.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

SPARE = 64  # entries that may be out of date before the heap is swept


class Deadlines:
    __slots__ = ("_heap", "_matters", "_most")

    def __init__(self, matters: Callable[[int, str, int], bool]) -> None:
        self._heap: list[tuple[int, str, int]] = []
        self._matters = matters
        self._most = SPARE  # entries; then it is swept

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, due: int, id: str, op: int) -> None:
        heappush(self._heap, (due, id, op))
        if len(self._heap) > self._most:
            self._sweep()

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

    def clear(self) -> None:
        """There are no runs any more."""
        self._heap.clear()
        self._most = SPARE

    def _sweep(self) -> None:
        """Keeps what still matters. So rare that as many calls of `add` share its cost as it has entries."""
        self._heap[:] = [entry for entry in self._heap if self._matters(*entry)]
        heapify(self._heap)
        self._most = max(SPARE, 2 * len(self._heap))
