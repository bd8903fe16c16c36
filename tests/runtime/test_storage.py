"""Every store against the contract."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.sim.disk import Disk
from raftoral.sim.files import FileDisk
from tests.runtime.contracts.storage import Place, StorageContract, store

__all__ = ["store"]  # the fixture


@pytest.fixture(params=["memory", "sqlite", "sqlite, synced", "simulated", "simulated files"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Makes a place with an empty store, as often as it is called."""
    numbers = itertools.count()
    sync = request.param == "sqlite, synced"

    def in_memory() -> Place:
        return Place(lambda: contextlib.closing(MemoryStorage()), keeps=False)

    def on_disk() -> Place:
        path = tmp_path / f"{next(numbers)}" / "data"
        return Place(lambda: contextlib.closing(SqliteStorage(path, sync=sync)), keeps=True)

    def simulated() -> Place:
        disk = (FileDisk if request.param == "simulated files" else Disk)(random.Random(1))
        request.addfinalizer(disk.close)
        return Place(lambda: contextlib.closing(disk.states().open(1)), keeps=True)

    if request.param.startswith("simulated"):
        return simulated
    return in_memory if request.param == "memory" else on_disk


class TestStorage(StorageContract):
    """All of the contract, for each store."""
