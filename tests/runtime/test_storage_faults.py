"""Disks that fail while a store is open, and bytes that rot in its file."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from raftoral.errors import StorageFailed, StorageRefused, UsageError
from raftoral.runtime.edge import storage_file
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Changes, Query
from tests.runtime.committing import States, last_number
from tests.runtime.contracts.storage_model import Model, changes, content, row, step
from tests.runtime.stores import change, filled, refusal

ROOT = Path(__file__).parents[2]

# --- a disk that fails -----------------------------------------------------------------------------------------------


def fill_up(store: SqliteStorage) -> Model:
    """Commits until one fails. Gives what is stored then."""
    model = Model()
    for seq in range(10_000):
        given = changes(row(f"r{seq}", seq, body=b"x" * 3_000), pieces={(f"r{seq}", "k"): b"y" * 2_000})
        try:
            store.commit(given)
        except StorageFailed as failure:
            assert "The disk is full" in str(failure)
            assert "runs.db" in str(failure)
            assert "Nothing of this change was kept" in str(failure)
            return model
        model.commit(given)
    raise AssertionError("it never was full")


def test_a_full_disk_takes_nothing_and_can_be_used_again(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        store._writer.execute("PRAGMA max_page_count = 40")
        model = fill_up(store)
        assert 5 < len(model.rows) < 40
        model.assert_is(store, ids=(f"r{len(model.rows)}",))
        # What needs no room still works: a run ends, and its pages are free.
        end = changes(row("r0", 0, "completed", args=b""))
        store.commit(end)
        model.commit(end)
        model.assert_is(store)
        store._writer.execute("PRAGMA max_page_count = 100000")
        given = changes(row("more", 99_999, body=b"z" * 50_000), steps=(step("r1"),))
        store.commit(given)
        model.commit(given)
        model.assert_is(store)
    with contextlib.closing(SqliteStorage(where)) as store:
        model.assert_is(store)


@contextlib.contextmanager
def file_size_at_most(size: int) -> Iterator[None]:
    """From here on, this process cannot write behind `size` in any file: the system itself says no."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 1, 24, 4_000, 4_120, 9_000, 30_000])
def test_a_write_that_the_system_refuses_takes_nothing(where: Path, room: int) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        store._log.close()  # else there is room for a megabyte already
        model = Model()
        first = changes(row("a", 1), pieces={("a", "k"): b"1"})
        store.commit(first)
        model.commit(first)
        given = changes(row("b", 2, body=b"x" * 50_000), steps=(step("a"),), meta={"m": b"1"})
        with (
            file_size_at_most((where / "runs.db-wal").stat().st_size + room),
            pytest.raises(StorageFailed, match="The disk did not do what it should"),
        ):
            store.commit(given)
        model.assert_is(store, ids=("b",))
        store.commit(given)
        model.commit(given)
        model.assert_is(store)
    with contextlib.closing(SqliteStorage(where)) as store:
        model.assert_is(store)


@pytest.mark.parametrize("room", [0, 100_000])
def test_a_log_that_cannot_be_made_longer_is_as_long_as_it_is(where: Path, room: int) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        model = Model()
        with file_size_at_most(100_000 + room):  # the tables take most of the first of it
            for seq in range(1, 4):
                given = changes(row(str(seq), seq))
                store.commit(given)
                model.commit(given)
        model.assert_is(store)
    with contextlib.closing(SqliteStorage(where)) as store:
        model.assert_is(store)


@pytest.mark.skipif(not hasattr(os, "pwrite"), reason="there the log grows with each commit")
def test_a_log_is_longer_than_what_is_in_it_and_no_longer_than_it_must_be(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        log = where / "runs.db-wal"
        sizes = []
        for seq in range(1, 100):
            store.commit(changes(row(str(seq), seq, body=b"x" * 500_000)))
            sizes.append(log.stat().st_size)
        assert sizes[0] >= 1 << 20 and len(set(sizes)) < 60
        assert max(sizes) < 20 << 20


class Faulty:
    """A connection that fails at a statement, as a disk may."""

    def __init__(self, connection: sqlite3.Connection, fail: Callable[[str], BaseException | None]) -> None:
        self._connection = connection
        self._fail = fail
        self.seen: list[str] = []

    def _run(self, method: str, sql: str, *values: Any) -> sqlite3.Cursor:
        self.seen.append(sql)
        fault = self._fail(sql)
        if fault is not None:
            raise fault
        cursor: sqlite3.Cursor = getattr(self._connection, method)(sql, *values)
        return cursor

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._run("execute", sql, *values)

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self._run("executemany", sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("made by a test")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "TEST"
    return error


@pytest.mark.parametrize("sql", ["BEGIN", "INSERT INTO runs", "UPDATE living", "REPLACE INTO meta", "COMMIT"])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CORRUPT, 99])
def test_a_fault_at_any_point_takes_nothing(where: Path, sql: str, code: int) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(changes(row("a", 1)))
        faulty = Faulty(store._writer, lambda said: sqlite_error(code) if said.startswith(sql) else None)
        given = changes(row("b", 2), steps=(step("a"),), meta={"m": b"1"}, deleted={"x"})
        store._writer = faulty  # type: ignore[assignment]
        with pytest.raises(StorageFailed, match=r"Nothing of this change was kept\. .*made by a test"):
            store.commit(given)
        # A sync that failed leaves a whole commit in the log, which must not be found after a crash.
        assert ("PRAGMA user_version = 1" in faulty.seen) == (code == sqlite3.SQLITE_IOERR_FSYNC)
        assert content(store) == Model(rows={"a": row("a", 1)})
        store._writer = faulty._connection
        store.commit(given)
        assert store.meta() == {"m": b"1"}


FAIL_AND_CRASH = """
import os, sys
from raftoral.errors import StorageFailed
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from tests.runtime.committing import numbered
store = SqliteStorage(sys.argv[1])
for number in range(1000):
    try:
        store.commit(numbered(number))
    except StorageFailed:
        print(number, flush=True)
        os._exit(0)
"""


def strace(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["strace", "-f", "-qq", "-o", os.devnull, *words], capture_output=True, text=True, cwd=ROOT)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the system's calls fail")
@pytest.mark.parametrize("nth", [12, 23])
def test_a_commit_whose_sync_failed_is_not_found_after_a_crash(where: Path, nth: int) -> None:
    """Its pages are in the log already, all of them: SQLite would take them for a commit when it reads the log."""
    if strace(sys.executable, "-c", "").returncode != 0:
        pytest.skip("processes cannot be traced here")
    fail = f"inject=fdatasync,fsync:error=EIO:when={nth}"
    failed = strace("-e", "trace=fdatasync,fsync", "-e", fail, sys.executable, "-c", FAIL_AND_CRASH, str(where))
    assert failed.stdout, failed.stderr
    number = int(failed.stdout)
    with contextlib.closing(SqliteStorage(where)) as store:
        assert last_number(store) == number - 1
        States().at(number - 1).assert_is(store)


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), MemoryError()])
def test_what_is_no_fault_of_the_disk_passes_and_takes_nothing(where: Path, fault: BaseException) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        connection = store._writer
        store._writer = Faulty(connection, lambda sql: fault if sql.startswith("COMMIT") else None)  # type: ignore[assignment]
        with pytest.raises(type(fault)):
            store.commit(changes(row("b", 2)))
        store._writer = connection
        Model().assert_is(store)
        store.commit(changes(row("b", 2)))


@pytest.mark.parametrize("value", [1 << 63, -(1 << 63) - 1])
def test_a_number_above_64_bits_is_refused(where: Path, value: int) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        with pytest.raises(UsageError, match="A value cannot be stored"):
            store.commit(changes(row("a", 1), row("b", 2, updated=value)))
        Model().assert_is(store)


def test_half_a_character_is_refused(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        with pytest.raises(UsageError, match="A value cannot be stored"):
            store.commit(changes(row("\ud800", 1)))
        with pytest.raises(UsageError, match="A value cannot be stored"):
            store.row("\ud800")
        Model().assert_is(store)


def test_another_program_that_holds_the_file_is_named_as_the_reason(
    where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_file, "WAIT_SECONDS", 0.0)
    with contextlib.closing(SqliteStorage(where)) as store:
        with contextlib.closing(sqlite3.connect(where / "runs.db", isolation_level=None)) as browser:
            browser.execute("BEGIN IMMEDIATE")
            with pytest.raises(StorageFailed, match="locked by another program"):
                store.commit(changes(row("a", 1)))
        store.commit(changes(row("a", 1)))


# --- bytes that rot --------------------------------------------------------------------------------------------------


def spoil(where: Path, old: bytes, new: bytes) -> None:
    """Other bytes in the file, behind SQLite's back."""
    path = where / "runs.db"
    found = path.read_bytes()
    assert old in found
    path.write_bytes(found.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"body-of-a", b"body-of-b", "the state of the run 'r' (number 7)"),
        (b"args-of-a", b"args-of-b", "the run 'r' (number 7)"),
        (b"some-tag", b"same-tag", "the run 'r' (number 7)"),
        (b"some-tag", b"som\xff-tag", "the run 'r' (number 7)"),
        (b"piece-of-a", b"piece-of-b", "a piece ('key') of the run 'r'"),
    ],
)
def test_a_run_that_rotted_is_named(where: Path, old: bytes, new: bytes, what: str) -> None:
    given = row("r", 7, body=b"body-of-a", args=b"args-of-a", tags='{"some-tag":"x"}')
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(changes(given, row("sound", 8), pieces={("r", "key"): b"piece-of-a"}))
    spoil(where, old, new)
    with contextlib.closing(SqliteStorage(where)) as store:
        ways: list[Callable[[], Any]] = [lambda: list(store.live())]
        if "piece" in what:
            ways += [lambda: store.pieces("r")]
        else:
            ways += [lambda: store.row("r"), lambda: store.rows(Query())]
        for ask in ways:
            with pytest.raises(StorageFailed) as caught:
                ask()
            assert what in str(caught.value)
            assert "put a copy from before in its place" in str(caught.value)
        assert store.row("sound") == row("sound", 8)
        store.commit(Changes(deleted={"r"}))  # the one who does not need it can go on
        assert list(store.live()) == [(row("sound", 8), {})]


def test_a_fact_that_rotted_is_named(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(Changes(meta={"who": b"somebody"}))
    spoil(where, b"somebody", b"somebady")
    with contextlib.closing(SqliteStorage(where)) as store, pytest.raises(StorageFailed, match="the fact 'who'"):
        store.meta()


def test_a_run_that_lost_a_part_is_named(where: Path) -> None:
    filled(where)
    change(where, "DELETE FROM living WHERE seq = 4", "DELETE FROM runs WHERE seq = 5")
    with contextlib.closing(SqliteStorage(where)) as store:
        with pytest.raises(StorageFailed, match="the run 'r4' has neither ended nor a state to go on from"):
            store.row("r4")
        with pytest.raises(StorageFailed, match="the row of a run that has not ended is gone"):
            list(store.live())


def test_a_live_run_that_vanished_is_noticed_by_its_next_step(where: Path) -> None:
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(changes(row("a", 1), row("b", 2)))
        change(where, "DELETE FROM living WHERE seq = 1")
        with pytest.raises(StorageFailed, match="1 of 2 runs are gone that live"):
            store.commit(changes(steps=(step("a"), step("b"))))
        assert store.row("b") == row("b", 2)


def assert_never_wrong(where: Path, model: Model) -> str:
    """Whatever happened to the file: it is refused, or what cannot be read is a fault, or all is as it was."""
    try:
        store = SqliteStorage(where, sync=False)
    except (StorageRefused, StorageFailed):
        return "refused"
    with contextlib.closing(store):
        try:
            model.assert_is(store)
        except StorageFailed:
            return "failed"
    return "as it was"


@pytest.mark.parametrize("seed", range(6))
def test_random_rot_is_found_or_does_not_matter(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    model = Model()
    filled(tmp_path / "sound", runs=40, model=model)
    sound = (tmp_path / "sound" / "runs.db").read_bytes()
    seen = set()
    for number in range(30):
        rotten = bytearray(sound)
        for _ in range(chance.choice((1, 1, 1, 8))):
            at = chance.randrange(len(rotten))
            rotten[at] = chance.choice((0, 255, rotten[at] ^ (1 << chance.randrange(8)), chance.randrange(256)))
        where = tmp_path / str(number)
        where.mkdir()
        (where / "runs.db").write_bytes(rotten)
        seen.add(assert_never_wrong(where, model))
        shutil.rmtree(where)
    assert seen - {"as it was"}  # most rot falls into what is checked


@pytest.mark.parametrize("size", [512, 4_096])
def test_a_block_of_zeros_is_found(tmp_path: Path, size: int) -> None:
    """As a disk leaves it when it lost a block."""
    model = Model()
    filled(tmp_path / "sound", runs=40, model=model)
    sound = (tmp_path / "sound" / "runs.db").read_bytes()
    for at in range(0, len(sound), size):
        where = tmp_path / str(at)
        where.mkdir()
        rotten = sound[:at] + bytes(size) + sound[at + size :]
        (where / "runs.db").write_bytes(rotten)
        assert assert_never_wrong(where, model) != "as it was" or rotten == sound or at % 4_096
        shutil.rmtree(where)


def test_a_large_file_is_checked_where_runs_live(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it would take long. What is read later is checked by its checksums."""
    filled(where, runs=400)
    monkeypatch.setattr(storage_file, "CHECKED_BYTES_MAX", 1)
    SqliteStorage(where).close()
    with contextlib.closing(sqlite3.connect(where / "runs.db")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'living'").fetchone()
    with open(where / "runs.db", "r+b") as file:
        file.seek((root - 1) * 4_096)
        file.write(b"\xff" * 4_096)
    assert "damaged" in refusal(where)
