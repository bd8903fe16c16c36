"""Known defects, put back into production classes one at a time: what a simulator is for is to find them.

    DEFECTS["no fence"].apply(monkeypatch)

Each names the mode in which it is looked for, and is found within so many seeds. Those marked *found here* were ours
until the simulator met them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from raftoral.program import codec
from raftoral.runtime.cluster import replica as replicas
from raftoral.runtime.cluster.duties import Duties
from raftoral.runtime.cluster.host import Host, Pending
from raftoral.runtime.cluster.replica import ANSWERED, Replica
from raftoral.runtime.cluster.states import FileStates
from raftoral.runtime.consensus import follower, groups, guard as guards
from raftoral.runtime.consensus.elections import Elections
from raftoral.runtime.consensus.follower import Normal
from raftoral.runtime.consensus.guard import Guard
from raftoral.runtime.consensus.journal import Point
from raftoral.runtime.consensus.leader import Followers
from raftoral.runtime.consensus.log import Committed
from raftoral.runtime.consensus.members import Members
from raftoral.runtime.consensus.messages import Append, Message
from raftoral.runtime.consensus.reads import Reads
from raftoral.runtime.consensus.tail import Tail
from raftoral.runtime.core import commands as c, machine
from raftoral.runtime.core.deadlines import Deadlines
from raftoral.runtime.core.lifecycle import all_ops
from raftoral.runtime.core.machine import Machine
from raftoral.runtime.core.owners import Owners
from raftoral.runtime.core.state import Kind, Run
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.proto import log_pb2 as log

Patch = pytest.MonkeyPatch
TRIES = 80  # a change of the product may move a seed that found something


class Defect(NamedTuple):
    apply: Callable[[Patch], None]
    mode: str
    seeds: Sequence[int]  # one of these finds it; none: it stands in a scene of its own, see docs/simulation.md


def seeds_from(first: int) -> Sequence[int]:
    """The seed that found it when it was measured, and those behind it."""
    return range(first, first + TRIES)


# --- consensus -----------------------------------------------------------------------------------------------------


def no_fsync_before_ack(patch: Patch) -> None:
    """What says "I have it" leaves before the sync."""

    def later(self: Guard, peer: str, message: Message) -> None:
        self.early.append((peer, message))

    patch.setattr(Guard, "_later", later)


def acked_entries_cut(patch: Patch) -> None:
    """The engine sees appends as they were sent: a late one takes away what came behind it."""

    def raw(tail: Tail, append: Append) -> Normal:
        matches = tail.term_at(append.previous_index) == append.previous_term
        return Normal(append, append.previous_index + len(append.entries) if matches else None)

    patch.setattr(guards, "normalised", raw)


def unverified_commit(patch: Patch) -> None:
    """A follower takes the leader's commit index for its own."""
    normalised = follower.normalised

    def believing(tail: Tail, append: Append) -> Normal:
        normal = normalised(tail, append)
        return normal._replace(append=normal.append._replace(commit=append.commit))

    patch.setattr(guards, "normalised", believing)


def boasting_acks(patch: Patch) -> None:
    """An answer says how long the follower's log is, and not what the append has verified."""
    normalised = follower.normalised

    def boasting(tail: Tail, append: Append) -> Normal:
        normal = normalised(tail, append)
        return normal if normal.verified is None else normal._replace(verified=max(tail.last.index, normal.verified))

    patch.setattr(guards, "normalised", boasting)


def votes_of_any_term(patch: Patch) -> None:
    """Votes are counted for whatever candidacy they were given."""

    def counts(self: Elections, peer: str, vote: Any) -> bool:
        return self._core.role == 1 and peer in self._tail.members.now

    patch.setattr(Elections, "counts", counts)


def votes_counted_twice(patch: Patch) -> None:
    """A vote that comes again counts again."""

    def counts(self: Elections, peer: str, vote: Any) -> bool:
        core = self._core
        return core.role == 1 and vote.term == core.term and peer in self._tail.members.now

    patch.setattr(Elections, "counts", counts)


def acks_of_any_term(patch: Patch) -> None:
    """An answer of an earlier leadership counts for this one."""

    def counts(self: Followers, peer: str, answer: Any) -> bool:
        return self._core.role == 2 and peer in self._tail.members.now

    patch.setattr(Followers, "counts", counts)


def two_changes_at_once(patch: Patch) -> None:
    patch.setattr(Members, "last_change", property(lambda self: 0))


def votes_forgotten(patch: Patch) -> None:
    """The vote is not written."""
    record = Tail.record
    patch.setattr(Tail, "record", lambda self: replace(record(self), vote=None))


def reads_of_a_believed_leader(patch: Patch) -> None:
    """A leader answers reads without asking anybody."""
    patch.setattr(Reads, "served", lambda self, others, applied: self.drop())


def term_of_snapshots_ignored(patch: Patch) -> None:
    """*Found here*: a journal whose base is of a later term than its record."""
    hinted = Elections.hinted
    inside: list[Guard] = []
    real = Guard.install

    def install(self: Guard, point: Point, swap: Callable[[], None]) -> bool:
        inside.append(self)
        try:
            return real(self, point, swap)
        finally:
            inside.pop()

    def opened(group: int, stored: Any, point: Point, limits: Any) -> Tail:
        tail = Tail(stored, limits.append_entries_max)
        if tail.term_at(point.index) != point.term:
            tail.reset(point)
        tail.commit = max(tail.commit, point.index)
        return tail

    patch.setattr(groups, "opened", opened)
    patch.setattr(Elections, "hinted", lambda self, term: None if inside else hinted(self, term))
    patch.setattr(Guard, "install", install)


# --- the replica ---------------------------------------------------------------------------------------------------


def applied_again(patch: Patch) -> None:
    """After a restart, entries are applied to a state that has them."""

    def without_place(self: MemoryStorage, changes: Any) -> None:
        kept = dict(changes.meta)
        if len(kept) > 1 or changes.rows or changes.steps:
            index = log.Place.FromString(kept.get(replicas.PLACE, b"")).index
            if index % 5:
                kept.pop(replicas.PLACE, None)
        commit(self, replace(changes, meta=kept))

    commit = MemoryStorage.commit
    patch.setattr(MemoryStorage, "commit", without_place)


def requests_not_remembered(patch: Patch) -> None:
    """What a client sends again is done again."""
    patch.setattr(replicas, "ONCE", b"x")


def requests_forgotten_by_restarts(patch: Patch) -> None:
    """Answers are remembered in memory alone."""
    remember = Replica._remember

    def forgetful(self: Replica, changes: Any, request_id: bytes, answer: Any) -> None:
        remember(self, changes, request_id, answer)
        for key in [key for key in changes.meta if key.startswith(ANSWERED)]:
            del changes.meta[key]

    patch.setattr(Replica, "_remember", forgetful)


def members_not_in_the_state(patch: Patch) -> None:
    """A state does not know of changes of members."""
    apply = Replica.apply
    patch.setattr(Replica, "apply", lambda self, entry: apply(self, entry._replace(members=None)))


def log_cut_too_early(patch: Patch) -> None:
    """The log forgets what the state holds in memory, though not on the disk."""
    synced = Duties.synced

    def boasting(self: Duties, group: int, index: int) -> None:
        log = self._host.logs.get(group)
        synced(self, group, index if log is None else log.status().applied)

    patch.setattr(Duties, "synced", boasting)


def syncs_of_nothing(patch: Patch) -> None:
    """A sync of a state returns before anything of it is safe."""
    patch.setattr(SqliteStorage, "flush", lambda self: None)


def halves_of_commits(patch: Patch) -> None:
    """Runs and the place in the log at which they stand are committed one after the other."""
    commit = SqliteStorage.commit

    def in_parts(self: SqliteStorage, changes: Any) -> None:
        if changes.rows or changes.steps or changes.deleted:
            commit(self, replace(changes, meta={}))
        commit(self, changes)

    patch.setattr(SqliteStorage, "commit", in_parts)


def retired_while_they_live(patch: Patch) -> None:
    """Whoever retires a version does not look whether runs of it live."""

    def careless(self: Machine, command: c.Retire) -> None:
        self.retired.add((command.workflow, command.version))
        self._write_retired()

    patch.setitem(machine._HANDLERS, c.Retire, careless)


def groups_of_the_old(patch: Patch) -> None:
    """A snapshot of one group takes the place of another one's state."""
    sink = FileStates.sink
    patch.setattr(FileStates, "sink", lambda self, group: sink(self, max(group, 1)))


def time_of_the_node(patch: Patch) -> None:
    """Each node takes its own clock for the time of an entry."""
    apply = Replica.apply
    numbers = itertools.count(1)

    def local(self: Replica, entry: Any) -> Any:
        off = self.__dict__.setdefault("off", next(numbers))
        return apply(self, entry._replace(time=entry.time + off))

    patch.setattr(Replica, "apply", local)


def programs_of_the_process(patch: Patch) -> None:
    """*Found here*: programs outlive the state in which they stand."""
    init: Any = Host.__init__

    def shared(self: Host, *words: Any, **more: Any) -> None:
        programs = words[3]()
        init(self, *words[:3], lambda: programs, *words[4:], **more)

    patch.setattr(Host, "__init__", shared)


# --- the machine ---------------------------------------------------------------------------------------------------


def results_accepted_twice(patch: Patch) -> None:
    """An effect whose end lies in the inbox may end again."""

    def waiting(self: Owners, id: str, name: str, number: int) -> Any:
        run = self.runs.get(id)
        op = run.op(number) if run is not None and run.run == name else None
        return None if run is None or op is None or op.kind is not Kind.EFFECT else (run, op)

    patch.setattr(Owners, "_waiting", waiting)


def results_of_another_link(patch: Patch) -> None:
    """A report is for whatever waits under that id and number, also after `continue as new`."""
    waiting = Owners._waiting

    def any_link(self: Owners, id: str, name: str, number: int) -> Any:
        run = self.runs.get(id)
        return waiting(self, id, run.run if run is not None else name, number)

    patch.setattr(Owners, "_waiting", any_link)


def no_fence(patch: Patch) -> None:
    """Another owner has the fence of the one before."""
    hand_over, again = Owners._hand_over, Owners._call_flying_again

    def keep_fence(method: Any) -> Any:
        def kept(self: Owners, run: Run, *words: Any) -> Any:
            fence = run.fence
            perform = self._perform_again

            def with_fence(run: Run, op: Any) -> None:
                run.fence = fence
                perform(run, op)

            vars(self)["_perform_again"] = with_fence
            try:
                return method(self, run, *words)
            finally:
                del vars(self)["_perform_again"]
                run.fence = fence

        return kept

    patch.setattr(Owners, "_call_flying_again", keep_fence(again))
    patch.setattr(Owners, "_hand_over", keep_fence(hand_over))


def at_most_once_called_again(patch: Patch) -> None:
    """What was in flight is called again, whatever its author said."""

    def again(self: Owners, run: Run, number: int) -> None:
        current = self.runs.get(run.id)
        op = current.op(number) if current is not None and current.run == run.run else None
        if current is not None and op is not None:
            op.attempt += 0 if op.stalled else 1
            self._perform_again(current, op)

    patch.setattr(Owners, "_call_again", again)


def nobody_takes_over(patch: Patch) -> None:
    """Runs of a node that is gone stay with it."""
    patch.setattr(Owners, "_hand_over", lambda self, run, node: None)


def new_lives_call_nothing_again(patch: Patch) -> None:
    """A node that begins a new life takes itself for the old one."""
    patch.setattr(Owners, "_call_flying_again", lambda self, run: False)


def starts_of_the_dead(patch: Patch) -> None:
    """*Found here*: a start whose owner is gone by then."""
    patch.setattr(Owners, "_owner_of_start", lambda self, wished: wished)


def frames_that_forget(patch: Patch) -> None:
    """A frame misses a variable: it is another one when it is read again."""
    loads = codec.Codec.loads

    def forgetful(self: codec.Codec[Any], data: bytes) -> Any:
        value = loads(self, data)
        is_frame = isinstance(value, tuple) and type(value).__name__.startswith("_At")
        if is_frame:
            for field, each in zip(value._fields, value, strict=True):
                if isinstance(each, int):
                    return value._replace(**{field: 41})
        return value

    patch.setattr(codec.Codec, "loads", forgetful)


def order_of_the_map(patch: Patch) -> None:
    """Runs are handed over in the order in which a node has them: that of starts, or of its disk."""
    live = MemoryStorage.live
    patch.setattr(MemoryStorage, "live", lambda self: iter(sorted(live(self), key=lambda each: each[0].id[::-1])))
    patch.setattr(Owners, "_in_order", lambda self, runs: list(runs))


def timers_forgotten(patch: Patch) -> None:
    """A run that is read again forgets when its timers are due."""
    load = Machine.load

    def forgetful(self: Machine, rows: Any) -> Any:
        with patch.context() as inside:
            inside.setattr(Deadlines, "add", lambda self, due, id, op: None)
            return load(self, rows)

    patch.setattr(Machine, "load", forgetful)


def children_forgotten(patch: Patch) -> None:
    """A run that is read again has forgotten what it spawned."""
    from raftoral.runtime.core.stored import Reader

    read = Reader.read

    def forgetful(self: Reader, body: bytes, checkpoints: bytes) -> None:
        read(self, body, checkpoints)
        self.run.children.clear()

    patch.setattr(Reader, "read", forgetful)


def retries_forgotten(patch: Patch) -> None:
    """How often an effect has failed is not stored."""
    from raftoral.runtime.core.stored import Reader

    read = Reader.read

    def forgetful(self: Reader, body: bytes, checkpoints: bytes) -> None:
        read(self, body, checkpoints)
        for op in all_ops(self.run):
            op.failures = 0

    patch.setattr(Reader, "read", forgetful)


# --- the host ------------------------------------------------------------------------------------------------------


def everybody_performs(patch: Patch) -> None:
    """Each node calls what the owner should."""
    act = Host._act

    def eager(self: Host, replica: Replica, came: Any, step: Any) -> None:
        mine = [a._replace(owner=self.node) if hasattr(a, "attempt") else a for a in came.actions]
        act(self, replica, came._replace(actions=mine), step)

    patch.setattr(Host, "_act", eager)


def performed_by_replay(patch: Patch) -> None:
    """What was performed in an earlier life is performed again when the log is read."""

    def act(self: Host, replica: Replica, came: Any, step: Any) -> None:
        for action in came.actions:
            if hasattr(action, "attempt") and action.owner == self.node:
                step.performs.append(action.attempt)

    patch.setattr(Host, "_act", act)


def requests_sent_once(patch: Patch) -> None:
    """Nothing is sent again that got no answer."""
    patch.setattr(Host, "_retry", lambda self: None)


def reads_before_the_state(patch: Patch) -> None:
    """A read does not wait until this node is as new as its answer says."""
    patch.setattr(Host, "_serve_reads", lambda self: [self._answer(each, None) for _, _, each in self._drained()])

    def drained(self: Host) -> list[tuple[int, int, Pending]]:
        reads, self._reads = self._reads, []
        return reads

    patch.setattr(Host, "_drained", drained, raising=False)


def the_dead_are_not_buried(patch: Patch) -> None:
    """Nobody says that a node is gone."""
    patch.setattr(Duties, "_bury", lambda self, group, replica, log: None)


def nobody_ticks(patch: Patch) -> None:
    """A leader that has once put the time into the log believes that it still does."""
    patch.setattr(Host, "_ticked", lambda self, group, outcome: None)
    tick = Host._tick

    def once(self: Host) -> None:
        if not any(self._ticking.values()):
            tick(self)

    patch.setattr(Host, "_tick", once)


def strangers_remembered(patch: Patch) -> None:
    """What was asked by other nodes is never forgotten."""

    class Hoard(dict[Any, Any]):
        def __delitem__(self, key: Any) -> None: ...

        def pop(self, key: Any, default: Any = None) -> Any:
            return self.get(key, default)

    init = Host.__init__

    def hoarding(self: Host, *words: Any, **more: Any) -> None:
        init(self, *words, **more)
        self._foreign = Hoard()

    patch.setattr(Host, "__init__", hoarding)


def stalls_twice(patch: Patch) -> None:
    """*Found here*: a report that nobody can do it takes the run from whoever has it by then."""
    stalled = Owners._stalled
    patch.setattr(Owners, "_stalled", lambda self, command: stalled(self, command._replace(fence=-1)))


def members_told_too_early(patch: Patch) -> None:
    """*Found here*: a node is told to be a member, or none, by the end of a leader's log."""
    patch.setattr(Host, "settled", lambda self, log, node: Committed(0, 0))


def left_too_early(patch: Patch) -> None:
    """*Found here*: a node that is being brought into a group forgets it, since the directory does not name it yet."""

    def was_taken_out(self: Host, group: int, state: Any) -> bool:
        directory = self.directory
        if directory is None or not state.applied:
            return False
        return directory.said_at(group) > state.applied and self.node not in directory.members(group)

    patch.setattr(Host, "was_taken_out", was_taken_out)


def same_life_again(patch: Patch) -> None:
    """A group that is opened again goes on as the life that it was."""
    opened = Host._open_group

    def same(self: Host, group: int) -> None:
        opened(self, group)
        if group:
            self._lives[group] = self.life = 1

    patch.setattr(Host, "_open_group", same)


DEFECTS: dict[str, Defect] = {
    "no fsync before an ack": Defect(no_fsync_before_ack, "disk", seeds_from(0)),
    "acknowledged entries are cut": Defect(acked_entries_cut, "wild", seeds_from(0)),
    "unverified commit": Defect(unverified_commit, "wild", seeds_from(26)),
    "acks of more than was verified": Defect(boasting_acks, "wild", seeds_from(7)),
    "votes of any term": Defect(votes_of_any_term, "wild", ()),
    "votes counted twice": Defect(votes_counted_twice, "wild", ()),
    "acks of any term": Defect(acks_of_any_term, "lossy", ()),
    "two changes of members at once": Defect(two_changes_at_once, "membership", seeds_from(12)),
    "votes are forgotten": Defect(votes_forgotten, "crashes", seeds_from(0)),
    "reads of a believed leader": Defect(reads_of_a_believed_leader, "lossy", seeds_from(38)),
    "term of snapshots ignored": Defect(term_of_snapshots_ignored, "membership", seeds_from(9)),
    "applied again": Defect(applied_again, "crashes", seeds_from(0)),
    "requests not remembered": Defect(requests_not_remembered, "lossy", seeds_from(3)),
    "requests forgotten by restarts": Defect(requests_forgotten_by_restarts, "crashes", seeds_from(76)),
    "members not in the state": Defect(members_not_in_the_state, "membership", seeds_from(0)),
    "log cut too early": Defect(log_cut_too_early, "disk", seeds_from(33)),
    "syncs of nothing": Defect(syncs_of_nothing, "files", seeds_from(9)),
    "halves of commits": Defect(halves_of_commits, "files", seeds_from(3)),
    "retired while they live": Defect(retired_while_they_live, "groups", seeds_from(0)),
    "snapshots of another group": Defect(groups_of_the_old, "files", seeds_from(0)),
    "time of the node": Defect(time_of_the_node, "calm", seeds_from(0)),
    "programs of the process": Defect(programs_of_the_process, "disk", seeds_from(69)),
    "results accepted twice": Defect(results_accepted_twice, "lossy", ()),
    "results of another link": Defect(results_of_another_link, "lossy", seeds_from(13)),
    "no fence": Defect(no_fence, "crashes", seeds_from(0)),
    "at most once, called again": Defect(at_most_once_called_again, "crashes", seeds_from(11)),
    "nobody takes over": Defect(nobody_takes_over, "membership", seeds_from(0)),
    "new lives call nothing again": Defect(new_lives_call_nothing_again, "crashes", seeds_from(0)),
    "starts of the dead": Defect(starts_of_the_dead, "membership", seeds_from(2)),
    "frames that forget": Defect(frames_that_forget, "crashes", seeds_from(0)),
    "order of the map": Defect(order_of_the_map, "crashes", seeds_from(247)),
    "timers forgotten": Defect(timers_forgotten, "crashes", seeds_from(0)),
    "children forgotten": Defect(children_forgotten, "crashes", seeds_from(0)),
    "retries forgotten": Defect(retries_forgotten, "crashes", seeds_from(4)),
    "everybody performs": Defect(everybody_performs, "calm", seeds_from(0)),
    "performed by replay": Defect(performed_by_replay, "crashes", seeds_from(65)),
    "requests sent once": Defect(requests_sent_once, "lossy", seeds_from(0)),
    "reads before the state": Defect(reads_before_the_state, "disk", seeds_from(57)),
    "the dead are not buried": Defect(the_dead_are_not_buried, "membership", seeds_from(0)),
    "nobody ticks": Defect(nobody_ticks, "calm", seeds_from(0)),
    "strangers remembered": Defect(strangers_remembered, "calm", seeds_from(0)),
    "stalls that come twice": Defect(stalls_twice, "everything", ()),
    "members told too early": Defect(members_told_too_early, "membership", seeds_from(4)),
    "groups left too early": Defect(left_too_early, "groups", seeds_from(5)),
    "same life again": Defect(same_life_again, "crashes", seeds_from(0)),
}
