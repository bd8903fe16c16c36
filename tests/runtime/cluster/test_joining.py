"""Nodes that come into a cluster when something goes wrong at that moment: several at once, a leader that forgets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import ModuleType

import pytest

from raftoral import errors as e
from raftoral.runtime.cluster import node as node_module
from raftoral.runtime.cluster.directory import Directory
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.cluster.replica import PLACE
from raftoral.runtime.cluster.serving.membership import Membership
from raftoral.runtime.cluster.states import FileStates
from raftoral.runtime.ports import Changes
from tests.runtime.cluster.nodes import Activities, cluster, until
from tests.runtime.kit import on_loop


def test_a_later_snapshot_does_not_end_an_earlier_one(tmp_path: Path) -> None:
    states = FileStates(str(tmp_path))
    storage = states.open(1)
    storage.commit(Changes(meta={PLACE: b""}))
    first = states.save(1)
    whole = first.read(0, first.header.size)
    storage.commit(Changes(meta={"more": b"x" * 10_000}))
    second = states.save(1)
    assert first.read(0, first.header.size) == whole, "it may be on its way to somebody"
    assert second.read(0, second.header.size) != whole
    states.close(1)


@on_loop
async def _several(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a") as made:
        peers = [made.nodes["a"].address]
        await asyncio.gather(*(made.start(name, peers=peers) for name in "bcd"))
        assert await until(lambda: _members(made.nodes["a"], 4))
        assert await (await m.Quick.start(made.nodes["d"], 4)).result() == 8


async def _members(node: Node, count: int) -> bool:
    return all(len(group["members"]) == count for group in (await node.cluster())["groups"])


def test_several_nodes_join_at_the_same_time(m: ModuleType, tmp_path: Path) -> None:
    _several(m, tmp_path)


@on_loop
async def _forgotten(m: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The leader does not come to bring the node into the groups, at first: as one that dies at that moment."""
    whole, looked = Membership.wanted, []

    def forgets(self: Membership, directory: Directory, group: int) -> str:
        looked.append(group)
        return whole(self, directory, group) if looked.count(group) > 1 else ""

    monkeypatch.setattr(Membership, "wanted", forgets)
    async with cluster(m, folder, "a") as made:
        await made.start("b")
        assert looked[:4] == [0, 1, 0, 1]
        assert await (await m.Quick.start(made.nodes["b"], 4)).result() == 8


def test_a_node_waits_until_it_is_in(m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _forgotten(m, tmp_path, monkeypatch)


@on_loop
async def _stopped_halfway(m: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Membership.wanted

    def never(self: Membership, directory: Directory, group: int) -> str:
        return ""

    async with cluster(m, folder, "a", tokens={"s3cret": "admin"}) as made:
        token = await made.nodes["a"].service.token()
        monkeypatch.setattr(Membership, "wanted", never)
        peers = [made.nodes["a"].address]
        with pytest.raises(
            e.Unavailable, match=r"it waits to be let into a cluster|group 0 is not|no member of group 0"
        ):
            await made.start("b", peers=peers, join_token=token, patience=0.3, tokens={"s3cret": "admin"})
        monkeypatch.setattr(Membership, "wanted", whole)
        # Its token is used up, and it does not need one: it knows the secret of the cluster.
        node = Node(
            node_id="b",
            data=str(folder / "b"),
            bootstrap=True,  # it has joined another cluster already, so it begins none
            programs=[m],
            activities=[Activities("b")],
            tokens={"s3cret": "admin"},
            grace=0.1,
        )
        made.nodes["b"] = await node.open()
        shown = await node.cluster()
        assert [each["node"] for each in shown["nodes"]] == ["a", "b"]
        assert shown["cluster"] == (await made.nodes["a"].cluster())["cluster"]


def test_a_node_that_was_stopped_before_it_was_in_goes_on(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stopped_halfway(m, tmp_path, monkeypatch)


@on_loop
async def _removed(m: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_module, "AGAIN_S", 0.1)
    async with cluster(m, folder, "a", "b", "c") as made:
        b = made.nodes["b"]
        await made.nodes["a"].service.remove("b")
        await b.removed.wait()
        health = await b.health()
        assert not health["ready"]
        assert health["why"] == "b was removed from the cluster: to join it anew, take another directory"
        assert not made.nodes["a"].removed.is_set()
        await made.nodes.pop("b").close()
        await made.kill("c")
        assert not made.nodes["a"].removed.is_set(), "that nobody is there is something else"


def test_a_node_that_was_removed_finds_out(m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _removed(m, tmp_path, monkeypatch)
