"""What stands inside a string: escapes resolved, `${...}` parsed where it stands.

    "order ${order.id}\\n"   ->   ["order ", Attr(order, id), "\\n"]

The expression is tokenized in place, so its nodes have offsets in the file like all others.
"""

from __future__ import annotations

import re

from .. import syntax as s
from ..diagnostics import Fix, Problems
from ..syntax import Token
from . import driver
from .tokens import tokenize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .driver import Recipe, Tables

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "$": "$"}
TOO_DEEP = "this is nested too deeply: give parts of it names with `let`"
FOREIGN_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
PROBLEMS_MAX = 100
NESTING_MAX = 8  # strings within `${...}` within strings


def read_strings(
    tokens: list[Token],
    text: str,
    tables: Tables,
    recipes: list[Recipe],
    problems: Problems,
    depth: int = 0,
) -> None:
    """Replaces each string token that has escapes or interpolations by a `TextToken` with its parts."""
    for index, token in enumerate(tokens):
        if token.type == "STRING" and ("\\" in token.text or "${" in token.text):
            reader = _Reader(text, tables, recipes, problems, depth)
            tokens[index] = s.TextToken(token.text, token.lo, token.hi, reader.parts(token))


class _Reader:
    __slots__ = ("depth", "problems", "recipes", "tables", "text")

    def __init__(self, text: str, tables: Tables, recipes: list[Recipe], problems: Problems, depth: int) -> None:
        self.text = text
        self.tables = tables
        self.recipes = recipes
        self.problems = problems
        self.depth = depth

    def parts(self, token: Token) -> list[str | s.Expr]:
        text = self.text
        end = token.hi - 1 if len(token.text) > 1 and token.text.endswith('"') else token.hi
        at = token.lo + 1
        parts: list[str | s.Expr] = []
        plain: list[str] = []
        while at < end:
            char = text[at]
            if char == "\\":
                at = self._escape(at, end, plain)
            elif char == "$" and text.startswith("${", at):
                if plain:
                    parts.append("".join(plain))
                    plain = []
                close = self._closing(at + 2, end)
                parts.append(self._expression(at, close, end))
                at = close + 1
            else:
                stop = at + 1
                while stop < end and text[stop] not in "\\$":
                    stop += 1
                plain.append(text[at:stop])
                at = stop
        if plain:
            parts.append("".join(plain))
        return parts

    def _escape(self, at: int, end: int, plain: list[str]) -> int:
        text = self.text
        letter = text[at + 1] if at + 1 < end else ""
        if letter in ESCAPES and letter:
            plain.append(ESCAPES[letter])
            return at + 2
        if letter == "u" and text.startswith("{", at + 2):
            close = text.find("}", at, end)
            digits = text[at + 3 : close] if close > 0 else ""
            if 0 < len(digits) <= 6 and all(c in "0123456789abcdefABCDEF" for c in digits):
                code = int(digits, 16)
                if code < 0xD800 or 0xDFFF < code < 0x110000:
                    plain.append(chr(code))
                    return close + 1
        self._bad_escape(at, end, letter)
        return min(at + 2, end)

    def _bad_escape(self, at: int, end: int, letter: str) -> None:
        if len(self.problems.found) >= PROBLEMS_MAX:
            return
        written = FOREIGN_ESCAPE.match(self.text, at, end)
        hi = written.end() if written else min(at + 2, end)
        label, meant = "a string does not know this one", ""
        if letter == "'":
            label, meant = "this quote needs no backslash", "'"
        elif written:
            digits = written.group(1) or written.group(2) or written.group(3)
            meant = f"\\u{{{int(digits, 16):x}}}"
            label = f"a character by its number is written `{meant}`"
        self.problems.at(
            "RFT0117",
            f"`{self.text[at:hi]}` is not an escape",
            at,
            hi,
            label,
            helps=[r"the escapes are \n \t \" \\ \$ and \u{20ac}; write \\ for a backslash itself"],
            fix=Fix([(at, hi, meant)]) if meant else None,
        )

    def _closing(self, at: int, end: int) -> int:
        """Where the `}` that ends an interpolation stands; `end` when there is none."""
        text = self.text
        level, quoted = 0, False
        while at < end:
            char = text[at]
            if char == "\\" and quoted:
                at += 1
            elif char == '"':
                quoted = not quoted
            elif not quoted and char == "{":
                level += 1
            elif not quoted and char == "}":
                if level == 0:
                    return at
                level -= 1
            at += 1
        return end

    def _expression(self, at: int, close: int, end: int) -> s.Expr:
        lo = at + 2
        if close >= end:
            return self._bad(at, end, "its `}` is missing", "write `\\${` for the two characters themselves")
        if not self.text[lo:close].strip():
            return self._bad(at, close + 1, "there is nothing between the braces")
        if self.depth >= NESTING_MAX:
            return self._bad(at, close + 1, TOO_DEEP)
        lexed = tokenize(self.text, self.tables.marks, lo, close)
        if lexed.flaws:
            flaw = lexed.flaws[0]
            return self._bad(at, close + 1, f"`{self.text[flaw.lo : flaw.hi][:20]}` cannot be read in it")
        read_strings(lexed.tokens, self.text, self.tables, self.recipes, self.problems, self.depth + 1)
        try:
            value: s.Expr = driver.parse(self.tables, self.recipes, lexed.tokens, "expr")
        except driver.Stuck as stuck:
            return self._bad(at, close + 1, *_why(stuck, lexed.tokens))
        return value

    def _bad(self, lo: int, hi: int, why: str, way_out: str = "") -> s.Hole:
        if len(self.problems.found) < PROBLEMS_MAX:
            headline = "`${…}` must hold one whole expression"
            helps = [way_out] if way_out else []
            self.problems.at("RFT0109", headline, lo, hi, why, helps=helps)
        return s.Hole(lo, hi)


def _why(stuck: driver.Stuck, tokens: list[Token]) -> tuple[str, str]:
    """What is wrong with an expression, and a way out if it is a common slip."""
    token = tokens[stuck.index]
    before = tokens[stuck.index - 1].text if stuck.index else ""
    if stuck.too_deep:
        return TOO_DEEP, ""
    if token.type == "$END":
        return f"here it ends after `{before}`", ""
    way_out = ""
    if token.text == ":":
        way_out = "a format is a method: `${x.fixed(2)}`"
    elif before == "do" or token.text == "do":
        way_out = "an effect has a line of its own: `let value = do ...`"
    if not before:
        return f"no expression begins with `{token.text}`", way_out
    return f"`{token.text}` does not fit after `{before}`", way_out
