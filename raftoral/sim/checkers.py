"""What must hold in every simulated world, looked at all the time and at the end. The first finding of a name is kept.

| name | what is broken |
|---|---|
| ELECTION | two leaders in one term |
| LEADER | a leader lacks a committed entry |
| QUORUM | committed without a copy on the disks of a majority |
| UNSYNCED | a message says "I have it" of what is not on the disk |
| LOG-MATCH | one (index, term) of a log with two contents |
| STATE | two nodes applied different entries at an index |
| DIGEST | the state of a node is not what it must be at that index |
| TWICE | one op of a run ended twice |
| UNWANTED | an activity was stopped that its run still waits for |
| RESULT | an effect got a result that no call of it gave |
| RETIRED | a run lives whose version was retired, and no other run started it |
| FENCE | a fence that went back, or that two owners had |
| AT-MOST-ONCE | an activity with `once: at_most` was called again, and nobody knew what became of the first call |
| ANSWER, LOST | a client was told what the log does not say; what was acknowledged is not there |
| LINEAR | what clients saw of the tally is not linearizable |
| STUCK | after healing: an answer that never comes; a run that does not end |
| HUNG | after healing: an effect that nobody performs, a timer that nobody rings |
| APART | after healing: nodes with different states |
| UNBOUNDED | tables of a host that still hold what is over |
| RAISED, DISTRUST, STOPPED | production code raised; a node sent what another one calls nonsense; a group stopped |

In: what nodes write, apply and call. Out: `found`. Never changes anything, and takes nothing from any source of chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from raftoral.errors import StorageFailed
from raftoral.runtime.cluster.host import Step
from raftoral.runtime.cluster.replica import Replica
from raftoral.runtime.consensus.journal import Write
from raftoral.runtime.consensus.log import Applied
from raftoral.runtime.consensus.tail import Tail
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import all_ops
from raftoral.runtime.core.state import Kind
from raftoral.runtime.proto import consensus_pb2 as raft, peer_pb2 as pb

from .clients import TALLY_ID
from .histories import broken
from .oracle import Oracle
from .runner import Call

if TYPE_CHECKING:
    from .node import Node
    from .world import World

LATE_US = 3_000_000  # that a leader may be late with the time, when all is well
SAY_THEIR_TERM = ("append", "appended", "vote", "vote_request")
FOREIGN_MAX = 0  # requests of others that a host may remember when all is over


class Checkers:
    def __init__(self, world: World) -> None:
        self.found: dict[str, str] = {}
        self.oracles: dict[int, Oracle] = {}
        self._world = world
        self._leaders: dict[tuple[int, int], str] = {}  # (group, term) -> node
        self._contents: dict[tuple[int, int, int], bytes] = {}  # (group, index, term) -> data
        self._canon: dict[tuple[int, int], Applied] = {}
        self._called: set[tuple[str, int, int]] = set()  # at most once: (run, op, attempt)
        self._reported: dict[tuple[str, int], set[bytes]] = {}  # (run, op) -> results that runners gave
        self._decided: set[tuple[str, int, int]] = set()  # failures that are in the log: a next attempt is fair

    def bad(self, name: str, what: str) -> None:
        """Something does not hold."""
        self.found.setdefault(name, f"at {self._world.now:.3f} s: {what}")

    def oracle(self, group: int) -> Oracle:
        """The group on a node that never fails."""
        oracle = self.oracles.get(group)
        if oracle is None:
            oracle = self.oracles[group] = Oracle(group, self._world.install, self.bad, self._reported)
        return oracle

    # --- while the world goes on -------------------------------------------------------------------------------------

    def writes(self, node: Node, writes: Mapping[int, Write]) -> None:
        """What a journal is about to write."""
        for group, write in writes.items():
            for entry in write.entries:
                known = self._contents.setdefault((group, entry.index, entry.term), entry.data)
                if known != entry.data:
                    self.bad("LOG-MATCH", f"{node.name} group {group} entry {entry.index} of term {entry.term}")

    def committed(self, node: Node, entries: Sequence[Applied]) -> None:
        """What a node is about to apply."""
        for entry in entries:
            key = entry.group, entry.index
            known = self._canon.get(key)
            if known is not None:
                if known != entry:
                    self.bad("STATE", f"{node.name} group {entry.group} entry {entry.index}: {entry} and {known}")
                continue
            self._canon[key] = entry
            self._copied(node, entry)
            self._world.note("entry", *key, entry.term, len(entry.batch))
            if entry.group:
                self._feed(entry)

    def _feed(self, entry: Applied) -> None:
        oracle = self.oracle(entry.group)
        if entry.index != oracle.applied + 1:
            if entry.index > oracle.applied:
                self.bad("STATE", f"entry {entry.index} is applied, and nobody has applied {oracle.applied + 1}")
            return
        try:
            oracle.feed(entry)
        except Exception as fault:
            self._world.bad("RAISED", f"at entry {entry.index}: {type(fault).__name__}: {fault}", fault)

    def leaves(self, node: Node, peer: str, data: bytes, early: bool) -> None:
        """What a node is about to send. Read from the wire, and no further than what it says of its own disk."""
        frame = pb.Parcel.FromString(data).frame
        for message in raft.Frame.FromString(frame).messages if frame else ():
            stored = node.disk.journals[message.group].record
            kind = message.WhichOneof("body")
            if early and kind != "append":
                self.bad("UNSYNCED", f"{node.name} sends {message} before its sync")
            if kind in SAY_THEIR_TERM and stored.term < message.term:
                self.bad("UNSYNCED", f"{node.name} says {message} with term {stored.term} on its disk")
            if kind == "appended":
                # A leader of a later term may have taken away, in the same step, what an earlier one was told.
                answer, late = message.appended, message.term < stored.term
                if answer.success and not late and stored.last < answer.next_index - 1:
                    what = f"{answer.next_index - 1} of {stored.last} on its disk"
                    self.bad("UNSYNCED", f"{node.name} acknowledges {what}")
            elif kind == "vote" and stored.term == message.term and stored.vote != peer:
                self.bad("UNSYNCED", f"{node.name} votes for {peer}; {stored.vote} is on its disk")

    def _copied(self, node: Node, entry: Applied) -> None:
        """Whatever is applied first anywhere is on the disks of a majority of its members by then. What founds a group
        was agreed on before, in group 0 or by an operator: each of its first members writes it for itself."""
        log = self._log(node, entry.group)
        if log is None or (entry.term == 0 and entry.index == 1):
            return
        for members in log.members.since(entry.index):  # a change may have come in the step that committed it
            copies = sum(self._has(name, entry) for name in members)
            if 2 * copies > len(members):
                return
        self.bad("QUORUM", f"{node.name} commits {entry.index} of group {entry.group} with {copies} of {len(members)}")

    def _log(self, node: Node, group: int) -> Tail | None:
        """The log in a node's memory: what no host shows."""
        guard = node.host.groups._guards.get(group) if node.host is not None else None
        return guard.log if guard is not None else None

    def _has(self, name: str, entry: Applied) -> bool:
        node = self._world.nodes.get(name)
        stored = node.disk.journals.get(entry.group) if node is not None else None
        if stored is None:
            return False
        base = stored.record.base.index
        at = entry.index - base - 1
        return entry.index <= base or (at < len(stored.entries) and stored.entries[at].term == entry.term)

    def _complete(self, node: Node, group: int, term: int) -> None:
        """What was committed in earlier terms is in the log of whoever leads."""
        log = self._log(node, group)
        if log is None:
            return
        top = max((index for of, index in self._canon if of == group), default=0)
        for index in range(max(log.first, 1), top + 1):
            entry = self._canon.get((group, index))
            if entry is not None and entry.term < term and log.term_at(index) != entry.term:
                self.bad("LEADER", f"{node.name} leads term {term} of group {group} without entry {index}")
                return

    def applied(self, node: Node, entries: Sequence[Applied]) -> None:
        """What a node has applied."""
        host = node.host
        for entry in entries:
            replica = host.replicas.get(entry.group) if host is not None else None
            if replica is not None and replica.applied >= entry.index:
                mine = replica._digests.get(entry.index)
                theirs = self.oracle(entry.group).digests.get(entry.index)
                if mine is not None and mine != theirs:
                    self.bad("DIGEST", f"{node.name} group {entry.group} at entry {entry.index}")

    def after_step(self, node: Node, step: Step) -> None:
        """A node has made a step."""
        host = node.host
        assert host is not None
        for group, (leader, term) in host._leaders.items():
            if leader != node.name or group not in host.logs:
                continue
            known = self._leaders.get((group, term))
            if known is None:
                self._leaders[group, term] = leader
                self._world.count("elections")
                self._complete(node, group, term)
            elif known != leader:
                self.bad("ELECTION", f"{known} and {leader} lead term {term} of group {group}")
        if host.broken:
            for group, why in host.broken.items():
                if not why.startswith(StorageFailed.__name__):
                    self.bad("STOPPED", f"{node.name} group {group}: {why}")

    def called(self, call: Call) -> None:
        """An activity is called."""
        if not call.at_most_once:
            return
        key = call.run, call.op, call.attempt
        if key in self._called:
            self.bad(
                "AT-MOST-ONCE", f"{call.activity} of {call.run}, op {call.op}, attempt {call.attempt} a second time"
            )
        before = [known for known in self._called if known[:2] == key[:2] and known not in self._decided]
        if before and key not in self._called:
            self.bad("AT-MOST-ONCE", f"{call.activity} of {call.run}, op {call.op}, after attempt {before[0][2]}")
        self._called.add(key)

    def reported(self, command: c.Command) -> None:
        """A runner said what became of an attempt."""
        if isinstance(command, c.AttemptFailed):
            self._decided.add((command.run, command.op, command.attempt))
        elif isinstance(command, c.Finished):
            self._reported.setdefault((command.run, command.op), set()).add(command.result)

    # --- at the end --------------------------------------------------------------------------------------------------

    def hung(self) -> str:
        """An effect that is waited for, and that nobody is at: neither its owner's runner, nor the time."""
        for oracle in self.oracles.values():
            due = oracle.due()
            if due is not None and due[0] < self._world.time - LATE_US:
                return f"{due[1]} was due, and nobody puts the time into the log"
            for run in oracle.runs.values():
                if run.status in ("paused", "faulted"):
                    continue
                node = self._world.nodes.get(run.owner)
                flying = node.runner.flying if node is not None and node.runner is not None else {}
                for op in all_ops(run):
                    if op.kind is not Kind.EFFECT or op.due or op.number in run.arrived:
                        continue
                    if (run.run, op.number, op.attempt) not in flying:
                        what = "is stalled" if op.stalled else "is performed by nobody"
                        return f"{op} of {run.run}, attempt {op.attempt}, {what}; its owner is {run.owner!r}"
        return ""

    def at_the_end(self) -> None:
        """Everything is healed, and time has passed."""
        world = self._world
        for request in world.clients.waiting.values():
            self.bad("STUCK", f"{request.command!r} of {request.asked:.3f} s has no answer")
        for oracle in self.oracles.values():
            for run in oracle.runs.values():
                self.bad("STUCK", f"{run.id} is {run.status} at {run.root} {run.reason}")
        if "STUCK" not in self.found:
            self._same_everywhere()
            self._bounded()
        self._answers()
        self._tally()

    def _same_everywhere(self) -> None:
        for name, node in sorted(self._world.nodes.items()):
            if node.retired:
                continue
            for group, oracle in self.oracles.items():
                replica = node.host.replicas.get(group) if node.host is not None else None
                if replica is None or node.host is None or group in node.host.broken:
                    self.bad("APART", f"{name} does not have group {group}")
                elif replica.digest != oracle.replica.digest:
                    self.bad("APART", f"{name} group {group} at {replica.applied} of {oracle.applied}")

    def _bounded(self) -> None:
        for name, node in sorted(self._world.nodes.items()):
            host = node.host
            if host is None:
                continue
            carriage = host.carriage
            tables = {
                "_pending": len(host._pending),
                "_reads": len(host._reads),
                "_requests": len(host._requests),
                "_replies": len(host._replies),
                "buried": max(0, len(host.duties.buried) - 2 * len(self._world.nodes) * len(self.oracles)),
                "_foreign": max(0, len(host._foreign) - FOREIGN_MAX),
                "carriage._brought": len(carriage._brought),
                "carriage._wanted": len(carriage._wanted),
                "jobs": max(0, len(host.jobs) - 4),
            }
            full = {table: size for table, size in tables.items() if size}
            if full:
                self.bad("UNBOUNDED", f"{name}: {full}")

    def _answers(self) -> None:
        """What clients were told is what the log says; what they were told to be there is there."""
        clients = self._world.clients
        for request in clients.requests:
            oracle = self.oracles.get(request.group)
            if request.answered is None or oracle is None:
                continue
            said = [answer for id in request.ids for answer in oracle.answers.get(id, ())]
            if request.outcome not in said:
                self.bad("ANSWER", f"{request.command!r} was answered {request.outcome}, and the log says {said}")
        for id, request in clients.started.items():
            if request.answered is None or request.outcome is not None or id in clients.deleted:
                continue
            for name, node in sorted(self._world.nodes.items()):
                here = node.host is not None and request.group not in node.host.broken
                replica = node.host.replicas.get(request.group) if node.host is not None and here else None
                row = replica.storage.row(id) if isinstance(replica, Replica) else None
                if replica is not None and row is None:
                    self.bad("LOST", f"the start of {id} was acknowledged, and {name} does not know it")

    def _tally(self) -> None:
        oracle = self.oracles.get(self._world.group_of(TALLY_ID))
        if oracle is None:
            return
        final = self._world.final_tally(oracle)
        if final is not None:
            problem = broken(
                final, [*self._world.clients.appends, *self._world.clients.looks], self._world.clients.begun
            )
            if problem:
                self.bad("LINEAR", problem)
