"""Groups of gaps that are broken together."""

from __future__ import annotations

HARD, SOFT = False, True


class Group:
    """The words lo..hi, which may be broken at `gaps`.

    A hard group (brackets, blocks) breaks at all of them when it is too wide or when something in it ends a line
    already. A soft group (operators, clauses) breaks when it is too wide, and not after a part that was itself
    broken and ends in a bracket: `) compensate do ...`. Its decision never looks at line ends in the source, which
    is what makes formatting twice the same as once.

    `hug`: a soft group that breaks only where the next words do not fit at all.
    """

    __slots__ = ("base", "broken", "gaps", "hi", "hug", "line", "lo", "next", "soft")

    def __init__(self, lo: int, hi: int, gaps: list[int], soft: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.gaps = gaps
        self.soft = soft
        self.hug = False
        self.base = 0  # the indent of the line on which it begins
        self.broken = False
        self.line = 0  # the line on which its current part began
        self.next = 0  # how many of its gaps have been written
