"""Times things side by side, and says what else the machine was doing.

    pairs = interleave({"bare": start_python, "check": start_check}, runs=15)
    Figure("cold check", value=5.8, unit="x", target=Target("<=", 8), load=0.02)

Machines are noisy: what is compared runs alternately, and the median counts. The load is what
*other* processes used meanwhile, in cores; above `LOAD_MAX` a figure is marked. Standard library
only. Never writes a file.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOAD_MAX = 0.15  # cores
PROGRESS_S = 10.0  # between two lines that say how far it is, where nobody watches a terminal


class Point(NamedTuple):
    """Where a figure stands in a picture: which one, on which line of it, and above which x."""

    plot: str
    line: str
    x: float


@dataclass(frozen=True)
class Target:
    """What a figure shall reach: `Target("<=", 8)`."""

    sign: str
    value: float

    def reached(self, value: float) -> bool:
        return value <= self.value if self.sign == "<=" else value >= self.value


@dataclass
class Figure:
    """One number of a benchmark. `spread` is its smallest and largest single value."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: tuple[float, float] | None = None
    load: float | None = None
    note: str = ""
    point: Point | None = None
    runs: list[float] = field(default_factory=list, repr=False)

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "pass" if self.target.reached(self.value) else "miss"

    @property
    def loaded(self) -> bool:
        return self.load is not None and self.load > LOAD_MAX

    def record(self) -> dict[str, object]:
        """As plain data: a line of `--json` and of `--out`, and what pictures are made of."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": f"{self.target.sign} {self.target.value:g}" if self.target else None,
            "verdict": self.verdict or None,
            "spread": self.spread,
            "load": self.load,
            "loaded": self.loaded,
            "note": self.note,
            **(self.point._asdict() if self.point else {}),
        }


class Load:
    """CPU time that other processes used since this was made, in cores; from /proc/stat.

    Ours are this process, children that have ended, and those whose ids `alive` gives.
    """

    def __init__(self, alive: Callable[[], list[int]] = list) -> None:
        self._alive = alive
        self._wall = time.monotonic()
        self._busy = _busy_seconds()
        self._own = self._own_seconds()

    def _own_seconds(self) -> float:
        return _own_seconds() + sum(map(_seconds_of, self._alive()))

    def other(self) -> float | None:
        """None where the machine does not tell."""
        wall = time.monotonic() - self._wall
        busy = _busy_seconds()
        if busy is None or self._busy is None or wall <= 0:
            return None
        return max(0.0, busy - self._busy - (self._own_seconds() - self._own)) / wall


def _busy_seconds() -> float | None:
    try:
        with open("/proc/stat", encoding="ascii") as file:
            words = file.readline().split()
        # user nice system idle iowait irq softirq steal: all but idle and iowait
        ticks = [int(word) for word in words[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _own_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _seconds_of(process: int) -> float:
    """What a child used that has not ended."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


@contextmanager
def loaded(figures: list[Figure], alive: Callable[[], list[int]] = list) -> Iterator[None]:
    """Gives the figures that are added meanwhile the load of the time they took. `alive` are children that go on."""
    load, before = Load(alive), len(figures)
    yield
    other = load.other()
    for figure in figures[before:]:
        if figure.load is None:  # else a part of this time was its own
            figure.load = other


class Progress:
    """How far long work is, on standard error: one line that changes on a terminal, a line now and then elsewhere."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._terminal = sys.stderr.isatty()
        self._began = self._said = time.monotonic()

    def say(self, text: str) -> None:
        now = time.monotonic()
        if self._terminal:
            print(f"\r\x1b[K{self._what}: {text}", end="", file=sys.stderr, flush=True)
        elif now - self._said >= PROGRESS_S:
            self._said = now
            print(f"{self._what}, {now - self._began:.0f} s: {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def median_of(
    name: str, values: list[float], unit: str, target: Target | None = None, note: str = "", point: Point | None = None
) -> Figure:
    """The figure of several values that were measured alike."""
    return Figure(name, statistics.median(values), unit, target, (min(values), max(values)), note=note, point=point)


def interleave(jobs: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Each job `runs` times, in turns; a first turn does not count."""
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(runs + 1):
        for name, job in jobs.items():
            value = job()
            if turn:
                taken[name].append(value)
    return taken


def ratio(above: list[float], below: list[float]) -> tuple[float, tuple[float, float]]:
    """The ratio of the medians, and what a lucky and an unlucky run would give."""
    base = statistics.median(below)
    value = statistics.median(above) / base
    return value, (min(above) / base, max(above) / base)


def surroundings() -> dict[str, str]:
    """The environment of what is measured: this checkout, with byte code kept as if installed."""
    ours = ("RAFTORAL_NO_CACHE", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": ROOT}


def seconds_of(command: list[str], folder: str) -> float:
    """How long a process takes, from its start to its end, in seconds; it must end well."""
    environment = surroundings()
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
    taken = time.perf_counter() - start
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"benchmark: {' '.join(command)} gave {done.returncode}:\n{said}")
    return taken


def answer_of(words: list[str], folder: str, says: bool = False) -> dict[str, Any]:
    """What a fresh process of ours measured: it prints a line of JSON. One that `says` how far it is, says so here."""
    environment = {**os.environ, "PYTHONPATH": ROOT}
    errors = None if says else subprocess.PIPE
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    if done.returncode != 0:
        raise SystemExit(f"benchmark: {' '.join(words)} gave {done.returncode}:\n{done.stderr or ''}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
