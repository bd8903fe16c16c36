"""Checks, after every formatting, that the text still says the same: same words, same comments, and it parses.

Commas come and go where the grammar has them optional, so they are not compared; that the text parses as before
shows that no needed one was lost. A `return` is compared together with whether it has a value. There is no known
way to fail: this guards programs against bugs in the shapes.
"""

from __future__ import annotations

from bisect import bisect_right

from ..diagnostics import Problems
from ..parser import parse
from ..source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..diagnostics import Problem
    from ..parser import Parsed
    from ..syntax import Token
    from .pieces import Piece


def find_lost(
    before: Parsed, problems: list[Problem], pieces: list[Piece], text: str, offsets: list[int]
) -> list[Piece]:
    """The pieces that do not say in `text` what they said `before`. `offsets` is where each begins in `text`."""
    source = Source(before.source.path, text)
    found = Problems(source)
    after = parse(source, found)
    if said(before) == said(after) and comments(before) == comments(after):
        if len(found.found) == len(problems):
            return []
        places = {bisect_right(offsets, problem.primary.lo) - 1 for problem in found.found}
        return [pieces[place] for place in sorted(places) if 0 <= place < len(pieces)] or pieces
    old = _by_piece(before, [piece.lo for piece in pieces])
    new = _by_piece(after, offsets[: len(pieces)])
    lost = [piece for piece, was, now in zip(pieces, old, new, strict=True) if was != now]
    return lost or pieces


def said(parsed: Parsed) -> list[str]:
    """The words without commas."""
    tokens = parsed.tokens
    words = [token.text for token in tokens if token.type != "COMMA"]
    if "return" in words:
        plain = [token for token in tokens if token.type != "COMMA"]
        for index, token in enumerate(plain[:-1]):
            if token.text == "return" and _is_bare(parsed, token, plain[index + 1]):
                words[index] = "return;"
    return words


def _is_bare(parsed: Parsed, token: Token, after: Token) -> bool:
    between = parsed.source.text[token.hi : after.lo]
    return token.type == "RETURN_END" or after.text == "}" or "," in between


def comments(parsed: Parsed) -> list[str]:
    text = parsed.source.text
    return [text[lo:hi].rstrip() for lo, hi in parsed.comments]


def _by_piece(parsed: Parsed, starts: list[int]) -> list[list[str]]:
    """The words of each piece."""
    parts: list[list[str]] = [[] for _ in starts]
    plain = [token for token in parsed.tokens if token.type != "COMMA"]
    for token, word in zip(plain, said(parsed), strict=True):
        place = bisect_right(starts, token.lo) - 1
        if place >= 0:
            parts[place].append(word)
    return parts
