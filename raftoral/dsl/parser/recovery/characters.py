"""Text that is no token -> the token that was most likely meant, and a flaw.

    90sec      DURATION `90s`          'paid'   STRING             a && b    NAME `and`
    "paid)     STRING, then `)`        “paid”   STRING             tоtal     NAME `total`

Called by the lexer at a place that fits nothing. `flaws` words what is noted here. Never raises; a run of bytes that
is no text at all ends the reading of the file, as one flaw.
"""

from __future__ import annotations

import re
import unicodedata

from ...syntax import Token
from ..tokens import Flaw
from . import numbers

OPEN_STRING = "open-string"
BAD_NUMBER = "bad-number"
FOREIGN_NAME = "foreign-name"  # a letter outside ASCII in a name
LOOKALIKE = "lookalike"  # a mark or a quote that looks like one of ours
STRAY = "stray"  # a character that means nothing here
QUOTES = "quotes"  # 'text' or `text`
DOC_STRING = "doc-string"
SEMICOLON = "semicolon"
AMPERSAND = "ampersand"
DOLLAR = "dollar"
BACKSLASH = "backslash"
GARBAGE = "garbage"  # no text from here on
TOO_MANY = "too-many"  # so much could not be read that reading ends here

NUMBER = re.compile(r"\d\w*(?:\.\d\w*)?", re.ASCII)
FLAWS_MAX = 20_000
DENSE_FLAWS, DENSE_SPAN = 30, 900  # so many unreadable characters in so little text: this is no text

LOOKALIKES = {
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‹": "'", "›": "'",
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "→": "->", "⇒": "=>", "≤": "<=", "≥": ">=",
    "≠": "!=", "×": "*", "·": "*", "÷": "/", "…": "..", "∙": "*", "⁄": "/", "∕": "/", "∶": ":", "˸": ":",
    "\u037e": ";", "¦": "|", "∣": "|", "\u00a0": " ", "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u3000": " ",
}  # fmt: skip
# Letters of other scripts that are drawn like one of ours.
LETTERS = dict(
    zip(
        "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅαορνικγΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡⅼ",
        "aeopcyxijsdhqwABEKMHOPCTYXIJSaopvikyABEZHIKMNOPTYXiagl",
        strict=True,
    )
)
DOUBLE_QUOTES = '"“”„«»'


def take_in(text: str, at: int, limit: int, marks: dict[str, str], tokens: list[Token], flaws: list[Flaw]) -> int:
    """Takes in what stands at `at`; returns where the lexer goes on."""
    if _is_garbage(text, at, flaws):
        return _end(at, limit, tokens, flaws)
    char = text[at]
    if "0" <= char <= "9":
        return _number(text, at, limit, tokens, flaws)
    if char == '"':
        return _open_string(text, at, limit, tokens, flaws)
    if char.isalpha() or (char.isalnum() and not char.isascii()):
        return _name(text, at, limit, tokens, flaws)
    if char in "'`" or LOOKALIKES.get(char) in ("'", '"'):
        return _quoted(text, at, limit, tokens, flaws)
    if char == "&":
        after = at + 2 if text.startswith("&&", at) else at + 1
        note(flaws, AMPERSAND, at, after)
        tokens.append(Token("NAME", "and", at, after))
        return after
    kinds = {";": SEMICOLON, "$": DOLLAR, "\\": BACKSLASH}
    if char in kinds:
        return _run(text, at, limit, kinds[char], flaws)
    plain = LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
    if plain in marks:
        note(flaws, LOOKALIKE, at, at + 1)
        tokens.append(Token(marks[plain], plain, at, at + 1))
        return at + 1
    return _run(text, at, limit, LOOKALIKE if not plain.strip() and char > " " else STRAY, flaws)


def note(flaws: list[Flaw], kind: str, lo: int, hi: int) -> None:
    """Keeps a flaw in mind; of very many the first are enough."""
    if len(flaws) < FLAWS_MAX:
        flaws.append(Flaw(kind, lo, hi))


def _run(text: str, at: int, limit: int, kind: str, flaws: list[Flaw]) -> int:
    """The same character again and again is one mistake."""
    after = at + 1
    while after < limit and text[after] == text[at]:
        after += 1
    note(flaws, kind, at, after)
    return after


def _is_garbage(text: str, at: int, flaws: list[Flaw]) -> bool:
    """Whether the last flaws are many, close together, and of characters that no text holds."""
    if len(flaws) >= FLAWS_MAX:
        return True
    if len(flaws) < DENSE_FLAWS or at - flaws[-DENSE_FLAWS].lo > DENSE_SPAN:
        return False
    unseen = sum(not text[flaw.lo].isprintable() for flaw in flaws[-DENSE_FLAWS:])
    return unseen >= DENSE_FLAWS // 5


def _end(at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    """What follows is no text: takes back the flaws and tokens that led here, as one flaw."""
    if len(flaws) >= FLAWS_MAX:
        flaws[-1] = Flaw(TOO_MANY, at, limit)
        return limit
    lo = flaws[-DENSE_FLAWS].lo
    while flaws and flaws[-1].lo >= lo:
        flaws.pop()
    while tokens and tokens[-1].lo >= lo:
        tokens.pop()
    flaws.append(Flaw(GARBAGE, lo, limit))
    return limit


def _number(text: str, at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    found = NUMBER.match(text, at, limit)
    after = found.end() if found else at + 1
    note(flaws, BAD_NUMBER, at, after)
    kind, meant = numbers.meant(text[at:after])
    tokens.append(Token(kind, meant, at, after))
    return after


def _name(text: str, at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    lo = at
    if tokens and tokens[-1].hi == at and tokens[-1].type in ("NAME", "TNAME"):
        lo = tokens.pop().lo
    after = at + 1
    while after < limit and (text[after].isalnum() or text[after] == "_"):
        after += 1
    name = ascii_name(text[lo:after]) or text[lo:after]
    if flaws and flaws[-1].kind == FOREIGN_NAME and flaws[-1].lo == lo:
        flaws[-1].hi = after
    else:
        note(flaws, FOREIGN_NAME, lo, after)
    tokens.append(Token("TNAME" if name[0].isupper() else "NAME", name, lo, after))
    return after


def ascii_name(name: str) -> str | None:
    """`tоtal` with a Cyrillic о -> `total`, `größe` -> `grosse`; None if there is no such name."""
    folded = "".join(LETTERS.get(char, "ss" if char == "ß" else char) for char in name)
    plain = "".join(char for char in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(char))
    return plain if plain.isascii() and plain.isidentifier() else None


def _open_string(text: str, at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    line_end = text.find("\n", at, limit)
    line_end = limit if line_end < 0 else line_end
    if tokens and tokens[-1].text == '""' and tokens[-1].hi == at:
        return _doc_string(text, at, limit, tokens, flaws)
    after = _without_closers(text, at, line_end, tokens)
    note(flaws, OPEN_STRING, at, after)
    tokens.append(Token("STRING", text[at:after], at, after))
    return after


def _without_closers(text: str, at: int, end: int, tokens: list[Token]) -> int:
    """Where an open string was meant to end: before the brackets that close what the line opened."""
    line = text.rfind("\n", 0, at) + 1
    open_: list[str] = []
    for token in reversed(tokens):
        if token.lo < line:
            break
        open_.append(token.text)
    level: list[str] = []
    for mark in reversed(open_):
        if mark in ("(", "[", "{"):
            level.append({"(": ")", "[": "]", "{": "}"}[mark])
        elif mark in (")", "]", "}") and level:
            level.pop()
    while end > at + 1 and text[end - 1] in " \t":
        end -= 1
    if end > at + 2 and text[end - 1] == "{" and not level and text[end - 2] == " ":
        return _rstrip(text, at, end - 1)
    closers = level[::-1]
    while closers:
        tail = 0
        stop = end
        for closer in reversed(closers):
            while stop > at + 1 and text[stop - 1] in " \t":
                stop -= 1
            if stop > at + 1 and text[stop - 1] == closer:
                stop -= 1
                tail += 1
            else:
                break
        if tail == len(closers):
            return _rstrip(text, at, stop)
        closers.pop()
    return end


def _rstrip(text: str, at: int, end: int) -> int:
    while end > at + 1 and text[end - 1] in " \t,":
        end -= 1
    return end


def _doc_string(text: str, at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    first = tokens.pop()
    close = text.find('"""', at + 1, limit)
    after = limit if close < 0 else close + 3
    note(flaws, DOC_STRING, first.lo, after)
    if not text[text.rfind("\n", 0, first.lo) + 1 : first.lo].strip(" \t"):
        return after  # on lines of its own it is a comment
    tokens.append(Token("STRING", '""', first.lo, after))
    return after


def _quoted(text: str, at: int, limit: int, tokens: list[Token], flaws: list[Flaw]) -> int:
    """Text in quotes that are not ours, up to the closing one on the same line."""
    char = text[at]
    closing = DOUBLE_QUOTES if char in DOUBLE_QUOTES else "‘’‚'›‹" if char != "`" else "`"
    end = at + 1
    while end < limit and text[end] != "\n" and text[end] not in closing:
        end += 2 if text[end] == "\\" else 1
    kind = QUOTES if char in "'`" else LOOKALIKE
    if end >= limit or text[end] == "\n":
        note(flaws, STRAY, at, at + 1)
        return at + 1
    note(flaws, kind, at, end + 1)
    inner = text[at + 1 : end]
    if '"' in inner and "\\" not in inner and "${" not in inner:
        tokens.append(Token("STRING", f'"{inner}"', at, end + 1))
    else:
        tokens.append(Token("STRING", f'"{inner}"', at, end + 1))
    return end + 1
