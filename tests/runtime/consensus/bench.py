"""One node under test, and peers whose words are written by hand: each message of theirs is said when the test says so.

bench = Bench("a", "abc"); bench.lead(); bench.say("b", Appended(...))     ->     what "a" sends, applies and answers
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raftoral.runtime.consensus.core import Timing
from raftoral.runtime.consensus.entries import NOTHING, Entry, Proposal, pack_batch
from raftoral.runtime.consensus.groups import Groups
from raftoral.runtime.consensus.guard import Guard
from raftoral.runtime.consensus.journal import BEGINNING, MemoryJournal, Point, Stored
from raftoral.runtime.consensus.log import Answer, Limits, Ready
from raftoral.runtime.consensus.messages import (
    Append,
    Appended,
    Message,
    PreVote,
    Vote,
    frame_of,
    packed,
    unpacked,
)

TIMING = Timing(heartbeat=0.1, election_min=0.5, election_max=1.0)
GROUP = 1
DEFAULTS = Limits()


class Bench:
    def __init__(self, node: str = "a", members: Iterable[str] = "abc", limits: Limits = DEFAULTS) -> None:
        self.node = node
        self.limits = limits
        self.now = 100.0
        self.durable: dict[int, Stored] = {}
        self.sent: list[tuple[str, Message]] = []  # of the last step
        self.early: list[tuple[str, Message]] = []
        self.ready = Ready({}, [], [], [], [], [])
        self.open_node()
        self.groups.create(GROUP, members)
        self.log = self.groups.open(GROUP, BEGINNING, self.now)

    def open_node(self) -> None:
        self.journal = MemoryJournal(self.durable)
        self.groups = Groups(self.node, self.journal, chance=lambda: 0.5, timing=TIMING, limits=self.limits)

    def restart(self, point: Point = BEGINNING) -> None:
        """The power was gone: what was synced is there."""
        self.open_node()
        self.log = self.groups.open(GROUP, point, self.now)

    @property
    def guard(self) -> Guard:
        return self.groups._guards[GROUP]

    # --- time and messages ------------------------------------------------------------------------------------------

    def step(self, seconds: float = 0.001) -> Bench:
        self.now += seconds
        early = self.groups.advance(self.now, int(self.now * 1e6))
        self.early = _messages(early)
        self.ready = self.groups.settle()
        self.sent = [*self.early, *_messages(self.ready.frames)]
        return self

    def say(self, peer: str, *messages: Message, seconds: float = 0.001) -> Bench:
        self.groups.receive(peer, frame_of([packed(GROUP, message) for message in messages]))
        return self.step(seconds)

    def to(self, peer: str, kind: type) -> list:
        return [message for target, message in self.sent if target == peer and isinstance(message, kind)]

    def answers(self) -> list[Answer]:
        return self.ready.answers

    # --- roles ------------------------------------------------------------------------------------------------------

    def stand(self) -> int:
        """A candidate: a majority would, and now it asks. Returns its term."""
        self.step(1.1)
        term = self.log.status().term
        for peer in sorted(self.log.status().members - {self.node}):
            self.say(peer, PreVote(term, term + 1, True))
        self.step()
        assert self.log.status().role == "candidate"
        return term + 1

    def lead(self) -> int:
        """The leader, whose first entry is committed. Returns its term."""
        term = self.stand()
        for peer in sorted(self.log.status().members - {self.node}):
            if self.log.status().role != "leader":
                self.say(peer, Vote(term))
        assert self.log.status().role == "leader"
        self.copied()
        assert self.log.status().commit == self.log.status().last
        return term

    def copied(self, *peers: str) -> Bench:
        """These peers (or all others) have the whole log."""
        status = self.log.status()
        for peer in peers or sorted(status.members - {self.node}):
            self.say(peer, Appended(status.term, status.last + 1, True, False, self.guard.reads.round))
        return self

    def follow(self, leader: str, term: int, last: int, commit: int = 1, previous: int = 1) -> Bench:
        """A follower, with entries after `previous` up to `last`."""
        return self.say(leader, appends(term, previous, 0 if previous == 1 else term, last, commit))


def entry(index: int, term: int, what: bytes = b"") -> Entry:
    return Entry(pack_batch(1, [Proposal(b"r%d" % index, b"%d of %d" % (index, term) + what)]), index, term)


def entries(first: int, last: int, term: int) -> Sequence[Entry]:
    return tuple(entry(index, term) for index in range(first, last + 1))


def appends(term: int, previous: int, previous_term: int, last: int, commit: int, of: int = 0) -> Append:
    """An append of entries after `previous` up to `last`, of term `of` (or that of the leader)."""
    return Append(term, previous, previous_term, commit, 0, entries(previous + 1, last, of or term))


def nothing(index: int, term: int) -> Entry:
    return Entry(NOTHING, index, term)


def _messages(frames: dict[str, bytes]) -> list[tuple[str, Message]]:
    return [(peer, message) for peer, frame in frames.items() for _, message in unpacked(frame)]
