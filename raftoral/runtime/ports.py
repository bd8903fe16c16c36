"""What the world must offer to the machine: a place for runs, and somebody who calls activities.

In: data of the machine, already encoded. Out: nothing that the machine did not write. No port decides anything about a
run, and every implementation of one passes the same contract suite (`tests/runtime/contracts`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from raftoral.program.steps import Activity

# --- where runs are kept -----------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A run as it is stored. Times are microseconds since 1970 (log time); what is JSON is canonical.

    `seq` counts starts, and grows for ever: lists are ordered and paged by it. `body` is the machine's own: empty once
    the run has ended; then `report` has what became of its steps. `checkpoints` and `tags` are JSON objects, so that a
    store can filter by them.
    """

    id: str
    seq: int
    run: str
    workflow: str
    version: int
    digest: str
    status: str
    parent: str | None
    created: int
    updated: int
    ended: int | None
    tags: str
    args: bytes
    checkpoints: str
    body: bytes
    result: bytes | None
    failure: bytes | None
    report: bytes | None = None


class Step(NamedTuple):
    """What changes of a row when a run goes from slot to slot: the hot path."""

    status: str
    updated: int
    checkpoints: str
    body: bytes
    id: str


@dataclass(slots=True)
class Changes:
    """What one commit brings. All of it becomes durable, or nothing. Applied in the order of the fields.

    `deleted` takes a run with its pieces away. A `Row` replaces the whole row of its id. `pieces` are parts of a run
    beside its row, by (id of the run, key); None takes a piece away. `meta` are facts about the store as a whole.
    """

    deleted: set[str] = field(default_factory=set)
    rows: dict[str, Row] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)
    pieces: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    meta: dict[str, bytes] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.deleted or self.rows or self.steps or self.pieces or self.meta)


@dataclass(frozen=True, slots=True)
class Query:
    """Which runs a list shows: newest start first. What is None does not matter.

    `where` compares a checkpoint with a JSON text (`{"stage": '"paid"'}`), `tags` a tag with a text; all must hold.
    `before` is the `seq` after which the page begins: that of the last row of the page before.
    """

    workflow: str | None = None
    version: int | None = None
    statuses: tuple[str, ...] = ()
    parent: str | None = None
    prefix: str | None = None
    since: int | None = None
    until: int | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    before: int | None = None
    limit: int = 100


class Storage(Protocol):
    """Keeps runs. What `commit` was given is there after a crash, once it has returned; before, none of it."""

    def commit(self, changes: Changes) -> None:
        """Makes changes durable. Raises `StorageFailed` when it cannot: then nothing of them is there."""

    def live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        """Every run that has not ended, with its pieces, oldest start first."""

    def row(self, id: str) -> Row | None:
        """One run, whether it has ended or not."""

    def pieces(self, id: str) -> dict[str, bytes]:
        """The pieces of one run."""

    def rows(self, query: Query) -> list[Row]:
        """The rows that a query asks for, newest start first."""

    def count(self, query: Query) -> int:
        """How many rows a query asks for, whatever its limit."""

    def meta(self) -> dict[str, bytes]:
        """The facts about the store."""

    def close(self) -> None:
        """Lets go of files. A second call does nothing."""


# Statuses of runs that have not ended: only these are given by `live`.
LIVE = frozenset({"running", "paused", "faulted", "stalled"})


# --- who calls activities ----------------------------------------------------------------------------------------


class Attempt(NamedTuple):
    """One try of one effect: what an activity is called with, and what it may know about its call.

    (run, op, number) names it. Times are in seconds; `deadline` is the time that is left for all attempts together,
    None for no end. `details` is what the attempt before gave to its last heartbeat, as JSON.
    """

    id: str
    run: str
    workflow: str
    version: int
    slot: str
    op: int
    number: int
    activity: Activity[Any]
    args: tuple[Any, ...]
    key: str
    fence: int
    timeout: float
    deadline: float | None
    heartbeat: float | None
    grace: float
    queue: str
    details: bytes | None


class Done(NamedTuple):
    """It gave a value: canonical bytes of the activity's type."""

    attempt: Attempt
    result: bytes
    seconds: float


class Failed(NamedTuple):
    """It did not. `error` is a declared error in canonical bytes, or None for anything else.

    `kind` is the class of what was raised, or one of the `REASONS`; `detail` is for people; `trace` the text of the
    activity's own traceback. Without `retryable` no other attempt is made, whatever the policy says.
    """

    attempt: Attempt
    kind: str
    detail: str
    error: bytes | None
    trace: str
    retryable: bool
    seconds: float


class Beat(NamedTuple):
    """A heartbeat with details for the next attempt, as JSON. At most one a second is reported."""

    attempt: Attempt
    details: bytes


Report = Done | Failed | Beat

Reason = Literal["Timeout", "NoHeartbeat", "Stopped", "WrongResult", "TooLarge"]
"""Why an attempt failed when the activity itself raised nothing. Stopped: it was told to, and did."""


class Runner(Protocol):
    """Calls activities. Each attempt that was started is reported once as done or failed, and never later again."""

    def start(self, attempts: Sequence[Attempt]) -> None:
        """Begins these attempts, as far as limits allow; the others wait inside."""

    def stop(self, run: str, op: int, reason: str) -> None:
        """Tells the attempt of an effect that nobody wants it any more: cooperative first, by force after its grace."""

    def implements(self, activity: Activity[Any]) -> bool:
        """Whether somebody here can perform it."""
