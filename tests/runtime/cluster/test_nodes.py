"""Nodes as services embed them: real threads, files and sockets on 127.0.0.1, several nodes in one process."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import raftoral
import raftoral.sync
from raftoral import errors as e
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.cluster.placing import home
from raftoral.runtime.edge.observe import Inside, Observer
from raftoral.runtime.links.tls import Tls
from raftoral.runtime.ports import Row
from raftoral.runtime.service import Source
from tests.runtime.cluster.nodes import Activities, Cluster, cluster, until
from tests.runtime.kit import HANGS_SECONDS, on_loop
from tests.runtime.links.certificates import made_pems, shown


@on_loop
async def _alone(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a") as made:
        run = await m.Pay.start(made.nodes["a"], 5, id="r")
        await run.paid(7)
        assert await run.result() == "a5 a7"
        assert await run.now_at() == "charged"
        assert (await run.describe()).status == "completed"
        assert [each.id for each in await made.nodes["a"].list()] == ["r"]


def test_one_node_is_a_cluster(m: ModuleType, tmp_path: Path) -> None:
    _alone(m, tmp_path)


@on_loop
async def _from_any(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b", "c") as made:
        run = await m.Pay.start(made.nodes["b"], 5, id="r")
        await m.Pay.get(made.nodes["c"], "r").paid(7)
        results = [await m.Pay.get(node, "r").result() for node in made.nodes.values()]
        assert results == ["b5 b7"] * 3, "the node that started it performs its effects"
        with pytest.raises(e.NotFound):
            await m.Pay.get(made.nodes["a"], "nobody").result()
        again = await m.Pay.start(made.nodes["c"], 5, id="r")
        assert await again.result() == "b5 b7"
        with pytest.raises(e.AlreadyExists):
            await m.Pay.start(made.nodes["c"], 6, id="r")
        assert run.id == "r"


def test_a_run_is_reached_from_any_node(m: ModuleType, tmp_path: Path) -> None:
    _from_any(m, tmp_path)


@on_loop
async def _owner_dies(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b", "c", down_after=0.5) as made:
        run = await m.Pay.start(made.nodes["c"], -1, id="r")
        await made.activities["c"].begun.wait()
        key = made.activities["c"].calls[0]
        await made.kill("c")
        taken = await until(lambda: _taken(made))
        assert made.activities[taken].calls == [key], "the same key, so that it can be done once"
        assert made.activities[taken].fences[0] > made.activities["c"].fences[0]
        made.activities[taken].hangs.set()
        other = m.Pay.get(made.nodes["a"], "r")
        await other.paid(3)
        assert await other.result() == f"{taken}-1 {taken}3"
        back = await made.start("c")
        assert await m.Pay.get(back, "r").result() == f"{taken}-1 {taken}3"
        assert made.activities["c"].calls == [], "it was done by another: nothing is called again"
        assert run.id == "r"


async def _taken(made: Cluster) -> str:
    return next((name for name in made.nodes if made.activities[name].calls), "")


def test_another_node_takes_over_when_the_owner_dies(m: ModuleType, tmp_path: Path) -> None:
    _owner_dies(m, tmp_path)


def alive(node: Node, seconds: float) -> None:
    """Blocks the caller until the node's own loop has seen so much time go by. That loop must run for it."""
    thread = node._thread
    assert thread is not None
    passed = threading.Event()
    thread.post(lambda: thread.loop.call_later(seconds, passed.set))
    assert passed.wait(HANGS_SECONDS), "the engine stands still with the service"


@on_loop
async def _blocked(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b") as made:
        term = {group["group"]: group["term"] for group in (await made.nodes["a"].cluster())["groups"]}
        for node in made.nodes.values():
            alive(node, 2.5)  # the service's own loop, with both nodes in it, stands still meanwhile
        after = {group["group"]: group["term"] for group in (await made.nodes["a"].cluster())["groups"]}
        assert after == term, "no leader was lost"
        assert await (await m.Quick.start(made.nodes["b"], 2)).result() == 4


def test_a_service_that_blocks_its_loop_costs_no_leadership(m: ModuleType, tmp_path: Path) -> None:
    _blocked(m, tmp_path)


@on_loop
async def _gives_way(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b", "c") as made:
        run = await m.Pay.start(made.nodes["a"], 5, id="r")
        await until(lambda: _stage(run, "charged"))
        await made.nodes.pop("a").close()
        described = await m.Pay.get(made.nodes["b"], "r").describe()
        assert described.status == "running"
        other = m.Pay.get(made.nodes["b"], "r")
        await other.paid(1)
        assert (await other.result()).startswith("a5 ")
        await made.nodes["c"].catch_up()
        assert await made.nodes["c"].status("r") == "completed"


async def _stage(run: Any, stage: str) -> bool:
    return bool(await run.now_at() == stage)


def test_a_node_that_is_stopped_hands_over(m: ModuleType, tmp_path: Path) -> None:
    _gives_way(m, tmp_path)


@on_loop
async def _grows(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", groups=3) as made:
        runs = [await m.Quick.start(made.nodes["a"], n, id=f"q{n}") for n in range(30)]
        assert [await run.result() for run in runs] == [2 * n for n in range(30)]
        await made.start("b")
        await made.start("c")
        assert await made.nodes["c"].count() == 30
        homes = {group["group"]: group["members"] for group in (await made.nodes["c"].cluster())["groups"]}
        assert homes == {group: ["a", "b", "c"] for group in range(4)}
        found: list[str] = []
        page = await made.nodes["b"].page(limit=7)
        while True:
            found += [each.id for each in page.runs]
            if not page.next:
                break
            page = await made.nodes["b"].page(limit=7, before=page.next)
        assert sorted(found) == sorted(f"q{n}" for n in range(30))
        await made.nodes["a"].service.remove("c")
        gone = made.nodes.pop("c")
        await gone.close()
        assert sorted(node["node"] for node in (await made.nodes["a"].cluster())["nodes"]) == ["a", "b"]
        assert await (await m.Quick.start(made.nodes["b"], 50)).result() == 100


def test_a_cluster_grows_and_shrinks(m: ModuleType, tmp_path: Path) -> None:
    _grows(m, tmp_path)


@on_loop
async def _more_groups(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b") as made:
        node = made.nodes["a"]
        for n in range(8):
            await m.Quick.start(node, n, id=f"q{n}")
        assert await made.nodes["b"].service.make_group() == {"group": 2, "members": ["a", "b"]}
        for n in range(8):
            assert await (await m.Quick.start(node, n, id=f"q{n}")).result() == 2 * n, "the same run, wherever it is"
        assert await node.count() == 8
        await asyncio.gather(*(m.Quick.start(node, n, id=f"r{n}") for n in range(20)))
        await made.nodes["b"].catch_up()
        assert await made.nodes["b"].count() == 28
        homes = [home(f"r{n}", [1, 2]) for n in range(20)]
        assert {await _group_of(made.nodes["a"], f"r{n}") == homes[n] for n in range(20)} == {True}
        await made.start("c")
        assert await made.nodes["c"].count() == 28


async def _group_of(node: Node, id: str) -> int:
    assert node._thread is not None and node._thread.host is not None
    return next(group for group, each in node._thread.host.replicas.items() if each.storage.row(id) is not None)


def test_groups_are_added(m: ModuleType, tmp_path: Path) -> None:
    _more_groups(m, tmp_path)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_pems(tmp_path_factory.mktemp("pems"))


@on_loop
async def _locked(m: ModuleType, folder: Path, tls: Tls, stranger: Tls) -> None:
    tokens = {"boss": "admin"}
    async with cluster(m, folder, "a", tls=tls, tokens=tokens) as made:
        address = made.nodes["a"].address
        async with raftoral.connect(address, tls=tls, token="boss") as client:
            token = await client.service.token()
        await made.start("b", tls=tls, tokens=tokens, token="boss", join_token=token)
        run = await m.Pay.start(made.nodes["b"], 1, id="r")
        await run.paid(2)
        assert await m.Pay.get(made.nodes["a"], "r").result() == "b1 b2"
        with pytest.raises(e.Unavailable):
            async with raftoral.connect(address, tls=stranger, token="boss", patience=0.0, timeout=1.0) as client:
                await client.health()


def test_nodes_that_show_certificates(m: ModuleType, tmp_path: Path, pems: Path) -> None:
    _locked(m, tmp_path, shown(pems, "node", "ca"), shown(pems, "stranger", "ca"))


OTHER = """rft 1
module other

workflow Twice version 1 (n: int) -> int {
  return n * 2
}

workflow Waits version 1 () {
  signal go
  wait go
}
"""


@on_loop
async def _deployed(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b") as made:
        async with raftoral.connect(made.nodes["a"].address) as client:
            with pytest.raises(e.WrongInput, match="RFT"):
                await client.deploy({"other.rft": "rft 1\nmodule other\nworkflow X version 1 () -> int { }\n"})
            shown = await client.deploy({"other.rft": OTHER}, dry=True)
            assert [each["new"] for each in shown] == [True, True]
            with pytest.raises(e.UnknownProgram):
                await client.start("other.Twice", "t", {"n": 4})
            await client.deploy([Source("other.rft", OTHER)])
            await client.start("other.Twice", "t", {"n": 4})
            assert await client.result(None, "t") == 8
            await client.start("other.Waits", "w")
            with pytest.raises(e.InUse, match="1 live runs \\(1 on a\\)"):
                await client.retire("other.Waits", 1)
            await client.signal(None, "w", "go")
            assert await client.result(None, "w") is None
            await client.retire("other.Waits", 1)
            with pytest.raises(e.UnknownProgram, match="was retired"):
                await client.start("other.Waits", "w2")
            changed = OTHER.replace("n * 2", "n * 3")
            with pytest.raises(e.AlreadyExists, match="give this one a new version"):
                await client.deploy({"other.rft": changed})
        await made.kill("b")
        back = await made.start("b")
        assert await back.result(None, "t") == 8


def test_programs_are_deployed_and_retired(m: ModuleType, tmp_path: Path) -> None:
    _deployed(m, tmp_path)


@on_loop
async def _guarded(m: ModuleType, folder: Path) -> None:
    tokens = {"boss": "admin", "looks": "read"}
    async with cluster(m, folder, "a", tokens=tokens) as made:
        address = made.nodes["a"].address
        with pytest.raises(e.Denied, match="join token is needed"):
            await made.start("b", peers=[address], tokens=tokens)
        shutil.rmtree(folder / "b")
        async with raftoral.connect(address, token="looks") as client:
            with pytest.raises(e.Denied):
                await client.service.token()
        async with raftoral.connect(address, token="boss") as client:
            token = await client.service.token()
        await made.start("b", peers=[address], tokens=tokens, join_token=token)
        with pytest.raises(e.Denied, match="unknown, was used, or is over"):
            await made.start("c", peers=[address], tokens=tokens, join_token=token)


def test_a_new_node_needs_a_token_that_is_used_once(m: ModuleType, tmp_path: Path) -> None:
    _guarded(m, tmp_path)


@on_loop
async def _refused(m: ModuleType, folder: Path) -> None:
    with pytest.raises(e.UsageError, match="begins a cluster"):
        await Node(data=str(folder / "x")).open()
    with pytest.raises(e.UsageError, match="give one of the two"):
        Node(bootstrap=True, peers=["127.0.0.1:1"])
    async with cluster(m, folder, "a") as made:
        with pytest.raises(e.StorageRefused, match="is open in this very process"):
            await Node(data=str(folder / "a"), bootstrap=True).open()
        with pytest.raises(e.UsageError, match="cannot listen"):
            await Node(data=str(folder / "z"), bootstrap=True, listen=made.nodes["a"].address).open()
        with pytest.raises(e.AlreadyExists, match="Take another --node-id"):
            await made.start("b")
            await Node(
                node_id="b", data=str(folder / "copy"), peers=[made.nodes["a"].address], listen="127.0.0.1:0"
            ).open()
        await made.nodes.pop("a").close()
        with pytest.raises(e.UsageError, match="is that of the node a"):
            await Node(data=str(folder / "a"), node_id="q").open()
        (folder / "a" / "node.json").unlink()
        with pytest.raises(e.StorageRefused, match="is missing"):
            await Node(data=str(folder / "a"), bootstrap=True).open()


def test_what_cannot_be_is_refused_at_the_start(m: ModuleType, tmp_path: Path) -> None:
    _refused(m, tmp_path)


@on_loop
async def _twin(m: ModuleType, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two processes on one identity: the second one is not heard."""
    async with cluster(m, folder, "a", "b", "c") as made:
        await made.nodes.pop("c").close()
        shutil.copytree(folder / "c", folder / "c2")
        await made.start("c")
        twin = Node(data=str(folder / "c2"), grace=0.1)
        opening = asyncio.ensure_future(twin.open())
        await until(lambda: _said(caplog, "does it run twice"))
        assert await (await m.Quick.start(made.nodes["c"], 2)).result() == 4
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)


async def _said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return any(words in record.getMessage() for record in caplog.records)


def test_a_copy_of_a_node_is_not_heard(m: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "raftoral")
    _twin(m, tmp_path, caplog)


@on_loop
async def _stalls(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a") as made:
        run = await m.Ringing.start(made.nodes["a"], "x", id="r")
        await until(lambda: _is(run, "stalled"))
        assert "no node that is up implements the activity pay.ring" in (await run.describe()).reason

        class Rings(Activities):
            async def ring(self, bell: str) -> str:
                return bell * 2

        await made.start("b", does=Rings("b"))
        assert await run.result() == "xx"


async def _is(run: Any, status: str) -> bool:
    return bool(await run.status() == status)


def test_a_run_waits_for_a_node_that_can(m: ModuleType, tmp_path: Path) -> None:
    _stalls(m, tmp_path)


@on_loop
async def _pruned(m: ModuleType, folder: Path) -> None:
    async with cluster(m, folder, "a", "b", retention=timedelta(milliseconds=50)) as made:
        run = await m.Pay.start(made.nodes["b"], 1, id="r")
        await (await m.Quick.start(made.nodes["b"], 1, id="q")).result()
        await until(lambda: _only(made, "r"))
        assert await run.status() == "running"


async def _only(made: Cluster, id: str) -> bool:
    return [[each.id for each in await node.list()] for node in made.nodes.values()] == [[id], [id]]


def test_runs_that_are_over_for_long_are_pruned(m: ModuleType, tmp_path: Path) -> None:
    _pruned(m, tmp_path)


def test_a_node_in_a_service_that_blocks(m: ModuleType, tmp_path: Path) -> None:
    class Blocking:
        def charge(self, amount: int) -> str:
            return f"sync {amount}"

    with raftoral.sync.node(bootstrap=True, data=str(tmp_path), programs=[m], activities=[Blocking()]) as node:
        run = node.start(m.Pay, 3, id="r")
        run.paid(4)
        assert run.result() == "sync 3 sync 4"
        assert [each["node"] for each in node.cluster()["nodes"]] == [node.node_id]


class Looks(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.inside: Inside | None = None

    def opened(self, inside: Inside) -> None:
        self.inside = inside

    def closed(self, inside: Inside) -> None:
        self.told.append("closed")

    def run_started(self, row: Row, inside: Inside) -> None:
        self.told.append(f"started {row.id}")

    def run_ended(self, row: Row, inside: Inside) -> None:
        self.told.append(f"ended {row.id} {row.status}")


@on_loop
async def _observed(m: ModuleType, folder: Path) -> None:
    looks = {name: Looks() for name in "ab"}
    async with cluster(m, folder) as made:
        for name in "ab":
            await made.start(name, metrics=looks[name])
        run = await m.Pay.start(made.nodes["a"], 1, id="r")
        await run.paid(2)
        await run.result()
        assert await (await m.Quick.start(made.nodes["b"], 1, id="q")).result() == 2
        inside = looks["a"].inside
        assert inside is not None
        assert [(each.group, each.members) for each in inside.members()] == [(0, 2), (1, 2)]
        assert {"refused", "nonsense", "silent", "full"} <= inside.links().keys()
        await made.kill("a")
        await made.start("a", metrics=looks["a"])
        assert await m.Pay.get(made.nodes["a"], "r").result() == "a1 a2"
    assert looks["a"].told.count("started r") == looks["a"].told.count("ended r completed") == 1
    assert [each for each in looks["b"].told if each != "closed"] == ["started q", "ended q completed"]


def test_each_run_is_told_once_by_its_owner(m: ModuleType, tmp_path: Path) -> None:
    _observed(m, tmp_path)


def test_nothing_of_a_node_is_left_in_the_process(m: ModuleType, tmp_path: Path) -> None:
    _alone(m, tmp_path)
    assert "raftoral-engine" not in {thread.name for thread in threading.enumerate()}
