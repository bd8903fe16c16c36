"""The last resort: pass over what cannot be understood, to the next place where reading can go on.

Reading goes on at a statement, a declaration, an arm, a policy or a closing brace for which some part of the stack is
ready. What was begun with `let x =`, `timeout:` or `return` keeps its beginning and gets a hole for its value; other
statements are dropped whole. A brace that is open stays open until its `}`, or until the next declaration.
"""

from __future__ import annotations

from ...syntax import Token
from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Stack
    from .mender import Mender

    Place = tuple[Stack, Stack | None]

ROUND = frozenset(("LPAR", "LSQB"))
BEGINNERS = (
    words.STATEMENTS
    | words.CLAUSES
    | words.MEMBERS
    | words.POLICIES
    | words.DECLARATIONS
    | frozenset(("on", "after", "slot"))
)
BEFORE_A_VALUE = frozenset(("EQUAL", "COLON", "RETURN", "GIVE", "FAIL", "LOG"))
LOST = 4  # skips within one declaration; then the rest of it is passed over
FAR = 20_000  # tokens after which only a declaration counts
PLACES_MAX = 60  # parts of the stack that are tried, from the top and from the bottom


def resync(m: Mender) -> bool:
    """Skips to where reading can go on, and reports what was skipped. Always finds the end of the text."""
    everywhere = _places(m)
    rest = everywhere
    inner, rest = _within_brace(m, rest)
    braces = round_ = 0  # what was opened in the text that is skipped
    lost = _is_lost(m)
    for index in range(m.at, len(m.tokens)):
        token = m.tokens[index]
        if token.type == "$END" or m.is_top(index):
            braces = round_ = 0
            if _go_on(m, index, [p for p in everywhere if m.machine.takes(p[0], "RECORD")], 1):
                return True
        elif lost or index - m.at > FAR:
            continue
        elif braces:
            braces += (token.type == "LBRACE") - (token.type == "RBRACE")
        elif token.type == "RBRACE":
            if _go_on(m, index, inner, 2):
                return True
            if index > m.at or inner:
                inner, rest = _within_brace(m, rest)
        else:
            if token.text in words.STATEMENTS and m.begins_line(index):
                round_ = 0  # no statement begins in parentheses; one was never closed
            if not round_ and _may_begin(m, index) and _go_on(m, index, inner, 3):
                return True
            braces += token.type == "LBRACE"
            round_ += token.type in ROUND
            round_ -= token.type in ("RPAR", "RSQB") and round_ > 0
    return False


def _is_lost(m: Mender) -> bool:
    """Whether so much went wrong in this declaration that the rest of it would only be noise."""
    lo = m.at
    while lo > 0 and not m.is_top(lo):
        lo -= 1
    m.lost[lo] = m.lost.get(lo, 0) + 1
    return m.lost[lo] > LOST


def _places(m: Mender) -> list[Place]:
    """Parts of the stack, from the whole of it down, each with the entry that stands on it."""
    places: list[Place] = []
    above: Stack | None = None
    stack: Stack | None = m.stack
    while stack is not None:
        places.append((stack, above))
        above, stack = stack, stack[1]
    if len(places) > PLACES_MAX:
        places = places[: PLACES_MAX - 10] + places[-10:]
    return places


def _within_brace(m: Mender, places: list[Place]) -> tuple[list[Place], list[Place]]:
    """The places inside of the innermost open brace, and those outside of it."""
    for number, (stack, _) in enumerate(places):
        if m.machine.symbol(stack) == "LBRACE":
            return places[: number + 1], places[number + 1 :]
    return places, []


def _may_begin(m: Mender, index: int) -> bool:
    """Whether something may begin at this token, by its look."""
    token = m.tokens[index]
    if token.type in ("NAME", "RETURN_END"):
        return token.text in BEGINNERS or m.begins_line(index)
    if token.type in ("TNAME", "INT", "STRING"):
        return m.begins_line(index)
    return token.text in ("{", ",", ")", "]", "=>", "@") and index > m.at


def _go_on(m: Mender, index: int, places: list[Place], need: int) -> bool:
    """Goes on at the source token `index`, if one of the places is ready for it."""
    hole = [m.made("", m.before().hi)]
    trials: list[tuple[Place, list[Token]]] = [
        (place, hole) for place in places if m.machine.symbol(place[0]) in BEFORE_A_VALUE
    ][:1]
    for place in places:
        trials.append((place, []))
        if place[1] is None:
            trials.append((place, hole))
    for (stack, above), filler in trials:
        if above is None and not filler and index == m.at:
            continue
        if m.machine.survives(stack, filler, m.tokens, index, need) >= need:
            _cut(m, stack, above, filler, index)
            return True
    return False


def _cut(m: Mender, stack: Stack, above: Stack | None, filler: list[Token], index: int) -> None:
    _say(m, index)
    lo, hi = m.token.lo, m.tokens[index - 1].hi if index > m.at else m.token.lo
    if above is not None:
        if above[2] < len(m.out):
            lo = min(lo, m.out[above[2]].lo)
        m.cut(stack, above)
    if index > m.at:
        m.skip(index - m.at)
    if hi > lo:
        m.holes.append((lo, hi))
    m.push(*filler)


def _say(m: Mender, index: int) -> None:
    bad, end, before = m.token, m.tokens[index], m.before()
    behind = words.shown(before.text)
    if bad.type == "$END":
        label = f"something is missing after `{behind}`"
        m.say("RFT0103", "the file ends too early", before, label)
        return
    notes = []
    lines = m.line_of(end) - m.line_of(bad)
    if end.type == "$END" and lines > 1:
        notes = ["the rest of the file was not read"]
    elif lines > 1:
        notes = [f"reading goes on at line {m.line_of(end)}"]
    text = words.shown(bad.text)
    label = f"this cannot follow `{behind}`" if behind else "a file begins with `rft 1`"
    headline = f"`{text}` does not fit here"
    if bad.type in ("NAME", "TNAME", "INT", "STRING"):
        if m.accepts("let") and m.accepts("log"):
            headline = f"`{text}` does not begin a statement"
            label = "a statement begins with a word such as `let`, `do` or `if`, or assigns"
        elif m.accepts("record"):
            headline = f"`{text}` does not begin a declaration"
            label = "a declaration begins with a word such as `record`, `fn` or `workflow`"
    m.say("RFT0103", headline, bad, label, notes=notes)
