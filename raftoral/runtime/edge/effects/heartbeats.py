"""Heartbeats with details, from any thread to reports on the loop: at most one a second of each attempt.

    said at 0.0, 0.1, 0.2 and 5.0      ->   reported at 0.0, at 1.0 (what was said at 0.2) and at 5.0

What goes is always the latest, and the last one goes for certain: when an attempt is over, before its own report.
Never after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import get_ident

from raftoral.runtime.alarms import Clock
from raftoral.runtime.edge.effects.going import Going
from raftoral.runtime.ports import Beat

BEAT_SECONDS = 1.0


class Heartbeats:
    """Made on the thread of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, report: Callable[[Beat], None]) -> None:
        self._loop = loop
        self._clock = clock
        self._report = report
        self._thread = get_ident()

    def heard(self, going: Going) -> None:
        """There is something new in `going.said`. May be called from any thread.

        No lock: who speaks writes `said` and then reads `hearing`, who listens does it the other way round.
        """
        if going.hearing:
            return  # the one that is on the way will find the latest
        going.hearing = True
        if get_ident() == self._thread:
            self._hear(going)
        else:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._hear, going)

    def flush(self, going: Going) -> None:
        """The attempt will be reported now: what it said last goes before."""
        if going.said is not None:
            self._send(going)
        if going.timer is not None:
            going.timer.cancel()

    def _hear(self, going: Going) -> None:
        left = going.sent_at + BEAT_SECONDS - self._clock.time()
        if left <= 0.0:
            self._send(going)
        elif not going.answered:
            going.timer = self._clock.call_later(left, partial(self._send, going))

    def _send(self, going: Going) -> None:
        going.hearing = going.answered  # for ever, once nobody listens
        said = going.said
        if said is not None and said is not going.sent and not going.answered:
            going.sent, going.sent_at = said, self._clock.time()
            self._report(Beat(going.attempt, said))
