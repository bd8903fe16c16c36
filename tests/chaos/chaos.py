"""Three nodes as processes, under load, while they are killed and stopped: `./dev chaos [--minutes N] [--seed N]
[--transport lean|http|grpc|mixed]`.

    what happens    kill -9 (also of the leader), SIGSTOP for seconds, a stop by SIGTERM, two nodes at once
    what is held    a start that was acknowledged ends; a result never changes and is the right one; a message that was
                    acknowledged arrives once; an effect that may happen at most once does; in the end all nodes agree
    mixed           a node takes another transport to the others at each of its starts, as in a cluster that changes it

The seed says what is done, not when it meets what: this is the real world. What a seed alone repeats is `raftoral sim`.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, ROOT)

import raftoral  # noqa: E402
from raftoral import errors as e  # noqa: E402

NODES = "abc"
STEPS = 5
RIGHT = sum(range(1, 2 * STEPS + 1))
CLIENTS = 8
TRANSPORTS = ("lean", "http", "grpc")


class Node:
    def __init__(self, folder: str, name: str, peers: list[str], transport: str) -> None:
        self.folder, self.name, self.peers = folder, name, peers
        self.transports = cycle(TRANSPORTS if transport == "mixed" else (transport,))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        program, transport = os.path.join(HERE, "node.py"), next(self.transports)
        words = [sys.executable, program, self.folder, self.name, self.address, transport, *self.peers]
        with open(os.path.join(self.folder, f"{self.name}.log"), "a") as log:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True)

    def ready(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        if self.process.stdout.readline() != "ready\n":
            raise SystemExit(f"the node {self.name} did not begin: see {self.folder}/{self.name}.log")

    def end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None


class Chaos:
    def __init__(self, folder: str, seed: int, seconds: float, transport: str = "lean") -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.seconds = seconds
        self.ends = 0.0
        self.nodes = [Node(folder, NODES[0], [], transport)]
        self.nodes += [Node(folder, name, [self.nodes[0].address], transport) for name in NODES[1:]]
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.acknowledged: dict[str, str | None] = {}  # run -> its result, once it was seen

    async def run(self) -> None:
        for node in self.nodes:
            node.start()
            await asyncio.to_thread(node.ready)
        self.ends = time.monotonic() + self.seconds
        clients = [asyncio.ensure_future(self._client(number)) for number in range(CLIENTS)]
        await self._break_things()
        for node in self.nodes:
            if node.process is None:
                node.start()
        await asyncio.gather(*clients)
        await self._look()

    # --- clients ---------------------------------------------------------------------------------------------

    async def _client(self, number: int) -> None:
        """Starts runs, and asks until it has what it asked for. Every call may be repeated: it has an id or a key."""
        addresses = [node.address for node in self.nodes]
        turn = 0
        async with raftoral.connect(*addresses, timeout=10.0, patience=10.0) as client:
            while time.monotonic() < self.ends:
                name = f"r{number}-{turn}"
                turn += 1
                await self._insist(lambda: client.start("trials.Chain", name, [name, STEPS]))  # noqa: B023
                self.acknowledged[name] = None
                self.done["starts"] += 1
                key = f"key-{name}"
                await self._insist(lambda: client.service.signal(name, "go", b"0", key))  # noqa: B023
                result = await self._insist(lambda: client.result(None, name))  # noqa: B023
                self.acknowledged[name] = result
                self.done[str(result).split()[0]] += 1
                if not self._is_right(result):
                    self.wrong.append(f"{name} gave {result!r}")

    def _is_right(self, result: Any) -> bool:
        return result in (f"once {RIGHT + STEPS}", f"interrupted {RIGHT}")

    async def _insist(self, call: Any) -> Any:
        while True:
            try:
                return await call()
            except (e.Unavailable, e.WaitTimeout):
                self.done["retries"] += 1
                await asyncio.sleep(0.05)
            except e.NotFound:  # an answer of a node that is behind; it was acknowledged, so it must be there
                self.done["not found yet"] += 1
                if time.monotonic() > self.ends + 60:
                    raise
                await asyncio.sleep(0.1)

    # --- what happens to nodes -------------------------------------------------------------------------------

    async def _break_things(self) -> None:
        while time.monotonic() < self.ends:
            await asyncio.sleep(self.random.uniform(0.5, 3.0))
            how = self.random.choice(["kill", "kill", "kill two", "stop", "freeze"])
            victims = self.random.sample(self.nodes, 2 if how == "kill two" else 1)
            self.done[how] += 1
            if how == "freeze":
                await self._freeze(victims[0])
                continue
            for node in victims:
                await asyncio.to_thread(node.end, signal.SIGTERM if how == "stop" else signal.SIGKILL)
            await asyncio.sleep(self.random.uniform(0.0, 4.0))
            for node in victims:
                node.start()
            for node in victims:
                await asyncio.to_thread(node.ready)

    async def _freeze(self, node: Node) -> None:
        assert node.process is not None
        node.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(self.random.uniform(0.5, 5.0))
        node.process.send_signal(signal.SIGCONT)

    # --- afterwards ------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        """All nodes have every run that was acknowledged, with the result that was seen; and they agree."""
        digests: dict[str, list[str]] = {}
        for node in self.nodes:
            async with raftoral.connect(node.address, timeout=60.0, patience=60.0) as client:
                await client.catch_up()
                for name, result in self.acknowledged.items():
                    found = await client.result(None, name, timeout=30)
                    if found != result:
                        self.wrong.append(f"{name} gave {result!r}, and on {node.name} {found!r}")
                shown = await client.cluster()
                digests[node.name] = [group["digest"] for group in shown["groups"]]
        if len({tuple(each) for each in digests.values()}) != 1:
            self.wrong.append(f"the states differ: {digests}")
        with open(os.path.join(self.folder, "calls.txt"), encoding="utf-8") as file:
            calls = Counter(line.strip() for line in file)
        twice = [call for call, count in calls.items() if call.startswith("once ") and count > 1]
        self.wrong += [f"called {calls[call]} times: {call}" for call in twice]
        self.done["work"] = sum(count for call, count in calls.items() if call.startswith("work "))
        self.done["work again"] = sum(count - 1 for call, count in calls.items() if call.startswith("work "))

    def close(self) -> None:
        for node in self.nodes:
            if node.process is not None:
                node.process.send_signal(signal.SIGCONT)
                node.end(signal.SIGKILL)


def main(words: list[str]) -> int:
    options = dict(zip(words[::2], words[1::2], strict=False))
    seconds = float(options.get("--minutes", "1")) * 60
    seed = int(options.get("--seed", str(int(time.time()))))
    folder = tempfile.mkdtemp(prefix="raftoral-chaos-")
    chaos = Chaos(folder, seed, seconds, options.get("--transport", "lean"))
    began = time.monotonic()
    try:
        asyncio.run(chaos.run())
    finally:
        chaos.close()
    counts = ", ".join(f"{count} {name}" for name, count in sorted(chaos.done.items()))
    print(f"seed {seed}, {time.monotonic() - began:.0f} s: {counts}")
    for wrong in chaos.wrong:
        print(f"WRONG: {wrong}")
    if chaos.wrong:
        print(f"logs and states are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
