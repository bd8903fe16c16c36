"""The log of one group in memory: what the engine takes for its journal, and what is still to be written of it.

    add(b"...", 7, 3), set term, cut after 5, add ...    collected, then    take_write() -> one Write of this step

In: changes by the engine (in its names, `deleteEntriesFrom`) and by the guard (`cut_to`, `reset`). Out: entries,
members, and one `Write` per step. The engine's journals made each of these durable by itself, or never (deviations
8-11): a truncation without what replaces it can lose what was acknowledged. Here a step is written whole. Never:
writes by itself, or forgets an entry that the state machine has not got durably.

Its first item is the *base*: the place (index, term) after which the log begins. The engine wants an entry there.
"""

from __future__ import annotations

from typing import overload

from ..faults import BrokenInvariant, check
from .entries import NOTHING, Entry
from .journal import Point, Record, Stored, Write
from .members import Members


class Tail:
    def __init__(self, stored: Stored, slice_entries_max: int = 1024) -> None:
        """The engine asks for whole tails of the log where it needs a few entries. A slice yields at most so many; each
        of its loops goes on where the slice ended, at the latest in the next tick."""
        self._slice_entries_max = slice_entries_max
        record = stored.record
        self.base = record.base
        self.term = record.term
        self.vote = record.vote
        self.commit = record.commit
        self._items = [Entry(NOTHING, self.base.index, self.base.term), *stored.entries]
        self.bytes = sum(len(entry.data) for entry in stored.entries)  # of entries in memory
        self.members = Members(self.base.members)
        for entry in stored.entries:
            self.members.added(entry)
        # What the journal holds, and how far memory still agrees with it.
        self._keep = self.last.index
        self._written: Record | None = record
        self.replaced = False  # the log begins elsewhere: to be written soon, though nothing waits for it
        self.term_changed = False  # since the last write: until it is written, nothing of the new term may be said

    # What the guard reads.
    @property
    def first(self) -> int:
        """Index of the base. It is no entry: it cannot be sent."""
        return self.base.index

    @property
    def last(self) -> Entry:
        return self._items[-1]

    def at(self, index: int) -> Entry | None:
        """The entry (or the base) with this index, if it is here."""
        position = index - self.base.index
        return self._items[position] if 0 <= position < len(self._items) else None

    def term_at(self, index: int) -> int | None:
        entry = self.at(index)
        return None if entry is None else entry.term

    def record(self) -> Record:
        return Record(self.term, self.vote, min(self.commit, self.last.index), self.base, self.last.index)

    def take_write(self) -> Write | None:
        """What this step changed; None when nothing did that must be durable. After it, memory and journal agree."""
        self.replaced = False
        now = self.record()
        written = self._written
        last = self._items[-1].index
        if (
            written is not None
            and self._keep == last
            and (now.term, now.vote, now.base, now.last) == (written.term, written.vote, written.base, written.last)
        ):
            return None  # the commit index alone is not worth a sync: it is found again from the leader
        keep = self._keep
        added = self._items[max(keep - self.base.index, 0) + 1 :]
        self._keep = last
        self._written = now
        self.term_changed = False
        return Write(now, keep, added)

    def within(self, size: int, most: int) -> int:
        """The least index at which the log can be cut so that what stays has at most this size; at most `most`."""
        index, left = self.base.index, self.bytes
        while left > size and index < most:
            index += 1
            left -= len(self._items[index - self.base.index].data)
        return index

    # What the guard does.
    def cut_to(self, index: int) -> None:
        """Entries up to here may be forgotten: the state machine has their effect durably."""
        term = self.term_at(index)
        check(term is not None and index <= self.commit, f"the log is cut at {index}, beyond what is committed in it")
        assert term is not None
        self.base = Point(index, term, self.members.at(index))
        gone = index - self._items[0].index
        self.bytes -= sum(len(entry.data) for entry in self._items[1 : gone + 1])
        del self._items[:gone]
        self._items[0] = Entry(NOTHING, index, term)
        self.members.cut_to(index)
        self._keep = max(self._keep, index)
        self.replaced = True

    def reset(self, point: Point) -> None:
        """A snapshot at this point replaces the whole log. The caller knows that nothing that counts is lost by it."""
        self.base = point
        self._items = [Entry(NOTHING, point.index, point.term)]
        self.bytes = 0
        self.members = Members(point.members)
        self.commit = point.index
        self._keep = point.index
        self.replaced = True

    # What the engine does, in its names.
    def add(self, command: bytes, idx: int, term: int) -> None:
        last = self._items[-1]
        check(idx == last.index + 1 and term >= last.term, f"entry {idx} of term {term} cannot follow {last[1:]}")
        entry = Entry(command, idx, term)
        self._items.append(entry)
        self.bytes += len(command)
        self.members.added(entry)

    def deleteEntriesFrom(self, entryFrom: int) -> None:  # noqa: N802, N803 - the engine's names
        """By position. What is committed is never cut: the caller would have to be wrong about the leader's log."""
        index = self.base.index + entryFrom
        check(index > self.commit, f"entry {index} is committed up to {self.commit}, and would be cut")
        self.bytes -= sum(len(entry.data) for entry in self._items[entryFrom:])
        del self._items[entryFrom:]
        self.members.cut_after(index - 1)
        self._keep = min(self._keep, index - 1)

    def deleteEntriesTo(self, entryTo: int) -> None:  # noqa: N802, N803 - the engine's names
        raise BrokenInvariant("the engine does not decide when the log is cut")

    def clear(self) -> None:
        raise BrokenInvariant("the engine does not decide when the log is replaced")

    @overload
    def __getitem__(self, at: int) -> Entry: ...

    @overload
    def __getitem__(self, at: slice) -> list[Entry]: ...

    def __getitem__(self, at: int | slice) -> Entry | list[Entry]:
        if isinstance(at, slice):
            start = at.start or 0
            end = start + self._slice_entries_max
            return self._items[start : end if at.stop is None else min(at.stop, end)]
        return self._items[at]

    def __len__(self) -> int:
        return len(self._items)

    def setRaftCommitIndex(self, raftCommitIndex: int) -> None:  # noqa: N802, N803 - the engine's names
        self.commit = raftCommitIndex

    def getRaftCommitIndex(self) -> int:  # noqa: N802 - the engine's name
        return self.commit

    def setCurrentTerm(self, term: int, votedForNodeId: str | None) -> None:  # noqa: N802, N803 - the engine's names
        check(term >= self.term, f"term {self.term} cannot become {term}")
        check(
            term > self.term or self.vote is None or votedForNodeId == self.vote,
            f"a second vote in term {term}: {self.vote}, then {votedForNodeId}",
        )
        self.term_changed = self.term_changed or (term, votedForNodeId) != (self.term, self.vote)
        self.term = term
        self.vote = votedForNodeId

    def getCurrentTerm(self) -> int:  # noqa: N802 - the engine's name
        return self.term

    def getVotedForNodeId(self) -> str | None:  # noqa: N802 - the engine's name
        return self.vote

    def onOneSecondTimer(self) -> None:  # noqa: N802 - the engine's name
        """Nothing is written on a timer."""

    def _destroy(self) -> None:
        """It holds nothing open."""
