"""The parser's tables as a machine over linked stacks, so that any repair can be tried for microseconds.

A stack is `(state, stack below, index)`: `index` is the place in the output where the text of the entry begins, so
cutting a stack back is cutting the output back. Nothing is ever changed in place, and no values are built.

The machine is stricter than the driver: a name that begins a statement must be followed by an assignment, and a
word such as `return` is no name in an expression. So a slip is found where it stands, and not a few tokens later.
"""

from __future__ import annotations

from ...syntax import Token
from ..driver import Tables
from .words import STARTERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    Stack = tuple[int, "Stack | None", int]

AFTER_A_NAME = frozenset(("in", "as", "and", "or", "is", "not", "then", "after", "within", "max", "limit"))
OPERANDS = frozenset(("NAME", "TNAME", "STRING", "INT", "DEC", "FLOAT", "DURATION", "SIZE"))


class Keyword(Token):
    """A word that a repair put in: it fits as a keyword or not at all."""

    __slots__ = ()


class Machine:
    """What the grammar accepts."""

    __slots__ = ("assigns", "dots", "final", "gotos", "keywords", "lengths", "marks", "origins", "root", "rows",
                 "symbols", "tops")  # fmt: skip

    def __init__(self, tables: Tables, start: str = "start") -> None:
        self.rows = tables.rows
        self.gotos = tables.gotos
        self.keywords = tables.keywords
        self.marks = tables.marks
        self.lengths = [rule[2] for rule in tables.rules]
        self.origins = [rule[0] for rule in tables.rules]
        self.root: Stack = (tables.starts[start], None, 0)
        self.final = tables.ends[start]
        self.symbols = _entering_symbols(tables)
        self.tops: frozenset[int] = frozenset()  # where declarations begin, by the look of the text
        self.assigns = frozenset(tables.marks[mark] for mark in ("=", "+=", "-="))
        self.dots = frozenset(tables.marks[mark] for mark in (".", "?."))

    def mark(self, text: str, at: int) -> Token:
        """A token for a keyword or a punctuation mark, of no width, at `at`. It is never taken for a name."""
        kind = self.marks.get(text)
        return Keyword("NAME", text, at, at) if kind is None else Token(kind, text, at, at)

    def advance(self, stack: Stack, token: Token, index: int, after: Token | None) -> Stack | None:
        """The stack after `token`, or None if it does not fit. `after` is the token behind it."""
        kind = token.type
        rows, gotos = self.rows, self.gotos
        word = kind
        if kind == "NAME":
            word = self.keywords.get(token.text, kind)
        elif kind == "RETURN_END":
            kind = "NAME"  # after a dot
        while True:
            row = rows[stack[0]]
            act = row.get(word)
            named = act is not None and word == "NAME"
            if act is None:
                act = row.get(kind)
                named = act is not None and kind == "NAME"
                if named and token.__class__ is Keyword:
                    return None
                if act is None:
                    act = row.get("")
                    if act is None:
                        return None
            if named and act >= 0 and not self._is_name_here(stack[0], row, token, after):
                return None
            if act >= 0:
                return act, stack, index
            length = self.lengths[~act]
            first, below = index, stack
            for _ in range(length):
                first = below[2]
                below = below[1]  # type: ignore[assignment]
            stack = (gotos[below[0]][self.origins[~act]], below, first)
            if kind == "$END" and stack[0] == self.final:
                return stack

    def _is_name_here(self, state: int, row: dict[str, int], token: Token, after: Token | None) -> bool:
        if after is None:
            return True
        if "LET" in row:  # a statement: it assigns to the name
            return after.type in self.assigns
        if "STR" in row:  # a type: the name is a module
            return after.type == "DOT"
        text = token.text
        if token.lo in self.tops and token.hi > token.lo:
            return False
        if text in STARTERS and self.symbols[state] not in self.dots:
            if "STRING" in row:
                return after.type == "COLON"
            return after.type not in OPERANDS or after.text in AFTER_A_NAME
        return True

    def survives(self, stack: Stack, extra: list[Token], tokens: list[Token], at: int, most: int) -> int:
        """How many of `tokens[at:]` fit after `extra`, counted up to `most`; -1 if `extra` itself does not fit.

        Reaching the end of the text counts as `most`.
        """
        count = len(tokens)
        follow = tokens[at] if at < count else None
        for index, token in enumerate(extra):
            after = extra[index + 1] if index + 1 < len(extra) else follow
            moved = self.advance(stack, token, 0, after)
            if moved is None:
                return -1
            stack = moved
        done = 0
        while done < most:
            if at >= count:
                return most
            moved = self.advance(stack, tokens[at], 0, tokens[at + 1] if at + 1 < count else None)
            if moved is None:
                return done
            stack = moved
            done += 1
            at += 1
        return most

    def accepts(self, stack: Stack, *texts: str) -> bool:
        """Whether keywords or marks may come next."""
        for text in texts:
            moved = self.advance(stack, self.mark(text, 0), 0, None)
            if moved is None:
                return False
            stack = moved
        return True

    def takes(self, stack: Stack, kind: str) -> bool:
        """Whether a token of this type may come next."""
        return self.advance(stack, Token(kind, "\0", 0, 0), 0, None) is not None

    def keywords_at(self, stack: Stack) -> list[str]:
        """The keywords that may come next, as keywords and not as names."""
        return [text for text, terminal in self.keywords.items() if self.takes(stack, terminal)]

    def symbol(self, stack: Stack) -> str:
        """The symbol of the top entry: a terminal's or a rule's name."""
        return self.symbols[stack[0]]


def _entering_symbols(tables: Tables) -> list[str]:
    """Per state, the symbol by which it is entered (in an LR automaton there is only one)."""
    symbols = [""] * len(tables.rows)
    for row in tables.rows:
        for symbol, act in row.items():
            if act >= 0 and symbol:
                symbols[act] = symbol
    for goto in tables.gotos:
        for symbol, state in goto.items():
            symbols[state] = symbol
    return symbols
