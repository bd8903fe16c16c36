"""Opens the file of a store, or says why not: `runs.db` in a directory of its own.

In: a directory. Out: two connections of SQLite, one that writes and one for lists, to a file of this version that was
found sound; or `StorageRefused` with what is wrong and what to do.

| table | holds |
|---|---|
| `runs` | every run, what stays of it; when it has ended, all of it |
| `living` | what changes with each slot while a run lives: the hot path, in few pages, apart from arguments and more |
| `pieces` | parts of a run that lives, beside its row |
| `meta` | facts about the store |

Nothing here knows what a row means (`storage_rows`), and nothing is ever read or written but through SQLite.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import NamedTuple

from raftoral.errors import StorageRefused

from . import storage_faults as faults
from .directory_lock import DirectoryLock
from .storage_lists import EXTRAORDINARY

NAME = "runs.db"
APPLICATION = 0x52465452  # "RFTR": in the header of the file, where the program `file` finds it too
VERSION = 1  # raise it in the same change that alters a table; then older files need a way to here
SQLITE_LEAST = (3, 37, 0)  # strict tables; upsert, JSON and partial indexes are older

# No foreign keys: they would look for the run in `runs` at each piece that is written. And pieces have a rowid: new
# ones are then appended, and only small entries of the index go to the place of their run, at half the time of a
# clustered table.
SCHEMA = (
    """CREATE TABLE runs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run TEXT NOT NULL, workflow TEXT NOT NULL,
version INTEGER NOT NULL, digest TEXT NOT NULL, status TEXT, parent TEXT, created INTEGER NOT NULL,
updated INTEGER NOT NULL, ended INTEGER, tags TEXT NOT NULL, checkpoints TEXT NOT NULL, args BLOB NOT NULL,
result BLOB, failure BLOB, report BLOB, crc INTEGER NOT NULL) STRICT""",
    """CREATE TABLE living (seq INTEGER PRIMARY KEY, status TEXT NOT NULL, updated INTEGER NOT NULL,
checkpoints TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL) STRICT""",
    """CREATE TABLE pieces (seq INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, crc INTEGER NOT NULL,
PRIMARY KEY (seq, key)) STRICT""",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL, crc INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    # Each index costs 0.5 to 1.5 us of each run. These answer what is asked most; what they leave is scanned.
    "CREATE INDEX runs_by_workflow ON runs (workflow, seq)",
    "CREATE INDEX children ON runs (parent, seq) WHERE parent IS NOT NULL",
    f"CREATE INDEX ended_otherwise ON runs (status, seq) WHERE {EXTRAORDINARY}",
)

# Up to here every page is checked when a store is opened: half a second or less when the file is in memory.
# Above it, only what changes while a run lives, which is about to be loaded anyway. Rows are then checked by their
# checksums as they are read; a damaged index could hide one that has ended from a list.
CHECKED_BYTES_MAX = 256 * 1024 * 1024

# When the log has this many pages (16 MB), the commit that finds it so copies them into the file: see `_tune`.
LOG_PAGES = 4000
WRITER_CACHE_KIB = 32 * 1024
LISTER_CACHE_KIB = 8 * 1024
WAIT_SECONDS = 5.0  # for a database browser that has the file locked for a moment


class Opened(NamedTuple):
    path: str
    lock: DirectoryLock
    writer: sqlite3.Connection
    lister: sqlite3.Connection


def open_file(directory: str, sync: bool) -> Opened:
    """The store in a directory, which is made if it is not there. With `sync`, a commit returns when it is durable."""
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        needed = ".".join(map(str, SQLITE_LEAST))
        raise StorageRefused(
            f"This Python comes with SQLite {sqlite3.sqlite_version}; a store needs {needed} or newer. Use a newer "
            f"Python, or one that was built with a newer SQLite."
        )
    _make_directory(directory)
    path = os.path.join(directory, NAME)
    with contextlib.ExitStack() as undo:
        lock = DirectoryLock(directory)
        undo.callback(lock.release)
        _refuse_lost_file(path)
        try:
            writer = _connect(path)
            undo.callback(writer.close)
            _recognise(writer, path)
            _tune(writer, path, sync)
            _check(writer, path)
            lister = _connect(path)
            undo.callback(lister.close)
            lister.execute("PRAGMA query_only = ON")
            lister.execute(f"PRAGMA cache_size = -{LISTER_CACHE_KIB}")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise faults.of_opening(error, path) from None
        undo.pop_all()
    return Opened(path, lock, writer, lister)


def _make_directory(directory: str) -> None:
    made = []
    path = directory
    while path and not os.path.lexists(path):
        made.append(path)
        path = os.path.dirname(path)
    try:
        os.makedirs(directory, exist_ok=True)
        for each in made:
            with contextlib.suppress(OSError):  # a parent that may be entered and not read
                _sync_directory(os.path.dirname(each))
    except FileExistsError:
        raise StorageRefused(f"{directory} is a file; a store needs a directory. Give another path.") from None
    except OSError as error:
        why = f"The directory {directory} cannot be made: {error.strerror}. Give another path."
        raise StorageRefused(why) from None


def _sync_directory(path: str) -> None:
    """A file is durable only when its name is. SQLite sees to its own directory, but not to those around it."""
    if os.name == "nt":
        return  # it cannot be asked for there
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _refuse_lost_file(path: str) -> None:
    """A log without its file: SQLite would take it for a leftover and delete it, with the last commits in it.

    A file of one byte is an empty one to SQLite, which may have written that byte itself.
    """
    if _size(path) <= 1 and _size(f"{path}-wal") > 0:
        raise StorageRefused(
            f"The file {path} is missing or empty, but its log {path}-wal is there, with commits in it. Put back the "
            f"two together, from one copy; to begin anew, move the log away."
        )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes  # checksums cover bytes, and are compared before anything is decoded
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _recognise(writer: sqlite3.Connection, path: str) -> None:
    """Refuses what is not ours or not of this version; makes the tables in an empty file."""
    application = _number(writer, "PRAGMA application_id")
    version = _number(writer, "PRAGMA user_version")
    if application == 0 and version == 0 and _number(writer, "SELECT count(*) FROM sqlite_schema") == 0:
        _create(writer)
        return
    if application != APPLICATION:
        raise StorageRefused(
            f"The file {path} is a database of another program (application id {application:#x}). Give a directory of "
            f"its own to Raftoral."
        )
    if version > VERSION:
        raise StorageRefused(
            f"The file {path} was written by a newer Raftoral: it has schema version {version}, and this one knows "
            f"versions up to {VERSION}. Install the newer one again."
        )
    if version < VERSION:
        raise StorageRefused(
            f"The file {path} has schema version {version}, and this Raftoral reads version {VERSION} only. Let the "
            f"version that wrote it finish its runs, or begin in another directory."
        )
    there = {sql for (sql,) in writer.execute("SELECT sql FROM sqlite_schema")}
    if not there.issuperset(statement.encode() for statement in SCHEMA):
        raise StorageRefused(
            f"The file {path} has schema version {version}, but not the tables of it: it was changed or is damaged. "
            f"Put a copy from before in its place."
        )


def _create(writer: sqlite3.Connection) -> None:
    """All in one transaction, and before there is a log: a file that has a byte then has a name and a version."""
    writer.execute("PRAGMA page_size = 4096")
    writer.execute("PRAGMA journal_mode = DELETE")
    writer.execute("PRAGMA synchronous = FULL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute(f"PRAGMA application_id = {APPLICATION}")
    writer.execute(f"PRAGMA user_version = {VERSION}")
    for statement in SCHEMA:
        writer.execute(statement)
    writer.execute("COMMIT")


def _tune(writer: sqlite3.Connection, path: str, sync: bool) -> None:
    """How durable, how large, and when the log is copied into the file.

    A commit appends the pages that it changed to the log (WAL) and syncs it, once. The log is copied into the file only
    now and then, as pages that changed many times since are copied once. With 10,000 live runs and random steps, a log
    of 1,000 pages costs a third more CPU for each step; one of 16,000 saves a tenth, but the commit that finds the log
    full takes up to 100 ms instead of 15 to 50. A thread that copies beside the commits halves that, costs a fifth
    more CPU, and cannot keep up with commits that never pause. `benchmarks/NOTES.md` has the figures.
    """
    if writer.execute("PRAGMA journal_mode = WAL").fetchone() != (b"wal",):
        raise StorageRefused(
            f"The file system of {path} cannot share memory between connections, which SQLite's log needs. Use a disk "
            f"of this machine; a network share will not do."
        )
    # NORMAL never damages the file, but after a power cut the last commits may be missing.
    writer.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
    if sync:  # on macOS, where an ordinary fsync leaves data in the cache of the disk
        writer.execute("PRAGMA fullfsync = ON")
        writer.execute("PRAGMA checkpoint_fullfsync = ON")
    # Without a sync, somebody else (`flush`) copies the log; a commit does it only when that one does not come.
    writer.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES if sync else 8 * LOG_PAGES}")
    writer.execute(f"PRAGMA journal_size_limit = {2 * LOG_PAGES * 4096}")  # after a list that kept it from ending
    writer.execute(f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
    # Debian's SQLite fills what is deleted with zeros, at twice the writing. FAST does it where it costs no page.
    writer.execute("PRAGMA secure_delete = FAST")
    # SQLite opens a file that cannot be written without a word. This raises then, and else does nothing.
    writer.execute("BEGIN IMMEDIATE")
    writer.execute(f"PRAGMA user_version = {VERSION}")
    writer.execute("ROLLBACK")


def _check(writer: sqlite3.Connection, path: str) -> None:
    """Refuses a file whose pages are damaged. What is in the rows is checked as they are read, by their checksums."""
    for what in ("1",) if _size(path) <= CHECKED_BYTES_MAX else ("living", "pieces", "meta"):
        ((found,),) = writer.execute(f"PRAGMA integrity_check({what})").fetchmany(1)
        if found != b"ok":
            raise StorageRefused(
                f"The file {path} is damaged: {found.decode(errors='replace')}. Keep the directory for whoever wants "
                f"to look at it, and put a copy from before in its place."
            )


def _number(connection: sqlite3.Connection, question: str) -> int:
    return int(connection.execute(question).fetchone()[0])
