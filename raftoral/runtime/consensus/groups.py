"""All groups of a node, stepped together: one sync for all of them.

    receive(peer, frame) ... propose(...) ...
    frames = groups.advance(now, time)     inbox -> tick. Appends of leaders: send these at once
    ready = groups.settle()                journal synced. Then acks, votes, entries to apply, answers

In: frames, requests, the passing of time. Out: as above, and `deadline`, when the next step is due if nothing comes
before. The order of a step is the safety of the whole: *nothing that says "I have it" leaves before it is synced*, so
what a step says is released by `settle` alone. What a leader sends may go before its own sync, since its own copy
counts from the next step on.

Never: blocks but for the journal's sync; reads a clock; starts anything. A group whose engine raises is dropped with
all that it did in this step (`Ready.stopped`) and must be opened anew from disk; a journal that raises takes all
groups with it, and this object: after a failed sync nobody knows what is on the disk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Literal

from raftoral.errors import StorageFailed, StorageRefused, UsageError

from ..faults import PeerError, check
from ..proto import consensus_pb2 as pb
from .core import LEADER, Timing
from .entries import Change, Entry, pack_change
from .guard import Guard
from .journal import BEGINNING, Journal, Point, Record, Stored, Write
from .log import Answer, Applied, Lacking, Limits, Ready, ReplicatedLog, Stopped
from .messages import GROUP_MAX, Message, frame_of, packed, unpacked
from .tail import Tail

BEATS_SHARE = 0.5  # of the time between two heartbeats that one may come earlier, with another group's
INBOX_MESSAGES_MAX = 20_000  # beyond it messages are dropped: links may lose, and somebody is not stepping


class Groups:
    def __init__(
        self,
        node: str,
        journal: Journal,
        *,
        chance: Callable[[], float],
        timing: Timing = Timing(),  # noqa: B008 - it is immutable
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.node = node
        self._journal = journal
        self._chance = chance
        self._timing = timing
        self._limits = limits
        self._guards: dict[int, Guard] = {}  # in the order of groups
        self._inbox: list[tuple[str, int, Message]] = []
        self._down: set[str] = set()
        self._phase: Literal["idle", "advanced", "failed"] = "idle"
        self._stopped: list[Stopped] = []
        self._abandoned: list[Answer] = []
        self._distrusted: list[tuple[str, str]] = []
        self._stepped: list[Guard] = []
        self._now = 0.0
        self.dropped = 0  # messages: for groups that are not here, or beyond the bound

    # --- groups come and go -----------------------------------------------------------------------------------------

    def create(self, group: int, members: Iterable[str]) -> None:
        """A new group: each of its first members calls this once, with the same names. Durable when it returns.

        The members are the first entry, committed from the beginning: whoever joins later learns them with the log.
        """
        names = frozenset(members)
        if self.node not in names or not all(names):
            raise UsageError(f"{self.node} creates group {group}, and is not among its members {sorted(names)}")
        first = Entry(pack_change(Change(members=names)), 1, 0)
        self._begin(group, Write(Record(0, None, 1, BEGINNING, 1), 0, [first]))

    def join(self, group: int) -> None:
        """This node is about to be added to a group: an empty log, to be filled by the leader. Durable when it
        returns."""
        stored = self._journal.load(group)
        if stored is not None and stored.record.last == 0:
            return  # it was here before, and was forgotten
        self._begin(group, Write(Record(0, None, 0, BEGINNING, 0), 0, []))

    def _begin(self, group: int, write: Write) -> None:
        self._idle()
        if not 0 <= group <= GROUP_MAX:
            raise UsageError(f"a group has a number from 0 to {GROUP_MAX}, not {group}")
        if self._journal.load(group) is not None:
            raise UsageError(f"group {group} is on this node already")
        self._write({group: write})

    def open(self, group: int, point: Point, now: float) -> ReplicatedLog:
        """A group from disk. `point` is where its state machine stands durably: it is given the entries after it."""
        self._idle()
        if group in self._guards:
            raise UsageError(f"group {group} is open already")
        stored = self._journal.load(group)
        if stored is None:
            raise UsageError(f"group {group} is not on this node: create it, or join it")
        tail = opened(group, stored, point, self._limits)
        write = tail.take_write()
        if write is not None:
            self._write({group: write})
        guard = Guard(
            group, self.node, tail, point.index, now=now, chance=self._chance, timing=self._timing, limits=self._limits
        )
        for peer in sorted(self._down):
            guard.link(peer, False)
        self._guards[group] = guard
        self._guards = dict(sorted(self._guards.items()))
        return guard

    def close(self, group: int) -> None:
        """Lets go of a group. What of it was not synced is as if it never was."""
        self._idle()
        self._guards.pop(group, None)

    def forget(self, group: int) -> None:
        """The node was removed from a group: its log goes. Its term and its vote stay: should it ever come back under
        this name, it must not vote a second time in a term in which it has voted."""
        self.close(group)
        stored = self._journal.load(group)
        if stored is not None:
            self._write({group: Write(Record(stored.record.term, stored.record.vote, 0, BEGINNING, 0), 0, [])})

    # --- what comes in ----------------------------------------------------------------------------------------------

    def receive(self, peer: str, frame: bytes) -> None:
        """A frame from a peer, whose name the link has proved. `PeerError`: it is nonsense, and nothing of it was
        taken."""
        messages = unpacked(frame)
        if len(self._inbox) + len(messages) > INBOX_MESSAGES_MAX:
            self.dropped += len(messages)
            return
        self._inbox.extend((peer, group, message) for group, message in messages)

    def link(self, peer: str, up: bool) -> None:
        """A link broke, or a new one stands. Without word, links are taken for whole."""
        self._idle()
        (self._down.discard if up else self._down.add)(peer)
        for guard in self._guards.values():
            guard.link(peer, up)

    def deadline(self) -> float:
        """When the next step is due, at the latest."""
        if self._inbox or self._stopped:
            return self._now
        return min((guard.deadline() for guard in self._guards.values()), default=float("inf"))

    # --- a step -----------------------------------------------------------------------------------------------------

    def advance(self, now: float, time: int) -> dict[str, bytes]:
        """First half of a step: what came is handled, what is due is done. Returns frames that may be sent at once.

        `now` is a clock that never goes back, in seconds; `time` is microseconds since 1970, and may jump.
        """
        self._idle()
        now = max(now, self._now)
        self._phase = "advanced"
        self._now = now
        busy: dict[int, Guard] = {}
        inbox, self._inbox = self._inbox, []
        for guard in self._guards.values():
            guard.now, guard.time = now, time
        for peer, group, message in inbox:
            guard_of = self._guards.get(group)
            if guard_of is None:
                self.dropped += 1
                continue
            busy[group] = guard_of
            self._guarded(guard_of, peer, message)
        due = {group for group, guard in self._guards.items() if guard.deadline() <= now}
        if any(self._guards[group].beats(now) for group in due):
            # One parcel for each peer is for the heartbeats of all groups: those that are due soon come with it, and
            # from then on they are due together.
            by = now + self._timing.heartbeat * BEATS_SHARE
            for group, guard in self._guards.items():
                if guard.beats(by):
                    guard.core.hurry()
                    due.add(group)
        for group, guard in list(self._guards.items()):
            if group in due or (group in busy and guard.core.role == LEADER):
                self._guarded(guard)  # what came may let a leader commit; whoever follows did all with the message
                busy[group] = guard
        self._stepped = [guard for group, guard in self._guards.items() if group in busy]
        frames: defaultdict[str, list[pb.Message]] = defaultdict(list)
        for guard in self._stepped:
            for peer, message in guard.early:
                frames[peer].append(packed(guard.group, message))
            guard.early.clear()
        return {peer: frame_of(messages) for peer, messages in frames.items()}

    def _guarded(self, guard: Guard, peer: str = "", message: Message | None = None) -> None:
        """Never goes on half-way: an exception of the engine, or of ours, is the end of this object of the group."""
        if self._guards.get(guard.group) is not guard:
            return  # it stopped earlier in this step
        try:
            if message is None:
                guard.tick()
            else:
                guard.on_message(peer, message)
        except PeerError as error:
            self._distrusted.append((peer, str(error)))
        except Exception as fault:
            del self._guards[guard.group]
            self._stopped.append(Stopped(guard.group, fault))
            self._abandoned += guard.abandoned()

    def settle(self) -> Ready:
        """Second half: makes durable what the first did, then hands out all the rest. `StorageFailed`: see above."""
        check(self._phase == "advanced", "a step is settled after it was advanced")
        writes = {guard.group: write for guard in self._stepped if (write := guard.log.take_write()) is not None}
        if writes:
            self._write(writes)
        self._phase = "idle"
        frames: defaultdict[str, list[pb.Message]] = defaultdict(list)
        applied: list[Applied] = []
        answers, self._abandoned = self._abandoned, []
        lacking: list[Lacking] = []
        for guard in self._stepped:
            for peer, message in guard.late:
                frames[peer].append(packed(guard.group, message))
            applied += guard.applied
            answers += guard.answers
            lacking += guard.lacking
            for output in (guard.late, guard.applied, guard.answers, guard.lacking):
                output.clear()
        stopped, self._stopped = self._stopped, []
        distrusted, self._distrusted = self._distrusted, []
        self._stepped = []
        sent = {peer: frame_of(messages) for peer, messages in frames.items()}
        return Ready(sent, applied, answers, lacking, stopped, distrusted)

    def _write(self, writes: dict[int, Write]) -> None:
        try:
            self._journal.write(writes)
        except Exception as error:
            # Whether it was kept is not known, and a second sync of the same pages may succeed without having done
            # anything.
            self._phase = "failed"
            self._guards.clear()
            if isinstance(error, StorageFailed):
                raise
            raise StorageFailed(f"the journal failed: {error}") from error

    def _idle(self) -> None:
        check(self._phase != "advanced", "a step is settled before anything else is done")
        if self._phase == "failed":
            raise StorageFailed("the journal failed; this object is dead, and the node must begin anew from disk")


def opened(group: int, stored: Stored, point: Point, limits: Limits) -> Tail:
    """The log of a group as it stands on disk, brought together with the state that stands beside it.

    The state may lag behind the log: it is caught up from it. It may also be *ahead*, when a crash came between its
    snapshot and the log's reset: then the log begins where the state is.
    """
    tail = Tail(stored, limits.append_entries_max)
    if point.index < tail.first:
        raise StorageRefused(
            f"Group {group}: the state stands at entry {point.index}, and its log begins after {tail.first}. They are "
            f"not of the same node, or of different times: put back both from one copy, or remove the node and add a "
            f"new one."
        )
    if tail.term_at(point.index) != point.term:
        check(point.index > tail.commit, f"group {group}: the state has another entry {point.index} than the log")
        if point.term > tail.term:  # it was brought by a snapshot, before any message of that term
            tail.setCurrentTerm(point.term, None)
        tail.reset(point)
    tail.commit = max(tail.commit, point.index)
    return tail
