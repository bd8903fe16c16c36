"""Text -> tokens and comments, with one regular expression. Never fails: what fits nothing becomes a flaw.

    let x = 90sec   # wait        LET-or-NAME  NAME  EQUAL  DURATION      comment (16, 22)     flaw bad-number

A keyword is only a NAME here; whether `timeout` is a word of the language or a field is for the parser's state to
say. `return` at the end of its line is RETURN_END, because then it has no value (grammar.lark says why).
"""

from __future__ import annotations

import re

from ..syntax import Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Inside `"..."`: plain text, an escape, or `${...}` with braces and strings in it.
_PLAIN = r'"(?:[^"\\\n]++|\\.)*+"'
_BRACED = r'\{(?:[^{}"\n]++|' + _PLAIN + r")*+\}"
_STRING = r'"(?:[^"\\\n$]++|\\.|\$(?!\{)|\$\{(?:[^{}"\n]++|' + _PLAIN + "|" + _BRACED + r')*+\})*+"'
_NUMBER = (
    r"\d[\d_]*+(?:(?:kb|mb)|(?:ms|[smhdw])(?:\d+(?:ms|[smh]))*+|(?:\.\d++)?+[eE][+-]?+\d++|\.\d++)?+"
    r"(?![A-Za-z0-9_])"
)
SCAN = re.compile(
    r"([ \t\n]*+)(?:"  # 1 white space before the token
    r"([A-Za-z_][A-Za-z0-9_]*+)"  # 2 word
    r"|(->|=>|\.\.|\?\?|\?\.|==|!=|<=|>=|\+=|-=|//|[-+*/%<>=,{}.:()|@?\[\]!])"  # 3 mark
    rf"|({_STRING}|{_PLAIN}|{_NUMBER}|\#[^\n]*+)"  # 4 string, number or comment: its first character tells
    r"|(\d[A-Za-z0-9_]*+|.)"  # 5 what fits nothing
    r")?+"
)
CHUNK = 1 << 16  # characters read at once: bounds what `findall` returns
ENDS_LINE = re.compile(r"[ \t]*+(?:\#[^\n]*+)?+(?:\n|\Z)")

# The words that begin something.
DECLARATIONS = frozenset(
    [
        "record",
        "enum",
        "union",
        "error",
        "const",
        "fn",
        "extern",
        "activity",
        "workflow",
        "migrate",
        "import",
        "module",
    ]
)
MEMBERS = frozenset(("checkpoint", "signal", "query"))
STATEMENTS = frozenset(
    [
        "let",
        "var",
        "do",
        "wait",
        "if",
        "match",
        "for",
        "while",
        "try",
        "parallel",
        "dag",
        "select",
        "return",
        "fail",
        "give",
        "break",
        "continue",
        "sleep",
        "log",
        "assert",
        "spawn",
        "send",
    ]
)


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
    lexed = Lexed([], [], [])
    stop = lo
    while lo < limit:
        if lo >= stop:  # a chunk ends where a line does, and no token goes on there
            line_end = text.find("\n", lo + CHUNK, limit) if limit - lo > CHUNK else -1
            stop = limit if line_end < 0 else line_end
        lo = _read(text, lo, stop, marks, lexed)
        if lo < stop:
            lo = _take_in(text, lo, limit, marks, lexed)
    lexed.tokens.append(Token("$END", "", limit, limit))
    return lexed


def _read(text: str, at: int, stop: int, marks: dict[str, str], lexed: Lexed) -> int:
    """Adds the tokens of `text[at:stop]`; returns `stop`, or where something stands that is no token.

    One `findall` takes half the time of a match for each token; places follow from the lengths.
    """
    add = lexed.tokens.append
    for space, word, mark, other, flawed in _pieces(text, at, stop, bool(lexed.flaws)):
        lo = at + len(space)
        if word:
            at = lo + len(word)
            if word == "return" and ENDS_LINE.match(text, at):
                add(Token("RETURN_END", word, lo, at))
            else:
                add(Token("NAME" if word[0] > "Z" else "TNAME", word, lo, at))
        elif mark:
            at = lo + len(mark)
            add(Token(marks[mark], mark, lo, at))
        elif other:
            at = lo + len(other)
            first = other[0]
            if first == '"':
                add(Token("STRING", other, lo, at))
            elif first == "#":
                lexed.comments.append((lo, at))
            else:
                add(Token(number_type(other), other, lo, at))
        elif flawed:
            return lo
    return stop


def _pieces(text: str, at: int, stop: int, broken: bool) -> Iterable[tuple[str, ...]]:
    """What SCAN finds, all at once; one by one in a broken text, where each flaw starts anew, or in an endless line."""
    if broken or stop - at > 2 * CHUNK:
        return (found.groups("") for found in SCAN.finditer(text, at, stop))
    return SCAN.findall(text, at, stop)


def _take_in(text: str, at: int, limit: int, marks: dict[str, str], lexed: Lexed) -> int:
    from .recovery.characters import take_in  # not loaded for a clean file

    return take_in(text, at, limit, marks, lexed.tokens, lexed.flaws)


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
