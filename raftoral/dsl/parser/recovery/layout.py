"""Where a `}` is missing, judged by indentation (RFT0104).

    workflow Ship version 1 (id: str) {
      if id == "" {
        fail Empty
      do pack(id)            <- this line is indented like the `if`: a `}` was meant to stand before it
    }

Only asked for a declaration that has more `{` than `}`, once something in it did not fit. White space means nothing to
the language, so this is a guess; the message says that it is.
"""

from __future__ import annotations

from ...diagnostics import Fix
from ...syntax import Token
from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mender import Mender


def close_blocks(m: Mender) -> bool:
    """Plans a `}` for each block of this declaration that has none, and goes back to the first of them."""
    if m.token.type == "LBRACE" or (m.before().type == "LBRACE" and not m.begins_line(m.at)):
        return False  # this one may be too many itself
    replaceable = m.token.type != "$END" and m.token.text not in words.STARTERS
    if replaceable and m.survives([m.made("}", 0)], 1, 8) == 8:
        return False  # something else stands where the `}` should be
    if not m.begins_line(m.at) and m.survives([m.made("}", 0)], 0, 8) == 8:
        return False  # it is missing right here
    lo, hi = _declaration(m)
    if lo >= hi or not m.once("layout", lo):
        return False
    tokens = m.tokens
    surplus = _surplus(m, hi)
    if surplus <= 0:
        return False
    missing = _missing(m, lo, hi, surplus)
    missing = [(opener, index) for opener, index in missing if index >= m.at or _can_go_back(m, index)]
    if not missing:
        return False
    quiet = m.is_flawed()
    for opener, index in missing:
        if not quiet:
            _report(m, opener, index)
        m.planned.setdefault(index, []).append(Token("RBRACE", "}", tokens[index - 1].hi, tokens[index - 1].hi))
    first = min(index for _, index in missing)
    if first <= m.at:
        m.back_to(first)
        return True
    return False


def _declaration(m: Mender) -> tuple[int, int]:
    """The source tokens of the declaration in which things went wrong."""
    lo = m.at
    if m.is_top(lo) and lo > 0:
        lo -= 1  # what stands at this place is the victim of the declaration above
    while lo > 0 and not m.is_top(lo):
        lo -= 1
    hi = lo + 1
    while hi < len(m.tokens) - 1 and not m.is_top(hi):
        hi += 1
    return lo, hi


def lacks_opening(m: Mender) -> bool:
    """Whether what is left of this declaration closes more braces than are open."""
    return _surplus(m, _declaration(m)[1]) < 0


def _surplus(m: Mender, hi: int) -> int:
    """How many `}` will be missing at the source token `hi`."""
    count = sum((t.type == "LBRACE") - (t.type == "RBRACE") for t in m.tokens[m.at : hi])
    stack = m.stack
    while stack[1] is not None:
        count += m.machine.symbol(stack) == "LBRACE"
        stack = stack[1]
    return count


def _can_go_back(m: Mender, index: int) -> bool:
    return bool(m.history) and m.history[0][1] <= index


def _missing(m: Mender, lo: int, hi: int, surplus: int) -> list[tuple[int, int]]:
    """(opening brace, token before which it should close), at most `surplus` of them."""
    tokens = m.tokens
    open_: list[tuple[int, int, int]] = []  # index, indentation of its line, line
    found: list[tuple[int, int]] = []
    for index in range(lo, hi):
        token = tokens[index]
        if index < m.at and any(start <= token.lo < end for start, end in m.holes):
            continue
        if open_ and m.begins_line(index):
            column, line = m.indent(index), m.line_of(token)
            closes = token.type == "RBRACE"
            while open_ and len(found) < surplus and line > open_[-1][2]:
                indent = open_[-1][1]
                if closes and not any(outer[1] == column for outer in open_[:-1]):
                    break
                orphan = token.text in words.CLAUSES and tokens[index - 1].type != "RBRACE"
                if not (column < indent or (column == indent and not closes) or orphan):
                    break
                found.append((open_.pop()[0], index))
                if orphan:
                    break
        if token.type == "LBRACE":
            open_.append((index, m.indent(index), m.line_of(token)))
        elif token.type == "RBRACE" and open_:
            open_.pop()
    while open_ and len(found) < surplus:
        found.append((open_.pop()[0], hi))
    return found


def _report(m: Mender, opener: int, index: int) -> None:
    tokens = m.tokens
    token, before = tokens[index], tokens[index - 1]
    at_end = token.type == "$END" or m.is_top(index)
    same_line = m.line_of(tokens[opener]) == m.line_of(before)
    if same_line:
        edit = (before.hi, before.hi, " }")
    elif token.text in ("catch", "else", "finally"):
        edit = (token.lo, token.lo, "} ")
    else:
        edit = (before.hi, before.hi, "\n" + " " * m.indent(opener) + "}")
    also: list[tuple[Token, str]] = []
    if at_end:
        helps = [f"add `}}` after `{_line_text(m, before)}`"]
    else:
        also = [(token, "indentation suggests the block was meant to end before this line")]
        where = f"`{_line_text(m, token)}`" if token.type != "RBRACE" else f"line {m.line_of(token)}"
        helps = [f"add `}}` before {where}"]
    m.problems.add(
        "RFT0104",
        "this `{` is never closed",
        tokens[opener],
        "opened here",
        also=[(node, text) for node, text in also],
        helps=helps,
        fix=Fix([edit]),
    )


def _line_text(m: Mender, token: Token) -> str:
    line = m.source.line(m.line_of(token)).strip()
    return line if len(line) <= 40 else line[:37] + "..."
