"""The state of one repair: how far the text was read, what came out, and the few edits that repairs are made of.

    out       tokens that are certain to parse, each with the stack that it met and its place in the source
    stack     what they lead to
    at        the next source token

A repair skips source tokens, pushes tokens of its own, or goes back; it says so with `say`, once. Everything that
is skipped becomes a hole, and the names in it are poisoned.
"""

from __future__ import annotations

from ...diagnostics import Fix
from ...syntax import Node, Token
from .words import DECLARATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...diagnostics import Problems
    from ...source import Source
    from .machine import Machine, Stack

NOT_AFTER_DECLARING = frozenset(("COLON", "EQUAL", "COMMA", "DOT", "RBRACE"))


class Mender:
    """Everything a repair may look at and do."""

    __slots__ = ("at", "closers", "done", "flawed", "floor", "history", "holes", "lost", "machine", "out", "planned",
                 "poisoned", "problems", "quiet", "recased", "source", "stack", "start", "text", "tokens")  # fmt: skip

    def __init__(
        self,
        tokens: list[Token],
        machine: Machine,
        source: Source,
        problems: Problems,
        flawed: list[tuple[int, int]],
    ) -> None:
        self.tokens = tokens
        self.machine = machine
        self.source = source
        self.text = source.text
        self.problems = problems
        self.flawed = flawed  # spans that the lexer has complained about already
        self.out: list[Token] = []
        self.history: list[tuple[Stack, int]] = []  # of out[start:]
        self.start = 0
        self.floor = 0  # how many of `out` are never taken back
        self.stack = machine.root
        machine.tops = frozenset(token.lo for index, token in enumerate(tokens[:-1]) if self.is_top(index))
        self.at = 0
        self.planned: dict[int, list[Token]] = {}  # source index -> tokens to put before it, if they fit
        self.holes: list[tuple[int, int]] = []
        self.poisoned: set[str] = {""}
        self.recased: dict[str, str] = {}  # a name in the wrong case -> the type its tokens should have
        self.done: set[tuple[str, int]] = set()  # repairs that are worth one trial per place
        self.closers: dict[str, list[str]] = {}  # a closing mark that was foretold -> what it is read as
        self.quiet = False
        self.lost: dict[int, int] = {}  # a declaration -> how often reading had to be resumed in it

    # --- looking ------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        """The token that does not fit."""
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        index = min(self.at + count, len(self.tokens) - 1)
        return self.tokens[index]

    def before(self, count: int = 1) -> Token:
        """What was put out last; a token without a place at the start of the text."""
        return self.out[-count] if len(self.out) >= count else Token("", "", 0, 0)

    def stack_before(self, count: int = 1) -> Stack | None:
        """The stack that met `before(count)`; None if that is a token that a repair put in."""
        place = len(self.out) - count - self.start
        if place < 0 or self.out[-count].hi == self.out[-count].lo:
            return None
        return self.history[place][0]

    def survives(self, extra: list[Token], skip: int = 0, most: int = 8, stack: Stack | None = None) -> int:
        """How many of the tokens after the next `skip` fit behind `extra`."""
        return self.machine.survives(stack or self.stack, extra, self.tokens, self.at + skip, most)

    def accepts(self, *texts: str) -> bool:
        return self.machine.accepts(self.stack, *texts)

    def line_of(self, token: Node) -> int:
        return self.source.line_of(token.lo)

    def begins_line(self, index: int) -> bool:
        """Whether the source token at `index` is the first of its line."""
        text, at = self.text, self.tokens[index].lo - 1
        while at >= 0 and text[at] in " \t":
            at -= 1
        return at < 0 or text[at] == "\n"

    def ends_line(self, index: int) -> bool:
        """Whether the source token at `index` is the last of its line."""
        return (
            index + 1 >= len(self.tokens)
            or "\n" in self.text[self.tokens[index].hi : self.tokens[index + 1].lo]
            or self.tokens[index + 1].type == "$END"
        )

    def construct(self) -> str:
        """The keyword that began what is being read: `let`, `enum`, `timeout`; "" at the top of the file."""
        stack = self.stack
        words = self.machine.keywords
        while stack[1] is not None:
            first = stack[2]
            if first < len(self.out):
                text = self.out[first].text
                if words.get(text) == self.machine.symbol(stack):
                    return text
            stack = stack[1]
        return ""

    def indent(self, index: int) -> int:
        """How far the line of the source token at `index` is indented."""
        start = stop = self.source.line_starts[self.line_of(self.tokens[index]) - 1]
        while stop < len(self.text) and self.text[stop] in " \t":
            stop += 1
        return stop - start

    def is_top(self, index: int) -> bool:
        """Whether a declaration begins at the source token at `index`, by its word and its place."""
        token = self.tokens[index]
        if token.type == "$END":
            return True
        if token.type != "NAME" or token.text not in DECLARATIONS:
            return False
        if self.tokens[index + 1].type in NOT_AFTER_DECLARING:
            return False
        return token.lo == 0 or self.text[token.lo - 1] == "\n"

    # --- editing ------------------------------------------------------------------------------------------

    def push(self, *tokens: Token) -> bool:
        """Puts tokens out, if all of them fit."""
        stack = self.stack
        stacks = []
        for index, token in enumerate(tokens):
            moved = self.machine.advance(stack, token, len(self.out) + index, None)
            if moved is None:
                return False
            stacks.append((stack, self.at))
            stack = moved
        self.out += tokens
        self.history += stacks
        self.stack = stack
        return True

    def put(self, *texts: str) -> bool:
        """Pushes keywords and marks of no width behind the last token; "" is a name to be filled in."""
        at = self.before().hi
        return self.push(*[self.made(text, at) for text in texts])

    def made(self, text: str, at: int) -> Token:
        """A token that nobody wrote. "" is a name, "T" a type, "1" a number, '""' a string."""
        if text in ("", "T", "1", '""'):
            kind = {"": "NAME", "T": "TNAME", "1": "INT", '""': "STRING"}[text]
            return Token(kind, "" if text == "T" else text, at, at)
        return self.machine.mark(text, at)

    def keyword(self, word: str, at: Node) -> Token:
        """The keyword or mark `word` in the place of what is written at `at`."""
        token = self.machine.mark(word, at.lo)
        token.hi = at.hi
        return token

    def replace(self, word: str, count: int = 1) -> bool:
        """Reads the next `count` tokens as one keyword or mark."""
        if not self.push(self.keyword(word, Node(self.token.lo, self.ahead(count - 1).hi))):
            return False
        self.at += count
        return True

    def take(self, count: int = 1) -> bool:
        """Moves source tokens to the output as they are."""
        for _ in range(count):
            if not self.push(self.token):
                return False
            self.at += 1
        return True

    def skip(self, count: int = 1) -> None:
        """Leaves out source tokens; never the end."""
        count = min(count, len(self.tokens) - 1 - self.at)
        dropped = self.tokens[self.at : self.at + count]
        self.drop(dropped)
        self.at += count

    def drop(self, dropped: list[Token]) -> None:
        """Makes a hole of what will not be read."""
        if not dropped:
            return
        self.holes.append((dropped[0].lo, dropped[-1].hi))
        self.poisoned.update(token.text for token in dropped if token.type in ("NAME", "TNAME"))

    def back(self, count: int = 1) -> None:
        """Takes back output tokens; source tokens among them are to be read again."""
        for _ in range(min(count, len(self.history))):
            self.stack, self.at = self.history.pop()
            self.out.pop()

    def back_to(self, index: int) -> bool:
        """Goes back to the source token at `index`."""
        count = 0
        for _, at in reversed(self.history):
            if at < index:
                break
            count += 1
        else:
            if self.start:
                return False
        self.back(min(count, len(self.out) - self.floor))
        self.at = index
        return True

    def cut(self, stack: Stack, above: Stack) -> None:
        """Cuts the stack back to `stack`, the part below `above`; the output tokens in between are dropped."""
        first = above[2]
        self.drop([token for token in self.out[first:] if token.hi > token.lo])
        del self.out[first:]
        del self.history[max(first - self.start, 0) :]
        self.stack = stack

    def once(self, what: str, index: int | None = None) -> bool:
        """True the first time that it is asked for this place."""
        key = (what, self.at if index is None else index)
        if key in self.done:
            return False
        self.done.add(key)
        return True

    # --- saying -------------------------------------------------------------------------------------------

    def say(
        self,
        code: str,
        headline: str,
        at: Node,
        label: str,
        *,
        also: Sequence[tuple[Node, str]] = (),
        notes: list[str] | None = None,
        helps: list[str] | None = None,
        edits: list[tuple[int, int, str]] | None = None,
        applicability: str = "likely",
    ) -> None:
        """Reports a problem, unless it follows from one that was reported at this place."""
        if self.quiet or self.is_flawed():
            return
        fix = Fix(edits, applicability) if edits else None
        lo, hi = at.lo, max(at.hi, at.lo)
        self.problems.at(code, headline, lo, hi, label, also=list(also), notes=notes, helps=helps, fix=fix)

    def is_flawed(self) -> bool:
        """Whether the lexer has complained between the last token and this one."""
        lo, hi = self.before().lo, self.token.hi
        return any(start <= hi and end >= lo for start, end in self.flawed)
