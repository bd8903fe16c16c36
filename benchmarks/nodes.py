"""Nodes in processes of their own on 127.0.0.1, and how to talk to them.

    with cluster(folder, nodes=3, groups=1) as nodes:
        nodes.leader().ask("throughput 64 1000")["steps"]

What a node does when it is told something stands in `cluster_work`. Ended by SIGKILL: nobody wants their goodbyes.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import ROOT

WORK = os.path.join(ROOT, "benchmarks", "cluster_work.py")
NAMES = "abcdefg"
LEAN = "lean"  # the transport between nodes if nobody says another one


class Process:
    """A node. What it is told goes to its standard input."""

    def __init__(self, folder: str, name: str, peers: list[str], groups: int = 1, transport: str = LEAN) -> None:
        self.name = name
        self._log = os.path.join(folder, f"{name}.txt")  # where it complains: others are killed, and it says so
        words = [sys.executable, WORK, os.path.join(folder, name), name, str(groups), transport, *peers]
        pipe = subprocess.PIPE
        with open(self._log, "w") as log:
            self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=log, text=True)
        self.address = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            with open(self._log) as log:
                raise SystemExit(f"the node {self.name} ended: {self.process.wait()}\n{log.read()[-2000:]}")
        return line

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def ask(self, command: str) -> dict[str, Any]:
        self.tell(command)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


class Cluster:
    def __init__(self, top: str, groups: int = 1, nodes: int = 3, transport: str = LEAN) -> None:
        self.folder = tempfile.mkdtemp(prefix="nodes-", dir=top)
        self.nodes = [Process(self.folder, NAMES[0], [], groups, transport)]
        for name in NAMES[1:nodes]:
            self.nodes.append(Process(self.folder, name, [self.nodes[0].address], transport=transport))

    def leader(self) -> Process:
        name = self.nodes[0].ask("state")["leader"]
        return next(node for node in self.nodes if node.name == name)

    def others(self, node: Process) -> list[Process]:
        return [each for each in self.nodes if each is not node]

    def end(self, node: Process) -> None:
        """kill -9"""
        node.kill()
        self.nodes.remove(node)

    def states(self) -> list[dict[str, Any]]:
        return [node.ask("state") for node in self.nodes]

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder)


@contextlib.contextmanager
def cluster(top: str, groups: int = 1, nodes: int = 3, transport: str = LEAN) -> Iterator[Cluster]:
    """Nodes that are gone afterwards."""
    made = Cluster(top, groups, nodes, transport)
    try:
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def room(name: str) -> Iterator[str]:
    """A folder for the data of a benchmark, on the disk that RAFTORAL_BENCH_DIR names."""
    top = tempfile.mkdtemp(prefix=f"raftoral-{name}-", dir=os.environ.get("RAFTORAL_BENCH_DIR"))
    try:
        yield top
    finally:
        shutil.rmtree(top)
