"""How it scales: one thing grows at a time, all else stays. `./dev bench scaling`

    flight     runs in flight, 1 to 10,000: one process, and three nodes
    frame      what a run holds while its effects go by, 100 B to 100 KiB
    groups     1 to 20 groups on three nodes
    nodes      1, 3 and 5 nodes
    memory     of runs that wait, and of up to 1,000,000 runs that are over
    bytes      what one effect brings to the log and to the state

Runs are chains of ten effects that do nothing, every commit is synced. Nodes are processes on this machine, which share
its cores and its disk: with more of them it does more work, and none of it elsewhere.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

from benchmarks.measure import ROOT, Figure, Point, Progress, answer_of, loaded
from benchmarks.nodes import cluster, room

WORK = os.path.join(ROOT, "benchmarks", "scaling_work.py")
EFFECTS = 10  # of each run

FLIGHT = (1, 4, 16, 64, 256, 1_024, 4_096, 10_000)
FLIGHT_NODES = (1, 4, 16, 64, 256, 1_024)
FRAMES = {100: 1_500, 1_024: 1_500, 10_240: 800, 102_400: 250}  # bytes in a frame -> runs
GROUPS = (1, 2, 5, 10, 20)
NODES = (1, 3, 5)
FINISHED = 1_000_000
LIVE = (1_000, 10_000, 100_000)
IN_FLIGHT = 64  # where it is not what grows


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    with room("scaling") as top:
        place = _Place(found, top, quick)
        for part in (_flight, _flight_nodes, _frames, _groups, _nodes, _live, _finished):
            part(place)
        place.progress.close()
    return found


class _Place:
    def __init__(self, found: list[Figure], top: str, quick: bool) -> None:
        self.found, self.top, self.quick = found, top, quick
        self.progress = Progress("scaling")

    def some(self, values: tuple[int, ...]) -> tuple[int, ...]:
        """All of them, or the first two."""
        return values[:2] if self.quick else values

    def embedded(self, *words: object) -> dict[str, Any]:
        """What a fresh process measured, on a directory of its own."""
        self.progress.say(" ".join(map(str, words)))
        folder = os.path.join(self.top, "data")
        kind, *more = words
        answer: dict[str, Any] = answer_of([WORK, str(kind), folder, *map(str, more)], self.top, says=True)
        shutil.rmtree(folder)
        return answer

    def rates(self, what: str, runs: dict[str, Any], line: str, plot: str, x: float) -> None:
        """Steps a second, and how long a run of ten takes."""
        steps = runs["runs"] * EFFECTS
        self.add(f"steps a second, {what}", steps, "1/s", Point(f"{plot}: steps", line, x))
        self.add(f"runs a second, {what}", runs["runs"], "1/s")
        self.add(f"p50 of a run of ten steps, {what}", runs["p50"], "ms", Point(f"{plot}: p50", line, x))
        self.add(f"p99 of a run of ten steps, {what}", runs["p99"], "ms", Point(f"{plot}: p99", line, x))

    def add(self, name: str, value: float, unit: str, point: Point | None = None, note: str = "") -> None:
        self.found.append(Figure(name, value, unit, note=note, point=point))


def _flight(place: _Place) -> None:
    for clients in place.some(FLIGHT):
        runs = 100 if place.quick else max(400, min(3_000, clients * 50), clients)
        with loaded(place.found):
            seen = place.embedded("flight", clients, runs)
            what = f"{clients:,} in flight"
            place.rates(what, seen, "one process", "flight", clients)
            place.add(f"bytes of state for an effect, {what}", seen["bytes"], "B")
            place.add(f"syncs for an effect, {what}", seen["commits"], "")


def _flight_nodes(place: _Place) -> None:
    with cluster(place.top) as nodes:
        leader = nodes.leader()
        leader.ask("throughput 16 50")
        for clients in place.some(FLIGHT_NODES):
            place.progress.say(f"three nodes, {clients} in flight")
            runs = 20 if place.quick else max(100, min(1_000, clients * 20), clients * 2)
            with loaded(place.found, lambda: [node.process.pid for node in nodes.nodes]):
                before = leader.ask("state")
                seen = leader.ask(f"throughput {clients} {runs}")
                after = leader.ask("state")
                what = f"{clients:,} in flight at the leader of three nodes"
                place.rates(what, seen, "three nodes", "flight", clients)
                for key, name, unit in (
                    ("log_bytes", "bytes of log", "B"),
                    ("entries", "log entries", ""),
                    ("syncs", "syncs of a node", ""),
                ):
                    place.add(f"{name} for an effect, {what}", (after[key] - before[key]) / runs / EFFECTS, unit)


def _frames(place: _Place) -> None:
    for size in place.some(tuple(FRAMES)):
        with loaded(place.found):
            seen = place.embedded("frame", size, IN_FLIGHT, 100 if place.quick else FRAMES[size])
            what = f"{size:,} B in a frame, {IN_FLIGHT} in flight"
            place.rates(what, seen, "one process", "frame", size)
            place.add(f"bytes of state for an effect, {what}", seen["bytes"], "B")
    with cluster(place.top) as nodes:
        leader = nodes.leader()
        for size in place.some(tuple(FRAMES)):
            place.progress.say(f"three nodes, {size} B in a frame")
            with loaded(place.found, lambda: [node.process.pid for node in nodes.nodes]):
                leader.ask(f"throughput {IN_FLIGHT} {IN_FLIGHT} Carry {size} {EFFECTS}")
                runs = 50 if place.quick else FRAMES[size] // 5
                seen = leader.ask(f"throughput {IN_FLIGHT} {runs} Carry {size} {EFFECTS}")
                what = f"{size:,} B in a frame, {IN_FLIGHT} in flight at the leader of three nodes"
                place.rates(what, seen, "three nodes", "frame", size)


def _spread(place: _Place, nodes: int, groups: int, what: str, plot: str, x: float) -> None:
    """As many runs in flight at all nodes together as otherwise at one."""
    place.progress.say(what)
    with loaded(place.found), cluster(place.top, groups=groups, nodes=nodes) as made:
        clients, runs = IN_FLIGHT // nodes, (100 if place.quick else 1_000) // nodes
        for node in made.nodes:
            node.ask("throughput 8 20")
        for node in made.nodes:
            node.tell(f"throughput {clients} {runs}")
        answers = [node.answer() for node in made.nodes]
        seen = {"runs": runs * nodes / max(answer["seconds"] for answer in answers)}
        seen |= {part: max(answer[part] for answer in answers) for part in ("p50", "p99")}
        place.rates(what, seen, "64 runs in flight", plot, x)
        place.add(f"memory of a node, {what}", max(state["memory"] for state in made.states()), "MiB")


def _groups(place: _Place) -> None:
    for groups in place.some(GROUPS):
        what = f"{groups} group{'s' * (groups > 1)} on three nodes"
        _spread(place, 3, groups, what, "groups", groups)


def _nodes(place: _Place) -> None:
    for nodes in place.some(NODES):
        _spread(place, nodes, 1, f"{nodes} node{'s' * (nodes > 1)} with a group", "nodes", nodes)


def _live(place: _Place) -> None:
    for runs in place.some(LIVE):
        with loaded(place.found):
            seen = place.embedded("live", runs)
            place.add(f"memory of each, {runs:,} runs that wait", seen["kib"], "KiB", Point("live", "memory", runs))
            place.add(f"disk of each, {runs:,} runs that wait", seen["disk"], "KiB", Point("live", "disk", runs))


def _finished(place: _Place) -> None:
    """Started and ended by the way of every run, a thousand clients at once."""
    with loaded(place.found):
        seen = place.embedded("finished", 10_000 if place.quick else FINISHED)
        for mark in seen["marks"]:
            runs = mark["runs"]
            what = f"with {runs:,} finished runs"
            place.add(f"memory, {what}", mark["memory"], "MiB", Point("finished: memory", "memory", runs))
            place.add(f"disk, {what}", mark["disk"] / 1024, "MiB", Point("finished: memory", "disk", runs))
            place.add(
                f"p50 of a run without effects, {what}",
                mark["alone"],
                "ms",
                Point("finished: start", "a run started alone, p50", runs),
            )
            if "rate" in mark:
                place.add(f"such runs a second from there on, {what}", mark["rate"], "1/s")
        place.add(f"opening the store, {what}", seen["opened"], "s")
