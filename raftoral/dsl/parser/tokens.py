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
    r'|("(?:[^"\\\n$]++|\\.|\$(?!\{)|\$\{(?:[^{}"\n]++|"(?:[^"\\\n]++|\\.)*+"|\{[^{}"\n]*+\})*+\})*+"'
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

BAD_NUMBER = "bad-number"
OPEN_STRING = "open-string"
BAD_CHARACTER = "bad-character"


class Flaw:
    """A place where the text fits no token; `recovery` words the problem."""

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
                after = _flawed(text, at, after, limit, tokens, flaws)
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


def _flawed(text: str, at: int, after: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    """Takes in what fits no token, as the token that was most likely meant; returns where to go on."""
    char = text[at]
    if char.isdigit() and char.isascii():
        flaws.append(Flaw(BAD_NUMBER, at, after))
        tokens.append(Token("DURATION" if not text[at:after].isdigit() else "INT", text[at:after], at, after))
        return after
    if char == '"':
        line_end = text.find("\n", at, limit)
        after = limit if line_end < 0 else line_end
        flaws.append(Flaw(OPEN_STRING, at, after))
        tokens.append(Token("STRING", text[at:after], at, after))
        return after
    if char.isalnum():
        start = at
        if tokens and tokens[-1].hi == at and tokens[-1].type in ("NAME", "TNAME"):
            start = tokens.pop().lo
        while after < limit and (text[after].isalnum() or text[after] == "_"):
            after += 1
        flaws.append(Flaw(BAD_CHARACTER, start, after))
        tokens.append(Token("TNAME" if text[start].isupper() else "NAME", text[start:after], start, after))
        return after
    if flaws and flaws[-1].kind == BAD_CHARACTER and flaws[-1].hi == at and text[flaws[-1].lo] == char:
        flaws[-1].hi = after  # a run of the same stray character is one mistake
    else:
        flaws.append(Flaw(BAD_CHARACTER, at, after))
    return after
