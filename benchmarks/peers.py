"""Ours beside another system's, on this machine, in one run: the same workloads, in turns.

Where the other systems' drivers are is said by two variables, since they bring servers that are not ours to
install: RAFTORAL_PEERS is the directory with `run_peer.py` (which prints a line of JSON for each figure), PEERS_HOME is
what its set-up made. RAFTORAL_PEER names the system, `restate` if nothing else is said; RAFTORAL_PEERS_RESUME those
whose resume after a kill is measured too, once (`restate dbos-sqlite`; empty for none).
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys

from benchmarks.durable import WORK
from benchmarks.measure import Figure, Point, Progress, answer_of, loaded
from benchmarks.nodes import room

TURNS = 3
# What of the other's figures is which of ours: (workload, its metric, our workload, our answer, scale of ours)
PAIRS = (
    ("latency of a step, one run at a time", "W1", "latency_p50_per_step", "W1", "p50", 0.1, "ms"),
    ("steps a second, 64 runs in flight", "W1", "throughput_steps", "W1", "effects", 1.0, "1/s"),
    ("fan-out of 100, p50", "W2", "fanout100_p50", "W2", "p50", 1.0, "ms"),
    ("signal to result, p50", "W5", "signal_roundtrip_p50", "W5", "p50", 1.0, "ms"),
)
# Where a server holds the history, only the application is killed: the server stays up, which is to its advantage.
RESUME = re.compile(r"recover_app_after_(\d+)_steps$")


def figures(quick: bool = False) -> list[Figure]:
    """Each figure of theirs and of ours, and how many times better ours is."""
    folder = os.environ.get("RAFTORAL_PEERS", "")
    if not os.path.isfile(os.path.join(folder, "run_peer.py")):
        raise SystemExit("bench peers: say where the drivers of other systems are: RAFTORAL_PEERS=DIR PEERS_HOME=DIR")
    peer = os.environ.get("RAFTORAL_PEER", "restate")
    theirs: dict[tuple[str, str], list[float]] = {}
    ours: dict[tuple[str, str], list[float]] = {}
    found: list[Figure] = []
    progress = Progress("peers")
    with room("peers") as top, loaded(found):
        for turn in range(1 if quick else TURNS):
            for workload in ("W1", "W2", "W5"):
                progress.say(f"turn {turn + 1}, {workload}")
                for line in _lines(folder, peer, workload, quick):
                    theirs.setdefault((str(line["workload"]), str(line["metric"])), []).append(_number(line))
                for name, value in answer_of([WORK, workload, os.path.join(top, f"{workload}{turn}")], top).items():
                    ours.setdefault((workload, name), []).append(value)
        for name, workload, metric, own, answer, scale, unit in PAIRS:
            there = theirs.get((workload, metric))
            if there is None:
                known = ", ".join(sorted(f"{a} {b}" for a, b in theirs))
                raise SystemExit(f"bench peers: {peer} said nothing of {workload} {metric}; it said: {known}")
            here = [value * scale for value in ours[own, answer]]
            found += _compared(f"{workload} {name}", peer, there, here, unit)
    for other in "" if quick else os.environ.get("RAFTORAL_PEERS_RESUME", "restate dbos-sqlite").split():
        progress.say(f"W4, {other}")
        with loaded(found):
            found += _resumes(folder, other)
    progress.close()
    return found


def _compared(name: str, peer: str, theirs: list[float], ours: list[float], unit: str) -> list[Figure]:
    here, there = statistics.median(ours), statistics.median(theirs)
    times = here / there if unit == "1/s" else there / here
    at = Point(f"beside: {name[3:]}", peer, 1), Point(f"beside: {name[3:]}", "raftoral", 0)
    note = f"{times:.1f} times better"
    return [
        Figure(f"{name}: {peer}", there, unit, None, (min(theirs), max(theirs)), point=at[0]),
        Figure(f"{name}: raftoral", here, unit, None, (min(ours), max(ours)), note=note, point=at[1]),
    ]


def _resumes(folder: str, peer: str) -> list[Figure]:
    found = []
    for line in _lines(folder, peer, "W4", quick=False):
        match = RESUME.match(str(line["metric"]))
        if match:
            steps = int(match[1])
            name = f"W4 kill -9 after {steps:,} effects, to the result: {peer}"
            found.append(Figure(name, _number(line), "ms", note=str(line["note"]), point=Point("resume", peer, steps)))
    return found


def _lines(folder: str, peer: str, workload: str, quick: bool) -> list[dict[str, object]]:
    words = [sys.executable, os.path.join(folder, "run_peer.py"), peer, workload]
    # How long its driver waits for a calm machine: a quick run is not there for its figures.
    patience = {"CALM_S": "0"} if quick else {}
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "REPS": "1", **patience})
    if done.returncode != 0:
        raise SystemExit(f"bench peers: {' '.join(words)} failed:\n{done.stderr[-2000:]}")
    said = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    failed = [line["note"] for line in said if line["metric"] == "failed"]
    if failed:
        raise SystemExit(f"bench peers: {peer} {workload} failed: {failed[0]}")
    return said


def _number(line: dict[str, object]) -> float:
    value = line["value"]
    return float(value) if isinstance(value, int | float) else 0.0
