"""Where the states of a node's groups are kept, and how a state travels to a node that lacks it: as files of SQLite.

    <data>/group-1/runs.db            the state; written without a sync for each commit, since the log has it all
    <data>/group-1/snapshot.db        a copy at one place of the log, for others to take
    <data>/group-1/incoming.db        one that is on its way to here

In: groups by number. Out: stores, snapshots that can be read in any order, and sinks. A state takes the place of
another by one rename; a crash leaves the one or the other.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from typing import NamedTuple, Protocol

from raftoral.errors import StorageFailed

from ..consensus.journal import Point
from ..consensus.snapshots import Header, Sink
from ..edge.storage_file import NAME
from ..edge.storage_sqlite import SqliteStorage
from ..ports import Storage
from ..proto import log_pb2 as log
from .replica import PLACE

PIECE_BYTES = 1024 * 1024
SYNC_BYTES = 8 * 1024 * 1024


class Snapshot(NamedTuple):
    """A state at one place of a log, as bytes that do not change."""

    header: Header
    read: Callable[[int, int], bytes]


class States(Protocol):
    """The states of all groups of one node."""

    def open(self, group: int) -> Storage:
        """The state of a group; an empty one, if it has none yet."""

    def close(self, group: int) -> None:
        """Lets go of it."""

    def sync(self, group: int) -> None:
        """Returns when all that was committed before the call would survive a power cut. In a thread."""

    def save(self, group: int) -> Snapshot:
        """A copy of the state as it is now. In a thread: it may take long."""

    def sink(self, group: int) -> Sink:
        """Where a snapshot that comes from another node is put."""

    def install(self, group: int) -> None:
        """What the sink holds becomes the state, which must be closed."""

    def drop(self, group: int) -> None:
        """The state of a group, which must be closed, is of no use here any more."""


class FileStates:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._open: dict[int, SqliteStorage] = {}

    def _place(self, group: int, name: str) -> str:
        return os.path.join(self.folder, f"group-{group}", name)

    def open(self, group: int) -> Storage:
        storage = self._open[group] = SqliteStorage(os.path.join(self.folder, f"group-{group}"), sync=False)
        return storage

    def close(self, group: int) -> None:
        storage = self._open.pop(group, None)
        if storage is not None:
            storage.close()

    def sync(self, group: int) -> None:
        storage = self._open.get(group)
        if storage is not None:
            storage.flush()

    def save(self, group: int) -> Snapshot:
        path = self._place(group, "snapshot.db")
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        try:
            with contextlib.closing(sqlite3.connect(self._place(group, NAME), isolation_level=None)) as reader:
                # The copy is for others, and made again if it is lost. Syncing it would keep the log's syncs waiting.
                reader.execute("PRAGMA synchronous = OFF")
                reader.execute("VACUUM INTO ?", (path,))
            with contextlib.closing(sqlite3.connect(path)) as copy:
                (data,) = copy.execute("SELECT value FROM meta WHERE key = ?", (PLACE,)).fetchone()
        except sqlite3.Error as error:
            raise StorageFailed(f"no snapshot of group {group} can be made: {error}") from None
        place = log.Place.FromString(data)
        file = _File(path)
        point = Point(place.index, place.term, frozenset(place.members))
        return Snapshot(Header(group, point, file.size, file.digest()), file.read)

    def sink(self, group: int) -> Sink:
        return _FileSink(self._place(group, "incoming.db"))

    def install(self, group: int) -> None:
        incoming, target = self._place(group, "incoming.db"), self._place(group, NAME)
        descriptor = os.open(incoming, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        for tail in ("-wal", "-shm"):  # of the state that goes: they are not of the one that comes
            with contextlib.suppress(FileNotFoundError):
                os.remove(target + tail)
        os.replace(incoming, target)
        folder = os.open(os.path.dirname(target), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self, group: int) -> None:
        shutil.rmtree(os.path.join(self.folder, f"group-{group}"), ignore_errors=True)


class _File:
    """A snapshot on disk, read by place. Its name may be another file's by then: it is held open, as long as anybody
    sends it. A later snapshot does not end an earlier one, which may be on its way to another node."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._file).st_size

    def read(self, offset: int, count: int) -> bytes:
        return os.pread(self._file, count, offset)

    def digest(self) -> bytes:
        digest = hashlib.sha256()
        for offset in range(0, self.size, PIECE_BYTES):
            digest.update(self.read(offset, PIECE_BYTES))
        return digest.digest()

    def __del__(self) -> None:
        os.close(self._file)


class _FileSink:
    def __init__(self, path: str) -> None:
        self._path = path

    def begin(self, header: Header) -> None:
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        with open(self._path, "wb"):
            pass

    def write(self, data: bytes) -> None:
        with open(self._path, "ab") as file:
            file.write(data)
            if file.tell() // SYNC_BYTES > (file.tell() - len(data)) // SYNC_BYTES:  # not all of it at the end
                file.flush()
                os.fsync(file.fileno())
