"""Offsets -> the numbers that other programs want: bytes, code points, lines and columns.

In: a source. Out: places in it. Bytes count the UTF-8 of the text as the compiler sees it: without
a byte order mark, and with every line end as one line feed.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...source import Source


class Ruler:
    """Measures one source; the byte table is made on first use, and not at all for ASCII."""

    __slots__ = ("_ascii", "_line_bytes", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._ascii = source.text.isascii()
        self._line_bytes: list[int] | None = None

    def byte(self, offset: int) -> int:
        """The offset in UTF-8 bytes."""
        if self._ascii:
            return offset
        starts, text = self.source.line_starts, self.source.text
        if self._line_bytes is None:
            from itertools import pairwise

            self._line_bytes = sums = [0]
            for begin, end in pairwise(starts):
                sums.append(sums[-1] + len(text[begin:end].encode("utf-8", "surrogatepass")))
        line = self.source.line_of(offset)
        part = text[starts[line - 1] : offset]
        return self._line_bytes[line - 1] + len(part.encode("utf-8", "surrogatepass"))

    def place(self, offset: int) -> dict[str, int]:
        """One end of a span, as the JSON format shows it."""
        line, column = self.source.position(offset)
        return {"byte": self.byte(offset), "offset": offset, "line": line, "column": column}

    def span(self, lo: int, hi: int) -> dict[str, dict[str, int]]:
        """Both ends."""
        return {"start": self.place(lo), "end": self.place(hi)}


class Rulers:
    """One ruler a source."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[int, Ruler] = {}

    def of(self, source: Source) -> Ruler:
        """The ruler of `source`, made once."""
        ruler = self._made.get(id(source))
        if ruler is None:
            ruler = self._made[id(source)] = Ruler(source)
        return ruler
