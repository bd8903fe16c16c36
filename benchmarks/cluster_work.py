"""One node of the cluster benchmark, in a process of its own.

    python benchmarks/cluster_work.py DIR NAME GROUPS TRANSPORT [PEER]     says its address, then does what it is told

Lines on its standard input are commands; each is answered by one line of JSON. A node starts runs as the service does
that embeds it: client, workflow and effects share the process, as they do in the drivers of other systems.

    latency 30            chains of ten effects, one at a time
    throughput 64 400     chains of ten effects, so many in flight, so many in all
    begin 300             a chain; answered when it has begun
    end                   waits for that one; answered with its time, and how many of its effects were called here
    state                 who leads what, and what this process has cost
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import time
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

import raftoral  # noqa: E402

raftoral.install_importer()
workloads = importlib.import_module("workloads")  # the importer finds workloads.rft

CALLS = 0


async def step(i: int) -> int:
    global CALLS
    CALLS += 1
    return i


async def main(folder: str, name: str, peers: list[str], groups: int, transport: str) -> None:
    begin: dict[str, Any] = {"peers": peers} if peers else {"bootstrap": True, "groups": groups}
    node = raftoral.Node(
        node_id=name,
        data=folder,
        programs=[workloads],
        activities=[{"step": step}],
        peer_transport=transport,
        **begin,
    )
    async with node:
        print(node.address, flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command, *words = line.split()
            answer = await COMMANDS[command](node, *map(int, words))
            print(json.dumps(answer), flush=True)


async def latency(node: Any, runs: int) -> dict[str, Any]:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        await (await workloads.Chain.start(node, 10)).result()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return {"p50": taken[len(taken) // 2], "p99": taken[min(len(taken) - 1, round(len(taken) * 0.99))]}


async def throughput(node: Any, clients: int, runs: int) -> dict[str, Any]:
    left = iter(range(runs))

    async def client() -> None:
        for _ in left:
            await (await workloads.Chain.start(node, 10)).result()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - start
    return {"steps": runs * 10 / seconds, "seconds": seconds}


RUNS: list[Any] = []


async def begin(node: Any, effects: int) -> dict[str, Any]:
    RUNS.append(await workloads.Chain.start(node, effects))
    return {"id": RUNS[-1].id}


async def end(node: Any) -> dict[str, Any]:
    result = await RUNS.pop().result()
    return {"result": result, "at": time.time(), "calls": CALLS}


async def wait(node: Any, effects: int) -> dict[str, Any]:
    """Until another node's chain of so many effects has ended, as this node sees it."""
    while True:
        found = await node.list(workflow="workloads.Chain", limit=1)
        if found and found[0].status == "completed":
            return {"at": time.time(), "calls": CALLS}
        await asyncio.sleep(0.005)


async def state(node: Any) -> dict[str, Any]:
    shown = await node.cluster()
    log = next(group for group in shown["groups"] if group["group"] == 1)
    times = os.times()
    return {"leader": log["leader"], "entries": log["last"], "cpu": times.user + times.system, "calls": CALLS}


COMMANDS: dict[str, Any] = {
    "latency": latency,
    "throughput": throughput,
    "begin": begin,
    "end": end,
    "wait": wait,
    "state": state,
}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[5:], int(sys.argv[3]), sys.argv[4]))
