"""What may happen to runs from outside: the entries of the log, and what came of each.

    machine.apply([Start(...), Finished(...)], now)

Values inside are canonical bytes, typed by the program that they are for. A command never fails: what cannot be done is
`Refused`, with a code for programs and words for people.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class StartRun(NamedTuple):
    """Begin a run. `fresh`: its id was drawn by us, so nobody else has it. Version 0 is the newest. `owner` is the node
    that performs its effects; in one process there is none but this."""

    id: str
    run: str
    workflow: str
    version: int
    args: bytes
    tags: str = "{}"
    fresh: bool = False
    owner: str = ""


class Finished(NamedTuple):
    """An attempt gave a value."""

    id: str
    run: str
    op: int
    result: bytes
    seconds: float = 0.0


class AttemptFailed(NamedTuple):
    """An attempt did not. See `ports.Failed`."""

    id: str
    run: str
    op: int
    attempt: int
    kind: str
    detail: str
    error: bytes | None
    trace: str
    retryable: bool
    seconds: float = 0.0


class Progress(NamedTuple):
    """A heartbeat with details for the next attempt."""

    id: str
    run: str
    op: int
    details: bytes


class Signal(NamedTuple):
    id: str
    name: str
    payload: bytes


class Cancel(NamedTuple):
    id: str
    reason: str


class Terminate(NamedTuple):
    id: str
    reason: str


class Pause(NamedTuple):
    id: str


class Resume(NamedTuple):
    """A paused run goes on; a faulted one tries again what it could not do."""

    id: str


class Stalled(NamedTuple):
    """Nobody here can perform an effect; an empty reason says that somebody can again, and asks for it. `fence` is that
    of the attempt: a report that comes late, or twice, is not for the owner that the run has by then."""

    id: str
    op: int
    reason: str
    run: str = ""  # the run itself, when its id may be another one's by now
    fence: int = -1  # of whatever owner


class Tag(NamedTuple):
    """Sets tags; JSON of a map from names to texts, in which null takes a tag away."""

    id: str
    tags: str


class Delete(NamedTuple):
    id: str
    force: bool = False


class Tick(NamedTuple):
    """Time has come to where it is now."""


class Recover(NamedTuple):
    """Another process has taken over what the one before left."""


class NodeUp(NamedTuple):
    """A node of the cluster has begun a life (a number that grows), or can do other activities than before."""

    node: str
    life: int
    activities: frozenset[str]


class NodeDown(NamedTuple):
    """That life of a node is over, or nobody has heard of it for long: others take its runs."""

    node: str
    life: int


class Deploy(NamedTuple):
    """Programs that all nodes know from now on: a `log.Package`, as bytes."""

    package: bytes


class Retire(NamedTuple):
    """No new runs of this version of a workflow. Refused while it has live ones."""

    workflow: str
    version: int


Command = (
    StartRun
    | Finished
    | AttemptFailed
    | Progress
    | Signal
    | Cancel
    | Terminate
    | Pause
    | Resume
    | Stalled
    | Tag
    | Delete
    | Tick
    | Recover
    | NodeUp
    | NodeDown
    | Deploy
    | Retire
)


class Refused(NamedTuple):
    """Why a command did nothing."""

    code: str
    message: str


WORDS_MAX = 4_000  # characters of a reason, or of what an activity said when it failed


def words(text: str, most: int = WORDS_MAX) -> str:
    """A text of somebody else that can be kept: bounded, and without halves of surrogate pairs."""
    text = text[:most]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


# Codes of refusals; the client has an exception for each.
NOT_FOUND = "not-found"
ALREADY_EXISTS = "already-exists"
ENDED = "ended"
STILL_RUNNING = "still-running"
NO_PROGRAM = "no-program"
NO_SIGNAL = "no-signal"
WRONG_INPUT = "wrong-input"
TOO_LARGE = "too-large"
FULL = "full"
IN_USE = "in-use"


class What(IntEnum):
    """What happened to one run. The numbers are stored."""

    DONE = 0
    BROKE = 1
    FIRED = 2
    ARRIVED = 3
    ENDED = 4
    CANCELLED = 5
    BEGIN = 6
    INTERRUPTED = 7
    AGAIN = 8


class Event(NamedTuple):
    """What happened to one run, as it is kept while the run cannot go on."""

    what: What
    op: int = 0
    name: str = ""
    value: bytes = b""
    error: bytes = b""
