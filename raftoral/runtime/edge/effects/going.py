"""One attempt while the runner has it: the record on which all its parts work."""

from __future__ import annotations

import asyncio
from typing import Any

from raftoral.runtime.activity import Call
from raftoral.runtime.alarms import Timer
from raftoral.runtime.edge.effects.lanes import Entrant
from raftoral.runtime.edge.effects.outcomes import Ending, Performer

# The phases of an attempt, in order. Not an enum: they are looked at a dozen times in each attempt.
WAITING, RUNNING, TOLD, CANCELLED, ABANDONED, OVER = range(6)


class Going(Call, Entrant):
    """One attempt, from its start to its end. The attributes of the class are what most attempts never change."""

    phase = WAITING
    answered = False  # it was reported
    performer: Performer
    arrived: float  # a moment of the runner's clock: when it was started, whether it had to wait or not
    task: asyncio.Future[Any] | None = None  # most are tasks
    ending: Ending | None = None
    # Of its heartbeats:
    hearing = False  # one is on the way, or waits for its second
    sent: bytes | None = None
    sent_at: float = float("-inf")
    timer: Timer | None = None
