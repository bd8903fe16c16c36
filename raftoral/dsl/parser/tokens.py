"""Text -> tokens and comments, with one regular expression. Never fails: what fits nothing becomes a flaw.

    let x = 90sec   # wait        LET-or-NAME  NAME  EQUAL  DURATION      comment (16, 22)     flaw bad-number

A keyword is only a NAME here; whether `timeout` is a word of the language or a field is for the parser's state to
say. `return` at the end of its line is RETURN_END, because then it has no value (grammar.lark says why).
"""

from __future__ import annotations

import re

from ..syntax import Token

SCAN = re.compile(
    r"[ \t\n]*+(?:"
    r"([A-Za-z_][A-Za-z0-9_]*+)"  # 1 word
    r'|("(?:[^"\\\n$]++|\\.|\$(?!\{)|\$\{(?:[^{}"\n]++|"(?:[^"\\\n]++|\\.)*+"|\{(?:[^{}"\n]++|"(?:[^"\\\n]++|\\.)*+")*+\})*+\})*+"'
    r'|"(?:[^"\\\n]++|\\.)*+")'  # 2 string; the first form lets `${…}` hold strings
    r"|(\d[\d_]*+(?:(?:kb|mb)|(?:ms|[smhdw])(?:\d+(?:ms|[smh]))*+|(?:\.\d++)?+[eE][+-]?+\d++|\.\d++)?+"
    r"(?![A-Za-z0-9_]))"  # 3 number
    r"|(\#[^\n]*+)"  # 4 comment
    r"|(->|=>|\.\.|\?\?|\?\.|==|!=|<=|>=|\+=|-=|//|[-+*/%<>=,{}.:()|@?\[\]!])"  # 5 mark
    r"|(\d[A-Za-z0-9_]*+)"  # 6 something that begins like a number
    r"|(.)"  # 7 anything else
    r")?+"
)
ENDS_LINE = re.compile(r"[ \t]*+(?:\#[^\n]*+)?+(?:\n|\Z)")


class Flaw:
    """A place where the text fits no token; `recovery.characters` says what kinds there are."""

    __slots__ = ("hi", "kind", "lo")

    def __init__(self, kind: str, lo: int, hi: int) -> None:
        self.kind = kind
        self.lo = lo
        self.hi = hi


class Lexed:
    """The tokens of a text, ended by `$END`; its comments as (lo, hi); its flaws."""

    __slots__ = ("comments", "flaws", "tokens")

    def __init__(self, tokens: list[Token], comments: list[tuple[int, int]], flaws: list[Flaw]) -> None:
        self.tokens = tokens
        self.comments = comments
        self.flaws = flaws


def tokenize(text: str, marks: dict[str, str], lo: int = 0, end: int | None = None) -> Lexed:
    """Reads `text[lo:end]`; `marks` gives the terminal of each punctuation mark."""
    limit = len(text) if end is None else end
    tokens: list[Token] = []
    comments: list[tuple[int, int]] = []
    flaws: list[Flaw] = []
    add = tokens.append
    at = lo
    match = SCAN.match
    while at < limit:
        found = match(text, at, limit)
        assert found is not None  # it may be empty, and the last alternative takes any character
        kind = found.lastindex
        after = found.end()
        if kind is not None:
            at = found.start(kind)
            word = text[at:after]
            if kind == 1:
                if word == "return" and ENDS_LINE.match(text, after):
                    add(Token("RETURN_END", word, at, after))
                else:
                    add(Token("NAME" if word[0] > "Z" else "TNAME", word, at, after))
            elif kind == 5:
                add(Token(marks[word], word, at, after))
            elif kind == 2:
                add(Token("STRING", word, at, after))
            elif kind == 3:
                add(Token(number_type(word), word, at, after))
            elif kind == 4:
                comments.append((at, after))
            else:
                from .recovery.characters import take_in  # not loaded for a clean file

                after = take_in(text, at, limit, marks, tokens, flaws)
        at = after
    add(Token("$END", "", limit, limit))
    return Lexed(tokens, comments, flaws)


def number_type(word: str) -> str:
    """INT, DEC, FLOAT, DURATION or SIZE, by the number's last letter."""
    last = word[-1]
    if last == "b":
        return "SIZE"
    if last in "smhdw":
        return "DURATION"
    if "e" in word or "E" in word:
        return "FLOAT"
    return "DEC" if "." in word else "INT"
