"""Nodes on disks that fail: nothing that was answered is lost, and the node comes back by itself."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.cluster import engine
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.consensus.journal import Write
from raftoral.runtime.edge.journal_sqlite import SqliteJournal
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Changes
from tests.runtime.cluster.nodes import Cluster, cluster, until
from tests.runtime.kit import on_loop


class Disk:
    """Takes nothing while it is ill."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
        self.ill = False
        self.refused = 0
        self.where = where
        write, commit = SqliteJournal.write, SqliteStorage.commit

        def journal(own: SqliteJournal, writes: Mapping[int, Write]) -> None:
            self._look("journal", own.path)
            write(own, writes)

        def state(own: SqliteStorage, changes: Changes) -> None:
            self._look("state", own._path)
            commit(own, changes)

        monkeypatch.setattr(SqliteJournal, "write", journal)
        monkeypatch.setattr(SqliteStorage, "commit", state)
        monkeypatch.setattr(engine, "REBUILD_S", 0.05)

    def _look(self, what: str, path: str) -> None:
        if self.ill and what == self.where and "/a/" in path:
            self.refused += 1
            raise e.StorageFailed(f"the disk of {path} is full")


@pytest.mark.parametrize("where", ["journal", "state"])
def test_a_node_alone_comes_back_when_its_disk_does(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    disk = Disk(monkeypatch, where)

    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a") as made:
            node = made.nodes["a"]
            await m.Quick.start(node, 1, id="before")
            disk.ill = True
            with pytest.raises(e.RaftoralError) as raised:
                await m.Quick.start(node, 2, id="during")
            assert isinstance(raised.value, e.StorageFailed | e.Unavailable)
            assert not (await node.health())["ready"]
            disk.ill = False
            await until(lambda: _ready(made, "a"))
            assert await m.Quick.get(node, "before").result() == 2
            assert await (await m.Quick.start(node, 2, id="during")).result() == 4

    play()
    assert disk.refused


async def _ready(made: Cluster, name: str) -> Any:
    return (await made.nodes[name].health())["ready"]


@pytest.mark.parametrize("where", ["journal", "state"])
def test_others_go_on_while_the_disk_of_one_is_ill(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    disk = Disk(monkeypatch, where)

    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a", "b", "c", down_after=0.5) as made:
            run = await m.Pay.start(made.nodes["a"], 5, id="r")
            disk.ill = True
            other = m.Pay.get(made.nodes["b"], "r")
            await other.paid(3)
            assert (await other.result()).endswith("3")
            disk.ill = False
            await until(lambda: _ready(made, "a"))
            assert await run.result() == await other.result()

    play()
    assert disk.refused


def test_a_read_only_directory_is_refused_in_words(m: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    @on_loop
    async def play() -> None:
        with pytest.raises(e.RaftoralError, match=r"file"):
            await Node(data=str(tmp_path / "file"), bootstrap=True).open()

    play()


def test_a_damaged_log_is_refused(m: ModuleType, tmp_path: Path) -> None:
    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a") as made:
            await m.Quick.start(made.nodes["a"], 1)
        with sqlite3.connect(tmp_path / "a" / "log.db") as db:
            db.execute("UPDATE entries SET data = x'00ff' WHERE key = (SELECT max(key) FROM entries)")
        db.close()
        with pytest.raises(e.StorageRefused, match="is not what was written"):
            await Cluster(m, tmp_path).start("a")

    play()


@on_loop
async def _gone(m: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "REBUILD_S", 0.05)
    async with cluster(m, folder, "a", "b", "c", down_after=0.5) as made:
        node = made.nodes["a"]
        assert await (await m.Quick.start(node, 1, id="before")).result() == 2
        shutil.rmtree(folder / "a")
        assert await (await m.Quick.start(made.nodes["b"], 2, id="during")).result() == 4
        why = await until(lambda: _why(node, "is gone, and with it what this node has voted and acknowledged"))
        assert "remove the node from the cluster and join it anew with an empty directory" in why
        with pytest.raises(e.RaftoralError):
            await m.Quick.start(node, 3, id="into nothing")
        assert await m.Quick.get(made.nodes["c"], "before").result() == 2


async def _why(node: Node, words: str) -> str:
    why = str((await node.health())["why"])
    return why if words in why else ""


def test_a_directory_that_goes_away_under_a_node_takes_it_out_and_loses_nothing(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _gone(m, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_node_whose_log_is_gone_does_not_begin_anew(m: ModuleType, tmp_path: Path, name: str) -> None:
    """`a` was started with `bootstrap`, and must not found the same cluster twice; `b` has joined."""

    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a", "b"):
            pass
        (tmp_path / name / "log.db").unlink()
        with pytest.raises(e.StorageRefused, match=r"log\.db is gone, and with it what this node has voted"):
            await Cluster(m, tmp_path).start(name)

    play()


def test_a_disk_that_is_slow_is_said_and_costs_no_answer(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The clock of the engine goes on while the journal writes: nobody has to wait for that."""
    write, late, slow = SqliteJournal.write, 0.0, False

    def slowly(own: SqliteJournal, writes: Mapping[int, Write]) -> None:
        nonlocal late
        late += 2 * engine.SLOW_S if slow else 0.0
        write(own, writes)

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + late, time_ns=time.time_ns)
    monkeypatch.setattr(engine, "time", clock)
    monkeypatch.setattr(SqliteJournal, "write", slowly)

    @on_loop
    async def play() -> None:
        nonlocal slow
        async with cluster(m, tmp_path, "a") as made:
            assert await (await m.Quick.start(made.nodes["a"], 1)).result() == 2
            assert "is its disk slow?" not in caplog.text
            slow = True
            assert await (await m.Quick.start(made.nodes["a"], 1)).result() == 2
            slow = False

    play()
    assert "is its disk slow?" in caplog.text
