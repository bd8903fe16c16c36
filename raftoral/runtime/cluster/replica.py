"""One group on one node: committed entries of the log in, a durable state and its consequences out.

    came = replica.apply(Applied(index=7, ...))
    came.answers    what requests got, by their ids; whoever asked here is told
    came.actions    what the machine wishes for: the host does its own node's part of it

The same entries leave the same state on every node: `digest` is a chain over all that was stored, and two nodes that
differ at one index are not the same any more (`Diverged`). A request that stands in the log twice, because it was sent
again after a change of leaders, has an effect once: those that would matter twice are remembered by their ids, in the
state itself.

Never: acts on what it applies, reads a clock, or goes on after a fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from raftoral.program.steps import Definition

from ..consensus.journal import BEGINNING, Point
from ..consensus.log import Applied
from ..core.commands import Command, Refused, StartRun
from ..core.library import PACKAGE, RETIRED
from ..core.lifecycle import Action
from ..core.machine import SEQ, Machine
from ..core.owners import NODES
from ..core.programs import Programs
from ..core.wire import command_from
from ..faults import BrokenInvariant
from ..ports import Changes, Query, Storage
from ..proto import log_pb2 as log
from .placing import home

PLACE = "place"  # the fact that says where in the log a state stands
ANSWERED = "answered."  # facts that remember answers begin like that
ANSWERS_MAX = 20_000  # that are remembered, in a ring
DIGEST_BYTES = 16
DIGESTS_MAX = 20_000  # of late, to compare with those of others

GROUPS = "groups"  # the fact that says among which groups ids are placed
MISPLACED = "misplaced"

# The first byte of a request id says what a second try of it would do, or that it is no command.
HARMLESS, ONCE, COMPARE, PLACES = b"h", b"o", b"d", b"p"


class Diverged(Exception):
    """This node's state is not that of the others. It is of no use, and has to be replaced by a snapshot."""


class Came(NamedTuple):
    """What came of one entry."""

    answers: list[tuple[bytes, Refused | None]]
    actions: Sequence[Action]


class Replica:
    def __init__(
        self,
        group: int,
        storage: Storage,
        programs: Programs,
        install: Callable[[bytes], list[Definition]],
        *,
        trails: bool = True,
    ) -> None:
        self.group = group
        self.storage = storage
        self.programs = programs
        self.applied = 0
        self._kept = 0  # the index at which the store stands
        self._answers: dict[bytes, Refused | None] = {}
        self._ring: list[bytes] = []
        self._turn = 0  # the place of the ring that is written next
        self._digests: dict[int, bytes] = {}
        meta = storage.meta()
        place = log.Place.FromString(meta.get(PLACE, b""))
        self.point = Point(place.index, place.term, frozenset(place.members)) if place.index else BEGINNING
        self.applied = self._kept = place.index
        self.digest: bytes = place.digest or bytes(DIGEST_BYTES)
        for key in sorted(key for key in meta if key.startswith(PACKAGE)):
            for definition in install(meta[key]):
                if programs.get(definition.name, definition.version) is None:
                    programs.add(definition)
        newest = storage.rows(Query(limit=1))
        seq = max(newest[0].seq if newest else 0, int(meta.get(SEQ, b"0")))
        self.machine = machine = Machine(programs, storage.row, seq=seq, trails=trails)
        machine.install = install
        machine.packages = sum(key.startswith(PACKAGE) for key in meta)
        if NODES in meta:
            machine.read_nodes(meta[NODES])
        if RETIRED in meta:
            machine.read_retired(meta[RETIRED])
        unknown = machine.load(storage.live())
        if unknown:
            row = unknown[0]
            raise BrokenInvariant(f"{row.workflow} version {row.version} has live runs, and its program is not there")
        machine.now = max(machine.now, place.time)
        self._read_answers(meta)
        self.groups = _groups_from(meta.get(GROUPS, b""))

    def _read_answers(self, meta: dict[str, bytes]) -> None:
        known: list[tuple[int, log.Answered]] = []
        for key, data in meta.items():
            if key.startswith(ANSWERED):
                known.append((int(key.removeprefix(ANSWERED)), log.Answered.FromString(data)))
        known.sort(key=lambda each: each[0])
        self._ring = [each.request_id for _, each in known]
        for _, each in known:
            self._answers[each.request_id] = Refused(each.code, each.message) if each.code else None
        self._turn = int(meta.get("answered", b"0"))

    def apply(self, entry: Applied) -> Came:
        """The next entry. What it changed is in the store when this returns, though perhaps not yet on the disk."""
        if entry.index <= self.applied:
            return Came([], ())  # it is in the state that was read
        answers: list[tuple[bytes, Refused | None]] = []
        fresh: list[tuple[bytes, Command]] = []
        places = self.groups
        for request_id, data in entry.batch:
            kind = request_id[:1]
            if kind == COMPARE:
                self._compare(data)
            elif kind == PLACES:
                self.groups = max(self.groups, _groups_from(data), key=len)
                answers.append((request_id, None))
            elif kind == ONCE and request_id in self._answers:
                answers.append((request_id, self._answers[request_id]))
            elif kind == ONCE and any(request_id == known for known, _ in fresh):
                continue  # twice in one entry: its one answer is for both
            elif self._is_misplaced(command := command_from(data)):
                why = f"since there are {len(self.groups)} groups, this run belongs to another one: try again"
                answers.append((request_id, Refused(MISPLACED, why)))
            else:
                fresh.append((request_id, command))
        machine = self.machine
        applied = machine.apply([command for _, command in fresh], entry.time)
        changes = applied.changes
        if self.groups != places:
            changes.meta[GROUPS] = groups_data(self.groups)
        for (request_id, _), answer in zip(fresh, applied.answers, strict=True):
            answers.append((request_id, answer))
            if request_id[:1] == ONCE:
                self._remember(changes, request_id, answer)
        members = entry.members if entry.members is not None else self.point.members
        self.point = Point(entry.index, entry.term, members)
        self.applied = entry.index
        if changes or entry.members is not None:
            self._keep(changes)
        return Came(answers, applied.actions)

    def _is_misplaced(self, command: Command) -> bool:
        """A run that is started under an id by two nodes, one of which does not know yet of a new group, is one run:
        from the entry on that says how many groups there are, none begins here that belongs to another."""
        if not isinstance(command, StartRun) or command.fresh or not self.groups:
            return False
        id = command.id
        return home(id, self.groups) != self.group and id not in self.machine.runs and self.storage.row(id) is None

    def _keep(self, changes: Changes) -> None:
        self.digest = _digest(self.digest, self.applied, changes)
        self._digests[self.applied] = self.digest
        if len(self._digests) > DIGESTS_MAX:
            del self._digests[next(iter(self._digests))]
        point = self.point
        changes.meta[PLACE] = log.Place(
            index=point.index,
            term=point.term,
            time=self.machine.now,
            members=sorted(point.members),
            digest=self.digest,
        ).SerializeToString()
        self.storage.commit(changes)
        self._kept = point.index

    def _remember(self, changes: Changes, request_id: bytes, answer: Refused | None) -> None:
        place = self._turn % ANSWERS_MAX
        if place < len(self._ring):
            self._answers.pop(self._ring[place], None)
            self._ring[place] = request_id
        else:
            self._ring.append(request_id)
        self._answers[request_id] = answer
        self._turn += 1
        code, message = answer or ("", "")
        kept = log.Answered(request_id=request_id, code=code, message=message)
        changes.meta[f"{ANSWERED}{place:06d}"] = kept.SerializeToString()
        changes.meta["answered"] = b"%d" % self._turn

    def packages(self) -> list[bytes]:
        """The programs that were deployed, in the order in which they were."""
        meta = self.storage.meta()
        return [meta[key] for key in sorted(meta) if key.startswith(PACKAGE)]

    # --- the same on all nodes ---------------------------------------------------------------------------------

    @property
    def comparable(self) -> bytes | None:
        """What another node can compare itself with: an index, and the digest of the state there."""
        if not self._digests:
            return None
        index = next(reversed(self._digests))
        return log.Place(index=index, digest=self._digests[index]).SerializeToString()

    def _compare(self, data: bytes) -> None:
        other = log.Place.FromString(data)
        own = self._digests.get(other.index)
        if own is not None and own != other.digest:
            raise Diverged(f"group {self.group}: the state at entry {other.index} is not that of the leader")

    @property
    def kept(self) -> int:
        """The index at which the store stands."""
        return self._kept


def _digest(before: bytes, index: int, changes: Changes) -> bytes:
    """Of everything that an entry stored. Facts of one node alone (none so far) would not belong in here."""
    digest = hashlib.blake2b(before, digest_size=DIGEST_BYTES)
    digest.update(b"%d" % index)
    for id in sorted(changes.deleted):
        digest.update(b"-" + id.encode())
    for id, row in sorted(changes.rows.items()):
        digest.update(f"={id} {row.status} {row.updated} {row.checkpoints} {row.tags}".encode())
        for part in (row.args, row.body, row.result, row.failure, row.report):
            digest.update(b"%d:" % len(part or b"") + (part or b""))
    for id, step in sorted(changes.steps.items()):
        digest.update(f"+{id} {step.status} {step.updated} {step.checkpoints}".encode() + step.body)
    for key, piece in sorted(changes.pieces.items()):
        digest.update(f"/{key[0]} {key[1]} ".encode() + (b"-" if piece is None else piece))
    for name, fact in sorted(changes.meta.items()):
        digest.update(f"#{name} ".encode() + fact)
    return digest.digest()


def groups_data(groups: Sequence[int]) -> bytes:
    """Groups, for an entry that says that ids are placed among these from here on."""
    return b",".join(b"%d" % group for group in sorted(groups))


def _groups_from(data: bytes) -> tuple[int, ...]:
    return tuple(int(group) for group in data.split(b",")) if data else ()
