"""A shaped row -> text. Decides which groups are broken, from the outside in and from left to right.

What fits into the width and holds no line end of its own is written at once, as a slice: that is nearly everything,
and the reason for the speed. Otherwise a group breaks at its gaps, and its parts are tried one by one. What no group
can break (a very long condition without an operator, say) is broken between words as a last resort.

Never changes a word, and never asks for line ends of the source except through `Row.forced` and `Row.must`.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from .groups import HARD, Group
from .row import BLANK_ANY, BLANK_BEFORE_END, BLANK_FIRST, BLANK_INSIDE, BLANK_LAST, BLANK_WITHIN, CLOSERS, OPENERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .row import Row

WIDTH = 100
CONTINUED = 4  # indent of lines that were broken as a last resort


class Layout:
    """Writes a row; `marks[i]` is how many parts of `out` stand before piece `i`."""

    __slots__ = (
        "column",
        "flat",
        "forced",
        "fresh",
        "group",
        "groups",
        "head",
        "indent",
        "line",
        "marks",
        "out",
        "point",
        "points",
        "reach",
        "row",
        "top",
        "until",
    )

    def __init__(self, row: Row) -> None:
        self.row = row
        self.flat = [sep + word for sep, word in zip(row.seps, row.words, strict=True)]
        self.reach = [0, *accumulate(map(len, self.flat))]  # how far each word reaches if all is on one line
        self.forced = sorted(set(row.forced))
        self.groups = sorted(row.groups, key=lambda group: (group.lo, -group.hi))
        self.top = self._top()
        owned = {gap for group in self.groups for gap in group.gaps}
        self.points = sorted(owned.union(self.top.gaps, row.remarks))  # where a line may end
        self.out: list[str] = []
        self.marks: list[int] = []
        self.column = 0
        self.indent = 0  # of the line, as its group wants it
        self.until = 0  # the indent of a line that goes on after a last resort
        self.fresh = True  # nothing stands on the line
        self.line = 0
        self.head = 0  # the first word of the line
        self.point = 0  # the next of `points`
        self.group = 0  # the next of `groups`

    def _top(self) -> Group:
        """The file: its pieces, each on lines of its own."""
        row = self.row
        end = len(row.words) - 1
        top = Group(0, end, [*row.starts, end], HARD)
        top.broken = True
        for gap in top.gaps:
            row.owners[gap] = top
            row.blanks[gap] = BLANK_ANY
            row.breaks[gap] = ""
        row.blanks[0] = BLANK_INSIDE
        row.blanks[end] = BLANK_BEFORE_END if end else BLANK_WITHIN
        return top

    # --- widths ---------------------------------------------------------------------------------------------

    def width(self, first: int, last: int) -> int:
        """Of the words first..last on one line."""
        return self.reach[last + 1] - self.reach[first] - len(self.row.seps[first])

    def is_forced(self, lo: int, hi: int) -> bool:
        """Whether a line must end between the words lo..hi."""
        return bisect_right(self.forced, hi) > bisect_right(self.forced, lo)

    def _tail(self, last: int) -> int:
        """Of what stands after word `last` up to where the line may end."""
        row, points = self.row, self.points
        index = bisect_right(points, last, self.point)
        point = points[index] if index < len(points) else len(row.words) - 1
        return self.reach[point] - self.reach[last + 1] + len(row.breaks[point])

    def spans_lines(self, first: int, last: int) -> bool:
        """Whether the words of a piece will stand on several lines."""
        return self.is_forced(first, last) or self.width(first, last) > WIDTH or "\n" in self.row.words[first]

    # --- writing --------------------------------------------------------------------------------------------

    def write(self) -> str:
        """The text of the row."""
        row, owners, points, groups = self.row, self.row.owners, self.points, self.groups
        end = len(row.words) - 1
        index = 0
        while index < end:
            if points[self.point] == index:
                self.point += 1
                owner = owners[index]
                if owner is None:
                    self._stray(index)
                elif owner.soft:
                    self._soft_gap(owner, index)
                else:
                    self._turn(index, owner.base + row.deltas[index], owner)
                    owner.next += 1
                    last = owner.gaps[owner.next] - 1 if owner.next < len(owner.gaps) else -1
                    if last > index and self._fits(index, last, len(row.breaks[last + 1])):
                        index = self._slice(index, last)
                        continue
            index = self._part(index, end, groups)
        return self._finish(end)

    def _part(self, index: int, end: int, groups: list[Group]) -> int:
        """Writes from word `index` to the next place where something is to be decided."""
        while self.group < len(groups) and groups[self.group].lo == index:
            group = groups[self.group]
            if self._fits(index, group.hi, self._tail(group.hi)):
                return self._slice(index, group.hi)
            self.group += 1
            group.base = self.indent
            group.line = self.line
            if group.soft:
                start = self.column + (0 if self.fresh else len(self.row.seps[index]))
                group.broken = start + self.width(index, group.hi) + self._tail(group.hi) > WIDTH
            else:
                group.broken = True
        point = self.points[self.point]
        stop = min(point, groups[self.group].lo) if self.group < len(groups) else point
        start = self.column + (0 if self.fresh else len(self.row.seps[index]))
        wide = self.width(index, point - 1) + len(self.row.breaks[point])
        if start + wide > WIDTH:
            self._squeeze(index, stop, point)
        else:
            self._emit(index, stop - 1)
        return stop

    def _fits(self, first: int, last: int, tail: int) -> bool:
        if self.is_forced(first, last):
            return False
        start = self.column if self.fresh else self.column + len(self.row.seps[first])
        return start + self.width(first, last) + tail <= WIDTH

    def _slice(self, first: int, last: int) -> int:
        """Writes words on one line, passing over the groups and points among them."""
        self._emit(first, last)
        groups, points = self.groups, self.points
        while self.group < len(groups) and groups[self.group].lo <= last:
            self.group += 1
        while points[self.point] <= last:
            self.point += 1
        return last + 1

    def _emit(self, first: int, last: int) -> None:
        if self.fresh:
            self.out.append(self.row.words[first])
            self.column += len(self.row.words[first])
            self.fresh = False
            first += 1
        if first <= last:
            self.out += self.flat[first : last + 1]
            self.column += self.reach[last + 1] - self.reach[first]

    def _squeeze(self, first: int, stop: int, point: int) -> None:
        """Writes words that do not fit: ends a line between two of them wherever the next would not fit."""
        row, reach, may_end = self.row, self.reach, self._may_end_before
        for index in range(first, stop):
            if not self.fresh and row.owners[index] is None and may_end(index):
                spaced = row.seps[index] != ""
                last = index
                # What stays together: all without a space, or (if that is too long) all up to the next dot.
                while last + 1 < point and not (may_end(last + 1) and (row.seps[last + 1] or not spaced)):
                    last += 1
                if self.column + reach[last + 1] - reach[index] + len(row.breaks[last + 1]) > WIDTH:
                    self._newline(index, self.until, self.until)
            self._emit(index, index)

    def _may_end_before(self, index: int) -> bool:
        before, word = self.row.words[index - 1], self.row.words[index]
        if before == "return" or before in OPENERS or word in CLOSERS:
            return False
        return self.row.seps[index] != "" or word in (".", "?.")

    # --- line ends ------------------------------------------------------------------------------------------

    def _stray(self, index: int) -> None:
        """A comment where no line would end."""
        word = self.row.words[index]
        pad = self.indent if word in ("{", "else", "catch", "finally") else self.until
        self._newline(index, pad, pad)

    def _soft_gap(self, owner: Group, index: int) -> None:
        if self._breaks_softly(owner, index):
            pad = owner.base + self.row.deltas[index]
            self._newline(index, pad, pad)
            self.indent = pad
        owner.line = self.line

    def _breaks_softly(self, owner: Group, index: int) -> bool:
        row = self.row
        if index in row.must:
            return True
        next_point = self.points[self.point]
        if self.column + self.reach[next_point] - self.reach[index] + len(row.breaks[next_point]) > WIDTH:
            return True
        if owner.hug or not owner.broken:
            return False
        # After a part that was broken and ends in a bracket, the line goes on: `) compensate do ...`.
        return not (self.line > owner.line and row.words[self.head] in CLOSERS)

    def _turn(self, index: int, pad: int, owner: Group) -> None:
        """A line end at a gap of a broken hard group."""
        if owner is self.top:
            self.marks.append(len(self.out))
            self._newline(index, 0, 0)
        else:
            self._newline(index, pad, owner.base + 2)
        self.indent = pad
        self.until = pad + CONTINUED

    def _newline(self, index: int, pad: int, remark_pad: int) -> None:
        """Ends the line before word `index`, with the comments of the gap."""
        row = self.row
        blanks = row.blanks[index]
        text = row.breaks[index]
        remarks = row.remarks.get(index)
        if remarks is None:
            blank = row.newlines[index] == 2 and blanks == BLANK_ANY
        else:
            if remarks.trailing:
                text += ("  " if self.out else "") + remarks.trailing
            allowed = blanks & BLANK_FIRST
            for before, said in remarks.own:
                text += ("\n\n" if before and allowed else "\n") + " " * remark_pad + said
                allowed = blanks & BLANK_WITHIN
            needed = BLANK_LAST if remarks.own else BLANK_LAST | BLANK_FIRST
            blank = remarks.blank_after and blanks & needed == needed
        text += ("\n\n" if blank else "\n") + " " * pad
        self.out.append(text if self.out else text.lstrip("\n"))
        self.column = pad
        self.fresh = True
        self.line += 1
        self.head = index

    def _finish(self, end: int) -> str:
        self.marks.append(len(self.out))
        if self.out or self.row.remarks:
            self._newline(end, 0, 0)
        return "".join(self.out)

    def offsets(self) -> list[int]:
        """Where each piece begins in the text, with the comments above it; and where the text ends."""
        reach = [0, *accumulate(map(len, self.out))]
        return [reach[mark] for mark in self.marks]
