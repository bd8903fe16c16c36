"""Ours beside another system's, on this machine, in one run: the same workloads, in turns.

Where the other systems' drivers are is said by two variables, since they bring servers that are not ours to
install: RAFTORAL_PEERS is the directory with `run_peer.py` (which prints a line of JSON for each figure), PEERS_HOME is
what its set-up made. RAFTORAL_PEER names the system, `restate` if nothing else is said.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from benchmarks.durable import WORK
from benchmarks.measure import Figure, answer_of, loaded

TURNS = 3
# What of the other's figures is which of ours: (workload, its metric, our workload, our answer, scale of ours)
PAIRS = (
    ("latency of a step, one run at a time", "W1", "latency_p50_per_step", "W1", "p50", 0.1, "ms"),
    ("steps a second, 64 runs in flight", "W1", "throughput_steps", "W1", "effects", 1.0, "1/s"),
    ("fan-out of 100, p50", "W2", "fanout100_p50", "W2", "p50", 1.0, "ms"),
    ("signal to result, p50", "W5", "signal_roundtrip_p50", "W5", "p50", 1.0, "ms"),
)


def figures(quick: bool = False) -> list[Figure]:
    """Each figure of theirs and of ours, and how many times better ours is."""
    folder = os.environ.get("RAFTORAL_PEERS", "")
    if not os.path.isfile(os.path.join(folder, "run_peer.py")):
        raise SystemExit("bench peers: say where the drivers of other systems are: RAFTORAL_PEERS=DIR PEERS_HOME=DIR")
    peer = os.environ.get("RAFTORAL_PEER", "restate")
    theirs: dict[tuple[str, str], list[float]] = {}
    ours: dict[tuple[str, str], list[float]] = {}
    found: list[Figure] = []
    top = tempfile.mkdtemp(prefix="raftoral-peers-", dir=os.environ.get("RAFTORAL_BENCH_DIR"))
    try:
        with loaded(found):
            for turn in range(1 if quick else TURNS):
                for workload in ("W1", "W2", "W5"):
                    for line in _lines(folder, peer, workload):
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
    finally:
        shutil.rmtree(top)
    return found


def _compared(name: str, peer: str, theirs: list[float], ours: list[float], unit: str) -> list[Figure]:
    here, there = statistics.median(ours), statistics.median(theirs)
    times = here / there if unit == "1/s" else there / here
    return [
        Figure(f"{name}: {peer}", there, unit, None, (min(theirs), max(theirs))),
        Figure(f"{name}: raftoral", here, unit, None, (min(ours), max(ours)), note=f"{times:.1f} times better"),
    ]


def _lines(folder: str, peer: str, workload: str) -> list[dict[str, object]]:
    words = [sys.executable, os.path.join(folder, "run_peer.py"), peer, workload]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "REPS": "1"})
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
