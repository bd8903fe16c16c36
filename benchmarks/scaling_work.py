"""One measurement of the scaling suite in one process, fresh: prints one line of JSON.

    python benchmarks/scaling_work.py flight DIR 64 2000          chains of ten effects: 64 in flight, 2,000 in all
    python benchmarks/scaling_work.py frame DIR 10240 64 500      the same, with so many bytes in each frame
    python benchmarks/scaling_work.py finished DIR 1000000        so many runs that begin and end: what they leave
    python benchmarks/scaling_work.py live DIR 10000              so many runs that wait

Runs that are over are made by the way of every run: started by a client, committed, answered; a thousand clients at
once, so that a commit has many of them. Progress goes to standard error.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from typing import Any

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

from benchmarks.counting import Stored  # noqa: E402
from benchmarks.driving import ACTIVITIES, CALLS, Seen, disk, many, memory, middle, one, workloads  # noqa: E402
from benchmarks.measure import Progress  # noqa: E402
from raftoral.runtime.local import Local  # noqa: E402

CLIENTS = 1_000  # that start runs which end at once
Answer = dict[str, Any]


def here(data: str) -> Local:
    return Local([workloads], ACTIVITIES, data=data)


def shown(seen: Seen) -> Answer:
    return {"runs": seen.rate, "p50": middle(seen.taken), "p99": middle(seen.taken, 0.99)}


async def flight(data: str, clients: int, runs: int) -> Answer:
    async with here(data) as node:
        await many(min(clients, 64), 100, lambda: workloads.Chain.start(node, 10))
        stored, effects = Stored(node.engine.storage), CALLS.count
        seen = await many(clients, runs, lambda: workloads.Chain.start(node, 10))
        done = CALLS.count - effects
        return {**shown(seen), "bytes": stored.bytes / done, "commits": stored.commits / done}


async def frame(data: str, size: int, clients: int, runs: int) -> Answer:
    async with here(data) as node:
        await many(clients, clients, lambda: workloads.Carry.start(node, size, 10))
        stored, effects = Stored(node.engine.storage), CALLS.count
        seen = await many(clients, runs, lambda: workloads.Carry.start(node, size, 10))
        return {**shown(seen), "bytes": stored.bytes / (CALLS.count - effects)}


async def finished(data: str, runs: int) -> Answer:
    """Memory and disk at 0, 1,000, 10,000 ... finished runs, how fast they went, and what a start costs then."""
    progress = Progress("finished runs")
    marks: list[Answer] = []
    async with here(data) as node:
        await many(CLIENTS, CLIENTS, lambda: workloads.Nothing.start(node, 1))
        count = CLIENTS
        while True:
            gc.collect()  # what is left then is held by something
            alone = [await one(lambda: workloads.Nothing.start(node, 1)) for _ in range(50)]
            marks.append({"runs": count, "memory": memory(), "disk": disk(data), "alone": middle(alone)})
            if count >= runs:
                break
            begun, before, aim = time.perf_counter(), count, min(count * 10, runs)
            while count < aim:
                part = min(10_000, aim - count)
                await many(CLIENTS, part, lambda: workloads.Nothing.start(node, 1))
                count += part
                progress.say(f"{count:,} of {runs:,}")
            marks[-1]["rate"] = (count - before) / (time.perf_counter() - begun)
    begun = time.perf_counter()
    async with here(data) as node:
        opened = time.perf_counter() - begun
        # 50 more at each mark, and those of the warm-up are among the count
        assert await node.count() == count + 50 * len(marks), await node.count()
    progress.close()
    return {"marks": marks, "opened": opened}


async def live(data: str, runs: int) -> Answer:
    async with here(data) as node:
        await many(1, 10, lambda: workloads.Nothing.start(node, 1))
        gc.collect()
        before = memory()
        left = iter(range(runs))

        async def client() -> None:
            for _ in left:
                await workloads.Wait.start(node, 0)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        gc.collect()
        return {"kib": (memory() - before) * 1024 / runs, "disk": disk(data) / runs}


def main(words: list[str]) -> None:
    work: Any = {"flight": flight, "frame": frame, "finished": finished, "live": live}[words[0]]
    print(json.dumps(asyncio.run(work(words[1], *map(int, words[2:])))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
