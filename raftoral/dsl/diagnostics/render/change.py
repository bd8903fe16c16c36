"""The edits of a fix -> the lines that go and the lines that come.

    edit (7, 7, ":") of "timeout 10s"    ->    15 -   timeout 10s
                                               15 +   timeout: 10s

Numbers are those of the file as it is: a new line carries the number of the place where it goes, so
that an author with the file open finds it. In: a source and edits. Out: hunks. It applies nothing
to any file; `apply` returns the new text.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...source import Source

Edit = tuple[int, int, str]


class Hunk:
    """At line `at`: `old` lines go, `new` lines come."""

    __slots__ = ("at", "new", "old")

    def __init__(self, at: int, old: list[str], new: list[str]) -> None:
        self.at = at
        self.old = old
        self.new = new

    @property
    def last_line(self) -> int:
        """The highest number that is shown for it."""
        return self.at + max(len(self.old), len(self.new), 1) - 1


def apply(text: str, edits: list[Edit]) -> str:
    """`text` with `edits` made. Of two that overlap, the one that begins first is made."""
    pieces: list[str] = []
    at = 0
    for lo, hi, new in _in_order(edits, len(text)):
        if lo < at:
            continue
        pieces.append(text[at:lo])
        pieces.append(new)
        at = hi
    pieces.append(text[at:])
    return "".join(pieces)


def hunks(source: Source, edits: list[Edit]) -> list[Hunk]:
    """What `edits` do to the lines of `source`, in the order of the file."""
    found: list[Hunk] = []
    group: list[Edit] = []
    first = last = 0
    for edit in _in_order(edits, len(source.text)):
        begins, ends = source.line_of(edit[0]), source.line_of(edit[1])
        if group and begins <= last:
            group.append(edit)
            last = max(last, ends)
            continue
        if group:
            found.append(_hunk(source, group, first, last))
        group, first, last = [edit], begins, ends
    if group:
        found.append(_hunk(source, group, first, last))
    return [hunk for hunk in found if hunk.old or hunk.new]


def _in_order(edits: list[Edit], length: int) -> list[Edit]:
    bounded = [(min(lo, length), min(max(lo, hi), length), new) for lo, hi, new in edits]
    return sorted(bounded, key=lambda edit: edit[:2])


def _hunk(source: Source, edits: list[Edit], first: int, last: int) -> Hunk:
    start = source.line_starts[first - 1]
    end = source.line_starts[last - 1] + len(source.line(last))
    before = source.text[start:end]
    after = apply(before, [(lo - start, hi - start, new) for lo, hi, new in edits])
    old, new = before.split("\n"), after.split("\n")
    same = 0
    while same < len(old) and same < len(new) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Hunk(first + same, old[same : len(old) - tail], new[same : len(new) - tail])
