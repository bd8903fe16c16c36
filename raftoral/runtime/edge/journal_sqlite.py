"""The journals of all groups of a node in one file of SQLite: `log.db`. One transaction, one sync, for a step of all
groups.

    write({1: Write(keep=6, entries=[7, 8]), 4: ...})     ->     BEGIN; delete, insert, replace; COMMIT
    (synchronous=FULL)

In: writes of `consensus.journal`. Out: what was written last, or a refusal that says what is wrong and what to do.
Rows carry checksums, records say where their log ends, and the file says what it is, of which version and of which
node.

Never: returns from `write` before the disk has it (as far as the disk tells the truth); opens a file of another
program, of another version, of another node, or one that is in use; hands out a log with a hole, or with a row that is
not what was written.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from google.protobuf.message import DecodeError

from raftoral.errors import StorageFailed, StorageRefused

from ..consensus.entries import Entry
from ..consensus.journal import Point, Record, Stored, Write, sound
from ..proto import consensus_pb2 as pb

APPLICATION = 0x5246544C  # "RFTL", in the header of the file
VERSION = 1  # raise it in the change that alters a table; then older files need a way to here
MEMORY = ":memory:"

# An entry's key is its group and its index in one integer: SQLite then appends to the right end of one tree, and takes
# the ends of a log away by a range.
INDEX_BITS = 44
INDEX_MAX = (1 << INDEX_BITS) - 1

SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE groups (number INTEGER PRIMARY KEY, record BLOB NOT NULL, crc INTEGER NOT NULL) STRICT",
    """CREATE TABLE entries (key INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL,
crc INTEGER NOT NULL) STRICT""",
)

_DAMAGED = "Keep the directory for whoever wants to look at it. Remove this node from its groups, and add a new one."
_PASSING = frozenset((sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR))


class SqliteJournal:
    def __init__(self, path: str, node: str) -> None:
        """Opens the file of this node, or makes it. Its directory exists."""
        self.path = path
        self.node = node
        _refuse_lost_file(path)
        with contextlib.ExitStack() as undo:
            try:
                self._db = sqlite3.connect(path, isolation_level=None, timeout=0.0)
                undo.callback(self._db.close)
                self._open()
            except sqlite3.Error as error:
                raise _of_opening(error, path) from None
            undo.pop_all()
        self._failed = False
        self._file = _file_at(path)
        self._known: dict[int, Record] = {}  # what this object wrote last of each group

    def _open(self) -> None:
        db = self._db
        # One process, for as long as it lives: a second one could vote twice in one term.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        fresh = not tables and application == 0
        if not fresh and application != APPLICATION:
            raise StorageRefused(f"{self.path} is a database of another program. Give another directory.")
        if not fresh and version != VERSION:
            raise StorageRefused(
                f"{self.path} is of version {version}, and this program knows version {VERSION}. Use the program that "
                f"wrote it, or a newer one."
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # a sync for each commit: what is acknowledged survives a power cut
        db.execute("PRAGMA wal_autocheckpoint = 4000")
        # Takes the lock in any case, so that a second process is refused now and not at its first write.
        db.execute("BEGIN IMMEDIATE")
        if fresh:
            for statement in SCHEMA:
                db.execute(statement)
            db.execute("INSERT INTO meta VALUES ('node', ?)", (self.node,))
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
        row = db.execute("SELECT value FROM meta WHERE key = 'node'").fetchone()
        if row is None or row[0] != self.node:
            raise StorageRefused(
                f"{self.path} belongs to node {row[0] if row else '?'}, not to {self.node}. A node that takes another "
                f"one's log votes in its name: give this node a directory of its own."
            )
        wrong = db.execute("PRAGMA quick_check(1)").fetchone()
        if wrong != ("ok",):
            raise StorageRefused(f"{self.path} is damaged: {wrong[0]}. {_DAMAGED}")

    # --- reading ------------------------------------------------------------------------------------------------------

    def groups(self) -> list[int]:
        return [number for (number,) in self._read("SELECT number FROM groups ORDER BY number")]

    def load(self, group: int) -> Stored | None:
        rows = self._read("SELECT record, crc FROM groups WHERE number = ?", group)
        first, last = _range(group)
        if not rows:
            if self._read("SELECT 1 FROM entries WHERE key BETWEEN ? AND ? LIMIT 1", first, last):
                raise self._damaged(f"group {group} has entries and no record")
            return None
        packed, crc = rows[0]
        if crc32(packed, group) != crc:
            raise self._damaged(f"the record of group {group} is not what was written")
        entries = []
        for key, term, data, crc in self._read(
            "SELECT key, term, data, crc FROM entries WHERE key BETWEEN ? AND ? ORDER BY key", first, last
        ):
            entry = Entry(data, key & INDEX_MAX, term)
            if _crc(key, term, data) != crc:
                raise self._damaged(f"group {group}: entry {entry.index} is not what was written")
            entries.append(entry)
        stored = Stored(self._record(group, packed), entries)
        wrong = sound(group, stored)
        if wrong is not None:
            raise self._damaged(wrong)
        return stored

    def _record(self, group: int, packed: bytes) -> Record:
        try:
            record = pb.GroupRecord.FromString(packed)
        except DecodeError:
            raise self._damaged(f"the record of group {group} cannot be read") from None
        base = Point(record.base_index, record.base_term, frozenset(record.base_members))
        return Record(record.term, record.vote or None, record.commit, base, record.last_index)

    def _read(self, statement: str, *words: int) -> list[Any]:
        try:
            return self._db.execute(statement, words).fetchall()
        except sqlite3.Error as error:
            raise _of_opening(error, self.path) from None

    def _damaged(self, what: str) -> StorageRefused:
        return StorageRefused(f"Damaged in {self.path}: {what}. {_DAMAGED}")

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, writes: Mapping[int, Write]) -> None:
        if self._failed:
            # The pages that could not be written may be marked as clean by now: a second try would succeed, and do
            # nothing.
            raise StorageFailed(f"{self.path} could not be written before. Start this node anew.")
        if _file_at(self.path) != self._file:
            self._failed = True  # SQLite would write on, into a file that nobody finds again
            raise StorageFailed(f"{self.path} was taken away while this node used it. Is its disk still there?")
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            for group, write in writes.items():
                self._write(group, write)
            db.execute("COMMIT")
            self._known.update((group, write.record) for group, write in writes.items())
        except sqlite3.Error as error:
            self._failed = True
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise _of_writing(error, self.path) from None

    def _write(self, group: int, write: Write) -> None:
        db = self._db
        record = write.record
        first, last = _range(group)
        before = self._known.get(group)
        if before is None or write.keep < before.last:  # else nothing is there to be deleted: most steps only add
            db.execute("DELETE FROM entries WHERE key BETWEEN ? AND ?", (first + write.keep + 1, last))
        if before is None or record.base.index > before.base.index:
            db.execute("DELETE FROM entries WHERE key BETWEEN ? AND ?", (first, first + record.base.index))
        rows = []
        for data, index, term in write.entries:
            key = first + index
            rows.append((key, term, data, _crc(key, term, data)))
        if rows:
            db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
        packed = pb.GroupRecord(
            term=record.term,
            vote=record.vote or "",
            commit=record.commit,
            base_index=record.base.index,
            base_term=record.base.term,
            base_members=sorted(record.base.members),
            last_index=record.last,
        ).SerializeToString()
        db.execute("INSERT OR REPLACE INTO groups VALUES (?, ?, ?)", (group, packed, crc32(packed, group)))

    def close(self) -> None:
        self._db.close()


def _file_at(path: str) -> tuple[int, int] | None:
    """Which file has this name now."""
    if path == MEMORY:
        return None
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _range(group: int) -> tuple[int, int]:
    """The least and the greatest key of a group."""
    return group << INDEX_BITS, (group << INDEX_BITS) + INDEX_MAX


def _crc(key: int, term: int, data: bytes) -> int:
    """Covers the place as well: a row that stands where another should is found."""
    return crc32(data, crc32(b"%d %d" % (key, term)))


def _refuse_lost_file(path: str) -> None:
    """A log of SQLite without its file: SQLite would delete it, with the last commits in it."""
    if path == MEMORY:
        return
    wal = f"{path}-wal"
    if os.path.exists(wal) and os.path.getsize(wal) > 0 and (not os.path.exists(path) or os.path.getsize(path) <= 1):
        raise StorageRefused(
            f"The file {path} is missing or empty, and its log {wal} is there, with commits in it. Put back the two "
            f"together, from one copy; or remove this node from its groups, and add a new one."
        )


def _code(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def _of_opening(error: sqlite3.Error, path: str) -> StorageFailed | StorageRefused:
    """Refused is what will not change by waiting."""
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageRefused(f"{path} is in use by another process: a node runs once. ({error})")
    if code == sqlite3.SQLITE_NOTADB:
        return StorageRefused(f"{path} is no log of Raftoral, or its beginning is damaged. {_DAMAGED} ({error})")
    if code == sqlite3.SQLITE_CORRUPT:
        return StorageRefused(f"{path} is damaged. {_DAMAGED} ({error})")
    kind = StorageFailed if code in _PASSING else StorageRefused
    return kind(f"{path} cannot be opened: {error}. Look at the rights, the room and the disk.")


def _of_writing(error: sqlite3.Error, path: str) -> StorageFailed:
    if _code(error) == sqlite3.SQLITE_FULL:
        return StorageFailed(f"The disk is full: {path} takes no more. Make room, then start this node anew. ({error})")
    return StorageFailed(f"{path} could not be written: {error}. Look for disk errors, then start this node anew.")
