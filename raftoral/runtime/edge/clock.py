"""The clock of the machine, and what rings when something is due. A test has one of its own (`raftoral.testing`)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Alarm(Protocol):
    def cancel(self) -> None: ...


class Clock(Protocol):
    def now(self) -> int:
        """Microseconds since 1970."""

    def at(self, when: int, ring: Callable[[], None]) -> Alarm:
        """Calls `ring` on the loop, not before `when`."""


RING_MAX = 24 * 3600.0  # seconds; a loop's own timers are not made for months


class SystemClock:
    """The machine's own. It may jump: log time never goes back, and an alarm that rings early is set again."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def at(self, when: int, ring: Callable[[], None]) -> Alarm:
        seconds = max(0.0, (when - self.now()) / 1e6)
        return asyncio.get_running_loop().call_later(min(seconds, RING_MAX), ring)


class SkippingClock:
    """A clock for trying things: when nothing is in flight, it jumps to what is due next. Three days take no time.

    `idle` says whether nothing is in flight; until it is known, nothing is.
    """

    LOOK = 0.005  # seconds between two looks whether something is still in flight

    def __init__(self) -> None:
        self.idle: Callable[[], bool] = lambda: True
        self._ahead = 0  # microseconds

    def now(self) -> int:
        return time.time_ns() // 1000 + self._ahead

    def at(self, when: int, ring: Callable[[], None]) -> Alarm:
        return _Jump(self, when, ring)

    def jump(self, when: int) -> None:
        self._ahead += max(0, when - self.now())


class _Jump:
    """An alarm of a clock that jumps: it rings when it is due, or as soon as nobody does anything."""

    def __init__(self, clock: SkippingClock, when: int, ring: Callable[[], None]) -> None:
        self._clock, self._when, self._ring = clock, when, ring
        self._idle_before = False
        self._handle = asyncio.get_running_loop().call_later(0, self._look)

    def _look(self) -> None:
        # Idle twice in a row: what was just begun shows only at the second look.
        idle = self._clock.idle()
        if self._clock.now() >= self._when or (idle and self._idle_before):
            self._clock.jump(self._when)
            self._ring()
            return
        self._idle_before = idle
        self._handle = asyncio.get_running_loop().call_later(self._clock.LOOK, self._look)

    def cancel(self) -> None:
        self._handle.cancel()
