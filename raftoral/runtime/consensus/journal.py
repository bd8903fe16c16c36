"""What a node must keep of its groups, and the port to who keeps it; one in memory for tests stands here too.

    journal.write({1: Write(keep=6, entries=[Entry(..., 7, 3)], ...), 4: Write(...)})     one step, all groups, one sync

In: at most one `Write` per group and step. Out: what was stored, whole, or a refusal. Every journal passes the
contract in `tests/runtime/consensus/test_journals.py`. Never: returns from `write` before all of it would survive a
power cut; or keeps a part of it when it raises *and the node goes on* (a crash may leave a step written or not: both
are handled).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from ..faults import check
from .entries import Entry


class Point(NamedTuple):
    """A place in the log of a group at which everything is known: where a journal begins, or a snapshot was taken.

    The members are those *of that index*, not those of now.
    """

    index: int  # type: ignore[assignment]  # the word of the paper, though tuples have a method of that name
    term: int
    members: frozenset[str]


BEGINNING = Point(0, 0, frozenset())


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in a journal beside entries. `last` repeats where these end, so that a lost tail is seen."""

    term: int
    vote: str | None
    commit: int  # may lag: it is only written when something else is
    base: Point  # entries up to here are gone
    last: int


class Stored(NamedTuple):
    record: Record
    entries: list[Entry]  # from record.base.index + 1 to record.last, without a gap


class Write(NamedTuple):
    """One step of one group. First entries above `keep` and those up to the base go, then `entries` are added."""

    record: Record
    keep: int
    entries: Sequence[Entry]


class Journal(Protocol):
    """The journals of all groups of one node."""

    def groups(self) -> list[int]:
        """Those that it holds, in order."""

    def load(self, group: int) -> Stored | None:
        """What was written of a group last; None: nothing ever. Raises `StorageRefused` when it is damaged."""

    def write(self, writes: Mapping[int, Write]) -> None:
        """One transaction: when it returns, it is durable. Raises `StorageFailed`: then this node stops and reads
        anew."""

    def close(self) -> None:
        """Lets go of files. A second call does nothing."""


def sound(group: int, stored: Stored) -> str | None:
    """What is wrong with what was read; None: nothing. Every journal asks this before it hands anything out."""
    record, entries = stored
    base = record.base
    expected = base.index
    term = base.term
    for entry in entries:
        expected += 1
        if entry.index != expected:
            return f"group {group}: entry {entry.index} stands where {expected} should"
        if entry.term < term:
            return f"group {group}: entry {entry.index} is of term {entry.term}, after one of {term}"
        term = entry.term
    if expected != record.last:
        return f"group {group}: the log should end with entry {record.last}, and ends with {expected}"
    if record.term < term:
        return f"group {group}: term {record.term} with an entry of term {term}"
    if not base.index <= record.commit <= record.last:
        return f"group {group}: commit index {record.commit} in a log of {base.index} to {record.last}"
    return None


class MemoryJournal:
    """Forgets all when the process ends. `durable` outlives the object, so that a simulator can crash a node.

    `fault`, when it is set, is called with the writes before they are made, and may raise: nothing is kept then, but
    for what it made durable itself (`apply`): the simulator's torn, lost and kept writes, full disks and I/O errors.
    """

    def __init__(self, durable: dict[int, Stored] | None = None) -> None:
        self.durable: dict[int, Stored] = {} if durable is None else durable
        self.fault: Callable[[Mapping[int, Write]], None] | None = None
        self.writes = 0

    def groups(self) -> list[int]:
        return sorted(self.durable)

    def load(self, group: int) -> Stored | None:
        stored = self.durable.get(group)
        if stored is not None:
            wrong = sound(group, stored)
            check(wrong is None, str(wrong))
            stored = Stored(stored.record, list(stored.entries))
        return stored

    def write(self, writes: Mapping[int, Write]) -> None:
        if self.fault is not None:
            self.fault(writes)
        for group, write in writes.items():
            apply(self.durable, group, write)
        self.writes += 1

    def close(self) -> None:
        """There is nothing to let go of."""


def apply(durable: dict[int, Stored], group: int, write: Write) -> None:
    """What a write means: other journals must come to the same."""
    base = write.record.base.index
    old = durable.get(group)
    entries = old.entries if old is not None else []
    while entries and entries[-1].index > write.keep:
        entries.pop()
    if entries and entries[0].index <= base:
        del entries[: base - entries[0].index + 1]
    entries.extend(write.entries)
    last = entries[-1].index if entries else base
    check(last == write.record.last, f"group {group}: a write ends at {last} and says {write.record.last}")
    check(last - base == len(entries), f"group {group}: a write leaves a gap")
    durable[group] = Stored(write.record, entries)


def torn(write: Write, old: Stored | None, entries: int) -> Write:
    """The write as a journal without transactions might leave it after a crash: only the first entries of it."""
    added = write.entries[:entries]
    kept_end = min(write.keep, old.record.last if old is not None else 0)
    last = added[-1].index if added else max(kept_end, write.record.base.index)
    record = replace(write.record, last=last, commit=min(write.record.commit, last))
    return Write(record, write.keep, added)
