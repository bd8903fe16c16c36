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
from .messages import Append, Appended
from .tail import Tail

# On its way to one follower, unanswered. Beyond it, only heartbeats go until an answer comes.
FLIGHT_BYTES_MAX = 8 * 1024 * 1024
FLIGHT_MESSAGES_MAX = 128

# Resets are answered at once, but not more often than this: two messages that cross would otherwise be answered with
# two more, and so on (the first guard of the lab made 400,000 steps of it).
RESEND_PAUSE_S = 0.02


class Flight:
    """What is on its way to one follower: last index and bytes of each append that is not answered."""

    def __init__(self) -> None:
        self.appends: deque[tuple[int, int]] = deque()
        self.bytes = 0
        self.resent_at = -1.0

    def landed(self, index: int) -> None:
        while self.appends and self.appends[0][0] <= index:
            self.bytes -= self.appends.popleft()[1]

    def clear(self) -> None:
        self.appends.clear()
        self.bytes = 0

    @property
    def full(self) -> bool:
        return len(self.appends) >= FLIGHT_MESSAGES_MAX or self.bytes >= FLIGHT_BYTES_MAX


class Followers:
    """The leader's view of the others. Empty again with each leadership."""

    def __init__(self, core: Core, tail: Tail) -> None:
        self._core = core
        self._tail = tail
        self._flights: dict[str, Flight] = {}
        self.paused: list[str] = []  # followers for whom the engine's loop was stopped; the guard lets them go on

    def begin(self) -> None:
        self._flights.clear()

    def flight(self, peer: str) -> Flight:
        return self._flights.setdefault(peer, Flight())

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
        match, before = core.match_index(peer), core.next_index(peer)
        if answer.reset:
            # Not below what it acknowledged (that is durable there: the answer is a late one), nor above our end (the
            # engine would then find no entry to follow, and send heartbeats without a place for ever).
            answer = answer._replace(next_index=min(max(answer.next_index, match + 1), last + 1))
        core.appended(peer, answer)
        flight = self.flight(peer)
        if answer.success:
            core.set_next_index(peer, max(before, core.next_index(peer)))
            was_full = flight.full
            flight.landed(answer.next_index - 1)
            if was_full and not flight.full:
                core.hurry()
        elif answer.reset:
            flight.clear()
            if core.next_index(peer) <= last and now - flight.resent_at > RESEND_PAUSE_S:
                flight.resent_at = now
                core.hurry()

    def leaves(self, peer: str, append: Append) -> Append:
        """An append that the engine sends. When too much is on its way already it becomes a heartbeat."""
        if not append.entries:
            return append
        flight = self.flight(peer)
        if flight.full:
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
