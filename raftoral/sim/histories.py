"""Is what clients saw of a list to which they append linearizable? A checker that misses nothing, for such lists.

    problem = broken(["a", "b"], [Append("a", 0.1, 0.4), Append("b", 0.5, None), Look(("a",), 0.2, 0.3)])

The final list is the order of all appends, so each call has its place in it and nothing has to be searched: an append
stands behind as many as its place says, a look behind as many as it saw. The places are an order of real time too when
whatever was answered before another call was made stands before it. In: the list, calls with the times at which they
were made and answered (None: never). Out: words, empty when all is well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Append(NamedTuple):
    value: str
    asked: float
    answered: float | None


class Look(NamedTuple):
    """What somebody saw. `there`: the list itself was there."""

    values: tuple[str, ...]
    asked: float
    answered: float
    there: bool = True


def broken(final: Sequence[str], calls: Sequence[Append | Look], begun: float | None = None) -> str:
    """What is not linearizable. `begun`: when the answer came that the list is there."""
    places = {value: place for place, value in enumerate(final, 1)}
    if len(places) != len(final):
        twice = next(value for value in final if list(final).count(value) > 1)
        return f"{twice!r} stands in the list twice"
    placed: list[tuple[float, float | None, int, str]] = []  # asked, answered, place, words
    for call in calls:
        if isinstance(call, Append):
            if call.value in places:
                placed.append((call.asked, call.answered, 2 * places[call.value], f"the append of {call.value!r}"))
            elif call.answered is not None:
                return f"{call.value!r} was acknowledged, and is not in the list"
        elif not call.there:
            if begun is not None and begun < call.asked:
                return f"at {call.asked:.3f} s nothing was there, though it was acknowledged at {begun:.3f} s"
        elif tuple(final[: len(call.values)]) != call.values:
            return f"at {call.asked:.3f} s somebody saw {list(call.values)}, and the list is {list(final)}"
        else:  # between the append that it saw last and the next one
            placed.append((call.asked, call.answered, 2 * len(call.values) + 1, f"a look at {len(call.values)}"))
    return _out_of_order(placed)


def _out_of_order(placed: list[tuple[float, float | None, int, str]]) -> str:
    """A call that was made after another one had its answer, and stands before it."""
    answered = sorted((each for each in placed if each[1] is not None), key=lambda each: each[1] or 0.0)
    at, highest, who = 0, -1, ""
    for asked, _, place, words in sorted(placed, key=lambda each: each[0]):
        while at < len(answered) and (answered[at][1] or 0.0) < asked:
            if answered[at][2] > highest:
                highest, who = answered[at][2], answered[at][3]
            at += 1
        if place < highest:
            return f"{words}, asked for at {asked:.3f} s, stands before {who}, which was answered before that"
    return ""
