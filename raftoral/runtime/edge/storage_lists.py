"""From a query to SQL: which runs a list shows.

    Query(workflow="order", statuses=("running",), limit=20)  becomes
    SELECT ... WHERE r.seq IN (SELECT h.seq FROM living h ... WHERE ... ORDER BY h.seq DESC LIMIT 20)

In: a `Query`. Out: SQL with question marks, and the values for them; no value ever becomes part of the SQL. What
changes while a run lives stands in `living` (h), all else in `runs` (r), see `storage_file`. The numbers of the page
are found first and its rows fetched afterwards: what is sorted and thrown away is then a number, and never an argument
of a megabyte. Never runs anything.
"""

from __future__ import annotations

from typing import NamedTuple

from raftoral.runtime.ports import LIVE, Query

from .storage_rows import COLUMNS
from .storage_rules import check_query

# How nearly all runs end. The others are what people look for, and have an index: its condition must stand in a query,
# word for word, before SQLite uses it.
EXTRAORDINARY = "status <> 'completed'"

_JOINED = "runs r LEFT JOIN living h ON h.seq = r.seq"
# CROSS: in this order. SQLite would walk through all runs, since it cannot know that few of them live.
_JOINED_LIVE = "living h CROSS JOIN runs r ON r.seq = h.seq"

ONE = f"SELECT {COLUMNS} FROM {_JOINED} WHERE r.id = ?"
# Beginning with `living` and not with `runs`, so that a run whose row is lost shows as one.
LIVE_PAGE = f"SELECT {COLUMNS} FROM living h LEFT JOIN runs r ON r.seq = h.seq WHERE h.seq > ? ORDER BY h.seq LIMIT ?"


class Sql(NamedTuple):
    text: str
    values: list[str | int]


def page(query: Query) -> Sql:
    """The rows of a list, newest start first."""
    source, conditions, values = _found(query)
    seq = "h.seq" if source is _JOINED_LIVE else "r.seq"  # one and the same, but SQLite does not see it and would sort
    inner = f"SELECT {seq} FROM {source}{conditions} ORDER BY {seq} DESC LIMIT ?"
    return Sql(
        f"SELECT {COLUMNS} FROM {_JOINED} WHERE r.seq IN ({inner}) ORDER BY r.seq DESC",
        [*values, query.limit],
    )


def count(query: Query) -> Sql:
    """How many rows there are, whatever the limit."""
    source, conditions, values = _found(query)
    return Sql(f"SELECT count(*) FROM {source}{conditions}", values)


class _Where:
    """Conditions that must all hold, with their values in the same order."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[str | int] = []

    def add(self, condition: str, *values: str | int) -> None:
        self.conditions.append(condition)
        self.values.extend(values)

    def text(self) -> str:
        return " WHERE " + " AND ".join(self.conditions) if self.conditions else ""


def _found(query: Query) -> tuple[str, str, list[str | int]]:
    """What the runs are taken from, the conditions, and the values."""
    texts = check_query(query)
    where = _Where()
    source = _add_statuses(where, query.statuses)
    _add_columns(where, query)
    if query.prefix:
        _add_prefix(where, query.prefix)
    for name, text in texts.items():
        _add_checkpoint(where, name, text)
    for name, text in query.tags.items():
        # `json_each` reads a name whatever is in it; a path would end at the first quote.
        where.add("EXISTS (SELECT 1 FROM json_each(r.tags) t WHERE t.key = ? AND t.atom = ?)", name, text)
    return source, where.text(), where.values


def _add_statuses(where: _Where, statuses: tuple[str, ...]) -> str:
    """A run that lives has no status in `runs`. Looking for such runs therefore never meets those that have ended."""
    live = [status for status in statuses if status in LIVE]
    ended = [status for status in statuses if status not in LIVE]
    if live and ended:
        where.add(f"(h.status IN {_marks(live)} OR r.status IN {_marks(ended)})", *live, *ended)
    elif live:
        where.add(f"h.status IN {_marks(live)}", *live)
        return _JOINED_LIVE
    elif ended:
        where.add(f"r.status IN {_marks(ended)}", *ended)
        if "completed" not in ended:
            where.add(f"r.{EXTRAORDINARY}")
    return _JOINED


def _add_columns(where: _Where, query: Query) -> None:
    if query.workflow is not None:
        where.add("r.workflow = ?", query.workflow)
    if query.version is not None:
        where.add("r.version = ?", query.version)
    if query.parent is not None:
        where.add("r.parent = ?", query.parent)
    if query.since is not None:
        where.add("r.created >= ?", query.since)
    if query.until is not None:
        where.add("r.created < ?", query.until)
    if query.before is not None:
        where.add("r.seq < ?", query.before)


def _add_prefix(where: _Where, prefix: str) -> None:
    """As a range, which the index of ids can answer. LIKE cannot be used: ids may hold `%`, and it ignores case."""
    where.add("r.id >= ?", prefix)
    above = _above(prefix)
    if above:
        where.add("r.id < ?", above)


def _above(prefix: str) -> str:
    """The first text after all that begin with `prefix`, in the order of UTF-8; empty if there is none."""
    while prefix:
        prefix, last = prefix[:-1], ord(prefix[-1])
        if last < 0x10FFFF:
            following = 0xE000 if last == 0xD7FF else last + 1  # between them are no characters
            return prefix + chr(following)
    return ""


def _add_checkpoint(where: _Where, name: str, text: str) -> None:
    """Type and value, since SQLite's JSON makes 1 of true."""
    if '"' in name or "\\" in name:  # no name of a checkpoint, and no path of SQLite's could say it
        where.add("0")
        return
    member = "coalesce(h.checkpoints, r.checkpoints), ?"
    path = f'$."{name}"'
    where.add(f"json_type({member}) = json_type(?)", path, text)
    where.add(f"json_extract({member}) IS json_extract(?, '$')", path, text)


def _marks(values: list[str]) -> str:
    return f"({', '.join('?' * len(values))})"
