"""The workloads W1 to W9 on several nodes: `python benchmarks/run.py W1 W4 --nodes 3`.

Nodes are processes on 127.0.0.1, each with a log of its own that is synced; runs are started at the leader if nothing
else is said. W6, which is W1 and failover with targets, stands in `cluster`.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from benchmarks.measure import Figure, Point, Progress, loaded, median_of
from benchmarks.nodes import Cluster, cluster, room

HISTORIES = (10, 100, 1_000, 10_000)  # effects before the kill; each takes milliseconds here
QUICK_HISTORIES = (10, 100)
FEW, TURNS = 1_000, 3  # up to so many effects, that often: the median counts
REST_S = 5.0


def figures_of(workloads: list[str], nodes: int, quick: bool = False) -> list[Figure]:
    """Figures of some workloads on so many nodes."""
    found: list[Figure] = []
    with room("replicated") as top:
        for name in workloads:
            with loaded(found):
                WORKLOADS[name](_Place(found, top, nodes, quick))
    return found


class _Place:
    """Where a workload runs, and where its figures go."""

    def __init__(self, found: list[Figure], top: str, nodes: int, quick: bool) -> None:
        self.found, self.top, self.nodes, self.quick = found, top, nodes, quick

    def add(self, name: str, values: list[float], unit: str, note: str = "", point: Point | None = None) -> None:
        where = f", {self.nodes} node{'s' * (self.nodes > 1)}"
        self.found.append(median_of(name + where, values, unit, note=note, point=point))

    def cluster(self) -> contextlib.AbstractContextManager[Cluster]:
        return cluster(self.top, nodes=self.nodes)


def _chains(place: _Place) -> None:
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("latency 5")
        alone = leader.ask("latency 40")
        leader.ask("throughput 64 100")
        many = leader.ask(f"throughput 64 {200 if place.quick else 1_000}")
    place.add("W1 latency of a step, one run at a time", [alone["p50"] / 10], "ms")
    place.add("W1 latency of a run of ten steps, p99", [alone["p99"]], "ms")
    place.add("W1 steps a second, 64 runs in flight", [many["steps"]], "1/s")
    place.add("W1 runs a second, 64 in flight", [many["runs"]], "1/s")


def _fans(place: _Place) -> None:
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("latency 3 Fan 100")
        place.add("W2 fan-out of 100, p50", [leader.ask("latency 20 Fan 100")["p50"]], "ms")


def _loops(place: _Place) -> None:
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("latency 5")
        for n in (1_000,) if place.quick else (1_000, 5_000):
            place.add(f"W3 {n:,} steps in one run", [leader.ask(f"latency 1 Chain {n}")["p50"] / 1000], "s")


def _recovery(place: _Place) -> None:
    """The owner is killed while its run waits, after n effects; a client of another node lets it go on there.

    As in the drivers of other systems, nothing is left to be performed then: so nobody waits until the owner is missed.
    """
    if place.nodes < 3:
        raise SystemExit("bench W4: a cluster goes on without one of its nodes from three on")
    progress = Progress("W4")
    for n in QUICK_HISTORIES if place.quick else HISTORIES:
        progress.say(f"{n:,} effects")
        with loaded(place.found):
            answers = [_gone_on(place, n) for _ in range(TURNS if n <= FEW and not place.quick else 1)]
            again = max(answer["again"] for answer in answers)
            note = f"{again} effects were called again; one that has effects left waits as W6 says"
            point = Point("resume", f"raftoral, {place.nodes} nodes", n)
            name = f"W4 kill -9 of the owner after {n:,} effects, to the result"
            place.add(name, [answer["ms"] for answer in answers], "ms", note, point)
    progress.close()


def _gone_on(place: _Place, n: int) -> dict[str, Any]:
    with place.cluster() as nodes:
        owner, watcher = nodes.others(nodes.leader())[:2]
        owner.ask(f"block {n}")
        calls = watcher.ask("state")["calls"]
        start = time.time()
        nodes.end(owner)
        answer = watcher.ask("finish")
        assert answer["result"] == n * (n - 1) // 2
        return {"ms": (answer["at"] - start) * 1000, "again": answer["calls"] - calls}


def _signals(place: _Place) -> None:
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("signals 10")
        place.add("W5 signal to result, p50", [leader.ask("signals 50")["p50"]], "ms")


def _rest(place: _Place) -> None:
    count = 1_000 if place.quick else 10_000
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("latency 5")
        grown = leader.ask(f"waiting {count}")["kib"]
        time.sleep(1.0)
        before = [state["cpu"] for state in nodes.states()]
        time.sleep(REST_S)
        after = [state["cpu"] for state in nodes.states()]
    place.add(f"W8 memory of a waiting run, of {count:,}, at its owner", [grown], "KiB")
    used = [(b - a) / REST_S * 100 for a, b in zip(before, after, strict=True)]
    place.add("W8 CPU of a node while they wait", used, "%")


def _counts(place: _Place) -> None:
    """Of runs one at a time: what is agreed on, synced and kept for one of ten effects, at one node."""
    runs = 20
    with place.cluster() as nodes:
        leader = nodes.leader()
        leader.ask("latency 5")
        before = leader.ask("state")
        leader.ask(f"latency {runs}")
        after = leader.ask("state")
    for key, what, unit in (("entries", "log entries", ""), ("syncs", "syncs", ""), ("log_bytes", "bytes of log", "B")):
        place.add(f"W9 {what} for a run of ten effects", [(after[key] - before[key]) / runs], unit)


WORKLOADS: dict[str, Callable[[_Place], None]] = {
    "W1": _chains,
    "W2": _fans,
    "W3": _loops,
    "W4": _recovery,
    "W5": _signals,
    "W8": _rest,
    "W9": _counts,
}
