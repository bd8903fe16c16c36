"""Directories with stores in them, as tests of the store on disk want them."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from raftoral.errors import StorageRefused
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from tests.runtime.contracts.storage_model import Model, changes, row


def filled(where: Path, runs: int = 60, model: Model | None = None) -> None:
    """A store that was closed, with runs of every kind."""
    rows = [
        row(f"r{seq}", seq, ("running", "paused", "completed", "failed")[seq % 4], args=b"a" * 300, body=b"b" * 200)
        for seq in range(runs)
    ]
    given = changes(*rows, pieces={(each.id, "k"): b"piece" * 10 for each in rows}, meta={"fact": b"true" * 10})
    with contextlib.closing(SqliteStorage(where, sync=False)) as store:
        store.commit(given)
    if model is not None:
        model.commit(given)


def refusal(where: Path) -> str:
    """Why it is not opened. The reason must name the place and must not be SQLite's own exception."""
    with pytest.raises(StorageRefused) as caught:
        SqliteStorage(where)
    assert str(where) in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


def change(where: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(where / "runs.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
