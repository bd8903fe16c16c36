"""After a crash, a store holds what some number of whole commits made, and all that it said was committed.

A process that is killed loses nothing that it gave to the system. What a power cut loses is made by hand: the log is
cut off or spoiled anywhere, or the file has some of the pages that were being copied into it and not the others.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from tests.runtime.committing import States, last_number, numbered

ROOT = Path(__file__).parents[2]
FRAME = 24 + 4_096
STATES = States()

# How often a process is killed; more for a long night: RAFTORAL_CRASHES=1000 pytest tests/runtime/test_storage_crash.py
CRASHES = int(os.environ.get("RAFTORAL_CRASHES", "8"))


def commit_up_to(store: SqliteStorage, number: int) -> None:
    for each in range(last_number(store) + 1, number + 1):
        store.commit(numbered(each))


def files(where: Path) -> tuple[bytes, bytes]:
    """The file and its log, as they are in the middle of a life."""
    return (where / "runs.db").read_bytes(), (where / "runs.db-wal").read_bytes()


def copy_log(store: SqliteStorage) -> None:
    """Copies all of the log into the file. The next commit begins the log anew, over what is in it."""
    busy, pages, copied = store._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert (busy, pages) == (0, copied)


def crashed(where: Path, file: bytes, log: bytes) -> int:
    """Opens what a crash left. Whole commits must be there, up to the one whose number is given; and it goes on."""
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir()
    (where / "runs.db").write_bytes(file)
    (where / "runs.db-wal").write_bytes(log)
    with contextlib.closing(SqliteStorage(where, sync=False)) as store:
        number = last_number(store)
        STATES.at(number).assert_is(store)
        store.commit(numbered(number + 1))
        STATES.at(number + 1).assert_is(store)
    return number


@pytest.fixture(params=[-1, 29], ids=["log never copied", "log written over"])
def lived(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[bytes, bytes]:
    """A file and its log after commit 39. What was copied was synced before, so that nothing of it can be lost."""
    where = tmp_path / "sound"
    with contextlib.closing(SqliteStorage(where, sync=False)) as store:
        commit_up_to(store, request.param)
        if request.param >= 0:
            copy_log(store)
        commit_up_to(store, 39)
        return files(where)


def cuts(size: int, chance: random.Random, count: int) -> Iterator[int]:
    """Places in a log: at the edges of frames, inside of their heads, and anywhere."""
    for _ in range(count):
        frame = 32 + FRAME * chance.randrange(1 + size // FRAME)
        at = chance.choice((frame, frame - 1, frame + 1, frame + 24, frame + chance.randrange(FRAME)))
        yield min(max(at, 0), size)


def test_a_log_that_was_cut_off_holds_whole_commits(tmp_path: Path, lived: tuple[bytes, bytes]) -> None:
    file, log = lived
    places = sorted({0, 1, 31, 32, 33, len(log), *cuts(len(log), random.Random(1), 80)})
    found = [crashed(tmp_path / "cut", file, log[:at]) for at in places]
    assert found == sorted(found)
    assert found[-1] == 39
    assert len(set(found)) > 3


def test_a_log_that_was_spoiled_holds_whole_commits(tmp_path: Path, lived: tuple[bytes, bytes]) -> None:
    """Blocks of the last writes that never reached the disk, or garbage in their place."""
    file, log = lived
    chance = random.Random(2)
    for at in cuts(len(log) - 1, chance, 60):
        spoiled = bytearray(log)
        for _ in range(chance.choice((1, 3))):
            size = min(chance.choice((1, 512, 4_096)), len(log) - at)
            spoiled[at : at + size] = chance.choice((bytes(size), chance.randbytes(size)))
            at = min(len(log) - 1, at + chance.randrange(5_000))
        assert -1 <= crashed(tmp_path / "spoiled", file, bytes(spoiled)) <= 39


def test_a_copy_of_the_log_that_was_interrupted_does_not_matter(tmp_path: Path) -> None:
    """Until all of it is in the file, and synced, the log is the truth."""
    where = tmp_path / "sound"
    with contextlib.closing(SqliteStorage(where, sync=False)) as store:
        commit_up_to(store, 19)
        copy_log(store)
        commit_up_to(store, 59)
        before, log = files(where)
        copy_log(store)
        after, same_log = files(where)
    assert log == same_log
    assert before != after
    chance = random.Random(3)
    for size in (512, 4_096):
        for _ in range(15):
            blocks = [
                chance.choice((before, after))[at : at + size] or after[at : at + size]
                for at in range(0, len(after), size)
            ]
            assert crashed(tmp_path / "torn", b"".join(blocks), log) == 59


def killed_after(where: Path, log_pages: int, lines: int) -> int:
    """Starts the process, kills it when it has said some numbers, and gives the last one that it said."""
    words = [sys.executable, "-m", "tests.runtime.committing", str(where), str(log_pages)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    whole = [int(line) for line in said if line.endswith(b"\n")]
    assert whole == list(range(whole[0], whole[0] + len(whole)))
    return whole[-1]


@pytest.mark.slow
@pytest.mark.parametrize("log_pages", [8_000, 12], ids=["log never copied", "log copied often"])
def test_what_a_killed_process_said_is_there(tmp_path: Path, log_pages: int) -> None:
    """Again and again on one directory. The kill comes while the process is at later commits: anywhere in them."""
    where = tmp_path / "data"
    chance = random.Random(4)
    for _ in range(CRASHES // 2):
        said = killed_after(where, log_pages, 1 + chance.randrange(60))
        with contextlib.closing(SqliteStorage(where, sync=False)) as store:
            number = last_number(store)
            assert said <= number <= said + 1
            STATES.at(number).assert_is(store)
