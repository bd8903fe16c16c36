"""Blank lines between the pieces of a file.

The header is closed: `rft 1`, `module x`, a blank line, the imports, a blank line. Below it one blank line stays
where one was, so that records of one line may stand together; one is put around what takes several lines, unless
its neighbour is of the same kind and has no comment above it (a list of activities, say).
"""

from __future__ import annotations

from itertools import pairwise

from .layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .pieces import Piece
    from .row import Row

ALONE = frozenset(("Fn", "Workflow", "Extern", "Migrate"))  # never directly below one another


def space_out(row: Row, pieces: list[Piece], layout: Layout) -> None:
    """Sets the line ends of the gaps between pieces."""
    starts = [*row.starts, len(row.words) - 1]
    several = [layout.spans_lines(first, after - 1) for first, after in pairwise(starts)]
    for index in range(1, len(pieces)):
        above, below = pieces[index - 1], pieces[index]
        gap = starts[index]
        remarks = row.remarks.get(gap)
        if above.kind == "edition" and below.kind == "module":
            if remarks is None:
                row.newlines[gap] = 1
        elif needs_blank(above, below, several[index - 1] or several[index], bool(remarks and remarks.own)):
            if remarks is None:
                row.newlines[gap] = 2
            elif not remarks.has_blank:
                if remarks.own:
                    remarks.own[0] = (True, remarks.own[0][1])
                else:
                    remarks.blank_after = True


def needs_blank(above: Piece, below: Piece, several: bool, said: bool) -> bool:
    """`several`: one of them takes several lines. `said`: there is a comment above the second."""
    if above.kind in ("edition", "module"):
        return True
    if above.copied or below.copied:
        return False
    if "Import" in (above.kind, below.kind):
        return above.kind != below.kind
    return several and (said or above.kind != below.kind or above.kind in ALONE)
