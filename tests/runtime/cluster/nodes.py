"""What the tests of embedded nodes share: a program, its activities, and nodes by name that die and come back.

The fixture `m`, the program as a service would have imported it, is in `conftest.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import raftoral
from raftoral.runtime.cluster.node import Node

TEXT = """rft 1
module pay

activity charge(amount: int) -> str { timeout: 60s, retry: forever backoff 10ms..20ms }
activity ring(bell: str) -> str { timeout: 60s }

workflow Pay version 1 (amount: int) -> str {
  signal paid(int)
  checkpoint stage = "new"
  query now_at() -> str = stage
  let first = do charge(amount)
  stage = "charged"
  let n = wait paid
  let second = do charge(n)
  return "${first} ${second}"
}

workflow Quick version 1 (n: int) -> int {
  return n * 2
}

workflow Ringing version 1 (bell: str) -> str {
  return do ring(bell)
}
"""


class Activities:
    """Those of one node. What is to hang waits until it is let go."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.calls: list[str] = []
        self.hangs = asyncio.Event()
        self.begun = asyncio.Event()
        self.fences: list[int] = []

    async def charge(self, amount: int) -> str:
        call = raftoral.activity()
        self.calls.append(call.key)
        self.fences.append(call.fence)
        self.begun.set()
        if amount < 0:
            await self.hangs.wait()
        return f"{self.node}{amount}"


class Cluster:
    """Nodes by name. One that died is started again on its data."""

    def __init__(self, m: ModuleType, folder: Path) -> None:
        self.m = m
        self.folder = folder
        self.nodes: dict[str, Node] = {}
        self.activities: dict[str, Activities] = {}

    async def start(self, name: str, **options: Any) -> Node:
        activities = self.activities[name] = options.pop("does", None) or Activities(name)
        if not (self.folder / name).exists() and self.nodes and "peers" not in options:
            options["peers"] = [node.address for node in self.nodes.values()]
        elif "peers" not in options:
            options["bootstrap"] = True
        options.setdefault("programs", [self.m])
        node = Node(node_id=name, data=str(self.folder / name), activities=[activities], grace=0.1, **options)
        self.nodes[name] = await node.open()
        return node

    async def kill(self, name: str) -> None:
        """As near to `kill -9` as one process allows: nothing is handed over, nothing said."""
        node = self.nodes.pop(name)
        thread = node._thread
        assert thread is not None and node._runner is not None
        node._closing = True
        await thread.call(node._shut)
        await thread.close()
        node._thread = None
        await node._runner.close(0.0)
        await node.close()

    async def close(self) -> None:
        for name in list(self.nodes):
            await self.nodes.pop(name).close()


@asynccontextmanager
async def cluster(m: ModuleType, folder: Path, *names: str, **options: Any) -> AsyncIterator[Cluster]:
    made = Cluster(m, folder)
    try:
        for name in names:
            await made.start(name, **options)
        yield made
    finally:
        await made.close()


async def until(what: Callable[[], Awaitable[Any]]) -> Any:
    """Asks until it is so; the test's own limit ends what never is."""
    while True:
        found = await what()
        if found:
            return found
        await asyncio.sleep(0.01)
