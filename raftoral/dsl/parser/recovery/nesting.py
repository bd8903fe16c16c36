"""Leaves out declarations that are nested too deeply (RFT0116), before anything else is mended.

Input: tokens. Output: the tokens of all other declarations, a problem at the place where it got too deep, and holes.
Reading stops there because every later pass walks the tree by recursion.
"""

from __future__ import annotations

from ...diagnostics import Problems
from ...syntax import Node, Token
from ..depth import DEPTH_MAX, OPENERS, first_too_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mender import Mender


def leave_out_deep(m: Mender, suspect: int | None) -> None:
    """Drops what is too deep; `suspect` is a token that the driver found to be."""
    tokens = m.tokens
    tops = [index for index in range(len(tokens)) if m.is_top(index)]
    if tokens[0].text == "rft" and (not tops or tops[0] > 2):
        tops.insert(0, min(2, len(tokens) - 1))
    kept: list[Token] = tokens[: tops[0]] if tops else []
    for lo, hi in zip(tops, [*tops[1:], len(tokens)], strict=True):
        deep = first_too_deep(tokens, lo, hi)
        if deep is None and suspect is not None and lo <= suspect < hi:
            deep = suspect
        if deep is None:
            kept += tokens[lo:hi]
            continue
        _report(m.problems, tokens, lo, deep)
        end = hi - (tokens[hi - 1].type == "$END")
        m.drop(tokens[lo:end])
        kept += tokens[end:hi]
    m.tokens = kept


def _report(problems: Problems, tokens: list[Token], lo: int, deep: int) -> None:
    at = tokens[deep]
    brackets = sum(token.type in OPENERS for token in tokens[lo:deep]) > DEPTH_MAX // 2
    what = "this is nested too deeply" if brackets else "this expression is too long"
    begin = Node(tokens[lo].lo, tokens[lo].hi)
    problems.add(
        "RFT0116",
        what,
        at,
        f"more than {DEPTH_MAX} levels deep here",
        also=[(begin, "this declaration was not read")],
        helps=["give parts of it names with `let`, or move them to functions"],
    )
