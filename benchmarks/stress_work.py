"""One process of the stress test: drives runs and checks each result.

    python benchmarks/stress_work.py DIR NAME SECONDS IN_FLIGHT PAYLOAD SEED [PEER]

NAME is that of a node of a cluster, or - for one process without a cluster. Says its address as JSON, begins when a
line comes on standard input, says a line of JSON for each period of ten seconds and one with `"end": true` for all, and
is there for the others until the next line comes.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import sys
import time
from collections import Counter
from datetime import timedelta
from typing import Any

sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]

import raftoral  # noqa: E402
from benchmarks.driving import ACTIVITIES, memory, peak_memory, workloads  # noqa: E402
from benchmarks.stress import PERIOD_S  # noqa: E402

WAIT_S = 300.0  # for one run
NUMBERS = 8  # that a run adds up, once side by side and once one after the other
EFFECTS = 2 * NUMBERS + 3
EXAMPLES = 3
STEP = 0.02  # between two sizes of a time, on its logarithm
RETENTION = timedelta(minutes=2)  # so that hours fit on a disk, and what is over is taken away under load
LETTERS = 'abcdefghijklmnopqrstuvwxyzäöü€𝄞 "\\\n'


class Tally:
    """What happened in a while. Times are kept by size, each within two percent: hours of them need no memory."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.sizes: Counter[int] = Counter()
        self.longest = 0.0
        self.runs = self.bytes = self.failures = self.wrong = 0
        self.examples: list[str] = []

    def took(self, ms: float, size: int) -> None:
        self.runs += 1
        self.bytes += size
        self.longest = max(self.longest, ms)
        self.sizes[round(math.log(ms) / STEP)] += 1

    def part(self, part: float) -> float:
        """The time that so many runs were within."""
        left = part * self.runs
        for size in sorted(self.sizes):
            left -= self.sizes[size]
            if left <= 0:
                return min(self.longest, math.exp(size * STEP))
        return self.longest

    def said(self, memory_mib: float) -> dict[str, Any]:
        return {
            "seconds": time.perf_counter() - self.began,
            "runs": self.runs,
            "effects": self.runs * EFFECTS,
            "bytes": self.bytes,
            "failures": self.failures,
            "wrong": self.wrong,
            "p50_ms": self.part(0.5),
            "p99_ms": self.part(0.99),
            "max_ms": self.longest,
            "memory_mib": memory_mib,
            "examples": self.examples,
        }


class Stress:
    def __init__(self, node: Any, name: str, seconds: float, payload: int, seed: int) -> None:
        self.node, self.name, self.payload = node, name, payload
        self.ends = time.perf_counter() + seconds
        self.random = random.Random(f"{seed} {name}")
        self.text = "".join(self.random.choices(LETTERS, k=max(1, payload)))
        self.whole, self.period = Tally(), Tally()

    async def run(self, clients: int) -> None:
        saying = asyncio.ensure_future(self._say())
        await asyncio.gather(*(self._client(number) for number in range(clients)))
        saying.cancel()
        print(json.dumps({"end": True, **self.whole.said(peak_memory())}), flush=True)

    async def _say(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            period, self.period = self.period, Tally()
            print(json.dumps(period.said(memory())), flush=True)

    async def _client(self, number: int) -> None:
        turn = 0
        while time.perf_counter() < self.ends:
            turn += 1
            size = int(self.payload ** self.random.random())  # most are small, some as large as may be
            first = self.random.randrange(len(self.text) - size + 1)
            await self._one(f"{self.name}-{number}-{turn}", self.text[first : first + size])

    async def _one(self, id: str, text: str) -> None:
        began = time.perf_counter()
        right = f"{NUMBERS * (NUMBERS - 1)} {text}"
        try:
            run = await workloads.Mixed.start(self.node, NUMBERS, text, id=id)
            result = await run.result(timeout=WAIT_S)
        except Exception as error:  # whatever it is, it is what this looks for
            self._note("failures", f"{id}: {type(error).__name__}: {str(error)[:200]}")
            return
        if result != right:
            self._note("wrong", f"{id}: {result[:60]!r} instead of {right[:60]!r}")
        for tally in (self.whole, self.period):
            tally.took((time.perf_counter() - began) * 1000, len(text.encode()))

    def _note(self, what: str, example: str) -> None:
        for tally in (self.whole, self.period):
            setattr(tally, what, getattr(tally, what) + 1)
            if len(tally.examples) < EXAMPLES:
                tally.examples.append(example)


async def main(folder: str, name: str, words: list[str]) -> None:
    seconds, clients, payload, seed, *peers = words
    begin: dict[str, Any] = {"peers": peers} if peers else {"bootstrap": True, "groups": 3}
    made: Any
    if name == "-":
        made = raftoral.local([workloads], [ACTIVITIES], data=folder, retention=RETENTION)
    else:
        begin |= {"programs": [workloads], "activities": [ACTIVITIES], "retention": RETENTION}
        made = raftoral.Node(node_id=name, data=folder, **begin)
    async with made as node:
        print(json.dumps({"address": getattr(node, "address", "here")}), flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        await Stress(node, name, float(seconds), int(payload), int(seed)).run(int(clients))
        await loop.run_in_executor(None, sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
