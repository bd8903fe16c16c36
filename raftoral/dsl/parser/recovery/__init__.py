"""Tokens that do not parse -> tokens that do, and a problem for each mistake.

    repair(lexed, stuck, tables, source, problems) -> Repaired(tokens, holes, poisoned)

Reads the tokens again on linked state stacks (`machine`), and where one does not fit asks in turn: `layout` (a missing
`}`), `habits` (Python and C), `names` (misspelt words, wrong case), `places` (right things in the wrong place), `edits`
(one token put in, left out or changed), `resync` (skip to where reading can go on). The first that can mend it
reports it. `flaws` words what the lexer could not read; `depth` stops what is nested too deeply.

Loaded only for a file with mistakes. Never raises, and never leaves tokens that do not parse.
"""

from __future__ import annotations

from ...diagnostics import Problems
from ...source import Source
from ...syntax import Token
from ..driver import Stuck, Tables
from ..tokens import Lexed
from . import edits, habits, layout, marks, names, places
from .flaws import report_flaws as report_flaws
from .machine import Machine
from .mender import Mender
from .nesting import leave_out_deep
from .resync import resync

PROBLEMS_MAX = 100
REPAIRS_MAX = 400
HISTORY_MAX = 20_000  # how far a repair may go back, in tokens; more would only cost memory

DETECTIVES = (
    habits.comment,
    names.reserved_word,
    marks.power,
    edits.twice,
    layout.close_blocks,
    habits.colon_block,
    marks.angle_brackets,
    marks.split_mark,
    marks.foreign_mark,
    marks.spaced_unit,
    marks.equals_block,
    habits.doc_string,
    habits.negation,
    habits.prefixed_string,
    habits.foreign_word,
    places.return_value,
    places.arm_without_brace,
    places.pattern,
    places.missing_version,
    places.nested_declaration,
    places.late_member,
    places.closed_early,
    marks.walrus,
    places.missing_word,
    names.mend_case,
    names.spell_keyword,
    places.lone_value,
    places.top_statement,
    edits.small_repair,
    resync,
)


class Repaired:
    """Tokens that parse; what was left out (`holes`) and which names stood there (`poisoned`)."""

    __slots__ = ("holes", "poisoned", "tokens")

    def __init__(self, tokens: list[Token], holes: list[tuple[int, int]], poisoned: set[str]) -> None:
        self.tokens = tokens
        self.holes = holes
        self.poisoned = poisoned


def repair(lexed: Lexed, stuck: Stuck, tables: Tables, source: Source, problems: Problems) -> Repaired:
    """Reports what is wrong with the order of the tokens, and returns a list that parses."""
    flawed = [(flaw.lo, flaw.hi) for flaw in lexed.flaws]
    m = Mender(lexed.tokens, Machine(tables), source, problems, flawed)
    leave_out_deep(m, stuck.index if stuck.too_deep else None)
    _edition(m)
    m.floor = len(m.out)  # `rft 1` stays, whatever stands behind it
    repairs = 0
    while not _read_on(m):
        repairs += 1
        if repairs > REPAIRS_MAX or len(problems.found) >= PROBLEMS_MAX:
            _give_up(m)
            break
        _mend(m)
    return Repaired(m.out, _merged(m.holes), m.poisoned)


def repaired_to_nothing(text: str) -> Repaired:
    """The tokens of an empty file: what is left when even the mended tokens do not parse. The problems were said."""
    end = len(text)
    tokens = [Token("NAME", "rft", 0, 0), Token("INT", "1", 0, 0), Token("$END", "", end, end)]
    return Repaired(tokens, [(0, end)], {""})


def _merged(holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Holes in order, each stretch of text once."""
    merged: list[tuple[int, int]] = []
    for lo, hi in sorted(holes):
        if merged and lo <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], hi))
        else:
            merged.append((lo, hi))
    return merged


def _edition(m: Mender) -> None:
    """`rft 1` must be there, whatever follows."""
    first, second = m.tokens[0], m.ahead()
    if first.text == "rft" and second.type == "INT":
        m.take(2)
        return
    line = [token for token in m.tokens[:4] if m.line_of(token) == m.line_of(first) and token.type != "$END"]
    meant = len(line) <= 3 and not m.is_top(0) and (first.text == "rft" or (line[-1:] and line[-1].type == "INT"))
    m.quiet = m.is_flawed()
    if meant:  # a line of its own that is nearly right
        whole = Token("", "", first.lo, line[-1].hi)
        number = second.type not in ("NAME", "TNAME") and len(line) == 2 and first.text == "rft"
        m.say(
            "RFT0102" if number else "RFT0101",
            f"there is no edition {second.text}"
            if number
            else "this file does not say which edition of the language it uses",
            second if number else whole,
            "an edition is a whole number: `rft 1`" if number else "the first line is `rft 1`",
            edits=[(whole.lo, whole.hi, "rft 1")],
        )
    else:
        line = []
        m.say(
            "RFT0101",
            "this file does not say which edition of the language it uses",
            first,
            "put `rft 1` on the first line",
            notes=["an edition fixes the grammar, the meaning and the standard library of a file, for good"],
            edits=[(first.lo, first.lo, "rft 1\n\n")],
        )
    m.quiet = False
    m.push(Token("NAME", "rft", first.lo, first.lo), Token("INT", "1", first.lo, first.lo))
    m.at += len(line)


def _read_on(m: Mender) -> bool:
    """Reads until something does not fit; True at the end of the text."""
    machine, tokens = m.machine, m.tokens
    count = len(tokens)
    while not m.out or m.out[-1].type != "$END":
        m.at = min(m.at, count - 1)
        for planned in m.planned.pop(m.at, ()):
            m.push(planned)
        token = tokens[m.at]
        after = tokens[m.at + 1] if m.at + 1 < count else None
        moved = machine.advance(m.stack, token, len(m.out), after)
        if moved is None:
            return False
        m.out.append(token)
        m.history.append((m.stack, m.at))
        if len(m.history) > 2 * HISTORY_MAX:
            del m.history[:HISTORY_MAX]
            m.start += HISTORY_MAX
        m.stack = moved
        m.at += 1
    return True


def _mend(m: Mender) -> None:
    for detective in DETECTIVES:
        if detective(m):
            return
    _give_up(m)  # never so far: the end of the text always fits


def _give_up(m: Mender) -> None:
    """Ends the reading here: what is complete stays, the rest of the text becomes a hole."""
    stack, above = m.stack, None
    while stack[1] is not None and not m.machine.takes(stack, "RECORD"):
        above, stack = stack, stack[1]
    if above is not None:
        m.cut(stack, above)
    m.skip(len(m.tokens) - 1 - m.at)
    m.holes.append((m.before().hi, len(m.text)))
    m.take()
