"""The root of the tree: nodes with a span, and tokens.

A node is inert: what passes learn about it lies in `facts`, never here. Offsets count code points of the
source text; `source` turns them into lines and columns.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Node:
    """Something that stands at `text[lo:hi]`."""

    __slots__ = ("hi", "lo")

    lo: int
    hi: int

    def __init__(self, lo: int, hi: int) -> None:
        self.lo = lo
        self.hi = hi


class Token(Node):
    """A word, number, string or mark as it was written; `type` is the terminal of the grammar."""

    __slots__ = ("text", "type")

    def __init__(self, type: str, text: str, lo: int, hi: int) -> None:
        self.type = type
        self.text = text
        self.lo = lo
        self.hi = hi

    def __repr__(self) -> str:
        return f"{self.type}:{self.text!r}@{self.lo}"


class TextToken(Token):
    """A string with escapes or `${...}`: `parts` holds plain text and the parsed expressions, in order."""

    __slots__ = ("parts",)

    def __init__(self, text: str, lo: int, hi: int, parts: list[Any]) -> None:
        Token.__init__(self, "STRING", text, lo, hi)
        self.parts = parts
