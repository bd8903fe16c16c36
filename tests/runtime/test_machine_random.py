"""What must hold whatever happens: random programs, several runs of each, and thousands of entries of the log.

A machine that stays in memory and one that is read again from what it wrote do the same, byte by byte; so do two
processes. No entry raises. When all has ended, nothing is left. `RAFTORAL_STORIES=5000` says how many programs.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys

import pytest

from raftoral.runtime.core import commands as c
from tests.runtime.machines import HOUR, Bench, Kit, forget, spelled
from tests.runtime.stories import Story

STORIES = int(os.environ.get("RAFTORAL_STORIES", "100"))
ENTRIES = 60
CHUNK = 20


class Pair:
    """A machine that stays in memory, and one that is read again now and then. Both get the same entries."""

    def __init__(self, seed: int) -> None:
        self.story = Story(seed)
        self.kept, self.again = self.story.bench(), self.story.bench()
        self.source = random.Random(f"reads {seed}")
        self.digest = hashlib.sha256()

    def play(self) -> None:
        for entry in self.story.entries(self.kept, ENTRIES):
            self.apply(entry)
        for entry in self.story.ending(self.kept):
            self.apply(entry)

    def apply(self, entry: list[c.Command]) -> None:
        if self.source.random() < 0.4:
            self.again.read_again()
        self.again.now = self.kept.now
        self.kept.apply(*entry)  # which looks at all promises
        applied = self.again.machine.apply(entry, self.again.now)
        self.again.storage.commit(applied.changes)
        one, two = spelled(self.kept.applied), spelled(applied)
        self.digest.update(one)
        if one != two:
            at = next(place for place, (x, y) in enumerate(zip(one, two, strict=False)) if x != y)
            around = slice(max(0, at - 150), at + 100)
            raise AssertionError(f"behind {entry}:\n  kept       {one[around]!r}\n  read again {two[around]!r}")

    def left(self) -> str:
        """What is still there when all runs have ended."""
        for bench in (self.kept, self.again):
            found = leftovers(bench)
            if found:
                return found
        return ""


def leftovers(bench: Bench) -> str:
    machine, storage = bench.machine, bench.storage
    inside = {
        "runs": machine.runs,
        "deadlines": machine.deadlines._heap,
        "touched": machine._touched,
        "fresh": machine._fresh,
        "following": machine._following,
        "links": machine._links,
        "pieces": {id: pieces for id, pieces in storage._pieces.items() if pieces},
        "bodies": [row.id for row in storage._rows.values() if row.body],
        "live": [row.id for row, _ in storage.live()],
    }
    return ", ".join(f"{name}: {what}" for name, what in inside.items() if what)


@pytest.mark.parametrize("first", range(0, STORIES, CHUNK))
def test_a_machine_goes_on_from_what_it_wrote(first):
    for seed in range(first, first + CHUNK):
        pair = Pair(seed)
        try:
            pair.play()
        except Exception as error:
            raise AssertionError(f"story {seed}: {type(error).__name__}: {error}") from error
        finally:
            forget([pair.story.kit])
        assert not pair.left(), f"story {seed}"


PROCESS = """
import sys
from tests.runtime.test_machine_random import Pair
for seed in map(int, sys.argv[1:]):
    pair = Pair(seed)
    pair.play()
    print(seed, pair.digest.hexdigest())
"""


@pytest.mark.slow
def test_two_processes_write_the_same_bytes():
    """Whatever the order of sets is in each of them."""
    seeds = [str(seed) for seed in range(1_000, 1_008)]
    said = []
    for hash_seed in ("1", "4711"):
        made = subprocess.run(
            [sys.executable, "-c", PROCESS, *seeds],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr[-3_000:]
        said.append(made.stdout.splitlines())
    assert said[0] == said[1] and len(said[0]) == len(seeds)


def test_it_finds_what_is_not_written(monkeypatch):
    """A test that cannot fail shows nothing: an attribute is forgotten, and the difference is seen."""
    from raftoral.runtime.core import stored

    write = stored._op

    def forgetful(op):
        message = write(op)
        message.ClearField("failures")
        return message

    monkeypatch.setattr(stored, "_op", forgetful)
    with pytest.raises(AssertionError, match="in memory 1, read again 0"):
        for seed in range(20):
            Pair(seed).play()


# --- nothing grows -----------------------------------------------------------------------------------------------

LONG = """
activity get(k: str) -> int { timeout: 10s }
activity undo(k: str) { timeout: 10s, retry: forever }
workflow W version 1 () {
  checkpoint turns = 0
  signal say(str)
  while turns < 1_000_000 {
    turns += 1
    select {
      on say as text => log info text
      after 30d => log info "a month"
    }
    try {
      let n = do get("${turns}") compensate do undo("${turns}")
      parallel for i in 1..3 limit 2 { do undo("${n} ${i}") }
    } catch ActivityFailed { log warn "no" }
  }
}
"""


def test_a_run_that_goes_on_for_ever_stays_small():
    """After three hundred turns, it has what it had after ten."""
    bench = Kit(LONG).bench()
    bench.start()
    sizes = []
    for turn in range(1, 301):
        bench.signal("a", "say", "x")
        if turn % 7 == 0:
            bench.fail("get", retryable=False)
        else:
            bench.done("get", 1)
        for _ in range(3 if turn % 7 else 0):
            bench.done("undo")
        if turn in (10, 300):
            run = bench.run()
            pieces = {key: len(data) for key, data in run.pieces.items() if key[0] != "t"}
            sizes.append((len(run.waiting), len(run.undos), len(run.mail), pieces))
            assert len(run.body) < 200
        assert len(bench.machine.deadlines) <= 70
    assert sizes[0] == sizes[1]
    bench.one(c.Terminate("a", "enough"))
    assert not leftovers(bench)


def test_attempts_never_grow_a_run():
    bench = Kit(LONG.replace("timeout: 10s }", "timeout: 10s, retry: forever backoff 1s }", 1)).bench()
    bench.start()
    bench.signal("a", "say", "x")
    sizes = []
    for attempt in range(1, 401):
        bench.fail("get", detail=f"attempt {attempt}")
        bench.sleep(HOUR)
        if attempt in (200, 400):
            sizes.append((len(bench.run().body), sum(map(len, bench.run().pieces.values()))))
    assert sizes[1][0] <= sizes[0][0] + 4 and sizes[1][1] <= sizes[0][1] + 4, sizes
