"""Owners of runs: whoever is asked to perform an effect is there, or will be."""

from __future__ import annotations

import pytest

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.machine import Perform
from tests.runtime.machines import Bench, Kit

KIT = Kit(
    "activity get() -> int { timeout: 10s }\nactivity dial() -> int { timeout: 10s, once: at_most }\n"
    "workflow Once version 1 () -> int { try { return do dial() } catch Interrupted { return 0 } }\n"
    "workflow W version 1 () -> int { return do get() }\n"
)
EVERYTHING = frozenset({"m.get"})


@pytest.fixture
def bench() -> Bench:
    bench = KIT.bench()
    for name in ("a", "b"):
        bench.apply(c.NodeUp(name, 1, EVERYTHING))
    return bench


def start(owner: str) -> c.StartRun:
    return c.StartRun("r", "run-r", "m.W", 0, b"[]", owner=owner)


def owners(bench: Bench) -> list[str]:
    """Who was asked for an effect by the last entry."""
    return [action.owner for action in bench.applied.actions if isinstance(action, Perform)]


def test_a_start_goes_to_who_was_asked_for(bench: Bench) -> None:
    bench.apply(start("b"))
    assert owners(bench) == ["b"]


@pytest.mark.parametrize("gone", ["b", "nobody", ""])
def test_a_start_of_a_node_that_is_gone_goes_to_another(bench: Bench, gone: str) -> None:
    """It waited for its leader, and the end of its node stands before it in the log (found by the simulator:
    membership, seed 9)."""
    bench.apply(c.NodeDown("b", 1))
    bench.apply(start(gone))
    assert owners(bench) == ["a"]


def test_runs_of_the_last_node_wait_for_the_next_one(bench: Bench) -> None:
    """When all are down there is nobody to take over; whoever comes first does."""
    bench.apply(c.NodeDown("b", 1))
    bench.apply(start("a"))
    first = bench.attempt("get")
    bench.apply(c.NodeDown("a", 1))
    bench.apply(c.NodeUp("c", 1, EVERYTHING))
    assert owners(bench) == ["c"]
    again = bench.attempt("get")
    assert (again.number, again.key) == (2, first.key) and again.fence > first.fence


def test_a_stall_that_comes_twice_takes_nothing_from_the_next_owner(bench: Bench) -> None:
    """Reports are sent again until they are answered: two of one kind may stand in the log."""
    able = frozenset({"m.dial"})
    for name in ("b", "c"):
        bench.apply(c.NodeUp(name, 2, able))
    bench.apply(c.StartRun("r", "run-r", "m.Once", 0, b"[]", owner="a"))
    attempt = bench.attempt("dial")
    stalled = c.Stalled(attempt.id, attempt.op, "nobody here", attempt.run, attempt.fence)
    bench.apply(stalled)
    assert owners(bench) == ["b"]
    bench.apply(stalled)
    assert owners(bench) == []
