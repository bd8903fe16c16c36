"""One group on one node: the engine, and everything that stands between it and the world.

    on_message("b", Appended(...)); tick()   ->   early: appends of a leader   late: answers and votes, after the sync
                                                  applied: committed entries   answers: what became of requests

In: sound messages of known peers, requests, the passing of time. Out: four lists, taken by `groups` in each step; what
is in `late`, `applied` and `answers` may leave only when the journal is synced. `follower`, `leader`, `elections`,
`reads` and `members` each hold one part of the protocol; here they are joined. `core` is the engine.

Never: goes on after an exception. Whatever raised half-way through leaves nothing behind but a group that is dropped.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import assert_never

from ..faults import PeerError, check
from .core import ALREADY, LEADER, Core, Timing
from .elections import Elections
from .entries import (
    BATCH,
    BATCH_BYTES_MAX,
    BATCH_PROPOSALS_MAX,
    CHANGE,
    NAME_BYTES_MAX,
    PROPOSAL_BYTES_MAX,
    REQUEST_ID_BYTES_MAX,
    Change,
    Entry,
    Proposal,
    pack_batch,
    pack_change,
    unpack_batch,
)
from .follower import normalised, retry_at
from .journal import Point
from .leader import Followers
from .log import (
    Answer,
    Applied,
    Busy,
    Committed,
    Lacking,
    Limits,
    NotLeader,
    Outcome,
    Peering,
    Readable,
    Refused,
    Status,
    Unknown,
)
from .messages import (
    Append,
    Appended,
    Message,
    PreVote,
    PreVoteRequest,
    TermHint,
    TimeoutNow,
    Vote,
    VoteRequest,
)
from .reads import Reads
from .tail import Tail

ROLES = ("follower", "candidate", "leader")
LACKING_PAUSE_S = 1.0  # between two calls for the same snapshot
TRANSFER_TIMEOUTS = 1.0  # a transfer is given up after this many of the longest election timeouts
SOON_S = 1e-4  # the engine compares times strictly: at its own deadline it would do nothing


class Guard:
    """Implements `log.ReplicatedLog` for the host, and `core.Hooks` for the engine."""

    def __init__(
        self,
        group: int,
        node: str,
        tail: Tail,
        applied: int,
        *,
        now: float,
        chance: Callable[[], float],
        timing: Timing = Timing(),  # noqa: B008 - it is immutable
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.group = group
        self.node = node
        self.log = tail
        self.now = now
        self.time = 0
        self.chance = chance
        self._timing = timing
        self._limits = limits
        # Outputs of this step.
        self.early: list[tuple[str, Message]] = []
        self.late: list[tuple[str, Message]] = []
        self.applied: list[Applied] = []
        self.answers: list[Answer] = []
        self.lacking: list[Lacking] = []
        # Requests: not in the log yet; and those in it, which wait to be applied.
        self._proposals: deque[Proposal] = deque()
        self._changes: deque[tuple[bytes, Change]] = deque()
        self._open: Counter[bytes] = Counter()
        self._open_changes: dict[int, bytes] = {}
        self._handover: tuple[str, float] | None = None
        # State of the protocol.
        self._down: set[str] = set()
        self._heard: dict[str, float] = {}
        self._answering: Append | None = None
        self._verified: int | None = None
        self._told_commit = 0
        self._said: tuple[str, int, int, int] | None = None  # to a leader: how far our log is its own
        self._said_at = float("-inf")
        self._lacking_at: dict[str, float] = {}
        others = tail.members.now - {node}
        self.core = Core(self, node, others, timing)
        self.core.stand_at(applied, tail.commit)
        self._peers: frozenset[str] = frozenset()
        self.elections = Elections(node, self.core, tail, timing, self._later)
        self.followers = Followers(self.core, tail, limits)
        self.reads = Reads()
        self._members_changed()
        if tail.members.now == {node}:
            self.core.election_at = float("-inf")  # nobody to wait for

    # --- requests -------------------------------------------------------------------------------------------------

    def propose(self, data: bytes, request_id: bytes) -> None:
        if self.core.role != LEADER:
            return self._answer(request_id, NotLeader(self._leader()))
        if len(data) > PROPOSAL_BYTES_MAX or len(request_id) > REQUEST_ID_BYTES_MAX:
            return self._answer(
                request_id,
                Refused(f"{len(data)} bytes with an id of {len(request_id)}; the most is {PROPOSAL_BYTES_MAX}"),
            )
        if request_id in self._open:
            return None  # it is in the log already, and was asked for again: it gets its answer from there
        if self._handover is not None:
            return self._answer(request_id, Busy(f"handing over to {self._handover[0]}"))
        if len(self._proposals) + self._open.total() >= self._limits.proposals_waiting_max:
            return self._answer(request_id, Busy("too much waits already"))
        self._proposals.append(Proposal(request_id, data))
        return None

    def read_barrier(self, request_id: bytes) -> None:
        if self.core.role != LEADER:
            return self._answer(request_id, NotLeader(self._leader()))
        # Until the entry with which this leadership began is applied, the commit index may be behind that of the
        # leader before.
        self.reads.ask(request_id, max(self.core.commit, self.core.noop))
        self.core.hurry()
        return None

    def add(self, node: str, request_id: bytes) -> None:
        if not 0 < len(node.encode()) <= NAME_BYTES_MAX:
            return self._answer(request_id, Refused(f"a name has 1 to {NAME_BYTES_MAX} bytes"))
        return self._change(request_id, Change(add=node))

    def remove(self, node: str, request_id: bytes) -> None:
        return self._change(request_id, Change(remove=node))

    def _change(self, request_id: bytes, change: Change) -> None:
        if self.core.role != LEADER:
            return self._answer(request_id, NotLeader(self._leader()))
        if self._handover is not None or self._changes:
            return self._answer(request_id, Busy("another change is on its way"))
        self._changes.append((request_id, change))
        return None

    def transfer(self, node: str) -> None:
        if self.core.role == LEADER and node != self.node and node in self.log.members.now:
            self._handover = (node, self.now + TRANSFER_TIMEOUTS * self._timing.election_max)

    def durable(self, index: int) -> None:
        """Cuts the log in pieces of a tenth of the tail, not by an entry each time."""
        check(index <= self.core.applied, f"the state cannot have entry {index}: {self.core.applied} is applied")
        keep = self._limits.tail_entries
        if index - self.log.first > keep + keep // 10:
            self.log.cut_to(index - keep)
        elif self.log.bytes > self._limits.tail_bytes:
            place = self.log.within(self._limits.tail_bytes * 9 // 10, index)
            if place > self.log.first:
                self.log.cut_to(place)

    def install(self, point: Point, swap: Callable[[], None]) -> bool:
        if point.index <= self.core.applied:
            return False
        if self.log.term_at(point.index) == point.term:
            # Our log is the leader's up to there, and goes on: replacing it could take away acknowledged entries.
            return False
        check(self.core.role != LEADER, "whoever leads has every committed entry, so a snapshot has nothing for it")
        check(point.index > self.core.commit, "a committed entry is in the log, with the term of the snapshot")
        # First the state, then the log: after a crash in between, the state is ahead of its log, and `opened` begins
        # the log where the state is. The other way round, entries would be gone whose effect is nowhere.
        swap()
        self.elections.hinted(point.term)  # a journal never holds a term that is later than its own
        self.log.reset(point)
        self.core.stand_at(point.index, point.index)
        self._members_changed()
        return True

    def heard(self, peer: str) -> float:
        return self._heard.get(peer, float("-inf"))

    def leads(self) -> tuple[str, int]:
        return self.core.standing()

    def status(self) -> Status:
        core = self.core
        followers = {}
        if core.role == LEADER:
            followers = {peer: Peering(core.match_index(peer), core.next_index(peer)) for peer in sorted(self._peers)}
        return Status(
            self.group,
            self.node,
            ROLES[core.role],
            core.term,
            self._leader(),
            self.log.members.now,
            self.log.first,
            self.log.last.index,
            core.commit,
            core.applied,
            len(self._proposals) + self._open.total(),
            followers,
        )

    # --- links ----------------------------------------------------------------------------------------------------

    def link(self, peer: str, up: bool) -> None:
        """A link broke, or a new one is there. Nothing is sent over a broken one; without word, links are taken for
        whole."""
        if up:
            self._down.discard(peer)
            if peer in self._peers:
                self.core.connect(peer)
                self.followers.connected(peer)
        else:
            self._down.add(peer)
            self.core.disconnect(peer)

    # --- a step ---------------------------------------------------------------------------------------------------

    def on_message(self, peer: str, message: Message) -> None:
        """One message. Its group is ours, its sender is who the link says; it may be of any time and of any node."""
        term, role = self.core.term, self.core.role
        self._heard[peer] = self.now
        match message:
            case Append():
                self._on_append(peer, message)
            case Appended():
                self._on_appended(peer, message)
            case VoteRequest():
                self.elections.asked_for_vote(peer, message, self.now)
            case Vote():
                if self.elections.counts(peer, message):
                    self.core.voted(peer, message)
            case PreVoteRequest():
                self.elections.asked_before(peer, message, self.now)
            case PreVote():
                self.elections.hinted(message.term)
                self.elections.answered_before(peer, message)
            case TermHint():
                self.elections.hinted(message.term)
            case TimeoutNow():
                self.elections.told_to_stand(peer, message)
            case _:
                assert_never(message)
        self._settle_role(term, role)

    def tick(self) -> None:
        """Time has passed, or there are requests."""
        core = self.core
        term, role = core.term, core.role
        self.elections.before_tick(self.now)
        core.tick()
        self._resume()
        self._settle_role(term, role)
        if core.role != LEADER:
            return
        if self._told_commit < core.commit and self._peers:
            core.send_appends()  # followers apply, and answer their own clients, a heartbeat earlier
            self._resume()
        self._hand_over()
        for read in self.reads.served(self._peers, core.applied):
            self._answer(read.request_id, Readable(read.index))

    def deadline(self) -> float:
        """When `tick` is needed next, if nothing happens before."""
        core = self.core
        if self._proposals or self._changes or self.answers or self.log.replaced:
            return self.now
        leads, at = core.due()
        if at == ALREADY:
            return self.now
        at += SOON_S
        if not leads:
            return at
        if not self._peers:
            return self.now if core.commit < self.log.last.index or self.reads else float("inf")
        return at if self._handover is None else min(at, self._handover[1])

    def beats(self, by: float) -> bool:
        """Whether it leads, and tells the others so by then."""
        leads, at = self.core.due()
        return leads and at < by and bool(self._peers)

    def _settle_role(self, term: int, role: int) -> None:
        """After whatever happened: what was promised in a role or a term that is over."""
        if self.core.term != term:
            self.elections.term_changed()
        if role == LEADER and (self.core.role != LEADER or self.core.term != term):
            self._abdicated()

    def abandoned(self) -> list[Answer]:
        """For a group that met a fault: whatever waits, nobody knows what became of it."""
        waiting = [proposal.request_id for proposal in self._proposals]
        waiting += [request_id for request_id, _ in self._changes]
        waiting += [read.request_id for read in self.reads.drop()]
        waiting += [*self._open, *self._open_changes.values()]
        waiting += [answer.request_id for answer in self.answers]  # of this step, which is not kept
        return [Answer(self.group, request_id, Unknown()) for request_id in dict.fromkeys(waiting)]

    def _abdicated(self) -> None:
        self._handover = None
        leader = NotLeader(self._leader())
        for proposal in self._proposals:
            self._answer(proposal.request_id, leader)
        for request_id, _ in self._changes:
            self._answer(request_id, leader)
        for read in self.reads.drop():
            self._answer(read.request_id, leader)
        for request_id in (*self._open, *self._open_changes.values()):
            self._answer(request_id, Unknown())
        self._proposals.clear()
        self._changes.clear()
        self._open.clear()
        self._open_changes.clear()

    def _hand_over(self) -> None:
        if self._handover is None:
            return
        peer, until = self._handover
        if self.now >= until or peer not in self._peers:
            self._handover = None
        elif self.core.match_index(peer) == self.log.last.index:
            self.core.transfer(peer)

    # --- the follower's side ----------------------------------------------------------------------------------------

    def _on_append(self, peer: str, append: Append) -> None:
        core = self.core
        if append.term < core.term:
            return self._later(peer, TermHint(core.term))
        if append.term == core.term:
            # The proof that elections work: at most one leader in a term.
            check(core.role != LEADER, f"{peer} leads term {core.term}, and so do we")
            check(core.leader in (None, peer), f"{peer} and {core.leader} both lead term {core.term}")
        self.elections.heard(self.now)
        normal = normalised(self.log, append)
        self._answering, self._verified = append, normal.verified
        core.append(peer, normal.append)
        check(self._answering is None, "an append was answered")
        if self.log.members.now - {self.node} != self._peers:
            self._members_changed()
        return None

    def core_acks(self, peer: str, reset: bool, next_index: int | None, success: bool) -> None:
        append = self._answering
        check(append is not None, "the engine answers an append")
        assert append is not None
        self._answering = None
        check(success == (self._verified is not None), "the engine sees a match where we do")
        # Exactly what this message verified, not what else stands in our log: that may be another leader's.
        at = self._verified + 1 if self._verified is not None else retry_at(self.log, next_index)
        answer = Appended(self.core.term, at, success, reset, append.round, append.previous_index)
        if self._is_news(peer, answer, append):
            self._later(peer, answer)

    def _is_news(self, peer: str, answer: Appended, append: Append) -> bool:
        """That entries are committed is said in appends without any, one behind each that has some. An answer to those
        tells a leader what it has just heard: a third of all messages. Were the one before lost, the next heartbeat
        brings another."""
        said = peer, answer.term, answer.next_index, answer.round
        soon = self.now - self._said_at < self._timing.heartbeat / 2
        if answer.success and not append.entries and soon and said == self._said:
            return False
        self._said, self._said_at = (said if answer.success else None), self.now
        return True

    # --- the leader's side -------------------------------------------------------------------------------------------

    def _on_appended(self, peer: str, answer: Appended) -> None:
        if answer.term > self.core.term:
            return self.elections.hinted(answer.term)
        if self.followers.counts(peer, answer):
            if answer.round > self.reads.round:
                raise PeerError(f"{peer} answers round {answer.round} of {self.reads.round}")
            self.reads.answered(peer, answer.round)
            self.followers.answered(peer, answer, self.now)
        return None

    def core_wins(self) -> None:
        self.followers.begin()
        self.reads.begin()
        self._told_commit = 0

    def core_asks(self) -> None:
        """Puts what waits into the log: first a change of members, then batches."""
        core = self.core
        if core.role != LEADER or not (self._proposals or self._changes):
            return
        while self._changes:
            self._append_change(*self._changes.popleft())
        while self._proposals:
            batch = self._next_batch()
            self._open.update(proposal.request_id for proposal in batch)
            self.log.add(pack_batch(self.time, batch), self.log.last.index + 1, core.term)
        core.send_appends()

    def _next_batch(self) -> list[Proposal]:
        batch: list[Proposal] = []
        size = 0
        waiting = self._proposals
        while waiting and len(batch) < BATCH_PROPOSALS_MAX:
            size += len(waiting[0].data) + len(waiting[0].request_id)
            if batch and size > BATCH_BYTES_MAX:
                break
            batch.append(waiting.popleft())
        return batch

    def _append_change(self, request_id: bytes, change: Change) -> None:
        core, members = self.core, self.log.members
        if core.commit < core.noop:
            # Before an entry of its own term is committed, a leader may not know of a change that another leader made,
            # and two changes that differ by more than one member can both find a majority (the engine checks only
            # this).
            return self._answer(request_id, Busy("this leader is new"))
        if members.last_change > core.commit:
            return self._answer(request_id, Busy("another change is on its way"))
        if change.remove == self.node:
            return self._answer(request_id, Refused("this node leads; transfer the leadership first"))
        if change.add in members.now or (change.remove and change.remove not in members.now):
            return self._answer(request_id, Refused("the members are so already"))
        index = self.log.last.index + 1
        self.log.add(pack_change(change), index, core.term)
        self._open_changes[index] = request_id
        self._members_changed()
        return None

    # --- what the engine says -----------------------------------------------------------------------------------------

    def core_sends(self, peer: str, message: Message) -> None:
        match message:
            case Append():
                self._told_commit = max(self._told_commit, message.commit)
                message = self.followers.leaves(peer, message._replace(round=self.reads.round))
                # A leader's own copy does not count before it is synced, so its appends need not wait for that. Its
                # term must be durable, though: after a crash it would otherwise lead the same term again, with other
                # entries.
                (self.late if self.log.term_changed else self.early).append((peer, message))
            case VoteRequest():
                self._later(peer, self.elections.leaving(message))
            case _:
                self._later(peer, message)

    def core_applies(self, index: int) -> None:
        """Collected only: it is applied when the step is synced. Else the state could be durable before the log is."""
        entry = self.log.at(index)
        check(entry is not None, f"entry {index} is to be applied, and not in the log")
        assert entry is not None
        kind = entry.data[:1]
        if kind == BATCH:
            self._apply_batch(entry)
            return
        members = self.log.members.at(index) if kind == CHANGE else None
        self.applied.append(Applied(self.group, index, entry.term, 0, (), members))
        request_id = self._open_changes.pop(index, None)
        if request_id is not None:
            self._answer(request_id, Committed(index, entry.term))

    def _apply_batch(self, entry: Entry) -> None:
        time, batch = unpack_batch(entry.data)
        self.applied.append(Applied(self.group, entry.index, entry.term, time, batch, None))
        if self._open:
            for proposal in batch:
                request_id = proposal.request_id
                if request_id in self._open:
                    self._open[request_id] -= 1
                    if not self._open[request_id]:
                        del self._open[request_id]
                    self._answer(request_id, Committed(entry.index, entry.term))

    def core_lacks(self, peer: str) -> None:
        if self.now - self._lacking_at.get(peer, float("-inf")) >= LACKING_PAUSE_S:
            self._lacking_at[peer] = self.now
            self.lacking.append(Lacking(self.group, peer))

    # --- small parts --------------------------------------------------------------------------------------------------

    def _members_changed(self) -> None:
        """The log names other members than before: those count from now on, committed or not."""
        peers = self.log.members.now - {self.node}
        self.core.set_peers(peers)
        for peer in sorted(self._peers - peers):
            self.core.disconnect(peer)
        for peer in sorted(peers - self._peers - self._down):
            self.core.connect(peer)
        self._peers = peers

    def _resume(self) -> None:
        """Followers for whom the engine's loop was stopped may be sent to again."""
        for peer in self.followers.paused:
            if peer in self._peers and peer not in self._down:
                self.core.connect(peer)
        self.followers.paused.clear()

    def _later(self, peer: str, message: Message) -> None:
        self.late.append((peer, message))

    def _answer(self, request_id: bytes, outcome: Outcome) -> None:
        self.answers.append(Answer(self.group, request_id, outcome))

    def _leader(self) -> str:
        return self.core.leader or ""
