"""What goes wrong between nodes and around them: it is said clearly, and nothing that was answered is lost.

`docs/reliability.md` has the table of all faults, with the tests that show what becomes of each.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest

from raftoral import errors as e
from raftoral.runtime.cluster import engine, node as node_module
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.peers.lean import Lean, StreamWire
from tests.runtime.cluster.nodes import Cluster, cluster, until
from tests.runtime.kit import on_loop

CLIENTS = 1_000
REMOVED = "c was removed from the cluster: to join it anew, take another directory"


# --- the network -----------------------------------------------------------------------------------------------------


class Net:
    """The lean transport between nodes of which some are cut off from the rest."""

    def __init__(self) -> None:
        self.cut: set[str] = set()
        self.wires: list[tuple[set[str], StreamWire]] = []

    def of(self, name: str) -> Side:
        return Side(self, name)

    def cut_off(self, *addresses: str) -> None:
        self.cut = set(addresses)
        for ends, wire in self.wires:
            if len(ends & self.cut) == 1:
                wire.abort()  # on a loop of another thread: no more than what a cable does


class Side(Lean):
    def __init__(self, net: Net, name: str) -> None:
        super().__init__()
        self.net, self.name, self.address = net, name, ""

    async def dial(self, address: str) -> StreamWire:
        if (self.address in self.net.cut) != (address in self.net.cut):
            raise ConnectionRefusedError("cut off")
        wire = await super().dial(address)
        self.net.wires.append(({self.address, address}, wire))
        return wire


async def started(made: Cluster, net: Net, *names: str) -> None:
    for name in names:
        side = net.of(name)
        node = await made.start(name, peer_transport=side)
        side.address = node.address


@on_loop
async def _cut_off(m: ModuleType, folder: Path) -> None:
    net = Net()
    async with cluster(m, folder) as made:
        await started(made, net, "a", "b", "c")
        await until(lambda: _all_are_members(made))
        run = await m.Quick.start(made.nodes["a"], 1, id="before")
        name = await until(lambda: _leader(made.nodes["a"]))
        alone = made.nodes[name]
        other = next(node for each, node in made.nodes.items() if each != name)
        on_loop_of(alone, lambda: net.cut_off(alone.address))
        lost = asyncio.ensure_future(m.Quick.start(alone, 2, id="in the minority"))
        assert await (await m.Quick.start(other, 3, id="in the majority")).result() == 6
        with pytest.raises(e.Unavailable):
            await lost
        net.cut_off()
        await until(lambda: _is_ready(alone))
        assert await m.Quick.get(alone, "in the majority").result() == 6
        assert await m.Quick.get(alone, "before").result() == await run.result() == 2
        again = await m.Quick.start(alone, 2, id="in the minority")
        assert await again.result() == 4, "who was not answered asks again, and it is done once"
        assert await other.count() == 3


def on_loop_of(node: Node, work: Callable[[], None]) -> None:
    assert node._thread is not None
    node._thread.post(work)


async def _leader(node: Node) -> str:
    return str(next(group["leader"] for group in (await node.cluster())["groups"] if group["group"] == 1) or "")


async def _all_are_members(made: Cluster) -> bool:
    groups = (await made.nodes["a"].cluster())["groups"]
    return all(len(group["members"]) == len(made.nodes) for group in groups)


async def _is_ready(node: Node) -> Any:
    return (await node.health())["ready"]


def test_a_leader_that_is_cut_off_answers_nothing_and_loses_nothing(m: ModuleType, tmp_path: Path) -> None:
    _cut_off(m, tmp_path)


# --- clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [-48, 48])
def test_a_clock_that_jumps_costs_neither_a_leader_nor_an_answer(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The calendar decides when a run sleeps until; who leads is decided by a clock that cannot jump."""

    class Jumps:
        by = 0

        def __init__(self) -> None:
            self.monotonic = time.monotonic

        def time_ns(self) -> int:
            return time.time_ns() + self.by

    clock = Jumps()
    monkeypatch.setattr(engine, "time", clock)

    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a", "b", "c") as made:
            run = await m.Pay.start(made.nodes["a"], 1, id="r")
            terms = await _terms(made.nodes["b"])
            clock.by = hours * 3600 * 1_000_000_000
            await run.paid(2)
            assert await m.Pay.get(made.nodes["c"], "r").result() == "a1 a2"
            for at, node in enumerate(made.nodes.values()):
                assert await (await m.Quick.start(node, at)).result() == 2 * at
            assert await _terms(made.nodes["b"]) == terms

    play()


async def _terms(node: Node) -> dict[int, int]:
    return {group["group"]: group["term"] for group in (await node.cluster())["groups"]}


# --- who comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moves", [False, True])
def test_a_node_that_was_removed_is_refused_when_it_comes_back(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: bool
) -> None:
    """Where it was or elsewhere, and though the cluster asks for no tokens."""
    monkeypatch.setattr(node_module, "AGAIN_S", 0.1)

    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a", "b", "c") as made:
            address = made.nodes["c"].address
            await made.nodes.pop("c").close()
            await made.nodes["a"].service.remove("c")
            back = Node(node_id="c", data=str(tmp_path / "c"), listen="127.0.0.1:0" if moves else address, grace=0.1)
            with pytest.raises(e.StorageRefused, match=REMOVED):
                await back.open()
            assert back.removed.is_set()
            assert await _nodes(made.nodes["a"]) == await _nodes(made.nodes["b"]) == ["a", "b"]
            shutil.rmtree(tmp_path / "c")
            await made.start("c", peers=[made.nodes["a"].address])  # the name may be used again
            assert await _nodes(made.nodes["b"]) == ["a", "b", "c"]

    play()


async def _nodes(node: Node) -> list[str]:
    await node.catch_up()
    return [each["node"] for each in (await node.cluster())["nodes"]]


def test_a_node_that_computes_otherwise_is_not_let_in(
    m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a") as made:
            monkeypatch.setattr(node_module, "determinism_digest", lambda: "another")
            with pytest.raises(e.UsageError, match="computes otherwise than this node"):
                await made.start("b")
            assert await _nodes(made.nodes["a"]) == ["a"]

    play()


def test_a_node_of_another_abi_is_not_let_in(m: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a") as made:
            monkeypatch.setattr(node_module, "ABI", 99)
            with pytest.raises(e.UsageError, match=r"the cluster runs programs by ABI 1 .*, and this node by 99"):
                await made.start("b")
            assert await _nodes(made.nodes["a"]) == ["a"]

    play()


# --- clients ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_thousand_clients_at_once(m: ModuleType, tmp_path: Path) -> None:
    @on_loop
    async def play() -> None:
        async with cluster(m, tmp_path, "a", "b", "c") as made:
            addresses = [node.address for node in made.nodes.values()]

            async def one(at: int) -> int:
                async with connect(*addresses[at % 3 :], *addresses[: at % 3]) as client:
                    return int(await (await m.Quick.start(client, at, id=f"q{at}")).result())

            results = await asyncio.gather(*(one(at) for at in range(CLIENTS)))
            assert results == [2 * at for at in range(CLIENTS)]
            for node in made.nodes.values():
                await node.catch_up()
                assert await node.count() == CLIENTS

    play()


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_a_hundred_megabytes_are_refused_in_words(
    m: ModuleType, tmp_path: Path, transport: Literal["http", "grpc"]
) -> None:
    if transport == "grpc":
        pytest.importorskip("grpc")
    huge = "x" * 100_000_000

    @on_loop
    async def play() -> None:
        async with (
            cluster(m, tmp_path, "a", "b") as made,
            connect(made.nodes["a"].address, transport=transport) as client,
        ):
            with pytest.raises(e.WrongInput, match=r"the body has more than|a message is too large"):
                await client.start("pay.Ringing", "huge", [huge])
            with pytest.raises(e.WrongInput, match="bell: a text or list is longer than 1048576"):
                await made.nodes["a"].start("pay.Ringing", "huge", [huge])
            run = await m.Quick.start(client, 4, id="after")
            assert await run.result() == 8
            assert await made.nodes["b"].count() == 1

    play()
