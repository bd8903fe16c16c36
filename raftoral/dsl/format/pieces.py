"""A parsed file -> its pieces: what is formatted, and what is copied because it could not be read.

record Order { id: str }      formatted
record { qty int = }          copied as it stands, up to the next declaration that was read
activity ship(id: str) ...    formatted
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate

from .. import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..diagnostics import Problem
    from ..parser import Parsed

# Problems that lie in strings or comments, which are never touched, or (RFT0101) in what is not there.
HARMLESS = frozenset(("RFT0101", "RFT0109", "RFT0117", "RFT0118"))


class Piece:
    """`text[lo:hi]`: a line of the header, an import, a declaration, or a stretch that is copied."""

    __slots__ = ("copied", "hi", "kind", "lo", "node")

    def __init__(self, lo: int, hi: int, kind: str, node: s.Node | None = None, copied: bool = False) -> None:
        self.lo = lo
        self.hi = hi
        self.kind = kind  # "edition", "module", or the name of the node's class; empty when copied
        self.node = node
        self.copied = copied


class Unshapeable(Exception):
    """The formatter cannot lay out these pieces: they are copied, and nothing is said."""

    def __init__(self, pieces: list[Piece]) -> None:
        super().__init__([(piece.kind, piece.lo) for piece in pieces])
        self.pieces = pieces


def find_pieces(parsed: Parsed, problems: list[Problem], bad: list[tuple[int, int]]) -> list[Piece]:
    """The pieces in order. `bad` holds further spans that are to be copied."""
    pieces = _header(parsed)
    nodes: list[s.Node] = [*parsed.module.imports, *parsed.module.decls]
    pieces += [Piece(node.lo, node.hi, node.__class__.__name__, node) for node in nodes if node.hi > node.lo]
    pieces.sort(key=lambda piece: piece.lo)
    damage = [*bad, *parsed.holes]
    damage += [
        (label.lo, label.hi) for label in (problem.primary for problem in problems if problem.code not in HARMLESS)
    ]
    if damage or problems:  # without any, the grammar has found a place for each word
        return _around(parsed, pieces, damage)
    return pieces


def _header(parsed: Parsed) -> list[Piece]:
    """`rft 1` and `module x`; the words themselves are no nodes."""
    module = parsed.module
    pieces = []
    for what, word, kind in ((module.edition, "rft", "edition"), (module.name, "module", "module")):
        if what is not None and what.hi > what.lo:
            before = [token for token in parsed.tokens[:8] if token.hi <= what.lo and token.text == word]
            if before and before[-1].lo < what.lo:
                pieces.append(Piece(before[-1].lo, what.hi, kind))
    return pieces


def _around(parsed: Parsed, pieces: list[Piece], damage: list[tuple[int, int]]) -> list[Piece]:
    """Copies what touches damage, and all text that belongs to no piece, `rft` without a number for one."""
    damage.sort()
    begins = [lo for lo, _ in damage]
    reach = list(accumulate((hi for _, hi in damage), max))  # how far the damage up to here goes
    good: list[Piece] = []
    for piece in pieces:
        index = bisect_right(begins, piece.hi) - 1
        touched = index >= 0 and reach[index] >= piece.lo
        if not touched and (not good or piece.lo >= good[-1].hi):
            good.append(piece)
    found: list[Piece] = []
    at = 0
    for index, end in enumerate([*(piece.lo for piece in good), len(parsed.source.text)]):
        stray = _stray(parsed, at, end)
        if stray is not None:
            found.append(Piece(stray[0], stray[1], "", copied=True))
        if index < len(good):
            found.append(good[index])
            at = good[index].hi
    return found


def _stray(parsed: Parsed, lo: int, hi: int) -> tuple[int, int] | None:
    """From the first to the last character in `text[lo:hi]` that is neither blank nor comment."""
    text = parsed.source.text
    first, last = -1, -1
    at = lo
    edges = parsed.comments[bisect_left(parsed.comments, (lo, lo)) : bisect_left(parsed.comments, (hi, hi))]
    for comment_lo, comment_hi in [*edges, (hi, hi)]:
        part = text[at:comment_lo]
        if part.strip(" \t\n"):
            if first < 0:
                first = at + len(part) - len(part.lstrip(" \t\n"))
            last = at + len(part.rstrip(" \t\n"))
        at = comment_hi
    return None if first < 0 else (first, last)
