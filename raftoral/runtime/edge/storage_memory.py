"""A store that forgets: for tests and `:memory:`. The same contract as the store on disk, without the disk.

In: `Changes`. Out: rows, pieces and facts as they were committed. A commit is checked as a whole before the first part
of it is applied, so that one that is refused leaves nothing. Never touches a file, and never gives out what it may
change later: rows and bytes cannot change, and dicts are copied.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

from raftoral.runtime.ports import LIVE, Changes, Query, Row, Step

from . import storage_rules as rules


class MemoryStorage:
    """Implements `Storage`. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._rows: dict[str, Row] = {}
        self._ids: dict[int, str] = {}  # seq -> id
        self._pieces: dict[str, dict[str, bytes]] = {}
        self._meta: dict[str, bytes] = {}

    def commit(self, changes: Changes) -> None:
        """Makes changes visible, all or none."""
        with self._lock:
            self._refuse_if_closed()
            self._check_rows(changes)
            self._check_steps(changes)
            for id in changes.deleted:
                self._delete(id)
            for row in changes.rows.values():
                self._put(row)
            for step in changes.steps.values():
                self._step(step)
            for (id, key), value in changes.pieces.items():
                self._put_piece(id, key, value)
            self._meta.update(changes.meta)

    def live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        """Every run that has not ended, as it is now."""
        with self._lock:
            self._refuse_if_closed()
            rows = sorted(filter(rules.is_live, self._rows.values()), key=_seq)
            found = [(row, dict(self._pieces.get(row.id, ()))) for row in rows]
        return self._while_open(found)

    def row(self, id: str) -> Row | None:
        """One run."""
        with self._lock:
            self._refuse_if_closed()
            return self._rows.get(id)

    def pieces(self, id: str) -> dict[str, bytes]:
        """The pieces of one run; none when it has ended or is not there."""
        with self._lock:
            self._refuse_if_closed()
            return dict(self._pieces.get(id, ()))

    def rows(self, query: Query) -> list[Row]:
        """The rows that a query asks for, newest start first."""
        return self._matching(query)[: query.limit]

    def count(self, query: Query) -> int:
        """How many rows a query asks for, whatever its limit."""
        return len(self._matching(query))

    def meta(self) -> dict[str, bytes]:
        """The facts about the store."""
        with self._lock:
            self._refuse_if_closed()
            return dict(self._meta)

    def close(self) -> None:
        """Nothing can be called any more. What was stored is gone."""
        with self._lock:
            self._closed = True
            self._rows, self._ids, self._pieces, self._meta = {}, {}, {}, {}

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise rules.closed()

    def _while_open(self, found: list[tuple[Row, dict[str, bytes]]]) -> Iterator[tuple[Row, dict[str, bytes]]]:
        for each in found:
            self._refuse_if_closed()
            yield each

    def _matching(self, query: Query) -> list[Row]:
        where = rules.check_query(query)
        with self._lock:
            self._refuse_if_closed()
            rows = [row for row in self._rows.values() if _matches(row, query, where)]
        return sorted(rows, key=_seq, reverse=True)

    # --- one commit: first the checks, then what cannot fail -----------------------------------------------------

    def _check_rows(self, changes: Changes) -> None:
        taken: dict[int, str] = {}
        for row in changes.rows.values():
            owner = self._ids.get(row.seq, row.id)
            if owner in changes.deleted:
                owner = row.id
            if owner != row.id or taken.setdefault(row.seq, row.id) != row.id:
                raise rules.number_taken(row.seq)

    def _check_steps(self, changes: Changes) -> None:
        for step in changes.steps.values():
            if step.status not in LIVE:
                raise rules.step_to_an_end(step.id, step.status)
            kept = None if step.id in changes.deleted else self._rows.get(step.id)
            row = changes.rows.get(step.id, kept)
            if row is None or not rules.is_live(row):
                raise rules.step_without_run(step.id)

    def _delete(self, id: str) -> None:
        row = self._rows.pop(id, None)
        if row is not None:
            del self._ids[row.seq]
        self._pieces.pop(id, None)

    def _put(self, row: Row) -> None:
        before = self._rows.get(row.id)
        if before is not None:
            del self._ids[before.seq]
        self._ids[row.seq] = row.id
        if not rules.is_live(row):
            row = row._replace(body=b"")
            self._pieces.pop(row.id, None)
        self._rows[row.id] = row

    def _step(self, step: Step) -> None:
        self._rows[step.id] = self._rows[step.id]._replace(
            status=step.status, updated=step.updated, checkpoints=step.checkpoints, body=step.body
        )

    def _put_piece(self, id: str, key: str, value: bytes | None) -> None:
        row = self._rows.get(id)
        if row is None or not rules.is_live(row):
            return
        pieces = self._pieces.setdefault(id, {})
        if value is None:
            pieces.pop(key, None)
        else:
            pieces[key] = value


def _seq(row: Row) -> int:
    return row.seq


def _matches(row: Row, query: Query, where: dict[str, str]) -> bool:
    return (
        (query.workflow is None or row.workflow == query.workflow)
        and (query.version is None or row.version == query.version)
        and (not query.statuses or row.status in query.statuses)
        and (query.parent is None or row.parent == query.parent)
        and (query.prefix is None or row.id.startswith(query.prefix))
        and (query.since is None or row.created >= query.since)
        and (query.until is None or row.created < query.until)
        and (query.before is None or row.seq < query.before)
        and (not where or where.items() <= _texts(row.checkpoints).items())
        and (not query.tags or query.tags.items() <= json.loads(row.tags).items())
    )


def _texts(json_object: str) -> dict[str, str]:
    """The members of a JSON object, as texts: `{"stage":"paid"}` is {"stage": '"paid"'}."""
    return {name: rules.json_text(value) for name, value in json.loads(json_object).items()}
