"""What every process of a benchmark does alike: the workloads, their effects, clients that start runs, what it used.

    seen = await many(node, clients=64, runs=1_000, start=lambda: workloads.Chain.start(node, 10))
    seen.rate, middle(seen.taken), middle(seen.taken, 0.99)

An effect does nothing: what is measured is what is around it. Client, workflow and effects share the process, as they
do in the drivers of other systems.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]  # where the importer finds workloads.rft

import raftoral  # noqa: E402

raftoral.install_importer()
workloads: Any = importlib.import_module("workloads")


class Calls:
    """How often the effect was called, and when it was called for the n-th time, for the n that are asked for."""

    def __init__(self) -> None:
        self.count = 0
        self.marks: dict[int, tuple[float, float]] = {}  # calls -> when that was, and MiB of memory


CALLS = Calls()


async def step(i: int) -> int:
    CALLS.count += 1
    if CALLS.count in CALLS.marks:
        CALLS.marks[CALLS.count] = time.perf_counter(), memory()
    return i


async def text_of(size: int) -> str:
    return "x" * size


async def echo(text: str) -> str:
    return text


ACTIVITIES = {"step": step, "text_of": text_of, "echo": echo}


class Seen(NamedTuple):
    """Runs of many clients: milliseconds of each, from its start to the result at its client, and seconds of all."""

    taken: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.taken) / self.seconds


async def one(start: Callable[[], Awaitable[Any]]) -> float:
    """Milliseconds from a start to the result at the client."""
    begun = time.perf_counter()
    run = await start()
    await run.result()
    return (time.perf_counter() - begun) * 1000


async def many(clients: int, runs: int, start: Callable[[], Awaitable[Any]]) -> Seen:
    """So many clients, each of which starts the next run when it has the result of the one before."""
    left, taken = iter(range(runs)), list[float]()

    async def client() -> None:
        for _ in left:
            taken.append(await one(start))

    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Seen(taken, time.perf_counter() - begun)


def middle(values: list[float], part: float = 0.5) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]


def memory() -> float:
    """MiB of this process now."""
    return _status("VmRSS")


def peak_memory() -> float:
    """MiB of this process at its largest."""
    return _status("VmHWM")


def _status(name: str) -> float:
    with open("/proc/self/status", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(name))
    return int(line.split()[1]) / 1024


def disk(folder: str) -> float:
    """KiB in a folder."""
    return sum(os.path.getsize(os.path.join(top, name)) for top, _, names in os.walk(folder) for name in names) / 1024
