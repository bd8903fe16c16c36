"""Checks, after every formatting, that the text still says the same: same words, same comments, and it parses.

Commas come and go where the grammar has them optional, so they are not compared; that the text parses shows that no
needed one was lost. A `return` is compared together with whether it has a value. What was copied is left out. There
is no known way to fail: this guards programs against bugs in the shapes.
"""

from __future__ import annotations

from bisect import bisect_right

from ..diagnostics import Problems
from ..parser import parse
from ..source import Source
from .pieces import HARMLESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..parser import Parsed
    from ..syntax import Token
    from .pieces import Piece


def find_lost(before: Parsed, pieces: list[Piece], text: str, offsets: list[int]) -> list[Piece]:
    """The pieces that do not say in `text` what they said `before`.

    `offsets` is where each piece begins in `text`, with the comments above it, and where the last one ends.
    """
    readable, starts = _without_copies(before, pieces, text, offsets)
    source = Source(before.source.path, readable)
    problems = Problems(source)
    after = parse(source, problems)
    places = [problem.primary.lo for problem in problems.found if problem.code not in HARMLESS]
    if places:
        found = {bisect_right(starts, place) - 1 for place in places}
        return [pieces[index] for index in sorted(found) if index >= 0] or pieces
    copied = [piece for piece in pieces if piece.copied]
    if comments(before, copied) != comments(after, []):
        return pieces
    if not copied and said(before) == said(after):
        return []
    old = _by_piece(before, [piece.lo for piece in pieces])
    new = _by_piece(after, starts)
    both = zip(pieces, old, new, strict=True)
    return [piece for piece, was, now in both if was != now and not piece.copied]


def _without_copies(before: Parsed, pieces: list[Piece], text: str, offsets: list[int]) -> tuple[str, list[int]]:
    """`text` without what was copied, and where each piece begins in that."""
    if not any(piece.copied for piece in pieces):
        return text, offsets[:-1]
    parts = [] if any(piece.kind == "edition" for piece in pieces) else ["rft 1\n"]
    reach = sum(map(len, parts))
    starts = []
    for piece, lo, hi in zip(pieces, offsets, offsets[1:], strict=False):
        part = text[lo:hi]
        if piece.copied:
            part = part.removesuffix(before.source.text[piece.lo : piece.hi])
        starts.append(reach)
        parts.append(part)
        reach += len(part)
    parts.append(text[offsets[-1] :])
    return "".join(parts), starts


def ink(text: str) -> str:
    """What no formatting changes: all but blanks, line ends and commas. Holds for texts that cannot be read too."""
    return text.replace("\n", "").replace(" ", "").replace("\t", "").replace(",", "")


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


def comments(parsed: Parsed, copied: list[Piece]) -> list[str]:
    text = parsed.source.text
    inside = {span for piece in copied for span in parsed.comments if piece.lo <= span[0] < piece.hi}
    return [text[lo:hi].rstrip(" \t") for lo, hi in parsed.comments if (lo, hi) not in inside]


def _by_piece(parsed: Parsed, starts: list[int]) -> list[list[str]]:
    """The words of each piece."""
    parts: list[list[str]] = [[] for _ in starts]
    plain = [token for token in parsed.tokens if token.type not in ("COMMA", "$END")]
    for token, word in zip(plain, said(parsed), strict=False):
        place = bisect_right(starts, token.lo) - 1
        if place >= 0:
            parts[place].append(word)
    return parts
