"""One workload of durable runs, in a fresh process: prints one line of JSON with what it measured.

    python benchmarks/durable_work.py W1 DIR          chains of ten effects: one at a time, then 64 in flight
    python benchmarks/durable_work.py W4 DIR start 1000     runs a thousand effects, says so, and waits to be killed
    python benchmarks/durable_work.py W4 DIR finish 1000    opens the same directory and ends the run

Every commit is on disk before anything goes on (fsync). The shape is that of other systems' drivers: an effect does
nothing, and client, workflow and effects share the process.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import resource
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), HERE]

import raftoral  # noqa: E402
from raftoral.runtime.local import Local  # noqa: E402

raftoral.install_importer()
workloads = importlib.import_module("workloads")  # the importer finds workloads.rft

CALLS = 0
MARKS: dict[int, tuple[float, float]] = {}  # calls -> when that was, and MiB of memory; made by `mark`


async def step(i: int) -> int:
    global CALLS
    CALLS += 1
    if CALLS in MARKS:
        MARKS[CALLS] = time.perf_counter(), memory()
    return i


def here(data: str, **options: object) -> Local:
    return Local([workloads], {"step": step}, data=data, **options)  # type: ignore[arg-type]


async def one(node: Local, kind: object, n: int) -> float:
    """Milliseconds from a start to the result at the client."""
    start = time.perf_counter()
    run = await kind.start(node, n)  # type: ignore[attr-defined]
    await run.result()
    return (time.perf_counter() - start) * 1000


def middle(values: list[float], part: float = 0.5) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def memory() -> float:
    """MiB of this process now."""
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def disk(folder: str) -> float:
    """KiB in a folder."""
    return sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(folder) for name in names) / 1024


async def w1(data: str) -> dict[str, float]:
    async with here(data) as node:
        for _ in range(20):
            await one(node, workloads.Chain, 10)
        alone = [await one(node, workloads.Chain, 10) for _ in range(100)]
        many = 64 * 32

        async def client() -> None:
            for _ in range(many // 64):
                await one(node, workloads.Chain, 10)

        commits, effects, cpu, start = node.engine.commits, CALLS, time.process_time(), time.perf_counter()
        await asyncio.gather(*[client() for _ in range(64)])
        seconds = time.perf_counter() - start
        done = CALLS - effects
        return {
            "p50": middle(alone),
            "p99": middle(alone, 0.99),
            "runs": many / seconds,
            "effects": done / seconds,
            "cpu": (time.process_time() - cpu) / done * 1e6,
            "commits": (node.engine.commits - commits) / done,
        }


async def w2(data: str) -> dict[str, float]:
    async with here(data) as node:
        for _ in range(3):
            await one(node, workloads.Fan, 100)
        return {"p50": middle([await one(node, workloads.Fan, 100) for _ in range(20)])}


async def w3(data: str) -> dict[str, float]:
    """A loop of effects in one run: whole, and each effect of a long one at its beginning and at its end."""
    found: dict[str, float] = {}
    async with here(data) as node:
        await one(node, workloads.Chain, 100)
        for n in (1_000, 5_000):
            found[str(n)] = await one(node, workloads.Chain, n) / 1000
        for first in (1_000, 89_000):
            MARKS.update({CALLS + mark: (0.0, 0.0) for mark in range(first, first + 11_000, 1_000)})
        await one(node, workloads.Chain, 100_000)
        times, sizes = zip(*MARKS.values(), strict=True)
        taken = [(after - before) * 1000 for before, after in itertools.pairwise(times)]  # us for a step, of 1,000 each
        # Medians of ten: whatever else the disk does for a second is not what grows with a run.
        found |= {"first_us": middle(taken[:10]), "last_us": middle(taken[11:]), "grown_mib": sizes[-1] - sizes[0]}
        found["disk_kib"] = disk(data)
    return found


async def w4(data: str, phase: str, n: int) -> dict[str, float]:
    if phase == "start":
        async with here(data) as node:
            await workloads.Block.start(node, n, id="w4")
            while n > CALLS:  # who watches from the start would look at the run after each effect
                await asyncio.sleep(0.01)
            async for change in node.watch("w4"):
                if change.steps and change.steps[0].startswith("wait.go"):
                    break
            print(json.dumps({"ready": 1}), flush=True)
            await asyncio.Event().wait()
    begun = time.time()
    async with here(data) as node:
        opened = time.time()
        run = workloads.Block.get(node, "w4")
        await run.go()
        assert await run.result() == n * (n - 1) // 2
        return {"opened": opened - begun, "done": time.time(), "calls": CALLS}


async def w5(data: str) -> dict[str, float]:
    async with here(data) as node:
        taken = []
        for _ in range(60):
            run = await workloads.Wait.start(node, 0)
            start = time.perf_counter()
            await run.go()
            await run.result()
            taken.append((time.perf_counter() - start) * 1000)
        return {"p50": middle(taken[10:]), "p99": middle(taken[10:], 0.99)}


async def w8(data: str) -> dict[str, float]:
    """Ten thousand runs that wait: what each costs in memory, and all of them in CPU while nothing happens."""
    many = 10_000
    async with here(data) as node:
        await one(node, workloads.Chain, 10)
        before = memory()
        await asyncio.gather(*[workloads.Wait.start(node, 0) for _ in range(many)])
        grown = (memory() - before) * 1024 / many
        used, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        await asyncio.sleep(5)
        now = resource.getrusage(resource.RUSAGE_SELF)
        cpu = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / (time.perf_counter() - start)
    start = time.perf_counter()
    async with here(data) as node:
        opened = time.perf_counter() - start
        assert len(node.engine.machine.runs) == many
    return {"kib": grown, "idle": cpu, "open": opened}


async def w9(data: str) -> dict[str, float]:
    async with here(data) as node:
        before = node.engine.commits
        await one(node, workloads.Count, 1_000)
        return {"commits": node.engine.commits - before}


def main(words: list[str]) -> None:
    work = {"W1": w1, "W2": w2, "W3": w3, "W4": w4, "W5": w5, "W8": w8, "W9": w9}[words[0]]
    more = [words[2], int(words[3])] if words[0] == "W4" else []
    print(json.dumps(asyncio.run(work(words[1], *more))), flush=True)  # type: ignore[arg-type]


if __name__ == "__main__":
    main(sys.argv[1:])
