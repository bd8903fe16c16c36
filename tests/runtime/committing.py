"""A process that commits numbered changes until it is killed, and says each number once it was committed.

    python -m tests.runtime.committing DIRECTORY PAGES-OF-THE-LOG   prints 0, 1, 2, ...

What commit `number` brings follows from the number alone, so that somebody else knows what is stored after each.
"""

from __future__ import annotations

import sys

from raftoral.runtime.edge import storage_file
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Changes, Storage
from tests.runtime.contracts.storage_model import Model, changes, row, step


def numbered(number: int) -> Changes:
    """A run begins, some take a step, one ends, one is deleted: each run does each once, a few commits apart."""
    begins = row(f"r{number}", number, body=b"%d " % number * (number % 7 * 60), args=b"x" * (number % 11 * 500))
    ends = [row(f"r{seq}", seq, "completed", result=b"%d" % number) for seq in (number - 5,) if seq >= 0]
    steps = [step(f"r{seq}", updated=number, body=b"%d" % number * 40) for seq in range(max(0, number - 3), number)]
    pieces = {(begins.id, "k"): b"%d" % number, (f"r{number - 2}", "k"): None, (f"r{number - 3}", "j"): b"j"}
    return changes(
        *(begins, *ends),
        steps=tuple(steps),
        deleted={f"r{number - 9}"},
        pieces=pieces,
        meta={"number": b"%d" % number},
    )


def last_number(store: Storage) -> int:
    """The number of the last commit that is in a store; -1 for none."""
    return int(store.meta().get("number", b"-1"))


class States:
    """What is stored after each commit: `at(-1)` is nothing."""

    def __init__(self) -> None:
        self._model = Model()
        self._at = {-1: Model()}

    def at(self, number: int) -> Model:
        while number not in self._at:
            following = len(self._at) - 1
            assert self._model.commit(numbered(following))
            self._at[following] = Model(self._model.rows, self._model.pieces, self._model.meta)
        return self._at[number]


def main(directory: str, log_pages: str) -> None:
    storage_file.LOG_PAGES = int(log_pages)
    store = SqliteStorage(directory)
    number = last_number(store)
    while True:
        number += 1
        store.commit(numbered(number))
        print(number, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
