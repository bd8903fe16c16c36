"""Replicated runs: W6, three nodes in three processes on this machine, each log synced.

The targets are what Restate 1.7 took with three nodes and replication on two (3.49 ms for a step, 1,004 steps/s with 64
in flight), or a fraction of it; and seconds until a run goes on whose owner, or whose leader, was killed with kill -9.
The three nodes share the machine's cores and its disk, so this is what a small machine does three times.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.measure import ROOT, Figure, Target, loaded

WORK = os.path.join(ROOT, "benchmarks", "cluster_work.py")
REST_S = 5.0


class Process:
    """A node. What it is told goes to its standard input."""

    def __init__(self, folder: str, name: str, peers: list[str], groups: int = 1, transport: str = "lean") -> None:
        self.name = name
        words = [sys.executable, WORK, os.path.join(folder, name), name, str(groups), transport, *peers]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True)
        self.address = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            raise SystemExit(f"the node {self.name} ended: {self.process.wait()}")
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


class Cluster:
    def __init__(self, top: str, groups: int = 1, nodes: int = 3, transport: str = "lean") -> None:
        self.folder = tempfile.mkdtemp(prefix="nodes-", dir=top)
        self.nodes = [Process(self.folder, "a", [], groups, transport)]
        for name in "bcdefg"[: nodes - 1]:
            self.nodes.append(Process(self.folder, name, [self.nodes[0].address], transport=transport))

    def leader(self) -> Process:
        name = self.nodes[0].ask("state")["leader"]
        return next(node for node in self.nodes if node.name == name)

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder)


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    top = tempfile.mkdtemp(prefix="raftoral-cluster-", dir=os.environ.get("RAFTORAL_BENCH_DIR"))
    try:
        with loaded(found):
            _chains(found, top, 1 if quick else 3)
        with loaded(found):
            _failover(found, top, "owner", 1 if quick else 3)
            _failover(found, top, "leader", 1 if quick else 3)
        with loaded(found):
            _rest(found, top, 1, Target("<=", 2))
            _rest(found, top, 20, Target("<=", 5))
    finally:
        shutil.rmtree(top)
    return found


def _figure(name: str, values: list[float], unit: str, target: Target | None = None, note: str = "") -> Figure:
    return Figure(name, statistics.median(values), unit, target, (min(values), max(values)), note=note)


def _chains(found: list[Figure], top: str, turns: int) -> None:
    at_leader, at_follower, many, spread, cpu, entries = [], [], [], [], [], []
    for _ in range(turns):
        cluster = Cluster(top)
        try:
            leader = cluster.leader()
            follower = next(node for node in cluster.nodes if node is not leader)
            leader.ask("latency 5")
            at_leader.append(leader.ask("latency 40")["p50"] / 10)
            at_follower.append(follower.ask("latency 40")["p50"] / 10)
            leader.ask("throughput 64 100")
            before = [node.ask("state") for node in cluster.nodes]
            many.append(leader.ask("throughput 64 1000")["steps"])
            after = [node.ask("state") for node in cluster.nodes]
            cpu.append(sum(b["cpu"] - a["cpu"] for a, b in zip(before, after, strict=True)) / 10_000 * 1e6)
            entries.append((after[0]["entries"] - before[0]["entries"]) / 10_000)
            for node in cluster.nodes:
                node.tell("throughput 22 400")
            answers = [node.answer() for node in cluster.nodes]
            spread.append(12_000 / max(answer["seconds"] for answer in answers))
        finally:
            cluster.close()
    note = "a third of 3.49, and below the best single node, 1.42"
    found.append(_figure("W6 latency of a step, started at the leader", at_leader, "ms", Target("<=", 1.16), note))
    found.append(_figure("W6 latency of a step, started at a follower", at_follower, "ms"))
    found.append(
        _figure("W6 steps a second, 64 runs in flight, at the leader", many, "1/s", Target(">=", 10_040), "10 x 1,004")
    )
    found.append(_figure("W6 steps a second, 22 runs in flight at each node", spread, "1/s"))
    found.append(_figure("W6 CPU of a step, all three nodes together", cpu, "us"))
    found.append(_figure("W6 log entries for an effect, 64 in flight", entries, "", Target("<=", 0.5)))


def _failover(found: list[Figure], top: str, whom: str, turns: int) -> None:
    """From kill -9 to the first effect at another node; the node that dies is only the owner, or only the leader."""
    gaps = []
    for _ in range(turns):
        cluster = Cluster(top)
        try:
            leader = cluster.leader()
            others = [node for node in cluster.nodes if node is not leader]
            owner, watcher = (others[0], others[1])
            dies = owner if whom == "owner" else leader
            owner.ask("begin 100000")
            while owner.ask("state")["calls"] < 50:
                time.sleep(0.01)
            lives = watcher if whom == "owner" else owner
            rest = [node for node in cluster.nodes if node is not dies]
            before = sum(node.ask("state")["calls"] for node in rest) if whom == "owner" else 0
            start = time.time()
            dies.kill()
            if whom == "owner":
                while sum(node.ask("state")["calls"] for node in rest) == before:
                    time.sleep(0.005)
            else:
                _until_it_goes_on(lives)
            gaps.append(time.time() - start)
            cluster.nodes.remove(dies)
        finally:
            cluster.close()
    name = f"W6 a run whose {whom} was killed goes on after"
    found.append(_figure(name, gaps, "s", Target("<=", 3.0)))


def _until_it_goes_on(node: Process) -> None:
    """Effects that were in flight end at once; then nothing goes on until there is another leader."""
    calls = node.ask("state")["calls"]
    still = time.time()
    while True:
        now = node.ask("state")["calls"]
        if now > calls and time.time() - still > 0.2:
            return
        if now > calls:
            calls, still = now, time.time()
        time.sleep(0.005)


def _rest(found: list[Figure], top: str, groups: int, target: Target) -> None:
    cluster = Cluster(top, groups)
    try:
        time.sleep(1.0)
        before = [node.ask("state")["cpu"] for node in cluster.nodes]
        time.sleep(REST_S)
        after = [node.ask("state")["cpu"] for node in cluster.nodes]
        used = [(b - a) / REST_S * 100 for a, b in zip(before, after, strict=True)]
        found.append(_figure(f"W6 CPU of an idle node, {groups} group{'s' * (groups > 1)}", used, "%", target))
    finally:
        cluster.close()
