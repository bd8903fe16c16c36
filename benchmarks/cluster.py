"""Replicated runs: W6, three nodes in three processes on this machine, each log synced; and W4 on them.

The targets are what Restate 1.7 took with three nodes and replication on two (3.49 ms for a step, 1,004 steps/s with 64
in flight), or a fraction of it; and seconds until a run goes on whose owner, or whose leader, was killed with kill -9.
The three nodes share the machine's cores and its disk, so this is what a small machine does three times.
"""

from __future__ import annotations

import time

from benchmarks import replicated
from benchmarks.measure import Figure, Target, loaded, median_of
from benchmarks.nodes import Process, cluster, room

REST_S = 5.0


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    turns = 1 if quick else 3
    with room("cluster") as top:
        with loaded(found):
            _chains(found, top, turns)
        for whom in ("owner", "leader"):
            with loaded(found):
                _failover(found, top, whom, turns)
        with loaded(found):
            _rest(found, top, 1, Target("<=", 2))
        with loaded(found):
            _rest(found, top, 20, Target("<=", 5))
    return found + replicated.figures_of(["W4"], 3, quick)


def _chains(found: list[Figure], top: str, turns: int) -> None:
    at_leader, at_follower, many, spread, cpu, entries = [], [], [], [], [], []
    for _ in range(turns):
        with cluster(top) as nodes:
            leader = nodes.leader()
            follower = nodes.others(leader)[0]
            leader.ask("latency 5")
            at_leader.append(leader.ask("latency 40")["p50"] / 10)
            at_follower.append(follower.ask("latency 40")["p50"] / 10)
            leader.ask("throughput 64 100")
            before = nodes.states()
            many.append(leader.ask("throughput 64 1000")["steps"])
            after = nodes.states()
            cpu.append(sum(b["cpu"] - a["cpu"] for a, b in zip(before, after, strict=True)) / 10_000 * 1e6)
            entries.append((after[0]["entries"] - before[0]["entries"]) / 10_000)
            for node in nodes.nodes:
                node.tell("throughput 22 400")
            answers = [node.answer() for node in nodes.nodes]
            spread.append(12_000 / max(answer["seconds"] for answer in answers))
    note = "a third of 3.49, and below the best single node, 1.42"
    found.append(median_of("W6 latency of a step, started at the leader", at_leader, "ms", Target("<=", 1.16), note))
    found.append(median_of("W6 latency of a step, started at a follower", at_follower, "ms"))
    found.append(
        median_of(
            "W6 steps a second, 64 runs in flight, at the leader", many, "1/s", Target(">=", 10_040), "10 x 1,004"
        )
    )
    found.append(median_of("W6 steps a second, 22 runs in flight at each node", spread, "1/s"))
    found.append(median_of("W6 CPU of a step, all three nodes together", cpu, "us"))
    found.append(median_of("W6 log entries for an effect, 64 in flight", entries, "", Target("<=", 0.5)))


def _failover(found: list[Figure], top: str, whom: str, turns: int) -> None:
    """From kill -9 to the first effect at another node; the node that dies is only the owner, or only the leader."""
    gaps = []
    for _ in range(turns):
        with cluster(top) as nodes:
            leader = nodes.leader()
            owner, watcher = nodes.others(leader)[:2]
            dies = owner if whom == "owner" else leader
            owner.ask("begin 100000")
            while owner.ask("state")["calls"] < 50:
                time.sleep(0.01)
            lives = watcher if whom == "owner" else owner
            rest = nodes.others(dies)
            before = sum(node.ask("state")["calls"] for node in rest) if whom == "owner" else 0
            start = time.time()
            nodes.end(dies)
            if whom == "owner":
                while sum(node.ask("state")["calls"] for node in rest) == before:
                    time.sleep(0.005)
            else:
                _until_it_goes_on(lives)
            gaps.append(time.time() - start)
    name = f"W6 a run whose {whom} was killed goes on after"
    found.append(median_of(name, gaps, "s", Target("<=", 3.0)))


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
    with cluster(top, groups) as nodes:
        time.sleep(1.0)
        before = [state["cpu"] for state in nodes.states()]
        time.sleep(REST_S)
        after = [state["cpu"] for state in nodes.states()]
        used = [(b - a) / REST_S * 100 for a, b in zip(before, after, strict=True)]
        found.append(median_of(f"W6 CPU of an idle node, {groups} group{'s' * (groups > 1)}", used, "%", target))
