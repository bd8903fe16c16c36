"""Loops that wait for nothing are bounded, over all of a transition."""

from __future__ import annotations

import threading

import pytest

from raftoral.program import v1 as rt
from raftoral.program.faults import StepBudget
from raftoral.program.std import loops


@pytest.fixture(autouse=True)
def after():
    yield
    loops.end()


@pytest.mark.parametrize(("first", "last", "turns"), [(1, 3, [1, 2, 3]), (-1, 0, [-1, 0]), (2, 2, [2]), (3, 1, [])])
def test_both_ends_belong_to_it(first, last, turns):
    assert list(rt.turns(first, last)) == turns


def test_a_loop_in_a_loop_counts_each_time(monkeypatch):
    monkeypatch.setattr(loops, "TURNS_MAX", 100)
    loops.begin()
    with pytest.raises(StepBudget, match="more than 100 turns"):
        for _ in rt.turns(1, 20):
            rt.turns(1, 10)
    loops.begin()
    assert len(rt.turns(1, 100)) == 100, "the next transition has them all again"
    with pytest.raises(StepBudget):
        rt.turns(1, 1)


def test_nothing_is_walked_before_it_is_known_to_end():
    loops.begin()
    with pytest.raises(StepBudget):
        rt.turns(1, 2**63 - 1)


def test_outside_of_a_transition_each_loop_has_all_of_them(monkeypatch):
    monkeypatch.setattr(loops, "TURNS_MAX", 100)
    for _ in range(5):
        rt.turns(1, 100)
    with pytest.raises(StepBudget):
        rt.turns(1, 101)


def test_threads_do_not_count_for_each_other(monkeypatch):
    monkeypatch.setattr(loops, "TURNS_MAX", 100)
    loops.begin()

    def walk():
        loops.begin()
        rt.turns(1, 90)

    other = threading.Thread(target=walk)
    other.start()
    other.join()
    assert len(rt.turns(1, 90)) == 90
