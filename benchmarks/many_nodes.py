"""Clusters of many nodes: what they say and use when nothing is asked, how long news takes, what asking costs.

All nodes of a cluster are in one process on 127.0.0.1 (`many_nodes_work`), since twenty processes on two cores would
measure the scheduler. So frames, bytes and entries are what they would be anywhere; CPU is that of all nodes together;
times are upper bounds. What can be derived from the code stands in `docs/cluster.md`: this is its check.

`./dev bench many-nodes`; it is not among all, as it takes minutes and wants memory.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

from benchmarks.measure import ROOT, Figure, Progress, answer_of, loaded
from benchmarks.nodes import room

WORK = os.path.join(ROOT, "benchmarks", "many_nodes_work.py")
COUNTS = (3, 20, 50)
QUICK = (3, 7)


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    progress = Progress("many nodes")
    with room("many-nodes") as top:
        for count in QUICK if quick else COUNTS:
            progress.say(f"{count} nodes")
            folder = os.path.join(top, str(count))
            with loaded(found):
                words = [WORK, folder, str(count), *(["quick"] if quick else [])]
                _show(found, count, answer_of(words, top, says=True))
            shutil.rmtree(folder)
    progress.close()
    return found


def _show(found: list[Figure], count: int, seen: dict[str, Any]) -> None:
    def add(name: str, value: float, unit: str, note: str = "", counted: bool = False) -> None:
        load = 0.0 if counted else None  # what is counted is the same under load
        found.append(Figure(f"{count} nodes: {name}", value, unit, note=note, load=load))

    groups = seen["groups"]
    add("connections between them", seen["links"], "", counted=True)
    add("what the directory takes", seen["directory"], "B", f"groups of runs: {groups}", counted=True)
    add("all know a new node after", seen["known"] * 1000, "ms", "from its first word")
    add("a new node is ready after", seen["ready"], "s")
    if "made" in seen:
        add("a new group of three is open after", seen["made"], "s", "and all nodes know it")
    for layout in ("one group", "all groups"):
        if layout in seen:
            _idle(add, f"{groups} groups" if layout == "all groups" else layout, count, seen[layout])
    work = seen["work"]
    far = "at a node without the group" if groups > 1 else "at another node"
    for where, what in (("leader", "at its leader"), ("far", far)):
        add(
            f"p50 of a run of ten steps, {what}",
            work[where],
            "ms",
            f"{work[f'{where} entries'] / 11:.2f} entries a step",
        )


def _idle(add: Any, layout: str, count: int, idle: dict[str, float]) -> None:
    each = idle["cpu"] * 100 / count
    add(f"CPU of all, idle, {layout}", idle["cpu"] * 100, "% of a core", f"{each:.2f} of a node")
    add(
        f"frames a second, idle, {layout}",
        idle["frames"],
        "1/s",
        f"{idle['beats']:.0f} of them are beats of links",
        True,
    )
    add(f"bytes a second, idle, {layout}", idle["bytes"], "B/s", "of all nodes together, without TCP and IP", True)
    add(f"syncs and entries a second, idle, {layout}", idle["syncs"] + idle["entries"], "1/s", counted=True)
