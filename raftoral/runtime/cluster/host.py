"""All groups of a node, sans-IO: requests go to leaders, entries to replicas, answers to whoever asked.

    host.submit(1, Signal("order-1", "paid", b"null"), done)     ...     done(None): it is committed and applied here
    parcels = host.advance(now, time)        first half of a step: send these at once
    step = host.settle()                     what was synced: parcels, effects to perform, runs that moved

A request is named by its id and lives in `_pending` until its answer is applied *on this node*: sent to the leader,
again after a while, again to the next leader. So nothing is lost with a leader, and nothing has to come back from one.

In: parcels of peers, requests, time. Out: as above. Never: blocks but for the journal's sync and the commits of states;
opens or sends anything; reads a clock. Long work (a snapshot, a sync of a state) is asked for as `jobs`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

from google.protobuf.message import DecodeError

from raftoral.errors import RaftoralError, StorageFailed, Unavailable
from raftoral.program.steps import Definition

from ..consensus.core import Timing
from ..consensus.groups import Groups
from ..consensus.journal import Journal, Point
from ..consensus.log import (
    Answer,
    Applied,
    Busy,
    Committed,
    Limits,
    NotLeader,
    Readable,
    Ready,
    Refused as LogRefused,
    ReplicatedLog,
    Unknown,
)
from ..core import commands as c
from ..core.commands import Command, Refused
from ..core.lifecycle import Halt, Moved, Perform, Tell
from ..core.programs import Programs
from ..core.wire import command_bytes
from ..faults import PeerError
from ..ports import Attempt, Row
from ..proto import peer_pb2 as pb
from .carriage import Carriage
from .directory import Directory
from .duties import Duties
from .following import Following
from .replica import HARMLESS, ONCE, PLACES, Came, Replica
from .states import Snapshot, States

PENDING_MAX = 20_000  # requests of this node that wait; beyond it, clients are told to come later
RETRY_S = 0.3  # before a request that nobody answered is sent again
SOON_S = 0.03  # before one that was refused by a node that does not lead is tried again
LIVES_APART = 1 << 32  # so far a life is from one that it must outlive, at most: microseconds, about an hour
TOGETHER_S = 0.01  # requests that are to be sent again within it are sent in one step
DUTY_S = 0.2  # between two looks at who is alive, and at what a leader has to do
DUTY_SHARES_S = 0.1  # that it may come earlier, in a step that is made anyway

Outcome = Refused | RaftoralError | None
Done = Callable[[Outcome], None]

PROPOSE, READ = pb.Request.PROPOSE, pb.Request.READ
BRING, REMOVE, TRANSFER = pb.Request.BRING, pb.Request.REMOVE, pb.Request.TRANSFER
NEVER = float("inf")


class Step(NamedTuple):
    """What a step brought. In this order: send, halt, perform, tell."""

    parcels: dict[str, bytes]
    performs: list[Attempt]
    halts: list[Halt]
    tells: list[Tell]
    moved: list[tuple[int, str, str]]  # (group, run, status)
    distrusted: list[tuple[str, str]]
    rows: list[tuple[int, Row]]  # of this node's runs that began or ended
    commands: int  # that were applied
    changed: bool  # who is in the cluster, or where


class State(Protocol):
    """The state machine of a group, as a host sees it."""

    point: Point
    applied: int

    @property
    def kept(self) -> int: ...

    def apply(self, entry: Applied) -> Came: ...


class Pending:
    """A request of this node that has no answer yet."""

    __slots__ = ("data", "dones", "ends_at", "group", "kind", "node", "request_id", "retry_at", "tries")

    def __init__(self, group: int, request_id: bytes, kind: pb.Request.Kind, data: bytes, node: str) -> None:
        self.group, self.request_id, self.kind, self.data, self.node = group, request_id, kind, data, node
        self.dones: list[Done] = []
        self.retry_at = 0.0
        self.ends_at = NEVER
        self.tries = 0


class Host:
    def __init__(
        self,
        node: str,
        journal: Journal,
        states: States,
        programs: Callable[[], Programs],
        install: Callable[[bytes], list[Definition]],
        *,
        life: int,
        chance: Callable[[], float],
        timing: Timing = Timing(),  # noqa: B008 - it is immutable
        limits: Limits = Limits(),  # noqa: B008
        down_after: float = 2.0,
        trails: bool = True,
    ) -> None:
        self.node = node
        self._programs = programs  # of a group that begins: what was deployed in one group, another may not know yet
        self.groups = Groups(node, journal, chance=chance, timing=timing, limits=limits)
        self.states = states
        self.directory: Directory | None = None
        self.replicas: dict[int, Replica] = {}
        self.logs: dict[int, ReplicatedLog] = {}
        self.broken: dict[int, str] = {}  # groups that stand still here, and why
        self.carriage = Carriage(self)
        self.following = Following(self)
        self.duties = Duties(self, down_after)
        self.activities: Callable[[Replica], frozenset[str]] = lambda replica: frozenset()
        self.jobs: list[tuple[str, int]] = []
        self.syncing: set[int] = set()
        self.heard: dict[str, float] = {}
        self.linked: set[str] = set()
        self.now = 0.0
        self.time = 0
        self.life = life
        self.leaving = False  # this node is about to stop: it does not say that it is there
        self._chance = chance
        self._journal = journal
        self._install = install
        self._trails = trails
        self._numbers = itertools.count(1)
        self._pending: dict[bytes, Pending] = {}
        self._retry_at = NEVER
        self._foreign: dict[bytes, tuple[str, int, pb.Request.Kind]] = {}
        self._hints: dict[int, str] = {}  # who leads groups that are not here, as others say
        self._awaited: set[int] = set()  # groups that this node is about to be brought into
        self._reads: list[tuple[int, int, Pending]] = []
        self._leaders: dict[int, tuple[str, int]] = {}
        self._duty_at = 0.0
        self._ticking: dict[int, bytes] = {}
        self._requests: dict[str, list[pb.Request]] = {}
        self._replies: dict[str, list[pb.Reply]] = {}
        self._lives: dict[int, int] = {}
        self._reopen_at: dict[int, float] = {}
        self._halts: list[Halt] = []  # for the next step

    # --- groups ----------------------------------------------------------------------------------------------

    def open(self, now: float) -> None:
        """Every group that is on this node's disk."""
        self.now = now
        for group in self._journal.groups():
            self._open_group(group)
            state = self.state(group)
            if state is not None and self.node not in state.point.members:
                self._awaited.add(group)  # it was about to be brought into it

    def follow(self) -> Directory:
        """The directory of a node without a vote in group 0: as it was told last."""
        if self.directory is None:
            self.directory = Directory(self.states.open(0))
        return self.directory

    def found(self, group: int, members: Iterable[str]) -> None:
        """A new group, of which this node is one of the first members."""
        self.groups.create(group, members)
        self._open_group(group)

    def wait_for(self, group: int) -> None:
        """This node is about to be brought into a group: an empty log."""
        self._awaited.add(group)
        if group not in self._journal.groups():
            self.groups.join(group)
        if group not in self.logs:
            if group == 0:
                self.states.close(0)  # it was a follower's
            self._open_group(group)

    def is_awaited(self, group: int) -> bool:
        """Whether it is about to be brought into a group, and has not seen yet that it is a member."""
        return group in self._awaited

    def holds(self, group: int) -> bool:
        """Whether this node is a member of a group, as far as it knows. For runs of others it asks their members."""
        if group in self.broken:
            return True  # it was, and will be
        state = self.state(group)
        return (
            state is not None
            and group in self.logs
            and self.node in state.point.members
            and not self.was_taken_out(group, state)
        )

    def was_taken_out(self, group: int, state: State) -> bool:
        """Nobody sends a node the entry of the log that takes it out of a group: the directory says so."""
        directory, log = self.directory, self.logs.get(group)
        if directory is None or group in self._awaited or self.node in directory.members(group):
            return False
        said_at = directory.said_at(group)
        if said_at <= state.applied:
            return False
        # Whatever this node has acknowledged must be older than what was said: it may have come back since then.
        return log is None or said_at > log.status().last

    def let_go(self, group: int) -> None:
        """A group that this node is no longer a member of."""
        self._close_group(group)
        self.replicas.pop(group, None)
        self._leaders.pop(group, None)
        self.groups.forget(group)
        self.states.drop(group)
        for pending in self._pending.values():
            if pending.group == group:
                pending.retry_at = self._retry_at = self.now  # others are asked from now on

    def _open_group(self, group: int) -> None:
        state = self._read_state(group)
        self.logs[group] = self.groups.open(group, state.point, self.now)
        self.broken.pop(group, None)
        self._leaders.pop(group, None)

    def _read_state(self, group: int) -> State:
        """The state of a group, from its store. A new life of this node begins in the group: what is applied again from
        here on was performed by an earlier one, and what it was asked while a snapshot came it has not seen."""
        storage = self.states.open(group)
        if group == 0:
            directory = self.directory = Directory(storage)
            return directory
        replica = Replica(group, storage, self._programs(), self._install, trails=self._trails)
        self.replicas[group] = replica
        self.life += 1
        self._lives[group] = self.life
        self.duties.announced.pop(group, None)
        return replica

    def _close_group(self, group: int) -> None:
        self.groups.close(group)
        self.logs.pop(group, None)
        self.states.close(group)
        for request_id in [id for id, (_, of, _) in self._foreign.items() if of == group]:
            del self._foreign[request_id]  # whoever asked asks again

    def close(self, why: RaftoralError) -> None:
        """Lets go of everything; whoever waits is told why."""
        for pending in [*self._pending.values(), *(pending for _, _, pending in self._reads)]:
            if pending.ends_at < NEVER:
                self._answer(pending, why)
        self._pending.clear()
        self._reads.clear()
        for group in {0, *self.logs}:
            self.states.close(group)
        self.logs.clear()
        self._journal.close()

    def state(self, group: int) -> State | None:
        """The state machine of a group."""
        return self.directory if group == 0 else self.replicas.get(group)

    def _stand_still(self, group: int, why: str, retry: bool) -> None:
        """A group that met a fault. With `retry` it is opened again from the disk, after a while."""
        self.broken[group] = why
        self._close_group(group)
        if retry:
            self._reopen_at[group] = self.now + 1.0

    # --- requests --------------------------------------------------------------------------------------------

    def submit(
        self, group: int, command: Command, done: Done | None = None, *, key: str = "", timeout: float | None = None
    ) -> bytes:
        """Wants a command in the log of a group. `done` gets its answer once it is applied here. A key names what may
        be done once only; without a timeout it is tried for ever."""
        return self.request(group, PROPOSE, command_bytes(command), done, key=key, timeout=timeout)

    def request(
        self,
        group: int,
        kind: pb.Request.Kind,
        data: bytes = b"",
        done: Done | None = None,
        *,
        node: str = "",
        key: str = "",
        timeout: float | None = None,
        sort: bytes = HARMLESS,
    ) -> bytes:
        """The same for whatever a leader is asked."""
        if key:
            request_id = ONCE + hashlib.blake2b(f"{group} {key}".encode(), digest_size=24).digest()
        else:
            request_id = sort + f"{self.node[:30]}.{self.life:x}.{next(self._numbers):x}".encode()
        pending = self._pending.get(request_id)
        if pending is None:
            if timeout is not None and len(self._pending) >= PENDING_MAX:
                if done is not None:
                    done(Unavailable(f"{PENDING_MAX:,} requests wait on {self.node} already: try again soon"))
                return request_id
            pending = self._pending[request_id] = Pending(group, request_id, kind, data, node)
            if timeout is not None:
                pending.ends_at = self.now + timeout
            if done is not None:
                pending.dones.append(done)
            self._send(pending)  # which may answer at once
        elif done is not None:
            pending.dones.append(done)
        return request_id

    def _send(self, pending: Pending) -> None:
        """To the leader, whoever that is."""
        log = self.logs.get(pending.group)
        leader, _ = self._leaders.get(pending.group, ("", 0))
        pending.retry_at = self.now + RETRY_S  # or as soon as somebody else leads: see `_look_at_leaders`
        if log is not None and leader == self.node:
            self._ask(log, pending.kind, pending.request_id, pending.data, pending.node)
        elif log is not None and leader:
            self._send_to(leader, pending)
        elif not self.holds(pending.group):
            self._send_away(pending)
        elif log is None:
            why = self.broken.get(pending.group)
            if why is not None and pending.ends_at < NEVER:
                self._answer(pending, Unavailable(f"group {pending.group} stands still on {self.node}: {why}"))
        self._retry_at = min(self._retry_at, pending.retry_at, pending.ends_at)

    def _send_to(self, node: str, pending: Pending) -> None:
        request = pb.Request(
            group=pending.group,
            request_id=pending.request_id,
            kind=pending.kind,
            data=pending.data,
            node=pending.node,
        )
        self._requests.setdefault(node, []).append(request)

    def _send_away(self, pending: Pending) -> None:
        """For a group that is not here: to its leader, if somebody said who that is, or to one member after the
        other."""
        group = pending.group
        hint = self._hints.pop(group, "") if pending.tries else self._hints.get(group, "")
        known = self.directory.members(group) if self.directory is not None else frozenset()
        members = sorted(known - {self.node}) or self._others()
        if hint or members:
            self._send_to(hint or members[pending.tries % len(members)], pending)
            pending.tries += 1

    def _others(self) -> list[str]:
        return sorted({*(self.directory.nodes if self.directory is not None else ()), *self.heard} - {self.node})

    def _ask(self, log: ReplicatedLog, kind: pb.Request.Kind, request_id: bytes, data: bytes, node: str) -> None:
        if kind == PROPOSE:
            log.propose(data, request_id)
        elif kind == READ:
            log.read_barrier(request_id)
        elif kind == BRING:
            self.carriage.bring(log, node, request_id)
        elif kind == REMOVE:
            self._remove(log, node, request_id)
        else:
            log.transfer(node)

    def _remove(self, log: ReplicatedLog, node: str, request_id: bytes) -> None:
        status = log.status()
        if node not in status.members:
            self.answered(status.group, request_id, self.settled(log, node))
        else:
            log.remove(node, request_id)

    def settled(self, log: ReplicatedLog, node: str) -> Committed | Busy:
        """What becomes of a wish that a node be a member, or none, when the log says so already. Perhaps only its end
        does, which may be lost with this leader: who was told too early would stop a node that still has a vote."""
        status = log.status()
        state = self.state(status.group)
        if state is not None and (node in state.point.members) == (node in status.members):
            return Committed(status.commit, status.term)
        return Busy("the change is on its way")

    def _answer(self, pending: Pending, outcome: Outcome) -> None:
        self._pending.pop(pending.request_id, None)
        for done in pending.dones:
            done(outcome)

    def _retry(self) -> None:
        if self.now < self._retry_at:
            return
        self._retry_at = NEVER
        for pending in list(self._pending.values()):
            if pending.ends_at <= self.now:
                leader, _ = self._leaders.get(pending.group, ("", 0))
                why = f"its leader, {leader}, did not answer" if leader else "it has no leader that this node knows of"
                self._answer(
                    pending, Unavailable(f"group {pending.group} did not take it in time: {why}. It may be done yet")
                )
            elif pending.retry_at <= self.now + TOGETHER_S:
                self._send(pending)
            else:
                self._retry_at = min(self._retry_at, pending.retry_at, pending.ends_at)

    # --- what peers say --------------------------------------------------------------------------------------

    def receive(self, peer: str, data: bytes) -> None:
        """A parcel. `PeerError`: it is nonsense."""
        self.heard[peer] = self.now
        try:
            parcel = pb.Parcel.FromString(data)
        except DecodeError as error:
            raise PeerError(f"a parcel of {len(data)} bytes cannot be read: {error}") from None
        if parcel.frame:
            self.groups.receive(peer, parcel.frame)
        for request in parcel.requests:
            self._requested(peer, request)
        for reply in parcel.replies:
            self._replied(reply)
        for chunk in parcel.chunks:
            self.carriage.received(peer, chunk.group, chunk.to_receiver, chunk.data)
        if parcel.HasField("following"):
            self.following.told(peer, parcel.following)
        if parcel.HasField("followed"):
            self.following.answered(peer, parcel.followed)

    def _requested(self, peer: str, request: pb.Request) -> None:
        log = self.logs.get(request.group)
        request_id = request.request_id
        if request_id[:1] not in (HARMLESS, ONCE, PLACES):
            raise PeerError("a request has an id of an unknown kind")
        leader = self._leaders.get(request.group, ("", 0))[0]
        if log is None or leader != self.node:
            self._reply(peer, request_id, pb.Reply.NOT_LEADER, why=leader)
            return
        if request.kind != TRANSFER:  # which has no answer but a leader that is another one
            self._foreign[request_id] = (peer, request.group, request.kind)
            if len(self._foreign) > 2 * PENDING_MAX:
                del self._foreign[next(iter(self._foreign))]
        self._ask(log, request.kind, request_id, request.data, request.node)

    def _reply(
        self, peer: str, request_id: bytes, kind: pb.Reply.Kind, index: int = 0, why: str = "", code: str = ""
    ) -> None:
        reply = pb.Reply(request_id=request_id, kind=kind, index=index, why=why, code=code)
        self._replies.setdefault(peer, []).append(reply)

    def _replied(self, reply: pb.Reply) -> None:
        pending = self._pending.get(reply.request_id)
        if pending is None:
            return
        away = not self.holds(pending.group)
        if reply.kind == pb.Reply.DONE and (away or pending.kind != PROPOSE):
            self._done(pending, reply.index)
        elif reply.kind == pb.Reply.REFUSED:
            self._answer(pending, Refused(reply.code or "refused", reply.why))
        elif reply.kind in (pb.Reply.NOT_LEADER, pb.Reply.BUSY, pb.Reply.UNKNOWN):
            if away and reply.why and reply.kind == pb.Reply.NOT_LEADER:
                self._hints[pending.group], pending.tries = reply.why, 0
            pending.retry_at = self.now + SOON_S
            self._retry_at = min(self._retry_at, pending.retry_at)

    def _done(self, pending: Pending, index: int) -> None:
        """A leader did what it was asked; a read waits until this node's state is as new as that."""
        if pending.kind == READ and pending.group != 0 and pending.group not in self.logs:
            self._answer(pending, Unavailable(f"group {pending.group} is not on {self.node}: ask another node"))
        elif pending.kind == READ:
            self._pending.pop(pending.request_id, None)
            self._reads.append((pending.group, index, pending))
        else:
            self._answer(pending, None)

    def answered(self, group: int, request_id: bytes, outcome: object) -> None:
        """What became of a request in a log of this node: its own, or one that it took for a peer."""
        foreign = self._foreign.pop(request_id, None)
        match outcome:
            case Committed(index, _) | Readable(index):
                if foreign is not None and foreign[2] != PROPOSE:
                    self._reply(foreign[0], request_id, pb.Reply.DONE, index=index)
                pending = self._pending.get(request_id)
                if pending is not None and pending.kind != PROPOSE:
                    self._done(pending, index)
            case LogRefused(why):
                if foreign is not None:
                    self._reply(foreign[0], request_id, pb.Reply.REFUSED, why=why)
                pending = self._pending.get(request_id)
                if pending is not None:
                    self._answer(pending, Refused("refused", why))
            case NotLeader() | Unknown() | Busy():
                if foreign is not None:
                    self._reply(foreign[0], request_id, pb.Reply.BUSY)
                pending = self._pending.get(request_id)
                if pending is not None:
                    pending.retry_at = self.now + SOON_S
                    self._retry_at = min(self._retry_at, pending.retry_at)

    def link(self, peer: str, up: bool) -> None:
        """A link to a peer stands, or broke."""
        (self.linked.add if up else self.linked.discard)(peer)
        self.groups.link(peer, up)
        if up:
            self.carriage.linked(peer)

    # --- a step ----------------------------------------------------------------------------------------------

    def deadline(self) -> float:
        """When the next step is due, if nothing comes before."""
        if self._requests or self._replies or self.carriage.chunks or self.following.waits or self._halts:
            return self.now
        at = min(self.groups.deadline(), self._retry_at, self._duty_at)
        for group, replica in self.replicas.items():
            due = replica.machine.deadlines.next
            if due is not None and group not in self._ticking and self.leads(group):
                at = min(at, self.now + (due - self.time) / 1e6)
        return at

    def advance(self, now: float, time: int) -> dict[str, bytes]:
        """First half: what came is handled, what is due is done. Returns parcels that may be sent at once."""
        self.now, self.time = max(now, self.now), time
        self._retry()
        for group in [group for group, at in self._reopen_at.items() if at <= now]:
            self._reopen(group)
        if now >= self._duty_at - DUTY_SHARES_S:
            self._duty_at = now + DUTY_S
            self.duties.do()
        self._tick()
        return self._parcels(self.groups.advance(now, time))

    def settle(self) -> Step:
        """Second half: what is synced is applied, and what came of it is handed out. `StorageFailed`: the journal is
        ill, and this object with it."""
        ready = self.groups.settle()
        halts, self._halts = self._halts, []
        step = Step({}, [], halts, [], [], ready.distrusted, [], 0, False)
        changed = self._apply(ready, step)
        for answer in ready.answers:
            self._answered(answer)
        for lacking in ready.lacking:
            self.carriage.lacks(lacking.group, lacking.peer)
        for stopped in ready.stopped:
            self._stand_still(stopped.group, f"{type(stopped.fault).__name__}: {stopped.fault}", retry=True)
        self._look_at_leaders()
        self._serve_reads()
        commands = sum(len(entry.batch) for entry in ready.applied)
        changed |= self.following.news()
        return Step(self._parcels(ready.frames), *step[1:7], commands, changed)

    def _answered(self, answer: Answer) -> None:
        self.answered(answer.group, answer.request_id, answer.outcome)

    def _parcels(self, frames: Mapping[str, bytes]) -> dict[str, bytes]:
        if not (frames or self._requests or self._replies or self.carriage.chunks or self.following.waits):
            return {}
        requests, self._requests = self._requests, {}
        replies, self._replies = self._replies, {}
        chunks, self.carriage.chunks = self.carriage.chunks, {}
        told, answers = self.following.taken()
        return {
            peer: pb.Parcel(
                frame=frames.get(peer, b""),
                requests=requests.get(peer, ()),
                replies=replies.get(peer, ()),
                chunks=chunks.get(peer, ()),
                following=told.get(peer),
                followed=answers.get(peer),
            ).SerializeToString()
            for peer in dict.fromkeys((*frames, *requests, *replies, *chunks, *told, *answers))
        }

    def _apply(self, ready: Ready, step: Step) -> bool:
        changed = False
        for entry in ready.applied:
            state = self.state(entry.group)
            if state is None or entry.group not in self.logs:
                continue  # it met a fault a few entries ago
            try:
                came = state.apply(entry)
            except Exception as fault:
                # A disk that is full may have room later; anything else would come again.
                self._stand_still(
                    entry.group, f"{type(fault).__name__}: {fault}", retry=isinstance(fault, StorageFailed)
                )
                continue
            for request_id, answer in came.answers:
                foreign = self._foreign.pop(request_id, None)
                if foreign is not None and foreign[0] not in state.point.members:
                    self._reply_away(foreign[0], request_id, answer, entry.index)
                pending = self._pending.get(request_id)
                if pending is not None:
                    self._answer(pending, answer)
            if entry.members is not None:
                self._joined(entry.group, entry.members)
            if isinstance(state, Replica):
                self._act(state, came, step)
            else:
                changed = True
                if isinstance(state, Directory):
                    self.duties.make_groups(state)  # at once: the next entry may say that its group has begun
        return changed

    def _joined(self, group: int, members: Iterable[str]) -> None:
        """A state of a group came, or a change of its members: from now on this node may be one of them."""
        if self.node in members:
            self._awaited.discard(group)

    def _reply_away(self, peer: str, request_id: bytes, answer: Refused | None, index: int) -> None:
        """To a node that does not apply the entries of a group by itself: what came of its command."""
        if answer is None:
            self._reply(peer, request_id, pb.Reply.DONE, index)
        else:
            self._reply(peer, request_id, pb.Reply.REFUSED, index, answer.message, answer.code)

    def _act(self, replica: Replica, came: Came, step: Step) -> None:
        """This node's part of what a machine wishes for. Effects are performed by a life that the group knows of:
        what was asked for before was asked of another one."""
        group = replica.group
        own = replica.machine.nodes.get(self.node)
        alive = own is not None and own.life == self._lives[group]  # also one that was taken for dead
        for action in came.actions:
            if isinstance(action, Moved):
                step.moved.append((group, action.id, action.status))
                if action.row is not None and alive and action.owner == self.node:
                    step.rows.append((group, action.row))
            elif isinstance(action, Perform):
                if alive and action.owner == self.node:
                    step.performs.append(action.attempt)
            elif isinstance(action, Halt):
                self._halt(replica, action, step)
            elif action.owner == self.node:
                step.tells.append(action)

    def _halt(self, replica: Replica, halt: Halt, step: Step) -> None:
        """Who performs stops first and begins then, since a run that goes from owner to owner is halted before it is
        asked for again. What was asked for earlier in this very step is not begun at all, or is stopped in the next
        one when somebody waits to hear that it has stopped."""
        before = [each for each in step.performs if (each.run, each.op) == (halt.run, halt.op)]
        if not before:
            step.halts.append(halt)
            return
        run = replica.machine.runs.get(before[-1].id)
        op = run.op(halt.op) if run is not None and run.run == halt.run else None
        if run is not None and op is not None and op.stopping and run.owner == self.node:
            self._halts.append(halt)
        else:
            step.performs[:] = [each for each in step.performs if (each.run, each.op) != (halt.run, halt.op)]

    def _serve_reads(self) -> None:
        if not self._reads:
            return
        waiting = []
        for group, index, pending in self._reads:
            state = self.state(group)
            at = state.known if isinstance(state, Directory) else state.applied if state is not None else -1
            if at >= index and group not in self.broken:
                self._answer(pending, None)
            elif pending.ends_at <= self.now:
                self._answer(pending, Unavailable(f"group {group} is behind on {self.node}"))
            else:
                waiting.append((group, index, pending))
        self._reads = waiting

    # --- leaders ---------------------------------------------------------------------------------------------

    def leads(self, group: int) -> bool:
        """Whether this node leads a group, as far as it knows."""
        return self._leaders.get(group, ("", 0))[0] == self.node

    def is_known(self, group: int) -> bool:
        """Whether a group knows this life of the node, and so has it perform effects."""
        replica = self.replicas.get(group)
        known = replica.machine.nodes.get(self.node) if replica is not None else None
        if replica is None or known is None:
            return False
        return (known.life, known.up, known.activities) == (self._lives[group], True, self.activities(replica))

    def life_in(self, group: int) -> int:
        """The life of this node in a group: later ones have greater numbers."""
        return self._lives[group]

    def outlive(self, group: int, replica: Replica) -> None:
        """When a clock went back between two starts, the group knows of a later life than this one. That it knows of is
        perhaps not the last: an earlier start may have gone beyond it too, and nobody may live a life twice."""
        known = replica.machine.nodes.get(self.node)
        if known is not None and known.life > self._lives[group]:
            self.life = self._lives[group] = known.life + 1 + int(self._chance() * LIVES_APART)

    def has_begun(self, group: int) -> bool:
        """Whether anything of a group is on this node's disk."""
        return group in self.logs or group in self.broken or group in self._journal.groups()

    def is_waiting(self, request_id: bytes | None) -> bool:
        """Whether a request has no answer yet."""
        return request_id in self._pending

    def waiting(self, group: int) -> int:
        """Requests of this node for a group that have no answer yet."""
        return sum(pending.group == group for pending in list(self._pending.values()))

    def group_of(self, id: str) -> int | None:
        """The group in which a run lives, as far as this node knows."""
        for group, replica in self.replicas.items():
            if id in replica.machine.runs:
                return group
        return None

    def leader(self, group: int) -> str:
        """Who leads a group; empty: nobody that this node knows of."""
        return self._leaders.get(group, ("", 0))[0]

    def _look_at_leaders(self) -> None:
        for group, log in self.logs.items():
            leader, term = now = log.leads()
            if now == self._leaders.get(group):
                continue
            self._leaders[group] = leader, term
            self._ticking.pop(group, None)
            if leader == self.node:
                self.duties.leads_since[group] = self.now
            self.carriage.forget(group)
            for pending in self._pending.values():
                if pending.group == group:
                    pending.retry_at = self.now
            if leader and self._pending:
                self._retry_at = self.now

    def _tick(self) -> None:
        """What is due: the leader puts the time into the log."""
        for group, replica in self.replicas.items():
            due = replica.machine.deadlines.next
            if due is None or due > self.time or not self.leads(group):
                continue
            asked = self._ticking.get(group)
            if asked is None or asked not in self._pending:
                self._ticking[group] = self.submit(group, c.Tick(), partial(self._ticked, group))

    def _ticked(self, group: int, outcome: Outcome) -> None:
        self._ticking.pop(group, None)

    def _reopen(self, group: int) -> None:
        del self._reopen_at[group]
        try:
            self._open_group(group)
        except Exception as fault:
            self._stand_still(group, f"{type(fault).__name__}: {fault}", retry=isinstance(fault, StorageFailed))

    # --- for `carriage` --------------------------------------------------------------------------------------

    def saved(self, group: int, snapshot: Snapshot | None) -> None:
        """A job is done: a snapshot that can be sent; None: it could not be made."""
        self.carriage.saved(group, snapshot)

    def swap(self, group: int, point: Point) -> None:
        """The state of a group is replaced by the snapshot that its sink holds."""
        self.states.close(group)
        self.states.install(group)
        place = self._read_state(group).point
        self._joined(group, place.members)
        self._duty_at = 0.0  # so that the group knows soon what this node can do
        if place != point:
            raise StorageFailed(f"the snapshot of group {group} says that it stands at {place}, and not at {point}")
