"""The disk of a simulated node: what was synced is there after a crash, what was not may be.

    disk = Disk(chance)            outlives its node's processes
    disk.journal(), disk.states()  what one process opens
    disk.crash()                   the power is gone: of each state, the unsynced tail is lost from some place on

The journal of a node writes synced or not at all, but for the write that a crash met: that is kept, lost or torn. A
state is written without a sync for each commit, as SQLite does it: after a crash it stands at some commit since the
last sync. Faults come from outside, by `on_write` and `on_commit`, which may raise. Never touches a file.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from raftoral.errors import StorageFailed
from raftoral.runtime.cluster.replica import PLACE
from raftoral.runtime.cluster.states import Snapshot, States
from raftoral.runtime.consensus.journal import MemoryJournal, Point, Stored, Write, apply, torn
from raftoral.runtime.consensus.snapshots import Header, MemorySink, Sink
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Changes, Query, Row
from raftoral.runtime.proto import log_pb2 as log

ROWS_MAX = 1 << 40
WAYS = ("lost", "kept", "torn", "io", "unsynced")


class Crash(BaseException):
    """The power is gone. Not an `Exception`: nobody who catches faults may catch this one."""


class SimulatedStates(States, Protocol):
    """The states of a simulated node."""

    def unsynced(self, group: int) -> int:
        """How many commits a sync that begins now would bring."""


class Disk:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.journals: dict[int, Stored] = {}
        self.bases: dict[int, MemoryStorage] = {}  # of each group: the state as it was last synced
        self.tails: dict[int, list[Changes]] = {}  # commits since then, oldest first
        self.next_write: str | None = None  # one of `WAYS`: what becomes of the next write of the journal
        self.next_install: str | None = None  # "before" or "behind" the rename of a snapshot, the power goes
        self.next_commit: str | None = None  # "io" or "crash": what becomes of the next commit of a state
        self.is_full = False
        self.on_write: Callable[[Mapping[int, Write]], None] = lambda writes: None

    def journal(self) -> MemoryJournal:
        """The journal of a process that begins."""
        journal = MemoryJournal(self.journals)
        journal.fault = self._writes
        return journal

    def states(self) -> SimulatedStates:
        """The states of a process that begins."""
        return MemoryStates(self)

    def _writes(self, writes: Mapping[int, Write]) -> None:
        """Called in place of the write that is about to be made."""
        self.on_write(writes)
        how, self.next_write = self.next_write, None
        if self.is_full:
            raise StorageFailed("the disk is full")
        if how is None:
            return
        for group, write in writes.items():
            if how == "kept":
                apply(self.journals, group, write)
            elif how == "torn":
                keep = self.chance.randrange(len(write.entries) + 1)
                apply(self.journals, group, torn(write, self.journals.get(group), keep))
        raise StorageFailed("an I/O error") if how == "io" else Crash

    def commits(self, group: int, changes: Changes) -> None:
        """A commit of a state is about to be made."""
        how, self.next_commit = self.next_commit, None
        if self.is_full:
            raise StorageFailed("the disk is full")
        if how is not None:
            raise StorageFailed("an I/O error") if how == "io" else Crash

    def sync(self, group: int, count: int) -> None:
        """The first commits of a tail would survive a crash from now on."""
        tail = self.tails.get(group, [])
        base = self.bases.setdefault(group, MemoryStorage())
        for changes in tail[:count]:
            base.commit(changes)
        del tail[:count]

    def crash(self) -> None:
        """The power is gone: a part of what was not synced had come to the disk."""
        for group in sorted(self.tails):
            tail = self.tails[group]
            self.sync(group, self.chance.choice([0, len(tail), self.chance.randint(0, len(tail))]))
            tail.clear()
        self.forget_faults()

    def ends(self, *, power: bool) -> None:
        """The process ends. Without `power`, what it wrote is there, synced or not."""
        if power:
            self.crash()

    def forget_faults(self) -> None:
        """The machine was off: what was about to go wrong in it does not."""
        self.next_write = self.next_install = self.next_commit = None

    def close(self) -> None:
        """The world is over."""


class MemoryStates:
    """Implements `States` over a simulated disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._open: dict[int, _State] = {}
        self._sinks: dict[int, MemorySink] = {}

    def open(self, group: int) -> MemoryStorage:
        """The state of a group as this process sees it: synced or not."""
        storage = self._open[group] = _State(self._disk, group)
        base = self._disk.bases.get(group)
        if base is not None:
            MemoryStorage.commit(storage, contents(base))
        for changes in self._disk.tails.get(group, ()):
            MemoryStorage.commit(storage, changes)
        return storage

    def close(self, group: int) -> None:
        """Lets go of it."""
        storage = self._open.pop(group, None)
        if storage is not None:
            storage.close()

    def unsynced(self, group: int) -> int:
        """How many commits a sync that begins now would bring."""
        return len(self._disk.tails.get(group, ()))

    def sync(self, group: int) -> None:
        """All that was committed would survive a crash."""
        self._disk.sync(group, self.unsynced(group))

    def save(self, group: int) -> Snapshot:
        """A copy of the state."""
        storage = self._open.get(group)
        meta = storage.meta() if storage is not None else {}
        if storage is None or PLACE not in meta:
            raise StorageFailed(f"no snapshot of group {group} can be made: there is no state yet")
        place = log.Place.FromString(meta[PLACE])
        data = packed(contents(storage))
        point = Point(place.index, place.term, frozenset(place.members))
        header = Header(group, point, len(data), hashlib.sha256(data).digest())
        return Snapshot(header, lambda at, count: data[at : at + count])

    def sink(self, group: int) -> Sink:
        """Where a snapshot that comes is put: in memory, and on the disk with `install` alone."""
        return self._sinks.setdefault(group, MemorySink())

    def install(self, group: int) -> None:
        """One rename, which is durable when this returns."""
        how, self._disk.next_install = self._disk.next_install, None
        if how == "before":
            raise Crash
        base = self._disk.bases[group] = MemoryStorage()
        base.commit(unpacked(bytes(self._sinks[group].data)))
        self._disk.tails.pop(group, None)
        if how == "behind":
            raise Crash

    def drop(self, group: int) -> None:
        """Nothing of it is left."""
        self._disk.bases.pop(group, None)
        self._disk.tails.pop(group, None)


class _State(MemoryStorage):
    """A state that this process has open."""

    def __init__(self, disk: Disk, group: int) -> None:
        super().__init__()
        self._disk = disk
        self._group = group

    def commit(self, changes: Changes) -> None:
        self._disk.commits(self._group, changes)
        super().commit(changes)
        self._disk.tails.setdefault(self._group, []).append(changes)


# --- a state as bytes --------------------------------------------------------------------------------------------


def contents(storage: MemoryStorage) -> Changes:
    """All of a store, as the one commit that would make it."""
    found = Changes(meta=storage.meta())
    for row in storage.rows(Query(limit=ROWS_MAX)):
        found.rows[row.id] = row
    for row, pieces in storage.live():
        for key, piece in pieces.items():
            found.pieces[row.id, key] = piece
    return found


def packed(changes: Changes) -> bytes:
    """A whole state as bytes, the same for the same state."""
    rows = [[_plain(value) for value in changes.rows[id]] for id in sorted(changes.rows)]
    pieces = [[*key, _plain(piece)] for key, piece in sorted(changes.pieces.items())]
    meta = [[key, _plain(fact)] for key, fact in sorted(changes.meta.items())]
    return json.dumps([rows, pieces, meta]).encode()


def unpacked(data: bytes) -> Changes:
    """The state of which these are the bytes."""
    rows, pieces, meta = json.loads(data)
    found = Changes()
    for row in rows:
        values = Row(*(_value(value) for value in row))
        found.rows[values.id] = values
    found.pieces = {(id, key): _value(piece) for id, key, piece in pieces}
    found.meta = {key: _value(fact) for key, fact in meta}
    return found


def _plain(value: Any) -> Any:
    return [value.decode("latin-1")] if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    return value[0].encode("latin-1") if isinstance(value, list) else value
