"""`raftoral fmt --fix`: applies the edits that are safe to apply unseen."""

from __future__ import annotations

from bisect import bisect_right, insort

from ..diagnostics import SAFE
from ..source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..diagnostics import Problem

Edit = tuple[int, int, str]


def apply_fixes(source: Source, problems: list[Problem]) -> Source:
    """`source` with the safe fixes of `problems` applied. A fix that meets an earlier one is left for the next time."""
    taken: list[Edit] = []
    for problem in problems:
        fix = problem.fix
        if fix is None or fix.applicability != SAFE or problem.primary.source is not source:
            continue
        if not any(_meets(taken, edit) for edit in fix.edits):
            for edit in fix.edits:
                insort(taken, edit)
    if not taken:
        return source
    parts: list[str] = []
    at = 0
    for lo, hi, new in taken:
        parts += (source.text[at:lo], new)
        at = hi
    parts.append(source.text[at:])
    return Source(source.path, "".join(parts))


def _meets(taken: list[Edit], edit: Edit) -> bool:
    """Whether `edit` changes what one of `taken` (sorted, apart from each other) changes, or inserts where it does."""
    lo, hi, _ = edit
    index = bisect_right(taken, (lo, hi, "\U0010ffff"))
    if index and (taken[index - 1][1] > lo or taken[index - 1][:2] == (lo, hi) or taken[index - 1][0] == lo):
        return True
    return index < len(taken) and (taken[index][0] < hi or taken[index][0] == lo)
