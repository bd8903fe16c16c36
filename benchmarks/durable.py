"""Durable runs in one process: what W1 to W9 take, with every commit synced to disk.

The targets are what the best of four other systems took on the same kind of machine for the same workload, or a
fraction of it: Restate 1.7 (1.42 ms for a step, 2,175 steps/s with 64 in flight, 21 ms for a fan of 100, 1.21 s for
1,000 steps, 508 ms to be back after a kill) and duroxide 0.2 (3.9 ms for a signal, without a sync). Each workload runs
in fresh processes on an empty directory.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.measure import ROOT, Figure, Point, Progress, Target, answer_of, loaded, median_of
from benchmarks.nodes import room

WORK = os.path.join(ROOT, "benchmarks", "durable_work.py")
HISTORIES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)  # effects before the kill
QUICK_HISTORIES = (10, 1_000)
RESUMES = 5  # of each, of which the median counts


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    return figures_of(list(WORKLOADS), quick)


def figures_of(workloads: list[str], quick: bool = False) -> list[Figure]:
    """Those of some workloads."""
    found: list[Figure] = []
    with room("durable") as top:
        for name in workloads:
            with loaded(found):
                WORKLOADS[name](found, top, quick)
    return found


def _answers(workload: str, top: str, runs: int) -> dict[str, list[float]]:
    """What fresh processes measured, each on a directory of its own."""
    answers: dict[str, list[float]] = {}
    for turn in range(runs):
        folder = os.path.join(top, f"{workload}-{turn}")
        for name, value in answer_of([WORK, workload, folder], top).items():
            answers.setdefault(name, []).append(value)
        shutil.rmtree(folder)
    return answers


def _chains(found: list[Figure], top: str, quick: bool) -> None:
    got = _answers("W1", top, 1 if quick else 3)
    steps = [value / 10 for value in got["p50"]]
    found.append(
        median_of("W1 latency of a step, one run at a time", steps, "ms", Target("<=", 0.355), "a quarter of 1.42")
    )
    found.append(median_of("W1 latency of a run of ten steps, p99", got["p99"], "ms"))
    found.append(
        median_of("W1 steps a second, 64 runs in flight", got["effects"], "1/s", Target(">=", 26_100), "12 x 2,175")
    )
    found.append(median_of("W1 runs a second, 64 in flight", got["runs"], "1/s"))
    found.append(median_of("W1 CPU of a step, client and effect included", got["cpu"], "us"))
    found.append(median_of("W9 commits for an effect, 64 in flight", got["commits"], "", Target("<=", 0.5)))


def _fans(found: list[Figure], top: str, quick: bool) -> None:
    fan = _answers("W2", top, 1 if quick else 3)
    found.append(median_of("W2 fan-out of 100, p50", fan["p50"], "ms", Target("<=", 5.25), "a quarter of 21"))


def _loops(found: list[Figure], top: str, quick: bool) -> None:
    loop = _answers("W3", top, 1)
    found.append(median_of("W3 1,000 steps in one run", loop["1000"], "s", Target("<=", 0.30), "a quarter of 1.21"))
    found.append(median_of("W3 5,000 steps in one run", loop["5000"], "s", Target("<=", 1.45), "a quarter of 5.81"))
    ratio = [last / first for first, last in zip(loop["first_us"], loop["last_us"], strict=True)]
    note = f"{loop['first_us'][0]:.0f} and {loop['last_us'][0]:.0f} us"
    found.append(median_of("W3 a step near 100,000, against one near 1,000", ratio, "x", Target("<=", 1.1), note))
    found.append(median_of("W3 memory that 98,000 steps left behind", loop["grown_mib"], "MiB"))
    found.append(median_of("W3 disk after 106,000 steps", loop["disk_kib"], "KiB"))


def _recovery(found: list[Figure], top: str, quick: bool) -> None:
    """Killed with SIGKILL after n effects: from the start of the next process to the result at its client.

    What the kill left is copied, and resumed several times: one start of Python is too noisy to say anything.
    """
    base = 0.0
    progress = Progress("W4")
    for n in QUICK_HISTORIES if quick else HISTORIES:
        progress.say(f"{n:,} effects")
        folder = os.path.join(top, f"W4-{n}")
        _killed(folder, n)
        with loaded(found):
            answers = [_resumed(folder, n) for _ in range(1 if quick else RESUMES)]
            taken = [answer["ms"] for answer in answers]
            target = Target("<=", 1.3 * base) if base else Target("<=", 508)
            opened = statistics.median(answer["opened"] for answer in answers) * 1000
            again = max(answer["calls"] for answer in answers)
            note = f"opening took {opened:.1f} ms; {again:.0f} effects were called again"
            name = f"W4 kill -9 after {n:,} effects, to the result"
            found.append(median_of(name, taken, "ms", target, note, Point("resume", "raftoral", n)))
            base = base or found[-1].value
        shutil.rmtree(folder)
    progress.close()


def _killed(folder: str, n: int) -> None:
    """Leaves what a process leaves that was killed after n effects."""
    process = subprocess.Popen([sys.executable, WORK, "W4", folder, "start", str(n)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as said:
        said.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()


def _resumed(folder: str, n: int) -> dict[str, float]:
    """What a process took that begins with a copy of it."""
    copy = f"{folder}-copy"
    shutil.copytree(folder, copy)
    start = time.time()
    answer = answer_of([WORK, "W4", copy, "finish", str(n)], os.path.dirname(folder))
    shutil.rmtree(copy)
    return {**answer, "ms": (answer["done"] - start) * 1000}


def _signals(found: list[Figure], top: str, quick: bool) -> None:
    got = _answers("W5", top, 1 if quick else 3)
    found.append(median_of("W5 signal to result, p50", got["p50"], "ms", Target("<=", 1.5)))


def _rest(found: list[Figure], top: str, quick: bool) -> None:
    rest = _answers("W8", top, 1)
    found.append(median_of("W8 memory of a waiting run, of 10,000", rest["kib"], "KiB", Target("<=", 6)))
    found.append(median_of("W8 CPU while they wait", [value * 100 for value in rest["idle"]], "%", Target("<=", 1)))
    found.append(median_of("W8 opening a store with 10,000 waiting runs", rest["open"], "s"))


def _counts(found: list[Figure], top: str, quick: bool) -> None:
    count = _answers("W9", top, 1)
    found.append(median_of("W9 commits for 1,000 checkpoint sets", count["commits"], "", Target("<=", 1)))
    found.append(median_of("W9 commits for a run of ten effects", count["of_run"], ""))
    found.append(median_of("W9 bytes stored for a run of ten effects", count["bytes"], "B"))


WORKLOADS: dict[str, Callable[[list[Figure], str, bool], None]] = {
    "W1": _chains,
    "W2": _fans,
    "W3": _loops,
    "W4": _recovery,
    "W5": _signals,
    "W8": _rest,
    "W9": _counts,
}
