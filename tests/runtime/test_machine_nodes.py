"""Nodes come and go, as a machine sees them: who performs what, evenly, with the same outcome on every node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import Halt, Perform
from raftoral.runtime.core.machine import Machine
from tests.runtime.machines import Bench, Kit, forget, spelled

TEXT = """
activity get(k: str) -> int { timeout: 10s, retry: 2 times backoff 1s..1h }
activity ring(k: str) -> int { timeout: 10s, once: at_most, retry: 2 times }
activity put(k: str) { timeout: 10s, retry: never }

workflow W version 1 (k: str) -> int { return do get(k) }
workflow Once version 1 (k: str) -> int { try { return do ring(k) } catch Interrupted { return 0 } }
workflow Both version 1 (k: str) {
  parallel {
    one: do get(k)
    two: do put(k)
  }
}
workflow Parent version 1 (k: str) -> int { return do W(k) }
workflow Idle version 1 () { signal go
  wait go }
"""
ALL = frozenset({"m.get", "m.ring", "m.put"})


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit(TEXT)
    yield kit
    forget([kit])


@pytest.fixture
def bench(kit: Kit) -> Bench:
    bench = kit.bench()
    for name in "abc":
        bench.one(c.NodeUp(name, 1, ALL))
    return bench


def begin(bench: Bench, id: str, workflow: str = "W", owner: str = "a") -> None:
    args = b'["k"]' if workflow != "Idle" else b"[]"
    assert bench.one(c.StartRun(id, f"{id}-1", f"m.{workflow}", 0, args, owner=owner)) is None


def performs(bench: Bench) -> list[tuple[str, str, int, int]]:
    """(owner, run, attempt, fence) of what the last entry asks for."""
    found = [each for each in bench.applied.actions if isinstance(each, Perform)]
    return [(each.owner, each.attempt.id, each.attempt.number, each.attempt.fence) for each in found]


def owners(machine: Machine) -> dict[str, str]:
    return {run.id: run.owner for run in machine.runs.values()}


def test_the_owner_performs(bench: Bench) -> None:
    begin(bench, "r", owner="b")
    assert performs(bench) == [("b", "r", 1, 0)]


def test_children_have_the_owner_of_their_parent(bench: Bench) -> None:
    begin(bench, "p", "Parent", owner="c")
    [(owner, _, _, _)] = performs(bench)
    assert owner == "c" and set(owners(bench.machine).values()) == {"c"}


def test_runs_of_a_node_that_is_down_go_to_the_others_evenly(bench: Bench) -> None:
    for number in range(10):
        begin(bench, f"r{number}", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert Counter(owners(bench.machine).values()) == {"b": 5, "c": 5}
    assert Counter(owner for owner, _, _, _ in performs(bench)) == {"b": 5, "c": 5}
    assert {(attempt, fence) for _, _, attempt, fence in performs(bench)} == {(2, 1)}


def test_nodes_with_few_runs_get_more(bench: Bench) -> None:
    for number in range(4):
        begin(bench, f"b{number}", owner="b")
    for number in range(6):
        begin(bench, f"a{number}", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert Counter(owners(bench.machine).values()) == {"b": 5, "c": 5}


def test_who_can_do_it_comes_before_who_has_little_to_do(bench: Bench) -> None:
    bench.one(c.NodeUp("b", 1, frozenset()))
    for number in range(4):
        begin(bench, f"r{number}", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert set(owners(bench.machine).values()) == {"c"}


def test_idle_runs_move_without_a_call(bench: Bench) -> None:
    begin(bench, "i", "Idle", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert performs(bench) == []
    run = bench.machine.runs["i"]
    assert run.owner == "b" and run.fence == 1


def test_what_is_called_at_most_once_is_not_called_by_another(bench: Bench) -> None:
    begin(bench, "o", "Once", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert performs(bench) == []
    row = bench.storage.row("o")
    assert row is not None and (row.status, row.result) == ("completed", b"0")


def test_a_retry_that_waits_is_not_hurried(bench: Bench) -> None:
    begin(bench, "r", owner="a")
    failed = c.AttemptFailed("r", "r-1", 1, 1, "ValueError", "no", None, "", True)
    bench.one(failed)
    bench.one(c.NodeDown("a", 1))
    assert performs(bench) == [] and bench.machine.runs["r"].owner == "b"
    bench.now += 10_000_000
    bench.one(c.Tick())
    assert performs(bench) == [("b", "r", 2, 1)]


def test_a_paused_run_moves_and_calls_when_it_goes_on(bench: Bench) -> None:
    begin(bench, "r", owner="a")
    bench.one(c.Pause("r"))
    bench.one(c.NodeDown("a", 1))
    assert performs(bench) == []
    bench.one(c.Resume("r"))
    assert performs(bench) == [("b", "r", 2, 1)]


def test_without_another_node_it_stays(kit: Kit) -> None:
    bench = kit.bench()
    bench.one(c.NodeUp("a", 1, ALL))
    begin(bench, "r", owner="a")
    bench.one(c.NodeDown("a", 1))
    assert performs(bench) == [] and bench.machine.runs["r"].owner == "a"
    bench.one(c.NodeUp("a", 1, ALL))
    assert performs(bench) == [], "it is the same life: it is at it still"
    bench.one(c.NodeUp("a", 2, ALL))
    assert performs(bench) == [("a", "r", 2, 1)]


def test_a_life_that_is_over_is_not_heard(bench: Bench) -> None:
    begin(bench, "r", owner="a")
    bench.one(c.NodeUp("a", 5, ALL))
    bench.one(c.NodeUp("a", 4, frozenset()))
    bench.one(c.NodeDown("a", 4))
    assert bench.machine.nodes["a"] == (5, True, ALL) and bench.machine.runs["r"].owner == "a"


def test_the_old_owner_is_told_to_stop(bench: Bench) -> None:
    begin(bench, "r", "Both", owner="a")
    bench.one(c.NodeDown("a", 1))
    halts = [each for each in bench.applied.actions if isinstance(each, Halt)]
    assert [each.op for each in halts] == [1, 2]
    first = bench.applied.actions.index(halts[-1])
    assert all(isinstance(each, Halt) for each in bench.applied.actions[: first + 1]), "before anything is called again"


def test_the_first_result_counts_whoever_brings_it(bench: Bench) -> None:
    begin(bench, "r", owner="a")
    bench.one(c.NodeDown("a", 1))
    bench.one(c.Finished("r", "r-1", 1, b"7"))
    bench.one(c.Finished("r", "r-1", 1, b"8"))
    row = bench.storage.row("r")
    assert row is not None and row.result == b"7"


def test_an_attempt_of_the_old_owner_that_failed_does_not_count(bench: Bench) -> None:
    begin(bench, "r", owner="a")
    bench.one(c.NodeDown("a", 1))
    bench.one(c.AttemptFailed("r", "r-1", 1, 1, "Stopped", "", None, "", True))
    op = bench.machine.runs["r"].op(1)
    assert op is not None and (op.attempt, op.failures) == (2, 0)


def test_nodes_and_owners_are_read_again(bench: Bench, kit: Kit) -> None:
    begin(bench, "r", owner="b")
    bench.one(c.NodeDown("c", 1))
    machine = Machine(kit.programs, bench.storage.row)
    machine.read_nodes(bench.storage.meta()["nodes"])
    machine.load(bench.storage.live())
    assert machine.nodes == bench.machine.nodes and owners(machine) == {"r": "b"}


def test_a_machine_that_was_read_decides_as_one_that_was_there(bench: Bench, kit: Kit) -> None:
    """Runs lie in another order in the memory of a node that has read them from its disk."""
    for number in range(12):
        begin(bench, f"r{number}", "W" if number % 3 else "Idle", owner="abc"[number % 3])
    bench.one(c.Signal("r0", "go", b"null"))
    read = Machine(kit.programs, bench.storage.row, seq=bench.machine.seq)
    read.read_nodes(bench.storage.meta()["nodes"])
    read.load(reversed(list(bench.storage.live())))
    read.now = bench.machine.now
    down = [c.NodeDown("b", 1), c.NodeDown("a", 1)]
    assert spelled(read.apply(down, bench.now)) == spelled(bench.machine.apply(down, bench.now))
