"""Counts what a store and a journal are given to keep: bytes and commits, whatever SQLite makes of them.

    stored = Stored(node.engine.storage)      ...      stored.bytes, stored.commits
    with journals() as kept:                  ...      kept.entry_bytes, kept.writes

A commit or a write of a journal is one transaction and one sync. Bytes are those of the contents: pages, checksums and
indexes come on top, and do not belong to what a workflow costs but to where it is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from raftoral.runtime.consensus.journal import Write
from raftoral.runtime.edge.journal_sqlite import SqliteJournal
from raftoral.runtime.ports import Changes, Storage


def bytes_of(changes: Changes) -> int:
    """Of the contents of a commit."""
    size = sum(len(step.body) + len(step.checkpoints) for step in changes.steps.values())
    for row in changes.rows.values():
        parts: list[Any] = [row.id, row.args, row.checkpoints, row.body, row.result, row.failure, row.report]
        size += sum(len(part) for part in parts if part)
    size += sum(len(key) + len(piece or b"") for (_, key), piece in changes.pieces.items())
    return size + sum(len(name) + len(fact) for name, fact in changes.meta.items())


class Stored:
    """What a store was given since this was made."""

    def __init__(self, storage: Storage) -> None:
        self.bytes = self.commits = 0
        self._commit = storage.commit
        storage.commit = self._counted  # type: ignore[method-assign]

    def _counted(self, changes: Changes) -> None:
        self._commit(changes)
        self.commits += 1
        self.bytes += bytes_of(changes)


class Kept:
    """What all journals of this process were given."""

    def __init__(self) -> None:
        self.writes = self.entries = self.entry_bytes = 0


@contextlib.contextmanager
def journals() -> Iterator[Kept]:
    """Counts from here on, also for journals that are opened later."""
    kept, write = Kept(), SqliteJournal.write

    def counted(self: SqliteJournal, writes: Mapping[int, Write]) -> None:
        write(self, writes)
        kept.writes += 1
        for each in writes.values():
            kept.entries += len(each.entries)
            kept.entry_bytes += sum(len(entry.data) for entry in each.entries)

    SqliteJournal.write = counted  # type: ignore[method-assign]
    try:
        yield kept
    finally:
        SqliteJournal.write = write  # type: ignore[method-assign]
