"""Where the CPU of a step goes, as tables: `./dev profile [--seconds N] [--in-flight N]`.

    one process      the loop that everything shares: clients, machine, store, effects
    three nodes      the leader's engine (its thread), and the loop of the service beside it; two more processes follow

Chains of ten effects that do nothing, every commit synced, as in W1 and W6. A thread looks every millisecond where the
others are, and gives the CPU that each used since its last look to what it finds: so a wait for a disk or for messages
costs nothing, and nothing is slowed as it is by a tracing profiler. What runs in C belongs to the function that called
it.

Printed as Markdown, for NOTES.md. Shares tell more than microseconds, which depend on the machine and on the hour.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import raftoral
from benchmarks.driving import ACTIVITIES, CALLS, one, workloads
from benchmarks.measure import LOAD_MAX, Load
from benchmarks.nodes import Process, room

LOOK_S = 0.001
SWITCH_S = 0.000_02  # the looking thread gets its turn wherever the others are, and not only where they wait
SHOWN = 0.02  # of the whole: smaller rows are summed up
FUNCTIONS = 3  # that are named in a row
PACKAGE = os.path.dirname(os.path.abspath(raftoral.__file__)) + os.sep
WAITS = "wait"


class Spent:
    """CPU seconds of a thread, by room and by function in it."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
        self.clock = time.pthread_getcpuclockid(thread)
        self.rooms: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.between = 0.0  # used before it was found waiting: belongs to all rooms alike
        self.first = self.last = time.clock_gettime(self.clock)

    def look(self, frame: FrameType) -> None:
        now = time.clock_gettime(self.clock)
        used, self.last = now - self.last, now
        room, function = place_of(frame)
        if room == WAITS:
            self.between += used
        else:
            self.rooms[room][function] += used

    @property
    def used(self) -> float:
        return self.last - self.first


class Looking(threading.Thread):
    """Looks at threads until it is stopped."""

    def __init__(self, threads: list[int]) -> None:
        super().__init__(daemon=True)
        self.spent = [Spent(thread) for thread in threads]
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(LOOK_S):
            frames = sys._current_frames()
            for spent in self.spent:
                if spent.thread in frames:
                    spent.look(frames[spent.thread])


def search_for_garbage(phase: str, _: object) -> None:
    """Called by the interpreter around each search, which has no frame of its own: who looks then finds this one."""


def place_of(frame: FrameType | None) -> tuple[str, str]:
    """The room and the function that a thread is in: the innermost of ours, of the engine of Raft or of asyncio."""
    if frame is not None and frame.f_code.co_name == "select":
        return WAITS, ""
    if frame is not None and frame.f_code is search_for_garbage.__code__:
        return "searches for garbage", ""
    while frame is not None:
        path = frame.f_code.co_filename
        function = frame.f_code.co_qualname.rpartition("<locals>.")[2]
        if path.startswith(PACKAGE):
            return path[len(PACKAGE) :].removesuffix(".py").removeprefix("runtime/"), function
        if path.endswith("workloads.rft") or frame.f_globals.get("__name__") == "workloads":
            return "the workflow itself", function
        for library in ("asyncio", "uvloop", "pysyncobj", "h11"):
            if f"{os.sep}{library}{os.sep}" in path:
                return library, function
        if os.path.dirname(path).endswith("benchmarks"):
            return "client and effect", function
        frame = frame.f_back
    return "the rest", ""


@contextmanager
def looking(threads: list[int]) -> Iterator[Looking]:
    looks = Looking(threads)
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    gc.callbacks.append(search_for_garbage)
    looks.start()
    try:
        yield looks
    finally:
        looks.stopped.set()
        looks.join()
        gc.callbacks.remove(search_for_garbage)
        sys.setswitchinterval(before)


async def drive(node: Any, clients: int, seconds: float) -> int:
    """Runs until the time is over; how many steps they took."""
    first, ends = CALLS.count, time.perf_counter() + seconds

    async def client() -> None:
        while time.perf_counter() < ends:
            await one(lambda: workloads.Chain.start(node, 10))

    await asyncio.gather(*(client() for _ in range(clients)))
    return CALLS.count - first


def table(title: str, spent: Spent, steps: int, seconds: float) -> str:
    """As Markdown: a row for each room that costs something, with the functions in it that cost most."""
    attributed = sum(sum(functions.values()) for functions in spent.rooms.values()) or 1.0
    rooms = sorted(((sum(each.values()) / attributed, name) for name, each in spent.rooms.items()), reverse=True)
    us = spent.used / max(1, steps) * 1e6
    lines = [
        f"{title}: {steps / seconds:,.0f} steps/s, {us:.1f} us of CPU for a step, {spent.used / seconds:.0%} of a core",
        "",
        "| room | us | part | of it |",
        "|---|--:|--:|---|",
    ]
    rest = 0.0
    for part, name in rooms:
        if part < SHOWN:
            rest += part
            continue
        most = sorted(spent.rooms[name].items(), key=lambda each: -each[1])[:FUNCTIONS]
        named = ", ".join(f"`{function}` {value / attributed:.0%}" for function, value in most if function)
        lines.append(f"| {name} | {us * part:.1f} | {part:.0%} | {named} |")
    lines.append(f"| others, each below {SHOWN:.0%} | {us * rest:.1f} | {rest:.0%} | |")
    return "\n".join([*lines, ""])


async def embedded(folder: str, clients: int, seconds: float) -> str:
    async with raftoral.local([workloads], [ACTIVITIES], data=folder) as node:
        await drive(node, clients, 0.5)
        began = time.perf_counter()
        with looking([threading.get_ident()]) as looks:
            steps = await drive(node, clients, seconds)
        return table("One process", looks.spent[0], steps, time.perf_counter() - began)


async def replicated(folder: str, clients: int, seconds: float) -> str:
    """The leader is in this process; followers are processes of their own, which do nothing else."""
    own = os.path.join(folder, "a")
    node = raftoral.Node(node_id="a", data=own, programs=[workloads], activities=[ACTIVITIES], bootstrap=True)
    others: list[Process] = []
    async with node:
        try:
            for name in "bc":
                others.append(await asyncio.to_thread(Process, folder, name, [node.address]))
            await drive(node, clients, 1.0)
            shown = await node.cluster()
            leader = next(group["leader"] for group in shown["groups"] if group["group"] == 1)
            engine = next(thread for thread in threading.enumerate() if thread.name == "raftoral-engine")
            assert engine.ident is not None
            began = time.perf_counter()
            with looking([engine.ident, threading.get_ident()]) as looks:
                steps = await drive(node, clients, seconds)
            taken = time.perf_counter() - began
        finally:
            for other in others:
                other.kill()
    role = "the leader" if leader == "a" else "a follower"
    first = table(f"Three nodes, the engine of {role}", looks.spent[0], steps, taken)
    return first + "\n" + table("Its service's loop", looks.spent[1], steps, taken)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./dev profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each table")
    parser.add_argument("--in-flight", type=int, default=64, help="runs at once")
    options = parser.parse_args(words)
    with room("profile") as top:
        for work in (embedded, replicated):
            load = Load()
            folder = os.path.join(top, work.__name__)
            os.makedirs(folder)
            print(asyncio.run(work(folder, options.in_flight, options.seconds)))
            other = load.other()
            if other is not None and other > LOAD_MAX:
                print(f"Taken while other processes used {other:.2f} cores.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
