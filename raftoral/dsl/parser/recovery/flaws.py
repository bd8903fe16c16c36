"""The words for what the lexer could not read: RFT0107, 0108, 0110 and 0114.

Input: the flaws of one file, in order. Output: problems. The same slip over and over (a `;` after every line, a file
that is no text) is told a few times, not a thousand.
"""

from __future__ import annotations

import unicodedata

from ...diagnostics import Fix, Problems
from ...source import Source
from ..tokens import Flaw
from . import characters as c, numbers, words

PROBLEMS_MAX = 100
SAME_MAX = 5  # how often the same character, or kind of slip, is reported


def report_flaws(flaws: list[Flaw], source: Source, problems: Problems) -> None:
    """Reports each flaw of a file."""
    text = source.text
    told: dict[str, int] = {}
    for flaw in flaws:
        if len(problems.found) >= PROBLEMS_MAX:
            break
        key = text[flaw.lo : flaw.hi] if flaw.kind == c.FOREIGN_NAME else flaw.kind
        if flaw.kind in (c.STRAY, c.LOOKALIKE):
            key = text[flaw.lo] if text[flaw.lo].isprintable() else "control"
        told[key] = told.get(key, 0) + 1
        most = 1 if flaw.kind in (c.FOREIGN_NAME, c.SEMICOLON) or key == "control" else SAME_MAX
        if told[key] > most and flaw.kind not in (c.BAD_NUMBER, c.OPEN_STRING):
            continue
        if flaw.kind == c.SEMICOLON:
            _semicolons([f for f in flaws if f.kind == c.SEMICOLON], problems)
        else:
            _WORDINGS[flaw.kind](flaw, text, problems)


def _number(flaw: Flaw, text: str, problems: Problems) -> None:
    written = text[flaw.lo : flaw.hi]
    _, wanted = numbers.meant(written)
    kind, _ = numbers.meant(written)
    unit = written.lstrip("0123456789_.").lower()
    label = f"did you mean `{wanted}`?" if wanted else "its unit is not known here"
    notes = []
    if numbers.is_duration(written):
        headline = f"`{words.shown(written)}` is not a duration"
        notes = ["units are ms, s, m, h, d, w and may be combined: `90s`, `1m30s`"]
        if unit in numbers.NOT_FIXED:
            label = "months and years have no fixed length: count days or weeks"
        elif unit in numbers.TOO_SMALL:
            label = "the smallest unit is a millisecond"
        elif "." in written:
            notes = ["durations are whole numbers of their units: `1h30m`, `1s500ms`"]
    elif kind == "SIZE":
        headline = f"`{words.shown(written)}` is not a size"
        notes = ["sizes are written `16kb` or `2mb`"]
    elif kind == "INT":
        headline = f"`{words.shown(written)}` is not a number here"
        notes = ["integers are written in decimal: `31`, `1_000`"]
    else:
        headline = f"`{words.shown(written)}` is neither a number nor a name"
        label = label if wanted else "a name does not begin with a digit"
    fix = Fix([(flaw.lo, flaw.hi, wanted)]) if wanted else None
    problems.at("RFT0107", headline, flaw.lo, flaw.hi, label, notes=notes, fix=fix)


def _open_string(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0108",
        "this string has no closing quote",
        flaw.lo,
        flaw.hi,
        "it opens here, and the line ends before it does",
        helps=["strings end on the line they start on; join lines with `+`"],
        fix=Fix([(flaw.hi, flaw.hi, '"')]),
    )


def _foreign_name(flaw: Flaw, text: str, problems: Problems) -> None:
    name = text[flaw.lo : flaw.hi]
    bad = next(char for char in name if not char.isascii())
    place = flaw.lo + name.index(bad)
    plain = c.LETTERS.get(bad)
    looks = f", which looks like `{plain}`" if plain else ""
    wanted = c.ascii_name(name)
    problems.at(
        "RFT0114",
        f"the name `{words.shown(name)}` contains {_code(bad)}{looks}",
        flaw.lo,
        flaw.hi,
        f"{_name(bad)}, at letter {place - flaw.lo + 1}",
        notes=["names are ASCII; strings may hold any text"],
        helps=[] if wanted else ["choose a name of the letters a to z, digits and `_`"],
        fix=Fix([(flaw.lo, flaw.hi, wanted)]) if wanted else None,
    )


def _lookalike(flaw: Flaw, text: str, problems: Problems) -> None:
    char = text[flaw.lo]
    plain = c.LOOKALIKES.get(char) or unicodedata.normalize("NFKC", char)
    edits = [(flaw.lo, flaw.hi, plain)]
    if plain in ("'", '"'):
        edits = [(flaw.lo, flaw.lo + 1, '"'), (flaw.hi - 1, flaw.hi, '"')]
        plain = '"'
    shown = "a space" if plain == " " else f"`{plain}`"
    problems.at(
        "RFT0114",
        f"{_code(char)} looks like {shown} and is not",
        flaw.lo,
        flaw.lo + 1,
        _name(char),
        helps=[f"write {shown}"],
        fix=Fix(edits),
    )


def _stray(flaw: Flaw, text: str, problems: Problems) -> None:
    char = text[flaw.lo]
    if not char.isprintable():
        problems.at(
            "RFT0114",
            f"this text holds {_code(char)}, which is not a character to read",
            flaw.lo,
            flaw.hi,
            f"{_name(char)}: an editor may show nothing here",
            helps=["delete it; if there are many, the file may not be text at all"],
            fix=Fix([(flaw.lo, flaw.hi, "")]),
        )
        return
    meaning = {"^": "there is no such operator", "~": "there is no such operator", "'": "a quote without its partner"}
    problems.at(
        "RFT0114",
        f"`{char}` means nothing here",
        flaw.lo,
        flaw.hi,
        meaning.get(char) or (_name(char) if not char.isascii() else "the language does not use this character"),
        notes=["outside of strings and comments, text is ASCII"] if not char.isascii() else [],
        fix=None if char.isascii() else Fix([(flaw.lo, flaw.hi, "")]),
    )


def _quotes(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0110",
        "strings are written with double quotes",
        flaw.lo,
        flaw.hi,
        "these quotes are not used here",
        fix=Fix([(flaw.lo, flaw.lo + 1, '"'), (flaw.hi - 1, flaw.hi, '"')]),
    )


def _doc_string(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0110",
        "documentation is written in comments with `##`",
        flaw.lo,
        min(flaw.hi, flaw.lo + 3),
        "there are no strings of several lines",
        helps=["put `## ...` above the declaration; join long strings with `+`"],
    )


def _semicolons(flaws: list[Flaw], problems: Problems) -> None:
    others = f" here or in {len(flaws) - 1} other places" if len(flaws) > 1 else ""
    problems.at(
        "RFT0110",
        "a statement needs no `;`",
        flaws[0].lo,
        flaws[0].hi,
        f"not needed{others}: a statement ends where the next one begins",
        fix=Fix([(flaw.lo, flaw.hi, "") for flaw in flaws]),
    )


def _ampersand(flaw: Flaw, text: str, problems: Problems) -> None:
    written = text[flaw.lo : flaw.hi]
    problems.at(
        "RFT0110",
        f"`{written}` is written `and`",
        flaw.lo,
        flaw.hi,
        "the operators on bools are `and`, `or`, `not`",
        fix=Fix([(flaw.lo, flaw.hi, "and")]),
    )


def _dollar(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0110",
        "a name has no `$` before it",
        flaw.lo,
        flaw.hi,
        'only in a string: `"${name}"`',
        fix=Fix([(flaw.lo, flaw.hi, "")]),
    )


def _backslash(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0110",
        "a line needs no `\\` to go on",
        flaw.lo,
        flaw.hi,
        "a new line means nothing to the language",
        fix=Fix([(flaw.lo, flaw.hi, "")]),
    )


def _garbage(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0114",
        "from here on this is not text" if flaw.lo else "this file is not text",
        flaw.lo,
        flaw.lo + 1,
        "too many characters that no text holds",
        notes=["the rest of the file was not read"],
        helps=["is this the right file, and was it saved as UTF-8?"],
    )


def _too_many(flaw: Flaw, text: str, problems: Problems) -> None:
    problems.at(
        "RFT0114",
        "too much of this text cannot be read",
        flaw.lo,
        flaw.lo + 1,
        "reading stops here",
        helps=["mend what is reported above, and more will be read"],
    )


_WORDINGS = {
    c.BAD_NUMBER: _number,
    c.OPEN_STRING: _open_string,
    c.FOREIGN_NAME: _foreign_name,
    c.LOOKALIKE: _lookalike,
    c.STRAY: _stray,
    c.QUOTES: _quotes,
    c.DOC_STRING: _doc_string,
    c.AMPERSAND: _ampersand,
    c.DOLLAR: _dollar,
    c.BACKSLASH: _backslash,
    c.GARBAGE: _garbage,
    c.TOO_MANY: _too_many,
}


def _code(char: str) -> str:
    return f"U+{ord(char):04X}"


def _name(char: str) -> str:
    known = unicodedata.name(char, "")
    if known:
        return known.lower()
    return "a control character" if ord(char) < 160 else "a character without a name"
