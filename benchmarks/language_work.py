"""What `language.py` times inside a fresh process. Prints one line of JSON; the folder is a project.

speed LINES   seconds of CPU: check (all checks), lex, parse, fmt; and `lines`
unchanged     seconds: `read` (find and read all files), `again` (a check from the cache)
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable

from raftoral.cli.files import Disk, DiskWorld, find
from raftoral.dsl.diagnostics import Problems
from raftoral.dsl.parser import driver, parse, tokens
from raftoral.dsl.source import Source
from tests.dsl import programs

TURNS = 7


def sources() -> tuple[list[Source], DiskWorld]:
    disk = Disk()
    read = [disk.source(path) for path in find(["."]).paths]
    return [source for source in read if isinstance(source, Source)], DiskWorld(disk)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def speed() -> dict[str, float]:
    """Each part once, after a small project warmed the imports, the tables and the interpreter."""
    from raftoral.dsl.compile import check
    from raftoral.dsl.format import format_source

    gc.disable()  # as `raftoral check` does
    warm = [Source(path, text) for path, text in programs.project(400, seed=9).items()]
    files, world = sources()
    for source in warm:
        parse(source, Problems(source))
        format_source(source)
    check(warm, Shelf(warm))
    marks = driver.load_tables().marks
    return {
        "lines": float(sum(source.text.count("\n") for source in files)),
        "check": seconds(lambda: check(files, world)),
        "lex": seconds(lambda: [tokens.tokenize(source.text, marks) for source in files]),
        "parse": seconds(lambda: [parse(source, Problems(source)) for source in files]),
        "fmt": seconds(lambda: [format_source(source) for source in files]),
    }


class Shelf:
    """A world of texts in memory: those of a generated project."""

    def __init__(self, files: list[Source]) -> None:
        self.files = {file.path.removesuffix(".rft").replace("/", "."): file for file in files}

    def module(self, name: str, root: str) -> Source | None:
        return self.files.get(name)

    def modules(self, root: str) -> list[str]:
        return sorted(self.files)

    def python(self, name: str, root: str) -> Source | None:
        return None


def unchanged() -> dict[str, float]:
    """In turns, after one of each: the cost of looking at all files, and of checking them again."""
    from raftoral.cli.check import check_files

    gc.disable()

    def read() -> None:
        for path in find(["."]).paths:
            with open(path, encoding="utf-8") as file:
                file.read()

    def again() -> None:
        problems = check_files(find(["."]).paths, Disk(), None, use_cache=True)
        assert problems == [], problems[:3]

    taken: dict[str, list[float]] = {"read": [], "again": []}
    for _ in range(TURNS):
        for name, work in (("read", read), ("again", again)):
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


if __name__ == "__main__":
    print(json.dumps({"speed": speed, "unchanged": unchanged}[sys.argv[1]]()))
