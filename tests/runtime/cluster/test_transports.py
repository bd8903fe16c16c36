"""Nodes that talk to each other over each transport, and over several in one cluster; what changes is nothing else."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from raftoral import errors as e
from raftoral.runtime.cluster.node import Node
from raftoral.runtime.links.peers.within import Exchange
from tests.runtime.cluster.nodes import cluster
from tests.runtime.kit import on_loop


@on_loop
async def _cluster(m: ModuleType, folder: Path, transports: dict[str, str | Exchange]) -> None:
    async with cluster(m, folder) as made:
        for name, transport in transports.items():
            await made.start(name, peer_transport=transport)
        runs = [await m.Quick.start(node, at, id=f"r{at}") for at, node in enumerate(made.nodes.values())]
        assert [await run.result() for run in runs] == [0, 2, 4]
        address = made.nodes["b"].address
        await made.kill("b")
        assert await (await m.Quick.start(made.nodes["c"], 7)).result() == 14
        await made.start("b", listen=address, peer_transport=transports["b"])
        again = m.Quick.get(made.nodes["b"], "r1")
        assert await again.result() == 2


@pytest.mark.parametrize("transport", ["lean", "http", "grpc", "within"])
def test_a_cluster_over_each_transport(m: ModuleType, tmp_path: Path, transport: str) -> None:
    if transport == "grpc" and find_spec("grpc") is None:
        pytest.skip("grpcio is not installed")
    one = Exchange() if transport == "within" else transport
    _cluster(m, tmp_path, {"a": one, "b": one, "c": one})


@pytest.mark.skipif(find_spec("grpc") is None, reason="grpcio is not installed")
def test_a_cluster_over_several_transports(m: ModuleType, tmp_path: Path) -> None:
    """As it is for a while when a cluster changes its transport, one node after the other."""
    _cluster(m, tmp_path, {"a": "lean", "b": "http", "c": "grpc"})


def test_a_transport_that_this_node_does_not_serve() -> None:
    with pytest.raises(e.UsageError, match="a node that does not serve gRPC cannot have peers over it"):
        Node(peer_transport="grpc", grpc=False)
