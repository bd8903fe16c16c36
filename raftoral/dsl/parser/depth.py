"""How deeply tokens are nested, by their look alone (RFT0116): brackets, and chains such as `a + a + a` or `not not x`.

Later passes walk the tree by recursion; what passes here cannot exhaust Python's stack there, whatever the text. The
driver samples its own stack and asks only about long statements; the recovery asks about whole files. The depth that
is counted here is a bound from above: it may count an operator twice, and never forgets one.
"""

from __future__ import annotations

from ..syntax import Token
from .tokens import DECLARATIONS, MEMBERS, STATEMENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .driver import Tables

DEPTH_MAX = 200

OPENERS = frozenset(("LPAR", "LSQB", "LBRACE"))
CLOSERS = frozenset(("RPAR", "RSQB", "RBRACE"))
# Behind these, something begins that is not nested in what stands before them.
SEPARATORS = frozenset(("COMMA", "COLON", "EQUAL", "RETURN_END", "$END"))
OPERATORS = frozenset(("ADD", "MUL", "CMP", "COALESCE", "DOT", "BANG", "QMARK", "VBAR"))
OPERATOR_TEXTS = frozenset(("?.", "or", "and", "not", "in", "is", "if", "else"))
# `if` is an operator too, and `module` may be a name.
BEGINNINGS = (DECLARATIONS | MEMBERS | STATEMENTS) - {"if", "module"}


class Meter:
    """Counts on from token to token. `reached` is the depth at the last one."""

    __slots__ = ("chain", "deepest", "levels", "outside", "previous", "reached")

    def __init__(self) -> None:
        self.levels: list[tuple[int, int]] = []  # of the open brackets: chain and deepest of what is around them
        self.outside = 0  # the sum of those chains, and one for each bracket
        self.chain = 0  # operators so far, since the last separator
        self.deepest = 0  # the deepest bracket that was closed since
        self.previous = ""
        self.reached = 0

    def read(self, token: Token) -> int:
        """Takes one token in; returns the depth there."""
        kind, previous = token.type, self.previous
        self.previous = kind
        if kind in OPERATORS:
            self.chain += 1
        elif kind == "NAME":
            if token.text in OPERATOR_TEXTS:
                self.chain += previous != "DOT"
            elif token.text in BEGINNINGS and previous != "DOT":
                self.chain = self.deepest = 0
                return 0
        elif kind in OPENERS:
            self.levels.append((self.chain + 1, self.deepest))
            self.outside += self.chain + 1
            self.chain = self.deepest = 0
        elif kind in CLOSERS:
            if self.levels:
                inside = self.chain + self.deepest
                self.chain, around = self.levels.pop()
                self.outside -= self.chain
                self.deepest = max(around, inside)
        elif kind in SEPARATORS or token.text == "=>":
            self.chain = self.deepest = 0
        elif token.text == "?.":
            self.chain += 1
        self.reached = self.outside + self.chain + self.deepest
        return self.reached


# Entries of the parser's stack that stand for one level each.
HIGH = OPENERS | OPERATORS | frozenset(("NOT", "ELSE", "OR", "AND", "IN", "IS"))


def is_too_high(tables: Tables, states: list[int]) -> bool:
    """Whether more than DEPTH_MAX brackets, operators and `else` are open on the parser's stack."""
    if not _entered:
        for row in tables.rows:
            for symbol, act in row.items():
                if act >= 0 and symbol in HIGH:
                    _entered.add(act)
    return sum(state in _entered for state in states) > DEPTH_MAX


_entered: set[int] = set()


def first_too_deep(tokens: list[Token], lo: int, hi: int) -> int | None:
    """The first token of `tokens[lo:hi]` that is nested too deeply."""
    meter = Meter()
    for index in range(lo, hi):
        if meter.read(tokens[index]) > DEPTH_MAX:
            return index
    return None
