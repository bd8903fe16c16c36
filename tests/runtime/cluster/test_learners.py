"""Clusters with more nodes than a group has members: the rest know the directory, and ask those who have the runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.cluster import directory as directory_module
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.cluster.placing import home
from raftoral.runtime.cluster.serving.asks import Asks
from raftoral.runtime.cluster.serving.membership import Membership
from raftoral.runtime.links.connect import connect
from raftoral.runtime.service import Filters
from tests.runtime.cluster.nodes import Cluster, cluster, until
from tests.runtime.kit import on_loop

SIZE = 2  # of groups in these tests, so that few nodes are many


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_module, "USUAL_SIZE", SIZE)


async def _whole(made: Cluster, *names: str) -> None:
    """Nodes that join one after the other, so that the first two have the groups."""
    for name in names:
        await made.start(name)
    assert await until(lambda: _agreed(made))


async def _agreed(made: Cluster) -> bool:
    """All nodes know all nodes."""
    known = [await node.service.discover() for node in made.nodes.values()]
    return all(len(each["nodes"]) == len(made.nodes) for each in known)


async def _group(node: Node, group: int) -> dict[str, Any]:
    [found] = [each for each in (await node.cluster())["groups"] if each["group"] == group]
    return dict(found)


@on_loop
async def _far_away(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c", "d")
        d = made.nodes["d"]
        assert (await d.health())["ready"]
        assert await until(lambda: _all_up(d)), "also b and c, from which it hears nothing"
        for group in (0, 1):
            found = await _group(d, group)
            assert (found["members"], found["role"]) == (["a", "b"], "none")
            assert found["leader"] in ("a", "b")
        # Everything that can be done with a run, at a node that has none.
        run = await m.Pay.start(d, 1, id="r")
        await made.activities["a"].begun.wait() if not made.activities["b"].begun.is_set() else None
        assert await until(lambda: _stage(d, "r", "charged"))
        await run.paid(2)
        assert (await run.result()).endswith("2")
        assert [change["status"] async for change in d.service.watch("r")] == ["completed"]
        assert (await d.describe("r")).status == "completed"
        assert [each["id"] for each in (await d.service.list(Filters())).runs] == ["r"]
        assert await d.service.count(Filters()) == 1
        with pytest.raises(e.NotFound):
            await d.describe("nobody")
        with pytest.raises(e.WrongInput):
            await d.start("pay.Pay", "x", {"amount": "many"})
        with pytest.raises(e.AlreadyExists):
            await d.start("pay.Quick", "r", {"n": 1})
        [program] = [each for each in await d.service.programs() if each["workflow"] == "pay.Quick"]
        assert program["nodes"] == ["a", "b"]
        assert await d.service.delete("r", False, False) == 1
        assert await d.service.count(Filters()) == 0
        assert not made.activities["d"].calls, "who is no member has no effects"
        await d.service.transfer(1, "b")
        assert (await _group(d, 1))["leader"] == "b"


async def _all_up(node: Node) -> bool:
    return all(each["up"] for each in (await node.cluster())["nodes"])


async def _stage(node: Node, id: str, stage: str) -> bool:
    return bool(json.loads(await node.service.query(id, "now_at", b"[]")) == stage)


def test_a_node_without_groups_serves_all_runs(m: ModuleType, tmp_path: Path) -> None:
    _far_away(m, tmp_path)


@on_loop
async def _own_groups(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c", "d")
        a, c = made.nodes["a"], made.nodes["c"]
        with pytest.raises(e.NotFound, match="there is no node 'x'"):
            await c.service.make_group(["x"])
        assert await c.service.make_group(["c", "d"]) == {"group": 2, "members": ["c", "d"]}
        ids = {group: next(f"q{n}" for n in range(99) if home(f"q{n}", [1, 2]) == group) for group in (1, 2)}
        assert await until(lambda: _know(made, 2))
        for group, id in ids.items():
            for node in (a, c):  # each holds one of the groups: the same start is the same run
                assert await (await m.Quick.start(node, 4, id=id)).result() == 8
            assert (await _group(a, group))["runs"] == 0, "it is over"
        page = await c.service.list(Filters(limit=1))
        rest = await c.service.list(Filters(limit=1, before=page.next))
        assert {run["id"] for run in (*page.runs, *rest.runs)} == set(ids.values())
        assert await a.service.count(Filters()) == 2
        await a.service.retire("pay.Quick", 1)
        with pytest.raises(e.RaftoralError, match="retired"):
            await m.Quick.start(c, 4, id="late")
        for group in (1, 2):
            with pytest.raises(e.RaftoralError, match="retired"):
                await m.Quick.start(a, 4, id=next(f"z{n}" for n in range(99) if home(f"z{n}", [1, 2]) == group))


async def _know(made: Cluster, group: int) -> bool:
    return all([group in (await node.service.discover())["groups"] for node in made.nodes.values()])


@on_loop
async def _kept_small(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c", "d")
        d = made.nodes["d"]
        small = asyncio.ensure_future(_looks_too_small(made.nodes["a"], 2))
        assert (await d.service.make_group(["c"]))["members"] == ["c"]
        assert (await d.service.change_group(2, "a", True))["members"] == ["a", "c"]
        assert (await d.service.change_group(2, "d", True))["members"] == ["a", "c", "d"]
        assert (await d.service.change_group(2, "c", False))["members"] == ["a", "d"]
        assert await until(lambda: _is(d, 2, ["a", "d"]))
        small.cancel()
        assert not small.done(), "somebody would have been brought in whom nobody named"


def counted_looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with each look of whoever brings nodes into groups that are too small."""
    look, looks = Membership.look, list[int]()

    async def counted(membership: Membership, directory: directory_module.Directory) -> None:
        await look(membership, directory)
        looks.append(1)

    monkeypatch.setattr(Membership, "look", counted)
    return looks


async def _looks_too_small(node: Node, group: int) -> None:
    thread = node._thread
    assert thread is not None and thread.host is not None and thread.host.directory is not None
    directory = thread.host.directory
    while group not in directory.groups or not directory.lacks(group):
        await asyncio.sleep(0.005)


def test_a_group_has_the_members_that_were_named(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two decrees of one operation, whoever looks for groups that are too small has looked."""
    looks, decree = counted_looks(monkeypatch), Asks.decree

    async def slow(asks: Asks, wanted: Any) -> Any:
        refused = await decree(asks, wanted)
        begun = len(looks)
        while wanted.HasField("group_made") and len(looks) < begun + 2:
            await asyncio.sleep(0.005)
        return refused

    monkeypatch.setattr(Asks, "decree", slow)
    _kept_small(m, tmp_path)


def test_each_group_has_members_of_its_own(m: ModuleType, tmp_path: Path) -> None:
    _own_groups(m, tmp_path)


@on_loop
async def _promoted(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c")
        await m.Pay.start(made.nodes["c"], 1, id="r")
        await made.kill("b")
        c = made.nodes["c"]
        assert (await _group(c, 1))["members"] == ["a", "b"], "who is away may come back"
        # Two of two are needed, and one is gone for good: its data has to come back.
        await made.start("b")
        await c.service.remove("b")
        assert await until(lambda: _members(c, ["a", "c"]))
        await m.Pay.get(c, "r").paid(2)
        assert (await m.Pay.get(c, "r").result()).endswith("2")
        assert (await _group(c, 1))["role"] in ("leader", "follower")


async def _members(node: Node, names: list[str]) -> bool:
    return all(group["members"] == names for group in (await node.cluster())["groups"])


def test_a_learner_takes_the_place_of_who_was_removed(m: ModuleType, tmp_path: Path) -> None:
    _promoted(m, tmp_path)


@on_loop
async def _changed(m: ModuleType, folder: Path, looks: list[int]) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c")
        a, c = made.nodes["a"], made.nodes["c"]
        await m.Pay.start(a, 1, id="r")
        assert (await c.service.change_group(1, "c", True))["members"] == ["a", "b", "c"]
        assert await until(lambda: _is(a, 1, ["a", "b", "c"]))
        assert (await a.service.change_group(1, "b", False))["members"] == ["a", "c"]
        b = made.nodes["b"]
        assert await until(lambda: _is(b, 1, ["a", "c"]))
        assert await until(lambda: _let_go(b, 1))
        assert (await b.describe("r")).status == "running", "its members say so"
        looked = len(looks)
        assert await until(lambda: _looked(looks, looked + 3)), "whoever brings nodes in has looked several times"
        assert (await _group(c, 1))["members"] == ["a", "c"]
        assert (await b.service.change_group(1, "b", True))["members"] == ["a", "b", "c"]
        assert await until(lambda: _has(b, 1))
        for node, group, member in ((a, 7, True), (a, 0, True)):
            with pytest.raises(e.NotFound, match="there is no group"):
                await node.service.change_group(group, "b", member)
        await m.Pay.get(b, "r").paid(2)
        assert (await m.Pay.get(b, "r").result()).endswith("2")


async def _looked(looks: list[int], count: int) -> bool:
    return len(looks) >= count


async def _is(node: Node, group: int, names: list[str]) -> bool:
    return bool((await _group(node, group))["members"] == names)


async def _has(node: Node, group: int) -> bool:
    return bool((await _group(node, group))["role"] != "none")


async def _let_go(node: Node, group: int) -> bool:
    thread = node._thread
    assert thread is not None and thread.host is not None
    return group not in thread.host.logs and not (Path(node._data or "") / f"group-{group}").exists()


def test_a_node_enters_and_leaves_a_group(m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _changed(m, tmp_path, counted_looks(monkeypatch))


@on_loop
async def _restarted(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder) as made:
        await _whole(made, "a", "b", "c")
        await made.kill("c")
        await m.Quick.start(made.nodes["a"], 4, id="q")
        c = await made.start("c")
        assert await m.Quick.get(c, "q").result() == 8
        await c.close(leave=True)
        made.nodes.pop("c")
        assert sorted((await made.nodes["a"].service.discover())["nodes"]) == ["a", "b"]


def test_a_learner_comes_back_and_leaves(m: ModuleType, tmp_path: Path) -> None:
    _restarted(m, tmp_path)


@on_loop
async def _guarded(m: ModuleType, folder: Path) -> None:
    tokens = {"s3cret": "admin", "look": "read"}
    async with cluster(m, folder) as made:
        first = await made.start("a", tokens=tokens)
        for name in "bc":
            token = await first.service.token()
            await made.start(name, tokens=tokens, join_token=token, token="s3cret")
        c = made.nodes["c"]
        assert await (await m.Quick.start(c, 4, id="q")).result() == 8
        async with connect(c.address, token="look") as looking:
            assert (await looking.describe("q")).status == "completed"
            with pytest.raises(e.Denied):
                await looking.terminate("q")


def test_what_is_passed_on_needs_the_right_of_who_asks(m: ModuleType, tmp_path: Path) -> None:
    _guarded(m, tmp_path)
