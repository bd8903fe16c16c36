"""Who the members of a group are: a function of its log.

    base {a, b, c}, then at 7: add d, at 9: remove a     ->     {b, c, d}; until 9 is committed no other change is taken

In: entries as they are added to and taken from the log. Out: the members after any of them. In Raft the *latest*
change in the log counts, committed or not, on leaders and followers alike; whoever counts votes or copies by an older
one can elect two leaders (deviations 13-15 of the engine). Deriving them is the only way that cannot get out of step
with a log that is cut at its end, cut at its beginning, or replaced. Never holds a member that the log (or the
snapshot under it) does not name.
"""

from __future__ import annotations

from bisect import bisect_right

from ..faults import check
from .entries import CHANGE, Change, Entry, unpack_change


class Members:
    def __init__(self, base: frozenset[str]) -> None:
        self._indexes: list[int] = []  # of changes in the log, growing
        self._after = [base]  # members before the first change, and after each

    @property
    def now(self) -> frozenset[str]:
        return self._after[-1]

    @property
    def last_change(self) -> int:
        """Index of the latest change in the log; 0: none. Above the commit index it forbids another one."""
        return self._indexes[-1] if self._indexes else 0

    def at(self, index: int) -> frozenset[str]:
        """The members when the log ended with this index: what a snapshot at this index must say."""
        return self._after[bisect_right(self._indexes, index)]

    def since(self, index: int) -> list[frozenset[str]]:
        """The members when the log ended with this index, and after each change behind it."""
        return self._after[bisect_right(self._indexes, index) :]

    def added(self, entry: Entry) -> None:
        if entry.data[:1] != CHANGE:
            return
        check(entry.index > self.last_change, "changes are added in order")
        self._indexes.append(entry.index)
        self._after.append(changed(self.now, unpack_change(entry.data)))

    def cut_after(self, index: int) -> None:
        """Entries above this index have left the log: what they changed is as it was."""
        keep = bisect_right(self._indexes, index)
        del self._indexes[keep:]
        del self._after[keep + 1 :]

    def cut_to(self, index: int) -> None:
        """Entries up to this index have left the log; a snapshot holds their effect."""
        gone = bisect_right(self._indexes, index)
        del self._indexes[:gone]
        del self._after[:gone]


def changed(members: frozenset[str], change: Change) -> frozenset[str]:
    if change.members:
        return change.members
    return (members | {change.add} if change.add else members) - {change.remove}
