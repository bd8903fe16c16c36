"""A node that is killed at any moment: python tests/chaos/node.py DIR NAME ADDRESS TRANSPORT [PEER...]

What its activities do is written to DIR/calls.txt before they answer, a line for each call, so that what happened twice
is seen afterwards.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(os.path.dirname(HERE)), HERE]

import raftoral  # noqa: E402

raftoral.install_importer()
trials = importlib.import_module("trials")


class Activities:
    def __init__(self, folder: str) -> None:
        self.calls = os.open(os.path.join(folder, "calls.txt"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _called(self, what: str, run: str, n: int) -> None:
        os.write(self.calls, f"{what} {run} {n}\n".encode())

    async def work(self, run: str, n: int) -> int:
        self._called("work", run, n)
        await asyncio.sleep(0.01)
        return n

    async def once(self, run: str, n: int) -> int:
        self._called("once", run, n)
        await asyncio.sleep(0.05)
        return n


async def main(folder: str, name: str, address: str, transport: str, peers: list[str]) -> None:
    begin: Any = {"peers": peers} if peers else {"bootstrap": True}
    node = raftoral.Node(
        node_id=name,
        data=os.path.join(folder, name),
        listen=address,
        programs=[trials],
        activities=[Activities(folder)],
        groups=2,
        peer_transport=transport,
        **begin,
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with node:
        print("ready", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]))
