"""One node of a cluster, in a process of its own.

    python benchmarks/cluster_work.py DIR NAME GROUPS TRANSPORT [PEER]     says its address, then does what it is told

Lines on its standard input are commands; each is answered by one line of JSON. A node starts runs as the service
does that embeds it. Workloads are named as in workloads.rft; chains of ten effects if none is.

    latency 30 [Fan 100]             runs one at a time: p50 and p99 in milliseconds
    throughput 64 400 [Carry 1000 10]   so many in flight, so many in all
    signals 50                       from a signal to the result, one at a time
    begin 300                        a chain; answered when it has begun
    block 1000                       a chain that waits for a signal at its end; answered when it waits
    finish                           the signal for that one, from any node; answered with when its result was here
    waiting 1000                     so many runs that wait for a signal
    state                            who leads what, what this process has cost, and what its journal was given
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import raftoral  # noqa: E402
from benchmarks.counting import journals  # noqa: E402
from benchmarks.driving import ACTIVITIES, CALLS, many, memory, middle, one, peak_memory, workloads  # noqa: E402

KEPT: Any = None


async def main(folder: str, name: str, groups: int, transport: str, peers: list[str]) -> None:
    begin: dict[str, Any] = {"peers": peers} if peers else {"bootstrap": True, "groups": groups}
    begin |= {"programs": [workloads], "activities": [ACTIVITIES], "peer_transport": transport}
    node = raftoral.Node(node_id=name, data=folder, **begin)
    async with node:
        print(node.address, flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command, *words = line.split()
            answer = await COMMANDS[command](node, *(int(word) if word.isdigit() else word for word in words))
            print(json.dumps(answer), flush=True)


def starting(node: Any, kind: str = "Chain", *args: int) -> Any:
    workflow = getattr(workloads, kind)
    return lambda: workflow.start(node, *(args or (10,)))


async def latency(node: Any, runs: int, *what: Any) -> dict[str, Any]:
    start = starting(node, *what)
    taken = [await one(start) for _ in range(runs)]
    return {"p50": middle(taken), "p99": middle(taken, 0.99)}


async def throughput(node: Any, clients: int, runs: int, *what: Any) -> dict[str, Any]:
    before = CALLS.count
    seen = await many(clients, runs, starting(node, *what))
    effects = CALLS.count - before  # a run that moves to another node has its effects there
    return {
        "runs": seen.rate,
        "steps": seen.rate * 10,
        "effects": effects / seen.seconds,
        "seconds": seen.seconds,
        "p50": middle(seen.taken),
        "p99": middle(seen.taken, 0.99),
    }


async def signals(node: Any, runs: int) -> dict[str, Any]:
    taken = []
    for _ in range(runs):
        run = await workloads.Wait.start(node, 0)
        start = time.perf_counter()
        await run.go()
        await run.result()
        taken.append((time.perf_counter() - start) * 1000)
    return {"p50": middle(taken), "p99": middle(taken, 0.99)}


async def begin(node: Any, effects: int) -> dict[str, Any]:
    return {"id": (await workloads.Chain.start(node, effects)).id}


async def block(node: Any, effects: int) -> dict[str, Any]:
    first = CALLS.count
    await workloads.Block.start(node, effects, id="w4")
    while effects > CALLS.count - first:
        await asyncio.sleep(0.01)
    while not (await node.describe("w4")).waits:
        await asyncio.sleep(0.01)
    return {"calls": CALLS.count}


async def finish(node: Any) -> dict[str, Any]:
    run = workloads.Block.get(node, "w4")
    await run.go()
    return {"result": await run.result(), "at": time.time(), "calls": CALLS.count}


async def waiting(node: Any, runs: int) -> dict[str, Any]:
    before = memory()
    await many(64, runs, lambda: _started(node))
    return {"kib": (memory() - before) * 1024 / runs}


async def _started(node: Any) -> Any:
    """A run that nobody waits for."""
    await workloads.Wait.start(node, 0)
    return _Ended()


class _Ended:
    async def result(self) -> None: ...


async def state(node: Any) -> dict[str, Any]:
    shown = await node.cluster()
    logs = [group for group in shown["groups"] if group["group"]]
    times = os.times()
    return {
        "leader": next(group for group in logs if group["group"] == 1)["leader"],
        "entries": sum(group["last"] for group in logs),
        "cpu": times.user + times.system,
        "calls": CALLS.count,
        "memory": memory(),
        "peak": peak_memory(),
        "syncs": KEPT.writes,
        "log_bytes": KEPT.entry_bytes,
    }


COMMANDS: dict[str, Any] = {
    "latency": latency,
    "throughput": throughput,
    "signals": signals,
    "begin": begin,
    "block": block,
    "finish": finish,
    "waiting": waiting,
    "state": state,
}

if __name__ == "__main__":
    with journals() as KEPT:
        asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5:]))
