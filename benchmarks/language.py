"""How fast the language is: the three targets of the compiler, and what they are made of.

    cold       `python -m raftoral check FILE` of 200 lines, against `python -c pass`
    warm       all checks on a project of 20,000 lines, imports done; and a line's cost at 2,000
    unchanged  the project again from the cache of results, against reading its files

Projects come from `tests/dsl/programs.py`. What is timed inside a process is in `language_work`;
each value is the median of several fresh processes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile

from benchmarks.measure import (
    ROOT,
    Figure,
    Target,
    answer_of,
    interleave,
    loaded,
    ratio,
    seconds_of,
)
from tests.dsl import programs

WORK = os.path.join(ROOT, "benchmarks", "language_work.py")
SEED = 2
SMALL, MIDDLE, LARGE = 200, 2_000, 20_000


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    runs = 5 if quick else 15
    folder = tempfile.mkdtemp(prefix="raftoral-bench-")
    try:
        for lines in (SMALL, MIDDLE, LARGE):
            write_project(os.path.join(folder, str(lines)), lines)
        _cold(found, os.path.join(folder, str(SMALL)), runs)
        _warm(found, folder, max(3, runs // 3))
        _unchanged(found, os.path.join(folder, str(LARGE)), max(3, runs // 3))
    finally:
        shutil.rmtree(folder)
    return found


def write_project(folder: str, lines: int) -> None:
    for path, text in programs.project(lines, SEED).items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)


def _cold(found: list[Figure], folder: str, runs: int) -> None:
    """Whole processes, in turns with the emptiest one there is."""
    path = sorted(programs.project(SMALL, SEED))[0]
    check = [sys.executable, "-m", "raftoral", "check", path]
    with loaded(found):
        taken = interleave(
            {
                "bare": lambda: seconds_of([sys.executable, "-c", "pass"], folder),
                "check": lambda: seconds_of([*check, "--no-cache"], folder),
                "cached": lambda: seconds_of(check, folder),
            },
            runs,
        )
        bare = statistics.median(taken["bare"]) * 1000
        value, spread = ratio(taken["check"], taken["bare"])
        note = f"`python -c pass` takes {bare:.1f} ms"
        found.append(Figure("cold check, 200 lines", value, "x", Target("<=", 8), spread, note=note))
        value, spread = ratio(taken["cached"], taken["bare"])
        found.append(Figure("the same, unchanged since the last run", value, "x", None, spread))


def _warm(found: list[Figure], folder: str, runs: int) -> None:
    """Inside fresh processes, without the start; CPU time, because one thread does it all."""
    answers: dict[int, list[dict[str, float]]] = {MIDDLE: [], LARGE: []}
    with loaded(found):
        for _ in range(runs):
            for lines, kept in answers.items():
                kept.append(answer_of([WORK, "speed", str(lines)], os.path.join(folder, str(lines))))

        def median(lines: int, name: str) -> float:
            return statistics.median(answer[name] for answer in answers[lines])

        def speed(name: str, what: str, target: Target | None = None) -> None:
            values = [answer["lines"] / answer[what] for answer in answers[LARGE] if what in answer]
            if values:
                spread = (min(values), max(values))
                value = statistics.median(values)
                found.append(Figure(name, value, "lines/s", target, spread))

        speed("warm, all checks, 20,000 lines", "check", Target(">=", 25_000))
        small = median(MIDDLE, "check") / median(MIDDLE, "lines")
        large = median(LARGE, "check") / median(LARGE, "lines")
        note = f"{small * 1e6:.1f} and {large * 1e6:.1f} us a line"
        found.append(Figure("cost of a line, 20,000 against 2,000", large / small, "x", Target("<=", 1.3), note=note))
        speed("tokens alone", "lex")
        speed("tokens and tree", "parse")
        speed("fmt, already formatted", "fmt")


def _unchanged(found: list[Figure], folder: str, runs: int) -> None:
    """From the cache of results; the folder's files are in the memory of the system by then."""
    seconds_of([sys.executable, "-m", "raftoral", "check", "."], folder)
    with loaded(found):
        answers = [answer_of([WORK, "unchanged"], folder) for _ in range(runs)]
        value, spread = ratio([answer["again"] for answer in answers], [answer["read"] for answer in answers])
        reading = statistics.median(answer["read"] for answer in answers) * 1000
        note = f"reading takes {reading:.1f} ms"
        found.append(Figure("unchanged 20,000 lines, against reading", value, "x", Target("<=", 2), spread, note=note))
