"""The last resort: pass over what cannot be understood, to the next place where reading can go on.

Reading goes on at a statement, a declaration, an arm, a policy or a closing brace for which some part of the stack is
ready. A `let` or `checkpoint` that is cut short keeps its name and gets a hole for its value, so that only the
statement itself is lost.
"""

from __future__ import annotations

from ...syntax import Token
from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Stack
    from .mender import Mender

OPENERS = frozenset(("LPAR", "LSQB", "LBRACE"))
CLOSERS = frozenset(("RPAR", "RSQB", "RBRACE"))
BEGINNERS = (
    words.STATEMENTS
    | words.CLAUSES
    | words.MEMBERS
    | words.POLICIES
    | frozenset(("on", "after", "fn", "slot"))
)
PLACES_MAX = 60  # parts of the stack that are tried


def resync(m: Mender) -> bool:
    """Skips to where reading can go on, and reports what was skipped."""
    places = _places(m)
    level = 0
    index = m.at
    count = len(m.tokens)
    while index < count:
        token = m.tokens[index]
        if token.type in CLOSERS and level:
            level -= 1
        elif _may_begin(m, index, level):
            if _go_on(m, index, places):
                return True
            level += token.type in OPENERS
        elif token.type in OPENERS:
            level += 1
        if level and m.is_top(index):
            level = 0
            if _go_on(m, index, places):
                return True
        index += 1
    return False


def _places(m: Mender) -> list[tuple[Stack, Stack | None]]:
    """Parts of the stack, from the whole of it down, each with the entry that stands on it."""
    places: list[tuple[Stack, Stack | None]] = []
    above: Stack | None = None
    stack: Stack | None = m.stack
    while stack is not None:
        places.append((stack, above))
        above, stack = stack, stack[1]
    if len(places) > PLACES_MAX:
        places = places[: PLACES_MAX - 10] + places[-10:]
    return places


def _may_begin(m: Mender, index: int, level: int) -> bool:
    token = m.tokens[index]
    if token.type == "$END" or m.is_top(index):
        return True
    if level:
        return False
    if token.type == "RBRACE" or token.text == "{":
        return True
    if token.type in ("NAME", "RETURN_END"):
        if token.text in BEGINNERS or token.text in words.DECLARATIONS:
            return True
        return m.begins_line(index)
    if index == m.at:
        return False
    return token.text in (",", ")", "]", "=>", "@") or (
        token.type == "TNAME" and m.begins_line(index)
    )


def _go_on(m: Mender, index: int, places: list[tuple[Stack, Stack | None]]) -> bool:
    """Goes on at the source token `index`, if some part of the stack is ready for it."""
    token = m.tokens[index]
    top = m.is_top(index)
    braces = 0
    for stack, above in places:
        if above is not None:
            symbol = m.machine.symbol(above)
            braces += symbol == "LBRACE"
        if braces and token.type == "RBRACE" and m.machine.symbol(stack) != "":
            # The innermost open brace is the one to close.
            if braces > 1:
                return False
        if top and not m.machine.takes(stack, "RECORD"):
            continue
        for filler in _fillers(m, stack, above, token):
            need = 1 if token.type == "$END" or top else 3
            if m.machine.survives(stack, filler, m.tokens, index, need) >= need:
                if index == m.at and above is None and not filler:
                    continue
                _cut(m, stack, above, filler, index)
                return True
    return False


def _fillers(m: Mender, stack: Stack, above: Stack | None, token: Token) -> list[list[Token]]:
    symbol = m.machine.symbol(stack)
    if above is None and symbol != "EQUAL":
        return [[]]
    hi = m.before().hi
    if symbol == "EQUAL" and (token.type in ("NAME", "RBRACE", "$END", "RETURN_END")):
        return [[m.made("", hi)]]
    if m.machine.symbol(stack) in ("LET", "VAR", "DO", "LOG", "EQUAL", "IF", "WHILE"):
        return []
    return [[]]


def _cut(m: Mender, stack: Stack, above: Stack | None, filler: list[Token], index: int) -> None:
    bad = m.token
    end = m.tokens[index]
    lines = m.line_of(end) - m.line_of(bad)
    before = m.before()
    if bad.type == "$END":
        headline = "the file ends too early"
        label = f"something is missing after `{words.shown(before.text)}`"
        m.say("RFT0103", headline, before, label)
    else:
        notes = []
        if lines > 1 and end.type != "$END":
            notes = [f"reading goes on at line {m.line_of(end)}"]
        elif end.type == "$END" and lines > 1:
            notes = ["the rest of the file was not read"]
        if bad.type in ("NAME", "TNAME") and m.accepts("let") and m.accepts("log"):
            m.say(
                "RFT0103",
                f"`{words.shown(bad.text)}` does not begin a statement",
                bad,
                "a statement begins with a word such as `let`, `do` or `if`, or assigns",
                notes=notes,
            )
        label = (
            f"this cannot follow `{words.shown(before.text)}`"
            if before.text
            else "a declaration was expected"
        )
        m.say("RFT0103", f"`{words.shown(bad.text)}` does not fit here", bad, label, notes=notes)
    lo = m.tokens[m.at].lo
    if above is not None:
        first = above[2]
        if first < len(m.out):
            lo = min(lo, m.out[first].lo)
        m.cut(stack, above)
    if index > m.at:
        m.skip(index - m.at)
        m.holes.append((lo, m.tokens[index - 1].hi))
    m.push(*filler)
