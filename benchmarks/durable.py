"""Durable runs in one process: what W1 to W9 take, with every commit synced to disk.

The targets are what the best of four other systems took on the same kind of machine for the same workload, or a
fraction of it: Restate 1.7 (1.42 ms for a step, 2,175 steps/s with 64 in flight, 21 ms for a fan of 100, 1.21 s for
1,000 steps, 508 ms to be back after a kill) and duroxide 0.2 (3.9 ms for a signal, without a sync). Each workload runs
in fresh processes on an empty directory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.measure import ROOT, Figure, Target, answer_of, loaded

WORK = os.path.join(ROOT, "benchmarks", "durable_work.py")


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    runs = 1 if quick else 3
    top = tempfile.mkdtemp(prefix="raftoral-durable-", dir=os.environ.get("RAFTORAL_BENCH_DIR"))
    try:
        with loaded(found):
            _chains(found, top, runs)
        with loaded(found):
            _fans_and_loops(found, top, runs)
        with loaded(found):
            _recovery(found, top, (10, 1_000) if quick else (10, 1_000, 100_000))
        with loaded(found):
            _signals_and_rest(found, top, runs)
    finally:
        shutil.rmtree(top)
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


def _figure(name: str, values: list[float], unit: str, target: Target | None = None, note: str = "") -> Figure:
    return Figure(name, statistics.median(values), unit, target, (min(values), max(values)), note=note)


def _chains(found: list[Figure], top: str, runs: int) -> None:
    got = _answers("W1", top, runs)
    steps = [value / 10 for value in got["p50"]]
    found.append(
        _figure("W1 latency of a step, one run at a time", steps, "ms", Target("<=", 0.355), "a quarter of 1.42")
    )
    found.append(_figure("W1 latency of a run of ten steps, p99", got["p99"], "ms"))
    found.append(
        _figure("W1 steps a second, 64 runs in flight", got["effects"], "1/s", Target(">=", 26_100), "12 x 2,175")
    )
    found.append(_figure("W1 runs a second, 64 in flight", got["runs"], "1/s"))
    found.append(_figure("W1 CPU of a step, client and effect included", got["cpu"], "us"))
    found.append(_figure("W9 commits for an effect, 64 in flight", got["commits"], "", Target("<=", 0.5)))


def _fans_and_loops(found: list[Figure], top: str, runs: int) -> None:
    fan = _answers("W2", top, runs)
    found.append(_figure("W2 fan-out of 100, p50", fan["p50"], "ms", Target("<=", 5.25), "a quarter of 21"))
    loop = _answers("W3", top, 1)
    found.append(_figure("W3 1,000 steps in one run", loop["1000"], "s", Target("<=", 0.30), "a quarter of 1.21"))
    found.append(_figure("W3 5,000 steps in one run", loop["5000"], "s", Target("<=", 1.45), "a quarter of 5.81"))
    ratio = [last / first for first, last in zip(loop["first_us"], loop["last_us"], strict=True)]
    note = f"{loop['first_us'][0]:.0f} and {loop['last_us'][0]:.0f} us"
    found.append(_figure("W3 a step near 100,000, against one near 1,000", ratio, "x", Target("<=", 1.1), note))
    found.append(_figure("W3 memory that 98,000 steps left behind", loop["grown_mib"], "MiB"))
    found.append(_figure("W3 disk after 106,000 steps", loop["disk_kib"], "KiB"))


def _recovery(found: list[Figure], top: str, sizes: tuple[int, ...]) -> None:
    """Killed with SIGKILL after n effects: from the start of the next process to the result at its client."""
    base = 0.0
    for n in sizes:
        folder = os.path.join(top, f"W4-{n}")
        process = subprocess.Popen([sys.executable, WORK, "W4", folder, "start", str(n)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        start = time.time()
        done = subprocess.run([sys.executable, WORK, "W4", folder, "finish", str(n)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        answer = json.loads(done.stdout.splitlines()[-1])
        whole = (answer["done"] - start) * 1000
        base = base or whole
        target = Target("<=", 508) if n == sizes[0] else Target("<=", 1.3 * base)
        note = f"opening took {answer['opened'] * 1000:.1f} ms; {answer['calls']:.0f} effects were called again"
        found.append(Figure(f"W4 kill -9 after {n:,} effects, to the result", whole, "ms", target, note=note))


def _signals_and_rest(found: list[Figure], top: str, runs: int) -> None:
    got = _answers("W5", top, runs)
    found.append(_figure("W5 signal to result, p50", got["p50"], "ms", Target("<=", 1.5)))
    rest = _answers("W8", top, 1)
    found.append(_figure("W8 memory of a waiting run, of 10,000", rest["kib"], "KiB", Target("<=", 6)))
    found.append(_figure("W8 CPU while they wait", [value * 100 for value in rest["idle"]], "%", Target("<=", 1)))
    found.append(_figure("W8 opening a store with 10,000 waiting runs", rest["open"], "s"))
    count = _answers("W9", top, 1)
    found.append(_figure("W9 commits for 1,000 checkpoint sets", count["commits"], "", Target("<=", 1)))
