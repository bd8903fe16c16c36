"""What an effect costs one process, in things that can be counted: statements, calls of functions, memory.

A time depends on the machine, and is measured by `./dev bench`. Bounds leave a little room, since versions of Python
differ in what they call; a change that goes beyond one is a change that somebody has to have wanted.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.machine import Applied, Machine, Perform
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Attempt, Storage
from tests.runtime.machines import START, Kit, forget
from tests.runtime.tracing import CHAINS, statements

LONG = 100_000  # effects of a run that does not end here


class Chains:
    """Runs whose effects are answered together, one entry after the other."""

    def __init__(self, kit: Kit, storage: Storage, runs: int) -> None:
        self.storage = storage
        self.machine = Machine(kit.programs, storage.row)
        self.now = START
        self.flying: list[Attempt] = []
        self.apply([c.StartRun(f"r{run}", f"run-{run}", "chains.Chain", 0, b"[%d]" % LONG) for run in range(runs)])

    def apply(self, commands: list[c.Command]) -> Applied:
        applied = self.machine.apply(commands, self.now)
        self.storage.commit(applied.changes)
        self.flying = [action.attempt for action in applied.actions if isinstance(action, Perform)]
        self.now += 1_000
        return applied

    def finished(self) -> list[c.Command]:
        return [c.Finished(attempt.id, attempt.run, attempt.op, b"1") for attempt in self.flying]

    def go_on(self, entries: int) -> None:
        for _ in range(entries):
            self.apply(self.finished())


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit({"chains.rft": CHAINS})
    yield kit
    forget([kit])


@pytest.mark.parametrize("runs", [1, 64])
def test_an_effect_is_one_statement_between_the_two_of_its_commit(kit: Kit, tmp_path: Path, runs: int) -> None:
    storage = SqliteStorage(tmp_path, sync=False)
    chains = Chains(kit, storage, runs)
    chains.go_on(5)
    with statements(storage._writer) as told:
        chains.go_on(10)
    assert told == {"BEGIN": 10, "UPDATE living": 10 * runs, "COMMIT": 10}
    storage.close()


@pytest.mark.parametrize("runs", [1, 64])
def test_what_an_effect_writes_does_not_grow_with_those_before_it(kit: Kit, runs: int) -> None:
    chains = Chains(kit, MemoryStorage(), runs)
    chains.go_on(10)
    few = chains.apply(chains.finished()).changes
    chains.go_on(300)
    many = chains.apply(chains.finished()).changes
    assert not few.rows and not few.pieces and not many.rows and not many.pieces
    sizes = [max(len(step.body) for step in changes.steps.values()) for changes in (few, many)]
    assert sizes[0] <= 120 and sizes[1] <= sizes[0] + 20, sizes  # only its numbers have more digits


@pytest.mark.parametrize("runs", [1, 64])
def test_calls_of_functions_for_an_effect(kit: Kit, runs: int) -> None:
    """Of the pure part: 71 of Python and 70 of C for an effect alone, 65 and 62 among many (CPython 3.11)."""
    chains = Chains(kit, MemoryStorage(), runs)
    chains.go_on(10)
    commands = chains.finished()
    calls = {"call": 0, "c_call": 0}

    def count(frame: FrameType, event: str, _: object) -> None:
        if event in calls:
            calls[event] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        chains.machine.apply(commands, chains.now)
    finally:
        sys.setprofile(before)
    assert calls["call"] / runs <= 80 and calls["c_call"] / runs <= 80, calls


@pytest.mark.parametrize(("runs", "most"), [(1, 3_000), (64, 1_800)])
def test_memory_while_an_effect_is_applied(kit: Kit, runs: int, most: int) -> None:
    chains = Chains(kit, MemoryStorage(), runs)
    chains.go_on(10)
    commands = chains.finished()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        chains.machine.apply(commands, chains.now)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (peak - before) / runs <= most


def test_effects_leave_no_memory_and_no_garbage_behind(kit: Kit) -> None:
    chains = Chains(kit, MemoryStorage(), 1)
    gc.collect()
    gc.disable()  # what a search would find is to be seen; and it would empty what Python keeps of freed tuples
    try:
        chains.go_on(4_000)  # which is full then
        before = sys.getallocatedblocks()
        chains.go_on(1_000)
        assert sys.getallocatedblocks() - before <= 50
        assert gc.collect() <= 50
    finally:
        gc.enable()
