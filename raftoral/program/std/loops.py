"""Loops that wait for nothing: they are bounded, since every node walks them while it does nothing else.

    for i in rt.turns(1, n): ...          for i in 1..n { ... }

The turns of a transition are counted together, a loop at a time and before it begins, so that a turn costs what
Python's own does: a loop in a loop counts each time that it is entered. Above the bound the transition is a fault, on
every node alike. Outside of a transition (a query, a test) each loop has the bound for itself.
"""

from __future__ import annotations

import threading

from ..faults import StepBudget

TURNS_MAX = 10_000_000


class _Left(threading.local):
    turns: int | None = None


_left = _Left()


def begin() -> None:
    """A transition begins in this thread."""
    _left.turns = TURNS_MAX


def end() -> None:
    """It is over."""
    _left.turns = None


def turns(first: int, last: int) -> range:
    """`first..last`, both ends included."""
    count = last - first + 1
    if count > 0:
        left = _left.turns
        if left is None:
            left = TURNS_MAX
        else:
            _left.turns = left - count
        if count > left:
            raise StepBudget(f"the loops of a transition take more than {TURNS_MAX:,} turns")
    return range(first, last + 1)
