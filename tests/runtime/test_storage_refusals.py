"""Directories that must not be opened: of another version or program, damaged, not writable, in use."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from raftoral.errors import StorageRefused
from raftoral.runtime.edge import storage_file
from raftoral.runtime.edge.directory_lock import DirectoryLock
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from tests.runtime.contracts.storage_model import changes, row
from tests.runtime.stores import change, filled, refusal


def test_a_newer_version_is_refused(where: Path) -> None:
    filled(where)
    change(where, "PRAGMA user_version = 2")
    assert "written by a newer Raftoral: it has schema version 2, and this one knows versions up to 1" in refusal(where)


def test_an_older_version_without_a_way_to_this_one_is_refused(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(where)
    monkeypatch.setattr(storage_file, "VERSION", 2)
    assert "has schema version 1, and this Raftoral reads version 2 only" in refusal(where)


@pytest.mark.parametrize(
    "statements",
    [
        ("PRAGMA application_id = 252006675",),
        ("PRAGMA application_id = 1", "CREATE TABLE t (x)"),
        ("CREATE TABLE t (x)",),
    ],
)
def test_a_database_of_another_program_is_refused(where: Path, statements: tuple[str, ...]) -> None:
    where.mkdir()
    change(where, *statements)
    before = (where / "runs.db").read_bytes()
    assert "is a database of another program" in refusal(where)
    assert (where / "runs.db").read_bytes() == before


def test_changed_tables_are_refused(where: Path) -> None:
    filled(where)
    change(where, "ALTER TABLE living ADD COLUMN extra ANY")
    assert "but not the tables of it" in refusal(where)


def test_an_index_of_somebody_else_is_no_fault(where: Path) -> None:
    filled(where)
    change(where, "CREATE INDEX mine ON runs (digest)")
    filled(where, runs=3)


@pytest.mark.parametrize("size", [2, 15, 16, 99, 100, 511, 512, 5_000, 100_000])
def test_a_file_that_is_no_database_is_refused(where: Path, size: int) -> None:
    where.mkdir()
    noise = random.Random(size).randbytes(size)
    (where / "runs.db").write_bytes(noise)
    assert "not even a database of SQLite" in refusal(where)
    assert (where / "runs.db").read_bytes() == noise


@pytest.mark.parametrize("kept", [2, 100, 4_096, 8_192, 20_480])
def test_a_file_that_was_cut_off_is_refused(where: Path, kept: int) -> None:
    filled(where)
    os.truncate(where / "runs.db", kept)
    assert "damaged" in refusal(where)


@pytest.mark.parametrize("left", [b"", b"S", None])
def test_a_log_without_its_file_is_refused(where: Path, left: bytes | None) -> None:
    """SQLite would delete the log, and with it the last commits."""
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(changes(row("a", 1)))
        log = (where / "runs.db-wal").read_bytes()
    (where / "runs.db").unlink()
    if left is not None:
        (where / "runs.db").write_bytes(left)
    (where / "runs.db-wal").write_bytes(log)
    assert "is missing or empty, but its log" in refusal(where)
    assert (where / "runs.db-wal").read_bytes() == log


def test_a_file_in_place_of_the_directory_is_refused(where: Path) -> None:
    where.write_text("I was here first")
    assert "is a file; a store needs a directory" in refusal(where)
    assert "cannot be made: Not a directory" in refusal(where / "inside")


def test_an_old_sqlite_is_refused(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 0))
    with pytest.raises(StorageRefused, match=r"needs 3\.37\.0 or newer"):
        SqliteStorage(where)


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A directory that this process cannot write to, also when it belongs to the administrator."""
    path = Path(tempfile.mkdtemp())
    was = os.geteuid() if hasattr(os, "geteuid") else None
    if was == 0:
        try:
            os.seteuid(65_534)
        except OSError:
            pytest.skip("the administrator of this machine cannot become anybody else")
        os.seteuid(0)
    path.chmod(0o755)
    filled(path)
    for each in path.iterdir():
        each.chmod(0o444)
    try:
        yield path
    finally:
        if was == 0:
            os.seteuid(0)
        path.chmod(0o755)
        shutil.rmtree(path)


def become_nobody() -> None:
    if os.geteuid() == 0:
        os.seteuid(65_534)


posix = pytest.mark.skipif(os.name == "nt", reason="rights work another way on Windows")


@posix
def test_a_directory_that_cannot_be_written_is_refused(read_only: Path) -> None:
    read_only.chmod(0o555)
    become_nobody()
    assert "cannot be written: Permission denied" in refusal(read_only)
    (read_only / "lock").stat()


@posix
def test_a_file_that_cannot_be_written_is_refused(read_only: Path) -> None:
    """SQLite opens such a file without a word, and would fail at the first commit."""
    read_only.chmod(0o777)
    (read_only / "lock").chmod(0o666)
    become_nobody()
    assert "runs.db cannot be written" in refusal(read_only)


# --- one process -----------------------------------------------------------------------------------------------------


def test_a_directory_has_one_store_in_a_process(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        assert "is open in this very process" in refusal(where)
        store.commit(changes(row("a", 1)))
    SqliteStorage(where).close()


def test_a_refused_file_does_not_stay_locked(where: Path) -> None:
    where.mkdir()
    (where / "runs.db").write_bytes(b"no database, but long enough to look at it twice")
    refusal(where)
    (where / "runs.db").unlink()
    filled(where)


HOLD = """
import sys
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
store = SqliteStorage(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def holder(where: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process with the store open."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(where)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_directory_has_one_process_and_a_crash_frees_it(where: Path) -> None:
    with holder(where) as process:
        assert f"is used by process {process.pid}" in refusal(where)
        process.kill()
        process.wait()
        filled(where)


def test_a_lock_that_nobody_holds_any_more_is_free(where: Path) -> None:
    where.mkdir()
    lock = DirectoryLock(str(where))
    del lock
    DirectoryLock(str(where)).release()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_does_not_hold_the_directory(where: Path) -> None:
    """It would keep the next start out for as long as it lives, after its parent has crashed."""
    store = SqliteStorage(where)
    told, tell = os.pipe()
    heard, say = os.pipe()
    child = os.fork()
    if child == 0:  # lives until its parent closes the pipe
        os.close(tell)
        os.write(say, b"!")
        os.read(told, 1)
        os._exit(0)
    os.read(heard, 1)
    store.close()
    SqliteStorage(where).close()
    os.close(tell)
    os.waitpid(child, 0)
    for pipe in (told, heard, say):
        os.close(pipe)
