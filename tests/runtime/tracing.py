"""Counts what SQLite is told, by the first words of each statement.

with statements(storage._writer) as told: ...
told["COMMIT"], told.total()
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

CHAINS = """rft 1
module chains

activity step(i: int) -> int { timeout: 10s }

workflow Chain version 1 (n: int) -> int {
  var sum_ = 0
  for i in 0..n - 1 { sum_ += do step(i) }
  return sum_
}
"""


@contextmanager
def statements(connection: sqlite3.Connection) -> Iterator[Counter[str]]:
    """Each row of an `executemany` is a statement of its own."""
    told: Counter[str] = Counter()
    connection.set_trace_callback(lambda text: told.update([_kind(text)]))
    try:
        yield told
    finally:
        connection.set_trace_callback(None)


def _kind(text: str) -> str:
    """`UPDATE living`, `INSERT runs`, `COMMIT`."""
    words = text.replace(",", " ").split()
    if words[0] == "SELECT":
        return f"SELECT {words[words.index('FROM') + 1]}"
    if words[0] in ("BEGIN", "COMMIT", "ROLLBACK"):
        return words[0]
    return f"{words[0]} {next(word for word in words[1:] if word.islower())}"
