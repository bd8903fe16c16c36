"""What must hold in every simulated run, looked at after every step. Each finding has a name; the first of a name is
kept.

| name | what is broken |
|---|---|
| ELECTION | two leaders in one term |
| LOG-MATCH | one (index, term) with two contents, or two predecessors |
| STATE | two nodes applied different entries at an index, or their digests differ |
| LEADER | a leader lacks a committed entry |
| QUORUM | committed without a copy on the disks of a majority |
| UNSYNCED | a message says "I have it" of what is not on the disk |
| LOST, TWICE | an acknowledged request is gone; or its answer is another one than at first |
| ORDER, STALE | not linearizable |
| STUCK, LAGGARD, NO-LEADER | no progress after everything has healed |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from raftoral.runtime.consensus.journal import Write
from raftoral.runtime.consensus.log import Applied
from raftoral.runtime.consensus.messages import Append, Appended, Vote, VoteRequest, unpacked

if TYPE_CHECKING:
    from .node import Node
    from .world import World


class Checkers:
    def __init__(self, world: World) -> None:
        self.world = world
        self.found: dict[str, str] = {}
        self.leaders: dict[tuple[int, int], str] = {}  # (group, term) -> node
        # (group, index, term) -> data, term before
        self.contents: dict[tuple[int, int, int], tuple[bytes, int | None]] = {}
        self.canon: dict[tuple[int, int], tuple[int, object]] = {}  # (group, index) -> term, batch
        # (group, index) -> term of the node that was first seen to apply it
        self.commit_terms: dict[tuple[int, int], int] = {}
        self.digests: dict[tuple[int, int], int] = {}
        self.top: dict[int, int] = {}

    def bad(self, name: str, what: str) -> None:
        self.found.setdefault(name, f"at {self.world.now:.3f} s: {what}")

    # --- what goes to disk, and what leaves -------------------------------------------------------------------------

    def before_write(self, node: Node, writes: Mapping[int, Write]) -> None:
        for group, write in writes.items():
            log = node.groups._guards[group].log if node.groups and group in node.groups._guards else None
            for entry in write.entries:
                before = log.term_at(entry.index - 1) if log is not None else None
                key = (group, entry.index, entry.term)
                known = self.contents.setdefault(key, (entry.data, before))
                if known[0] != entry.data or (None not in (known[1], before) and known[1] != before):
                    self.bad("LOG-MATCH", f"{node.name} group {group} entry {entry.index} of term {entry.term}")

    def leaves(self, node: Node, peer: str, frame: bytes, early: bool) -> None:
        for group, message in unpacked(frame):
            stored = node.durable[group].record
            if isinstance(message, Append):
                if stored.term < message.term:
                    self.bad("UNSYNCED", f"{node.name} leads term {message.term}, and {stored.term} is on its disk")
                continue
            if early:
                self.bad("UNSYNCED", f"{node.name} sends {message} before its sync")
            if stored.term < message.term:
                self.bad("UNSYNCED", f"{node.name} says {message} with term {stored.term} on its disk")
            if isinstance(message, Appended) and message.success and stored.last < message.next_index - 1:
                self.bad("UNSYNCED", f"{node.name} acknowledges {message.next_index - 1} of {stored.last} on its disk")
            if isinstance(message, Vote) and stored.term == message.term and stored.vote != peer:
                self.bad("UNSYNCED", f"{node.name} votes for {peer}; {stored.vote} is on its disk")
            if isinstance(message, VoteRequest) and stored.term == message.term and stored.vote != node.name:
                self.bad("UNSYNCED", f"{node.name} stands; its vote for {stored.vote} is on its disk")

    # --- after a step -----------------------------------------------------------------------------------------------

    def after_step(self, node: Node) -> None:
        assert node.groups is not None
        for group, guard in node.groups._guards.items():
            core, log = guard.core, guard.log
            if core.role == 2:
                leader = self.leaders.get((group, core.term))
                if leader is None:
                    self.leaders[group, core.term] = node.name
                    self.world.count("elections")
                    self._complete(node, group)
                elif leader != node.name:
                    self.bad("ELECTION", f"{leader} and {node.name} lead term {core.term} of group {group}")
                if core.commit > node.commits.get(group, 0):
                    self._copied(node, group)
            node.commits[group] = core.commit
            if log.term != core.term or core.commit > log.last.index or core.applied > core.commit:
                self.bad("BOOKS", f"{node.name} group {group}: {guard.status()}")

    def _complete(self, node: Node, group: int) -> None:
        """Leader Completeness: what was committed in earlier terms is in the log of whoever leads."""
        guard = node.groups._guards[group]  # type: ignore[union-attr]
        top = self.top.get(group, 0)
        for index in range(max(guard.log.first, top - 200, 1), top + 1):
            entry = self.canon.get((group, index))
            if entry is None or self.commit_terms[group, index] >= guard.core.term:
                continue
            if guard.log.term_at(index) != entry[0]:
                self.bad("LEADER", f"{node.name} leads term {guard.core.term} without entry {index} of {entry[0]}")
                return

    def _copied(self, node: Node, group: int) -> None:
        guard = node.groups._guards[group]  # type: ignore[union-attr]
        index = guard.core.commit
        term = guard.log.term_at(index)
        # The members of now, or those of before a change that this very step brought.
        for members in (guard.log.members.now, guard.log.members.at(index)):
            copies = 0
            for name in members:
                stored = self.world.nodes[name].durable.get(group) if name in self.world.nodes else None
                if stored is None:
                    continue
                base = stored.record.base.index
                at = index - base - 1
                copies += index <= base or (at < len(stored.entries) and stored.entries[at].term == term)
            if 2 * copies > len(members):
                return
        self.bad("QUORUM", f"{node.name} commits {index} of {term} with {copies} copies of {len(members)}")

    def applied(self, node: Node, applied: Applied) -> None:
        group, index = applied.group, applied.index
        machine = node.machines[group]
        content = (applied.term, (tuple(applied.batch), applied.members))
        known = self.canon.get((group, index))
        if known is None:
            self.canon[group, index] = content
            self.top[group] = max(self.top.get(group, 0), index)
            guard = node.groups._guards.get(group) if node.groups else None
            self.commit_terms[group, index] = guard.core.term if guard else 1 << 60
            self.digests[group, index] = machine.digest
        elif known != content:
            self.bad("STATE", f"{node.name} group {group} entry {index}: {content} and {known}")
        elif self.digests[group, index] != machine.digest:
            self.bad("STATE", f"{node.name} group {group}: another digest at {index}")
        stored = node.durable[group]
        at = index - stored.record.base.index - 1
        if at >= 0 and (at >= len(stored.entries) or stored.entries[at].term != applied.term):
            self.bad("UNSYNCED", f"{node.name} applies {index}, which is not on its disk")

    def installed(self, node: Node, group: int) -> None:
        machine = node.machines[group]
        if self.digests.get((group, machine.index)) != machine.digest:
            self.bad("STATE", f"{node.name} installs another state at {machine.index}")

    # --- at the end -------------------------------------------------------------------------------------------------

    def at_the_end(self) -> None:
        world = self.world
        for group in world.groups:
            leader = world.leader(group)
            if leader is None:
                self.bad("NO-LEADER", f"group {group} has none")
                continue
            status = leader.logs[group].status()
            machine = leader.machines[group]
            for name in sorted(status.members):
                node = world.nodes[name]
                if node.up and node.machines[group].index < machine.index - 5:
                    self.bad("LAGGARD", f"{name} group {group} is at {node.machines[group].index} of {machine.index}")
            self._requests(group, machine.answers)
        if not all(request.acked for request in world.probes):
            self.bad("STUCK", f"{sum(not r.acked for r in world.probes)} of {len(world.probes)} probes have no answer")

    def _requests(self, group: int, answers: dict[str, tuple[int, str]]) -> None:
        done = [r for r in self.world.requests.values() if r.group == group and r.acked]
        for request in done:
            if request.name not in answers:
                self.bad("LOST", f"{request.name} was acknowledged")
            elif request.result != answers[request.name]:
                self.bad("TWICE", f"{request.name} got {request.result}, and is {answers[request.name]}")
        # Real-time order: what was acknowledged before another was asked for stands before it.
        events = sorted([(r.asked, 1, r) for r in done] + [(r.acked, 0, r) for r in done], key=lambda e: (e[0], e[1]))
        before = -1
        for _, asked, request in events:
            position = answers.get(request.name, (1 << 60, ""))[0]
            if not asked:
                before = max(before, position)
            elif position <= before:
                self.bad(
                    "ORDER", f"{request.name} stands at {position}, {before} was acknowledged before it was asked for"
                )
                break
