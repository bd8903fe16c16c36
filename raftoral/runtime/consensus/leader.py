"""What a leader makes of answers before the engine counts them, and how much it has on its way to each follower.

    Appended(term=3, next_index=8, success) from "b"     counted if "b" is a member and 3 is our term; else dropped

The engine's answers carry no term and are counted whoever they come from; a late one of an earlier leadership counts
as a copy of an entry that was never copied (deviation 3). A success sets back what was sent already, and so all of it
is sent again (2); a reset may point anywhere, also beyond the end of the log (23). And nothing bounds what is on its
way (35).

Never: counts an answer of another term or of a stranger, or moves a follower's place back below what it has
acknowledged.
"""

from __future__ import annotations

from collections import deque

from ..faults import PeerError
from .core import LEADER, Core
from .log import Limits
from .messages import Append, Appended
from .tail import Tail

# Resets are answered at once, but not more often than this: two messages that cross would otherwise be answered with
# two more, and so on (the first guard of the lab made 400,000 steps of it).
RESEND_PAUSE_S = 0.02


class Flight:
    """What is on its way to one follower: last index and bytes of each append that is not answered.

    While it is `probing`, the leader looks for the place where the logs part: only empty appends go, and only the
    answer to the latest place counts. Without that, all appends that followed a refused one are refused too, each with
    another place to try, and the last of them wins: the leader goes round in a circle.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.appends: deque[tuple[int, int]] = deque()
        self.bytes = 0
        self.resent_at = -1.0
        self.probing = False

    def landed(self, index: int) -> None:
        while self.appends and self.appends[0][0] <= index:
            self.bytes -= self.appends.popleft()[1]

    def clear(self) -> None:
        self.appends.clear()
        self.bytes = 0
        self.probing = False

    @property
    def full(self) -> bool:
        limits = self._limits
        return len(self.appends) >= limits.flight_messages_max or self.bytes >= limits.flight_bytes_max


class Followers:
    """The leader's view of the others. Empty again with each leadership."""

    def __init__(self, core: Core, tail: Tail, limits: Limits) -> None:
        self._limits = limits
        self._core = core
        self._tail = tail
        self._flights: dict[str, Flight] = {}
        self.paused: list[str] = []  # followers for whom the engine's loop was stopped; the guard lets them go on

    def begin(self) -> None:
        self._flights.clear()

    def flight(self, peer: str) -> Flight:
        return self._flights.setdefault(peer, Flight(self._limits))

    def counts(self, peer: str, answer: Appended) -> bool:
        """Whether an answer may be counted: of this leadership, and from a member of now."""
        core = self._core
        return core.role == LEADER and answer.term == core.term and peer in self._tail.members.now

    def answered(self, peer: str, answer: Appended, now: float) -> None:
        """An answer that counts."""
        core = self._core
        last = self._tail.last.index
        if answer.success and answer.next_index - 1 > last:
            raise PeerError(f"{peer} acknowledges entry {answer.next_index - 1} of a log that ends with {last}")
        flight = self.flight(peer)
        match, before = core.match_index(peer), core.next_index(peer)
        if answer.reset:
            if answer.previous_index <= match or (flight.probing and answer.previous_index != before - 1):
                # A late answer: what it could not place is there by now, or we look somewhere else already. It is a
                # sign of life all the same.
                core.appended(peer, answer._replace(reset=False))
                return
            # Not below what it acknowledged, which is durable there; nor above our end, where the engine would find no
            # entry to follow, and send heartbeats without a place for ever.
            answer = answer._replace(next_index=min(max(answer.next_index, match + 1), last + 1))
        core.appended(peer, answer)
        if answer.success:
            was_held = flight.full or flight.probing
            flight.landed(answer.next_index - 1)
            flight.probing = False
            core.set_next_index(peer, max(before, core.next_index(peer)))
            if was_held and not flight.full and core.next_index(peer) <= last:
                core.hurry()
        elif answer.reset:
            flight.clear()
            flight.probing = True
            if now - flight.resent_at > RESEND_PAUSE_S:
                flight.resent_at = now
                core.hurry()

    def leaves(self, peer: str, append: Append) -> Append:
        """An append that the engine sends. When it must not have entries, it becomes a heartbeat."""
        if not append.entries:
            return append
        flight = self.flight(peer)
        if flight.full or flight.probing:
            # Put its place back, and stop the engine's loop for this follower: it ends for one that is not connected.
            self._core.set_next_index(peer, append.previous_index + 1)
            self._core.disconnect(peer)
            self.paused.append(peer)
            return append._replace(entries=())
        size = sum(len(entry.data) for entry in append.entries)
        flight.appends.append((append.entries[-1].index, size))
        flight.bytes += size
        return append

    def connected(self, peer: str) -> None:
        """A new link: what was on its way on the old one is lost. Go on after what is known to be there."""
        self.flight(peer).clear()
        core = self._core
        if core.role == LEADER and peer in self._tail.members.now and core.match_index(peer) > 0:
            core.set_next_index(peer, min(core.next_index(peer), core.match_index(peer) + 1))
            core.hurry()
