"""What every store refuses, in the same words: a caller that asks for what cannot be.

In: changes, queries and what a store knows. Out: a `UsageError` to raise, or nothing. Such an error is a bug of the
caller: it is raised before anything has changed. Here too is the one way to read a query's bounds, so that two stores
cannot differ in it. Never touches a file.
"""

from __future__ import annotations

import json

from raftoral.errors import UsageError
from raftoral.runtime.ports import LIVE, Query, Row


def is_live(row: Row) -> bool:
    """Whether a run has not ended. One that has ended keeps neither a body nor pieces."""
    return row.status in LIVE


def closed() -> UsageError:
    """For each call after `close`."""
    return UsageError("This store has been closed. Open it again before you use it.")


def step_without_run(id: str) -> UsageError:
    """A step that found no run: who sends it believes in a run that the store does not have."""
    return UsageError(
        f"A step came for the run {id!r}, which is not there or has ended. A run begins and ends with a whole row."
    )


def step_to_an_end(id: str, status: str) -> UsageError:
    """A step cannot end a run, since it brings neither the time of the end nor a result."""
    return UsageError(f"A step would end the run {id!r} as {status!r}. Only a whole row can end a run.")


def number_taken(seq: int | None = None) -> UsageError:
    """Two runs with one number; lists could not tell them apart."""
    number = "a number (seq)" if seq is None else f"the number (seq) {seq}"
    return UsageError(f"A row has {number} that belongs to another run. Each start has a number of its own.")


def unfit(why: object) -> UsageError:
    """A value that no store can hold or ask for: an int above 64 bits, half of a surrogate pair."""
    return UsageError(f"A value cannot be stored: {why}.")


def check_query(query: Query) -> dict[str, str]:
    """Refuses a query that means nothing. Gives `where` in the form in which checkpoints are stored.

    Every store compares these texts, so that 1, 1.0 and true stay three values, and spaces are none.
    """
    if query.limit < 0:
        raise UsageError(f"A list cannot have {query.limit} rows at most; give a limit of 0 or more.")
    return {name: _canonical(name, text) for name, text in query.where.items()}


def json_text(value: object) -> str:
    """The canonical JSON of a value that was read from canonical JSON: as `raftoral.program.codec` writes it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _canonical(name: str, text: str) -> str:
    try:
        return json_text(json.loads(text))
    except ValueError:
        raise UsageError(
            f"The checkpoint {name!r} is compared with {text!r}, which is not JSON. "
            f"A text stands in quotes: {json.dumps(text, ensure_ascii=False)}"
        ) from None
