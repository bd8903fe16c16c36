"""One workload of durable runs, in a fresh process: prints one line of JSON with what it measured.

    python benchmarks/durable_work.py W1 DIR          chains of ten effects: one at a time, then 64 in flight
    python benchmarks/durable_work.py W4 DIR start 1000     runs a thousand effects, says so, and waits to be killed
    python benchmarks/durable_work.py W4 DIR finish 1000    opens the same directory and ends the run

Every commit is on disk before anything goes on (fsync).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import resource
import sys
import time
from typing import Any

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from benchmarks.counting import Stored  # noqa: E402
from benchmarks.driving import ACTIVITIES, CALLS, disk, many, memory, middle, one, workloads  # noqa: E402
from raftoral.runtime.local import Local  # noqa: E402

LONG = 1_000_000  # effects, from which on a history is made in rounds of a hundred: one by one takes six minutes


def here(data: str) -> Local:
    return Local([workloads], ACTIVITIES, data=data)


async def run(node: Local, kind: Any, n: int) -> float:
    return await one(lambda: kind.start(node, n))


async def w1(data: str) -> dict[str, float]:
    async with here(data) as node:
        for _ in range(20):
            await run(node, workloads.Chain, 10)
        alone = [await run(node, workloads.Chain, 10) for _ in range(100)]
        commits, effects, cpu = node.engine.commits, CALLS.count, time.process_time()
        seen = await many(64, 64 * 32, lambda: workloads.Chain.start(node, 10))
        done = CALLS.count - effects
        return {
            "p50": middle(alone),
            "p99": middle(alone, 0.99),
            "runs": seen.rate,
            "effects": done / seen.seconds,
            "cpu": (time.process_time() - cpu) / done * 1e6,
            "commits": (node.engine.commits - commits) / done,
        }


async def w2(data: str) -> dict[str, float]:
    async with here(data) as node:
        for _ in range(3):
            await run(node, workloads.Fan, 100)
        return {"p50": middle([await run(node, workloads.Fan, 100) for _ in range(20)])}


async def w3(data: str) -> dict[str, float]:
    """A loop of effects in one run: whole, and each effect of a long one at its beginning and at its end."""
    found: dict[str, float] = {}
    async with here(data) as node:
        await run(node, workloads.Chain, 100)
        for n in (1_000, 5_000):
            found[str(n)] = await run(node, workloads.Chain, n) / 1000
        for first in (1_000, 89_000):
            CALLS.marks.update({CALLS.count + mark: (0.0, 0.0) for mark in range(first, first + 11_000, 1_000)})
        await run(node, workloads.Chain, 100_000)
        times, sizes = zip(*CALLS.marks.values(), strict=True)
        taken = [(after - before) * 1000 for before, after in itertools.pairwise(times)]  # us for a step, of 1,000 each
        # Medians of ten: whatever else the disk does for a second is not what grows with a run.
        found |= {"first_us": middle(taken[:10]), "last_us": middle(taken[11:]), "grown_mib": sizes[-1] - sizes[0]}
        found["disk_kib"] = disk(data)
    return found


async def w4(data: str, phase: str, n: int) -> dict[str, float]:
    kind = workloads.Rounds if n >= LONG else workloads.Block
    if phase == "start":
        async with here(data) as node:
            await kind.start(node, n, id="w4")
            while n > CALLS.count:  # who watches from the start would look at the run after each effect
                await asyncio.sleep(0.01)
            async for change in node.watch("w4"):
                if change.steps and change.steps[0].startswith("wait.go"):
                    break
            print(json.dumps({"ready": 1}), flush=True)
            await asyncio.Event().wait()
    begun = time.time()
    async with here(data) as node:
        opened = time.time()
        found = kind.get(node, "w4")
        await found.go()
        assert await found.result() == n * (n - 1) // 2
        return {"opened": opened - begun, "done": time.time(), "calls": CALLS.count}


async def w5(data: str) -> dict[str, float]:
    async with here(data) as node:
        taken = []
        for _ in range(60):
            waiting = await workloads.Wait.start(node, 0)
            start = time.perf_counter()
            await waiting.go()
            await waiting.result()
            taken.append((time.perf_counter() - start) * 1000)
        return {"p50": middle(taken[10:]), "p99": middle(taken[10:], 0.99)}


async def w8(data: str) -> dict[str, float]:
    """Ten thousand runs that wait: what each costs in memory, and all of them in CPU while nothing happens."""
    count = 10_000
    async with here(data) as node:
        await run(node, workloads.Chain, 10)
        before = memory()
        await asyncio.gather(*[workloads.Wait.start(node, 0) for _ in range(count)])
        grown = (memory() - before) * 1024 / count
        used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        await asyncio.sleep(5)
        now = resource.getrusage(resource.RUSAGE_SELF)
        cpu = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / (time.perf_counter() - start)
    start = time.perf_counter()
    async with here(data) as node:
        opened = time.perf_counter() - start
        assert len(node.engine.machine.runs) == count
    return {"kib": grown, "idle": cpu, "open": opened}


async def w9(data: str) -> dict[str, float]:
    """Counts: what is committed for checkpoints that need nobody, and for a run of ten effects."""
    async with here(data) as node:
        before = node.engine.commits
        await run(node, workloads.Count, 1_000)
        checkpoints = node.engine.commits - before
        stored = Stored(node.engine.storage)
        await run(node, workloads.Chain, 10)
        return {"commits": checkpoints, "of_run": stored.commits, "bytes": stored.bytes}


def main(words: list[str]) -> None:
    work: Any = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5, "W8": w8, "W9": w9}[words[0]]
    more: list[Any] = [words[2], int(words[3])] if words[0] == "W4" else []
    print(json.dumps(asyncio.run(work(words[1], *more))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
