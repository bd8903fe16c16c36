"""How a report is drawn: the frame's characters, the colours, and how wide a source line may be.

In: what the terminal can do (colour, Unicode). Out: a `Style` that the human format draws with. It
never asks the environment: whoever prints decides.
"""

from __future__ import annotations

LINE_WIDTH = 140  # code points of a source line that are shown before it is cut around its labels

_COLOURS = {
    "error": "1;31",
    "warning": "1;33",
    "frame": "36",
    "second": "36",
    "bold": "1",
    "added": "32",
    "removed": "31",
    "faint": "2",
    "code": "36",
}


class Style:
    """What to draw with. `ascii` also means that other characters are shown as escapes."""

    __slots__ = ("ascii", "bar", "color", "corner", "dots", "fix", "gap", "hook", "width")

    def __init__(self, *, color: bool = False, ascii: bool = False, width: int = LINE_WIDTH) -> None:
        self.color = color
        self.ascii = ascii
        self.width = width
        self.bar = "|" if ascii else "│"
        self.corner = "-->" if ascii else " ┌─"
        self.dots = "..." if ascii else "…"
        self.fix = "+-" if ascii else "╭─"
        self.gap = ":" if ascii else "·"
        self.hook = "+-" if ascii else "╰"

    def paint(self, kind: str, text: str) -> str:
        """`text` in the colour of `kind`, or as it is when there is no colour."""
        if not self.color or not text:
            return text
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


PLAIN = Style()
