"""The public face: what a replicated log offers, whatever engine is behind it.

    log.propose(b"...", b"id")  ...  Ready(applied=[Applied(7, ...)], answers=[Answer(1, b"id", Committed(7, 3))], ...)

Data and the port only. In: bytes and time, from the host. Out: bytes to send, entries to apply, answers. Nothing here
blocks, waits, starts a thread, reads a clock or opens anything; what must be durable goes through `journal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from .entries import Proposal
from .journal import Point

# --- answers: what became of what somebody asked for ----------------------------------------------------------------


class Committed(NamedTuple):
    """It is in the log for ever, and stands in the entries to be applied with this answer. The result is the
    machine's."""

    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name
    term: int


class Readable(NamedTuple):
    """Once everything up to this index is applied, the state is at least as new as when the read was asked for."""

    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name


class NotLeader(NamedTuple):
    """Nothing was done. `leader` may know more; empty: nobody is known."""

    leader: str


class Unknown(NamedTuple):
    """It is in this node's log, and this node leads no longer: it may be committed or lost. Try again *with the same
    id*."""


class Busy(NamedTuple):
    """Nothing was done; try again soon."""

    why: str


class Refused(NamedTuple):
    """Nothing was done, and trying again will not help until something else changes."""

    why: str


Outcome = Committed | Readable | NotLeader | Unknown | Busy | Refused


class Answer(NamedTuple):
    group: int
    request_id: bytes
    outcome: Outcome


# --- what a step brings ---------------------------------------------------------------------------------------------


class Applied(NamedTuple):
    """A committed entry, durable here. Every index comes once after an opening, in order, without a gap.

    `time` is the clock of the leader that proposed it, in microseconds since 1970; clocks of leaders differ, so the
    machine takes the greatest so far. `members` is given where they change: they belong into the state, since a
    snapshot needs them.
    """

    group: int
    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name
    term: int
    time: int
    batch: Sequence[Proposal]
    members: frozenset[str] | None


class Lacking(NamedTuple):
    """A member needs a snapshot: what it lacks is gone from the log. Said again every second until it has one."""

    group: int
    peer: str


class Stopped(NamedTuple):
    """A group that met a fault. Its object is gone, nothing of its last step was kept: open it anew from disk."""

    group: int
    fault: Exception


class Ready(NamedTuple):
    """What a step brought; all that had to be durable for it is. In this order: send, apply, answer."""

    frames: dict[str, bytes]
    applied: list[Applied]
    answers: list[Answer]
    lacking: list[Lacking]
    stopped: list[Stopped]
    distrusted: list[tuple[str, str]]  # peers that sent nonsense, and what: their links should be dropped


class Peering(NamedTuple):
    """What a leader knows of a follower."""

    match: int
    next: int


class Status(NamedTuple):
    group: int
    node: str
    role: str  # "leader", "follower", "candidate"
    term: int
    leader: str  # empty: not known
    members: frozenset[str]
    base: int  # entries up to here are gone
    last: int
    commit: int
    applied: int
    open: int  # proposals and reads that wait
    followers: dict[str, Peering]  # empty, but on the leader


class ReplicatedLog(Protocol):
    """One group on one node. Requests are answered by id in a `Ready`, never by a return value."""

    def propose(self, data: bytes, request_id: bytes) -> None:
        """Wants data in the log. The same id may be proposed again, here or at another node: the machine sees it
        twice."""

    def read_barrier(self, request_id: bytes) -> None:
        """Wants to know when this node's state is new enough for a linearizable read."""

    def add(self, node: str, request_id: bytes) -> None:
        """Wants a node as a member. One change at a time; one that waits makes the next one Busy."""

    def remove(self, node: str, request_id: bytes) -> None:
        """Wants a member gone. The leader cannot remove itself: transfer first."""

    def transfer(self, node: str) -> None:
        """The leader gives its place to a member as soon as that one has the whole log, or gives up after a while."""

    def durable(self, index: int) -> None:
        """The state is durable up to here: earlier entries may be forgotten, but for a tail for slow followers."""

    def install(self, point: Point, swap: Callable[[], None]) -> bool:
        """A snapshot is here. `swap` puts the state at `point` in place durably, before the log is replaced; it is not
        called when the snapshot is of no use, as it is older than what is here (then False)."""

    def heard(self, peer: str) -> float:
        """When a member last said anything in this group. It may be well, and this group of it stand still."""

    def leads(self) -> tuple[str, int]:
        """Who leads in which term, as far as this node knows; looked at in every step. An empty name: nobody."""

    def status(self) -> Status:
        """For people and for the host."""


class Limits(NamedTuple):
    """Bounds of what waits, of what is on its way, and how much of the log is kept for slow followers."""

    proposals_waiting_max: int = 10_000
    append_entries_max: int = 1024
    # On its way to one follower, unanswered. Beyond it, only heartbeats go until an answer comes.
    flight_messages_max: int = 128
    flight_bytes_max: int = 8 * 1024 * 1024
    tail_entries: int = 10_000
    tail_bytes: int = 64 * 1024 * 1024
