"""How many attempts may run at once: over all, in each queue, and in threads. Who must wait, and who is next.

    lanes.enter(item) -> False: it waits        ...        lanes.leave(other); lanes.next() -> item

A queue with a limit is a lane; all other queues are one lane together. A lane has two lines, one for what needs a
thread and one for what does not, because threads may all be taken for long: each line is first come, first served, and
the two take turns by age. Data only: nothing here starts anything, and time plays no part.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import inf
from typing import Generic, TypeVar


class Entrant:
    """What runs or waits. `threaded`: it needs a thread."""

    threaded = False
    lane: Lane
    age = 0  # smaller came earlier; set while it waits


class Lane:
    """One queue, or all that have no limit of their own."""

    __slots__ = ("free", "waiting")

    def __init__(self, limit: float) -> None:
        self.free = limit
        # Ordered dicts as queues: one that is stopped while it waits goes at once, wherever it stands.
        self.waiting: tuple[OrderedDict[Entrant, None], OrderedDict[Entrant, None]] = (OrderedDict(), OrderedDict())


T = TypeVar("T", bound=Entrant)


class Lanes(Generic[T]):
    """Gives places to entrants, and takes them back."""

    def __init__(self, most: int, threads: int, queues: Mapping[str, int]) -> None:
        self.free = most
        self.threads = threads
        self.waiting = 0
        self._came = 0
        self._common = Lane(inf)
        self._limited = {name: Lane(limit) for name, limit in queues.items()}
        self._all = [self._common, *self._limited.values()]

    def enter(self, item: T, queue: str) -> bool:
        """Takes a place for an item. False when there is none: then it waits until `next` gives it."""
        threaded = item.threaded
        lane = item.lane = self._limited.get(queue, self._common)
        line = lane.waiting[threaded]
        if self.free > 0 and lane.free > 0 and (not threaded or self.threads > 0) and not line:
            self.free -= 1
            lane.free -= 1
            self.threads -= threaded
            return True
        self._came += 1
        item.age = self._came
        line[item] = None
        self.waiting += 1
        return False

    def next(self) -> T | None:
        """The oldest of those that wait and now may run; it has its place."""
        best: T | None = None
        if self.waiting and self.free > 0:
            for lane in self._all:
                for threaded in (False, True) if lane.free > 0 else ():
                    line = lane.waiting[threaded]
                    if line and (not threaded or self.threads > 0):
                        first: T = next(iter(line))  # type: ignore[assignment]
                        if best is None or first.age < best.age:
                            best = first
        if best is not None:
            self.give_up(best)
            self.free -= 1
            best.lane.free -= 1
            self.threads -= best.threaded
        return best

    def give_up(self, item: T) -> None:
        """One that waits does not want to any more."""
        del item.lane.waiting[item.threaded][item]
        self.waiting -= 1

    def leave(self, item: T) -> None:
        """Gives the places of an item back."""
        self.free += 1
        item.lane.free += 1
        self.threads += item.threaded

    def leave_thread(self, item: T) -> None:
        """It goes on, and needs its thread no more."""
        self.threads += item.threaded
        item.threaded = False
