"""The checker of what clients saw: it lets pass what is linearizable, and nothing else."""

from __future__ import annotations

import itertools
import random

import pytest

from raftoral.sim.histories import Append, Look, broken


def look(text: str, asked: float, answered: float) -> Look:
    return Look(tuple(text), asked, answered)


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [Append("a", 1, 2), Append("b", 3, 4)],
        [Append("b", 1, 4), Append("a", 2, 3)],  # side by side, in any order
        [Append("a", 1, None), look("a", 5, 6)],  # nobody was told, and it happened
        [Append("a", 1, 4), look("", 2, 3), look("a", 2, 3)],  # it happens while they look
        [Append("c", 1, None)],  # nobody was told, and it did not happen
        [look("ab", 1, 2), look("ab", 3, 4)],
    ],
)
def test_these_are_fine(calls: list[Append | Look]) -> None:
    assert broken("ab", calls) == ""


@pytest.mark.parametrize(
    ("final", "calls", "says"),
    [
        ("aba", [], "twice"),
        ("a", [Append("b", 1, 2)], "not in the list"),
        ("ab", [Append("b", 1, 2), Append("a", 3, 4)], "stands before"),
        ("ab", [Append("a", 1, 2), look("", 3, 4)], "stands before"),
        ("ab", [look("ab", 1, 2), look("a", 3, 4)], "stands before"),
        ("ab", [look("ab", 1, 2), Append("b", 3, 4)], "stands before"),
        ("ab", [look("b", 1, 2)], "somebody saw"),
        ("a", [Look((), 3, 4, there=False)], "nothing was there"),
    ],
)
def test_these_are_not(final: str, calls: list[Append | Look], says: str) -> None:
    assert says in broken(final, calls, begun=1.0)


def test_it_agrees_with_trying_all_orders() -> None:
    chance = random.Random(5)
    seen = {True: 0, False: 0}
    for _ in range(3000):
        final = "abc"[: chance.randint(0, 3)]
        calls: list[Append | Look] = []
        for value in final:
            asked = chance.randint(0, 6)
            calls.append(Append(value, asked, chance.choice([None, asked + chance.randint(1, 4)])))
        for _ in range(chance.randint(0, 2)):
            asked = chance.randint(0, 6)
            calls.append(look(final[: chance.randint(0, len(final))], asked, asked + chance.randint(1, 4)))
        expected = _some_order(final, calls)
        assert (broken(final, calls) == "") == expected, (final, calls)
        seen[expected] += 1
    assert min(seen.values()) > 300


def _some_order(final: str, calls: list[Append | Look]) -> bool:
    """Whether an order of all calls is one of real time, and means what was seen."""
    return any(_fits(final, order) for order in itertools.permutations(calls))


def _fits(final: str, order: tuple[Append | Look, ...]) -> bool:
    for at, later in enumerate(order):
        if any(
            each.answered is not None and each.answered < earlier.asked for earlier in order[:at] for each in [later]
        ):
            return False
    values = ""
    for call in order:
        if isinstance(call, Append):
            values += call.value
        elif "".join(call.values) != values:
            return False
    return values == final
