"""What belongs to the store on disk alone: opening, closing, and whether its lists use its indexes."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from raftoral.errors import UsageError
from raftoral.runtime.edge import storage_file
from raftoral.runtime.edge.storage_lists import count as count_sql, page as page_sql
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Query
from tests.runtime.contracts.storage_model import Model, changes, row, step
from tests.runtime.stores import filled, refusal


def test_what_was_stored_is_there_again(where: Path) -> None:
    model = Model()
    filled(where, model=model)
    with contextlib.closing(SqliteStorage(where)) as store:
        model.assert_is(store)


def test_directories_are_made(tmp_path: Path) -> None:
    with contextlib.closing(SqliteStorage(str(tmp_path / "a" / "b" / "c"))) as store:
        store.commit(changes(row("a", 1)))
    assert sorted(os.listdir(tmp_path / "a" / "b" / "c")) == ["lock", "runs.db"]


def test_a_relative_path_stays_the_same_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(SqliteStorage("data")) as store:
        monkeypatch.chdir("elsewhere")
        store.commit(changes(row("a", 1)))
        assert store.row("a") == row("a", 1)
    assert (tmp_path / "data" / "runs.db").exists()


@pytest.mark.parametrize(("sync", "level"), [(True, 2), (False, 1)])
def test_a_commit_is_synced_or_at_least_never_torn(where: Path, sync: bool, level: int) -> None:
    """2 is FULL: the log is synced at each commit. 1 is NORMAL: only before it is copied into the file."""
    with contextlib.closing(SqliteStorage(where, sync=sync)) as store:
        assert store._writer.execute("PRAGMA synchronous").fetchone() == (level,)
        assert store._writer.execute("PRAGMA journal_mode").fetchone() == (b"wal",)


def test_an_empty_file_is_a_new_store(where: Path) -> None:
    where.mkdir()
    (where / "runs.db").touch()
    with contextlib.closing(SqliteStorage(where)) as store:
        Model().assert_is(store)


def test_a_store_that_was_only_half_made_is_made_again(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_file, "SCHEMA", [*storage_file.SCHEMA, "CREATE TABLE oops ("])
    assert "SQLite could not do" in refusal(where)
    monkeypatch.undo()
    filled(where)


# --- closing, and speed that can be read from a plan -----------------------------------------------------------------


def test_nothing_waits_for_a_long_list(where: Path) -> None:
    """Neither a commit, nor a look at one run. The list goes on from the moment at which it began."""
    with contextlib.closing(SqliteStorage(where)) as store:
        store.commit(changes(*(row(f"r{seq}", seq) for seq in range(500)), pieces={("r0", "k"): b"1"}))
        begun, go_on = threading.Event(), threading.Event()

        def stop_on_the_way() -> int:
            begun.set()
            go_on.wait()
            return 0

        store._lister.set_progress_handler(stop_on_the_way, 100)
        counted: list[int] = []
        listing = threading.Thread(target=lambda: counted.append(store.count(Query(tags={"no": "run"}, since=0))))
        listing.start()
        begun.wait()
        try:
            store.commit(changes(row("new", 999), steps=(step("r0"),)))
            assert store.row("new") == row("new", 999)
            assert store.pieces("r0") == {"k": b"1"}
            assert store.meta() == {}
            assert counted == []
        finally:
            go_on.set()
            listing.join()
        assert counted == [0]


def test_closing_interrupts_a_long_list(where: Path) -> None:
    store = SqliteStorage(where)
    store.commit(changes(*(row(f"r{seq}", seq) for seq in range(100))))
    ready, outcome = threading.Event(), list[BaseException]()
    store._lister.set_progress_handler(lambda: ready.set() or 0, 1_000)  # type: ignore[func-returns-value]

    def read() -> None:
        with pytest.raises(UsageError, match="closed"):
            while True:
                store.rows(Query(tags={"no": "run"}))
        outcome.append(UsageError())

    thread = threading.Thread(target=read)
    thread.start()
    ready.wait()
    store.close()
    thread.join()
    assert len(outcome) == 1


PLANS = {
    "all runs": (Query(), "SCAN r"),
    "live runs": (Query(statuses=("running",)), "SCAN h"),
    "a workflow": (Query(workflow="order"), "runs_by_workflow"),
    "children": (Query(parent="a"), "children"),
    "failed runs": (Query(statuses=("failed",)), "ended_otherwise"),
    "a prefix": (Query(prefix="order-1"), "(id>? AND id<?)"),
}


@pytest.mark.parametrize("name", PLANS)
def test_lists_use_the_indexes_that_are_paid_for(where: Path, name: str) -> None:
    query, expected = PLANS[name]
    filled(where)
    with contextlib.closing(SqliteStorage(where)) as store:
        for sql in (page_sql(query), count_sql(query)):
            plan = store._lister.execute(f"EXPLAIN QUERY PLAN {sql.text}", sql.values).fetchall()
            assert any(expected in step.decode() for *_, step in plan), plan
