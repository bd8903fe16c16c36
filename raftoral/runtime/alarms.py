"""When something is due: many moments, one timer of the loop.

    alarms = Alarms(loop, ring)        alarms.set(item, when)    ->    ring(item, now), once that moment is there

Most alarms never ring: an attempt may take half a minute, and ends after a millisecond. So to set one is a push on a
heap, to take one back is an assignment, and the loop has one timer for all, which stands for the earliest.

In: moments, in the seconds of a `Clock`. Out: calls of `ring`, in order, never early. Knows nothing of attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from math import inf
from typing import Generic, Protocol, TypeVar

SPARE = 16
"""Entries of the heap that may be out of date before it is swept, beside as many as are not. They hold their items."""


class Timer(Protocol):
    """What is due once, and may be taken back until then."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Seconds that only grow, and timers. A loop of asyncio is one; a test moves its own by hand."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer: ...


class Alarmed:
    """What an alarm can be set for. `alarm` is the moment of its one alarm."""

    alarm: float = inf


T = TypeVar("T", bound=Alarmed)


class Alarms(Generic[T]):
    """Rings for each item at its moment. An item has at most one alarm: to set it again moves it."""

    def __init__(self, clock: Clock, ring: Callable[[T, float], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._heap: list[tuple[float, int, T]] = []
        self._pushed = 0  # keeps entries of one moment in order, and items from being compared
        self._set = 0
        self._timer: Timer | None = None
        self._armed = inf  # the moment that the timer stands for

    def set(self, item: T, when: float) -> None:
        """From now on, `item` has its alarm at `when`, and at no other moment."""
        if item.alarm == inf:
            self._set += 1
        item.alarm = when
        self._pushed += 1
        heap = self._heap
        heappush(heap, (when, self._pushed, item))
        if when < self._armed:
            self._arm(when)
        elif len(heap) > 2 * self._set + SPARE:
            self._sweep()

    def take_back(self, item: T) -> None:
        """`item` has no alarm. Its entry stays in the heap until it is met, or swept."""
        if item.alarm != inf:
            item.alarm = inf
            self._set -= 1

    def close(self) -> None:
        """Nothing rings any more."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._armed = None, inf

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._armed = when
        self._timer = self._clock.call_later(max(0.0, when - self._clock.time()), self._due)

    def _due(self) -> None:
        """Rings for all that is due, and stands for the next. Goes on with the others if one of them raises."""
        # A loop may be early by its resolution: what the timer stood for is due all the same, or we would be back here.
        now, heap = max(self._clock.time(), self._armed), self._heap
        self._timer, self._armed = None, inf
        try:
            while heap and heap[0][0] <= now:
                when, _, item = heappop(heap)
                if item.alarm == when:
                    self.take_back(item)
                    self._ring(item, now)
        finally:
            while heap and heap[0][2].alarm != heap[0][0]:
                heappop(heap)
            if heap and heap[0][0] < self._armed:
                self._arm(heap[0][0])

    def _sweep(self) -> None:
        """Keeps what is still to ring. So rare that as many calls of `set` share its cost as it has entries."""
        self._heap[:] = [entry for entry in self._heap if entry[2].alarm == entry[0]]
        heapify(self._heap)
