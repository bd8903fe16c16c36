"""The contract of journals: what every one of them keeps, and how it refuses what it must not hand out."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from raftoral.errors import StorageFailed, StorageRefused
from raftoral.runtime.consensus.entries import Entry
from raftoral.runtime.consensus.journal import BEGINNING, Journal, MemoryJournal, Point, Record, Stored, Write
from raftoral.runtime.edge import journal_sqlite
from raftoral.runtime.edge.journal_sqlite import SqliteJournal


class Disk:
    """Opens the same journal again, as after a restart."""

    def __init__(self, kind: str, folder) -> None:
        self.kind = kind
        self.path = os.path.join(folder, "log.db")
        self.durable: dict[int, Stored] = {}
        self.journal: Journal | None = None

    def open(self) -> Journal:
        if self.journal is not None:
            self.journal.close()
        self.journal = MemoryJournal(self.durable) if self.kind == "memory" else SqliteJournal(self.path, "n1")
        return self.journal


@pytest.fixture(params=["memory", "sqlite"])
def disk(request, tmp_path):
    disk = Disk(request.param, tmp_path)
    yield disk
    if disk.journal is not None:
        disk.journal.close()


def entries(first: int, last: int, term: int = 1) -> list[Entry]:
    return [Entry(b"\0" + b"%d of %d" % (index, term), index, term) for index in range(first, last + 1)]


def record(last: int, term: int = 1, *, base: Point = BEGINNING, vote: str | None = None, commit: int = 0) -> Record:
    return Record(term, vote, max(commit, base.index), base, last)


def test_what_was_never_written_is_not_there(disk):
    assert disk.open().groups() == []
    assert disk.open().load(1) is None


def test_what_was_written_is_there_after_a_restart(disk):
    disk.open().write({1: Write(record(3, 2, vote="n2", commit=1), 0, entries(1, 3))})
    assert disk.open().load(1) == Stored(record(3, 2, vote="n2", commit=1), entries(1, 3))


def test_groups_of_one_step_are_kept_together_and_apart(disk):
    disk.open().write({0: Write(record(2), 0, entries(1, 2)), 7: Write(record(1, 4), 0, entries(1, 1, 4))})
    journal = disk.open()
    assert journal.groups() == [0, 7]
    assert journal.load(0) == Stored(record(2), entries(1, 2))
    assert journal.load(7) == Stored(record(1, 4), entries(1, 1, 4))


def test_a_conflicting_end_is_replaced(disk):
    journal = disk.open()
    journal.write({1: Write(record(5), 0, entries(1, 5))})
    journal.write({1: Write(record(4, 2), 2, entries(3, 4, 2))})
    assert disk.open().load(1) == Stored(record(4, 2), [*entries(1, 2), *entries(3, 4, 2)])


def test_an_end_can_be_taken_away_without_another(disk):
    journal = disk.open()
    journal.write({1: Write(record(5), 0, entries(1, 5))})
    journal.write({1: Write(record(2), 2, [])})
    assert disk.open().load(1) == Stored(record(2), entries(1, 2))


def test_a_beginning_is_forgotten(disk):
    base = Point(3, 1, frozenset({"n1", "n2"}))
    journal = disk.open()
    journal.write({1: Write(record(5), 0, entries(1, 5)), 2: Write(record(4), 0, entries(1, 4))})
    journal.write({1: Write(record(6, base=base), 5, entries(6, 6))})
    assert disk.open().load(1) == Stored(record(6, base=base), entries(4, 6))
    assert disk.open().load(2) == Stored(record(4), entries(1, 4))


def test_a_snapshot_replaces_everything(disk):
    base = Point(90, 7, frozenset({"n1"}))
    journal = disk.open()
    journal.write({1: Write(record(5), 0, entries(1, 5))})
    journal.write({1: Write(record(91, 7, base=base), 90, entries(91, 91, 7))})
    assert disk.open().load(1) == Stored(record(91, 7, base=base), entries(91, 91, 7))


def test_a_term_alone_is_written(disk):
    journal = disk.open()
    journal.write({1: Write(record(2), 0, entries(1, 2))})
    journal.write({1: Write(record(2, 9, vote="n3"), 2, [])})
    assert disk.open().load(1) == Stored(record(2, 9, vote="n3"), entries(1, 2))


def test_what_is_handed_out_is_not_the_journals_own(disk):
    journal = disk.open()
    journal.write({1: Write(record(2), 0, entries(1, 2))})
    stored = journal.load(1)
    assert stored is not None
    stored.entries.clear()
    again = journal.load(1)
    assert again is not None and again.entries == entries(1, 2)


def test_large_entries_and_any_bytes(disk):
    data = bytes(range(256)) * 4096
    disk.open().write({1: Write(record(1), 0, [Entry(data, 1, 1)])})
    stored = disk.open().load(1)
    assert stored is not None and stored.entries[0].data == data


# --- the file ------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "log.db")
    journal = SqliteJournal(path, "n1")
    journal.write({1: Write(record(5, vote="n1"), 0, entries(1, 5))})
    journal.close()
    return path


def damage(path: str, statement: str, *words) -> None:
    with sqlite3.connect(path) as db:
        db.execute(statement, words)
    db.close()


def load(path: str, node: str = "n1") -> Stored | None:
    journal = SqliteJournal(path, node)
    try:
        return journal.load(1)
    finally:
        journal.close()


KEY = 1 << journal_sqlite.INDEX_BITS


@pytest.mark.parametrize(
    ("statement", "words", "why"),
    [
        ("UPDATE entries SET data = ? WHERE key = ?", (b"\0other", KEY + 3), "entry 3 is not what was written"),
        ("UPDATE entries SET term = 0 WHERE key = ?", (KEY + 3,), "entry 3 is not what was written"),
        ("DELETE FROM entries WHERE key = ?", (KEY + 5,), "should end with entry 5, and ends with 4"),
        ("DELETE FROM entries WHERE key = ?", (KEY + 2,), "entry 3 stands where 2 should"),
        ("DELETE FROM groups WHERE number = ?", (1,), "has entries and no record"),
        ("UPDATE groups SET record = ? WHERE number = 1", (b"\x08\x01",), "is not what was written"),
    ],
)
def test_what_is_not_what_was_written_is_refused(path, statement, words, why):
    damage(path, statement, *words)
    with pytest.raises(StorageRefused, match=why):
        load(path)


def test_a_row_in_another_rows_place_is_refused(path):
    damage(path, "DELETE FROM entries WHERE key = ?", KEY + 3)
    damage(path, "UPDATE entries SET key = ? WHERE key = ?", KEY + 3, KEY + 4)
    with pytest.raises(StorageRefused, match="entry 3 is not what was written"):
        load(path)


def test_another_nodes_file_is_refused(path):
    with pytest.raises(StorageRefused, match="belongs to node n1, not to n2"):
        load(path, "n2")


def test_a_newer_file_is_refused(path):
    damage(path, "PRAGMA user_version = 2")
    with pytest.raises(StorageRefused, match="version 2"):
        load(path)


def test_another_programs_file_is_refused(tmp_path):
    path = str(tmp_path / "log.db")
    damage(path, "CREATE TABLE mine (x)")
    with pytest.raises(StorageRefused, match="another program"):
        load(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "log.db"
    path.write_bytes(b"hello " * 1000)
    with pytest.raises(StorageRefused, match="no log of Raftoral"):
        load(str(path))


def test_a_torn_page_is_refused(path):
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(4096 * 3))
    with pytest.raises(StorageRefused, match=r"damaged|not what was written"):
        load(path)


def test_a_log_without_its_file_is_refused(path):
    journal = SqliteJournal(path, "n1")
    journal.write({1: Write(record(6), 5, entries(6, 6))})
    with open(path + "-wal", "rb") as file:
        wal = file.read()
    journal.close()
    os.remove(path)
    with open(path + "-wal", "wb") as file:
        file.write(wal)
    with pytest.raises(StorageRefused, match="missing or empty"):
        load(path)


def test_a_torn_end_of_the_log_takes_its_transaction_and_no_other(path):
    """The write-ahead log of SQLite has checksums: a transaction that was not written whole never was."""
    journal = SqliteJournal(path, "n1")
    journal.write({1: Write(record(6), 5, entries(6, 6))})
    whole = os.path.getsize(path + "-wal")
    journal.write({1: Write(record(7), 6, entries(7, 7))})
    with open(path, "rb") as file, open(path + "-wal", "rb") as log:
        data, wal = file.read(), log.read()
    journal.close()
    for cut in (len(wal) - 1, whole + 24, whole + 1):
        with open(path, "wb") as file, open(path + "-wal", "wb") as log:
            file.write(data)
            log.write(wal[:cut])
        assert load(path) == Stored(record(6), entries(1, 6))


def test_a_second_process_is_refused(path):
    journal = SqliteJournal(path, "n1")
    code = (
        "import sys; from raftoral.runtime.edge.journal_sqlite import SqliteJournal; SqliteJournal(sys.argv[1], 'n1')"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    journal.close()
    assert "in use by another process" in done.stderr


def test_after_a_failed_write_nothing_more_is_written(path, tmp_path):
    """SQLite is out of room: nothing of the step is there, and the object is dead: a later sync proves nothing."""
    journal = SqliteJournal(path, "n1")
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    big = [Entry(bytes(100_000), 6, 1)]
    with pytest.raises(StorageFailed, match="disk is full"):
        journal.write({1: Write(record(6), 5, big)})
    with pytest.raises(StorageFailed, match="Start this node anew"):
        journal.write({1: Write(record(6), 5, entries(6, 6))})
    journal.close()
    assert load(path) == Stored(record(5, vote="n1"), entries(1, 5))


def test_every_commit_is_synced(path):
    journal = SqliteJournal(path, "n1")
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    journal.close()
