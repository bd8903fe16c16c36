"""Runs in a file of SQLite: the store of a node.

In: `Changes`, each made durable by one transaction and one sync. Out: rows, pieces and facts, checked by their
checksums. A commit that fails is taken back as a whole, and the store can be used on: the next one may find room again.
Any thread may call. Lists have a connection of their own: neither a commit nor a look at one run waits for them.

    commit(Changes(steps={"order-7": Step(...)}))  is  BEGIN; UPDATE living ... WHERE seq = 12; COMMIT  and an fsync

Never keeps in memory what a row holds, only the numbers of live runs. Never looks into a body.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping

from raftoral.runtime.ports import LIVE, Changes, Query, Row, Step

from . import storage_faults as faults, storage_lists as lists, storage_rows as columns, storage_rules as rules
from .log_file import LogFile
from .storage_file import LOG_PAGES, VERSION, open_file

_KEPT = ", ".join(f"{name} = excluded.{name}" for name in columns.RUN[2:])
# A row that comes with another number is left alone here, and counted: see `_put_rows`.
_PUT_RUN = (
    f"INSERT INTO runs VALUES ({', '.join('?' * len(columns.RUN))}) "
    f"ON CONFLICT (id) DO UPDATE SET {_KEPT} WHERE seq = excluded.seq"
)
_LIVE_SEQ = "SELECT h.seq FROM runs r JOIN living h ON h.seq = r.seq WHERE r.id = ?"
_PUT_LIVING = (
    "INSERT INTO living (status, updated, checkpoints, body, crc, seq) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (seq) DO UPDATE SET status = excluded.status, updated = excluded.updated, "
    "checkpoints = excluded.checkpoints, body = excluded.body, crc = excluded.crc"
)
_STEP = "UPDATE living SET status = ?, updated = ?, checkpoints = ?, body = ?, crc = ? WHERE seq = ?"
_SEQ = "SELECT seq FROM runs WHERE id = ?"
_END = tuple(f"DELETE FROM {table} WHERE seq = ?" for table in ("living", "pieces"))
_DELETE = tuple(f"DELETE FROM {table} WHERE seq = ?" for table in ("runs", "living", "pieces"))
_RENUMBER = tuple(f"UPDATE {table} SET seq = ? WHERE seq = ?" for table in ("runs", "living", "pieces"))
_PUT_PIECE = (
    "INSERT INTO pieces VALUES (?, ?, ?, ?) "
    "ON CONFLICT (seq, key) DO UPDATE SET value = excluded.value, crc = excluded.crc"
)
_TAKE_PIECE = "DELETE FROM pieces WHERE seq = ? AND key = ?"
_PUT_FACT = "REPLACE INTO meta VALUES (?, ?, ?)"

_PIECES = "SELECT key, value, crc FROM pieces WHERE seq = (SELECT seq FROM runs WHERE id = ?)"
_PIECES_BETWEEN = "SELECT seq, key, value, crc FROM pieces WHERE seq BETWEEN ? AND ?"

LIVE_PAGE_ROWS = 200  # of `live`: bodies may have a megabyte each


class SqliteStorage:
    """Implements `Storage` in the directory `path`. Without `sync`, a power cut may cost the last commits."""

    def __init__(self, path: str | os.PathLike[str], *, sync: bool = True) -> None:
        self._path, self._lock, self._writer, self._lister = open_file(os.path.abspath(path), sync)
        self._log = LogFile(f"{self._path}-wal", LOG_PAGES * 4096 if sync else 0)
        self._writing = threading.Lock()
        self._listing = threading.Lock()
        self._closed = False
        # Numbers of runs that live, as far as they were needed: a step then goes straight to its row, without the index
        # of all ids. Emptied when a commit fails, so that it never knows what the file does not.
        self._seqs: dict[str, int] = {}

    # --- writing -------------------------------------------------------------------------------------------------

    def commit(self, changes: Changes) -> None:
        """Makes changes durable. When it raises, nothing of them is there."""
        with self._writing:
            self._refuse_if_closed()
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                self._log.lengthen()
                self._write(changes)
                self._writer.execute("COMMIT")
            except BaseException as error:
                self._take_back(error)
                raise self._explained(error) from None

    def _write(self, changes: Changes) -> None:
        if changes.deleted:
            self._delete(changes.deleted)
        if changes.rows:
            self._put_rows(changes.rows.values())
        if changes.steps:
            self._put_steps(changes.steps.values())
        if changes.pieces:
            self._put_pieces(changes.pieces, changes.rows)
        if changes.meta:
            facts = [(key, value, columns.meta_crc(key, value)) for key, value in changes.meta.items()]
            self._writer.executemany(_PUT_FACT, facts)

    def _delete(self, ids: Collection[str]) -> None:
        found = [(seq,) for seq in map(self._seq, ids) if seq is not None]
        for id in ids:
            self._seqs.pop(id, None)
        for statement in _DELETE:
            self._writer.executemany(statement, found)

    def _put_rows(self, rows: Collection[Row]) -> None:
        live = [row for row in rows if rules.is_live(row)]
        ended = [row for row in rows if not rules.is_live(row)]
        runs = [columns.run_columns(row, True) for row in live] + [columns.run_columns(row, False) for row in ended]
        if self._writer.executemany(_PUT_RUN, runs).rowcount < len(runs):
            self._renumber(rows)
            self._writer.executemany(_PUT_RUN, runs)
        if live:
            self._writer.executemany(_PUT_LIVING, [columns.living_columns(row) for row in live])
            self._seqs.update((row.id, row.seq) for row in live)
        if ended:
            for row in ended:
                self._seqs.pop(row.id, None)
            for statement in _END:
                self._writer.executemany(statement, [(row.seq,) for row in ended])

    def _renumber(self, rows: Collection[Row]) -> None:
        """Ids that begin anew, under another number, without being deleted before: rare. Their pieces go along."""
        moved = [(row.seq, self._seq(row.id)) for row in rows]
        for statement in _RENUMBER:
            self._writer.executemany(statement, [(seq, old) for seq, old in moved if seq != old])

    def _put_steps(self, steps: Collection[Step]) -> None:
        """The hot path: one UPDATE for each, by number."""
        numbers, columns_of = self._seqs, columns.step_columns
        changed = []
        for step in steps:
            if step.status not in LIVE:
                raise rules.step_to_an_end(step.id, step.status)
            seq = numbers.get(step.id)
            if seq is None:
                seq = self._live_seq(step.id)
                if seq is None:
                    raise rules.step_without_run(step.id)
            changed.append(columns_of(step, seq))
        found = self._writer.executemany(_STEP, changed).rowcount
        if found != len(changed):
            raise faults.of_damage(f"{len(changed) - found} of {len(changed)} runs are gone that live", self._path)

    def _put_pieces(self, pieces: Mapping[tuple[str, str], bytes | None], rows: Mapping[str, Row]) -> None:
        numbers = self._seqs
        put, taken = [], []
        for (id, key), value in pieces.items():
            seq = numbers.get(id)
            if seq is None:
                seq = None if id in rows else self._live_seq(id)
                if seq is None:  # it has ended, perhaps by this very commit, or was deleted: its pieces went with it
                    continue
            if value is None:
                taken.append((seq, key))
            else:
                put.append((seq, key, value, columns.piece_crc(id, key, value)))
        if put:
            self._writer.executemany(_PUT_PIECE, put)
        if taken:
            self._writer.executemany(_TAKE_PIECE, taken)

    def _seq(self, id: str) -> int | None:
        found = self._writer.execute(_SEQ, (id,)).fetchone()
        return None if found is None else int(found[0])

    def _live_seq(self, id: str) -> int | None:
        found = self._writer.execute(_LIVE_SEQ, (id,)).fetchone()
        if found is None:
            return None
        self._seqs[id] = seq = int(found[0])
        return seq

    def _take_back(self, error: BaseException) -> None:
        self._seqs.clear()
        if self._writer.in_transaction:
            # It ends the transaction also when it complains.
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
        if faults.is_io(error):
            self._write_over()

    def _write_over(self) -> None:
        """After a sync that failed, the log may hold the whole commit, though SQLite does not count it.

        It would be found by whoever reads the log from its beginning: the next start, if we crash first. The next
        commit takes its place in the log, so one that changes nothing is made at once. If it fails too, a later one
        does it.
        """
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute(f"PRAGMA user_version = {VERSION}")

    def _explained(self, error: BaseException) -> BaseException:
        match error:
            case sqlite3.IntegrityError(sqlite_errorcode=sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
                return rules.number_taken()
            case sqlite3.IntegrityError() | sqlite3.ProgrammingError() | OverflowError() | UnicodeEncodeError():
                return rules.unfit(error)
            case sqlite3.Error() | UnicodeDecodeError():
                return faults.of_commit(error, self._path)
        return error

    # --- reading -------------------------------------------------------------------------------------------------

    def live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        """Every run that has not ended, each as it is when its page is read: never all of them in memory."""
        self._refuse_if_closed()
        return self._live()

    def _live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        last = -(1 << 63)
        while page := self._live_page(last):
            yield from page
            last = page[-1][0].seq

    def _live_page(self, last: int) -> list[tuple[Row, dict[str, bytes]]]:
        with self._reads(self._listing, self._lister) as reader:
            reader.execute("BEGIN")  # so that rows and pieces are of one moment
            try:
                rows = reader.execute(lists.LIVE_PAGE, (last, LIVE_PAGE_ROWS)).fetchall()
                found = {row.seq: (row, dict[str, bytes]()) for row in map(columns.row_of, rows)}
                if found:
                    for seq, key, value, crc in reader.execute(_PIECES_BETWEEN, (min(found), max(found))):
                        if seq not in found:
                            raise columns.Damaged(f"a piece of the run with number {seq}, which is not live")
                        row, pieces = found[seq]
                        name, content = columns.piece_of(row.id, key, value, crc)
                        pieces[name] = content
            finally:
                if reader.in_transaction:
                    reader.execute("ROLLBACK")
        return list(found.values())

    def row(self, id: str) -> Row | None:
        """One run."""
        with self._reads(self._writing, self._writer) as reader:
            found = reader.execute(lists.ONE, (id,)).fetchone()
            return None if found is None else columns.row_of(found)

    def pieces(self, id: str) -> dict[str, bytes]:
        """The pieces of one run; none when it has ended or is not there."""
        with self._reads(self._writing, self._writer) as reader:
            found = reader.execute(_PIECES, (id,)).fetchall()
            return dict(columns.piece_of(id, *piece) for piece in found)

    def rows(self, query: Query) -> list[Row]:
        """The rows that a query asks for, newest start first."""
        sql = lists.page(query)
        with self._reads(self._listing, self._lister) as reader:
            return [columns.row_of(found) for found in reader.execute(sql.text, sql.values).fetchall()]

    def count(self, query: Query) -> int:
        """How many rows a query asks for, whatever its limit."""
        sql = lists.count(query)
        with self._reads(self._listing, self._lister) as reader:
            return int(reader.execute(sql.text, sql.values).fetchone()[0])

    def meta(self) -> dict[str, bytes]:
        """The facts about the store."""
        with self._reads(self._writing, self._writer) as reader:
            found = reader.execute("SELECT key, value, crc FROM meta").fetchall()
            return dict(columns.fact_of(*fact) for fact in found)

    @contextlib.contextmanager
    def _reads(self, lock: threading.Lock, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        """A connection for one question; what goes wrong becomes a fault of ours."""
        with lock:
            self._refuse_if_closed()
            try:
                yield connection
            except (sqlite3.ProgrammingError, OverflowError, UnicodeEncodeError) as error:
                raise rules.unfit(error) from None
            except sqlite3.Error as error:
                if self._closed:  # which interrupts a long list
                    raise rules.closed() from None
                raise faults.of_reading(error, self._path) from None
            except columns.Damaged as damage:
                raise faults.of_damage(damage, self._path) from None
            except (TypeError, AttributeError, UnicodeDecodeError) as error:  # not even the kind of value was right
                raise faults.of_damage(error, self._path) from None

    # --- without a sync for each commit ------------------------------------------------------------------------

    def flush(self) -> None:
        """Makes durable what was committed before the call. Commits go on meanwhile: for a thread of its own."""
        self._refuse_if_closed()
        try:
            with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as own:
                own.execute("PRAGMA synchronous = NORMAL")  # syncs the log before it is copied, and the file after
                own.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            raise faults.of_commit(error, self._path) from None

    # --- closing -------------------------------------------------------------------------------------------------

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise rules.closed()

    def close(self) -> None:
        """Lets go of the files, after the commit that is under way. A second call does nothing."""
        self._closed = True
        with contextlib.suppress(sqlite3.Error):
            self._lister.interrupt()
        with self._writing, self._listing:
            self._log.close()
            # The last connection to close copies the log into the file. If the disk is full, the log stays, and is
            # found at the next start: nothing is lost.
            for connection in (self._lister, self._writer):
                with contextlib.suppress(sqlite3.Error):
                    connection.close()
            self._lock.release()
