"""What a transition says at its end: the exits that a generated module returns to the machine.

    return rt.call(_SLOT_CHARGE_CARD, _AtChargeCard(f.order), _CHARGE_CARD, (f.order.customer, f.total))

Each names the slot where the run now rests, the frame to keep there, and what it waits for. All are plain immutable
values: the machine turns them into state and wishes, a test reads them, nothing here does anything.

Slots are typed in what they keep and in what arrives, so that a type checker refuses the frame or the activity of
another slot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from .context import Cx
from .values import WorkflowError

S = TypeVar("S")
F = TypeVar("F")
C = TypeVar("C")
T = TypeVar("T")
P = ParamSpec("P")


class Empty(NamedTuple):
    """The frame of a slot after which nothing is needed."""


EMPTY = Empty()


@dataclass(frozen=True, slots=True)
class Retry:
    """How often an activity is called again: `times` attempts in all (None: for ever), with pauses between."""

    times: int | None
    first: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(minutes=1)
    factor: Decimal = Decimal(2)
    step: timedelta | None = None
    never_on: tuple[type[WorkflowError], ...] = ()


@dataclass(frozen=True)
class Activity(Generic[T]):
    """An activity as declared: its types and its policies."""

    name: str
    result: object
    timeout: timedelta
    params: tuple[object, ...] = ()
    defaults: tuple[Any, ...] = ()
    deadline: timedelta | None = None
    heartbeat: timedelta | None = None
    grace: timedelta | None = None
    retry: Retry = Retry(3)
    raises: tuple[type[WorkflowError], ...] = ()
    key: Callable[..., str] | None = None
    queue: str = "default"
    at_most_once: bool = False


@dataclass(frozen=True)
class Slot(Generic[S, F, T]):
    """Where a run can rest: a number that is never used again, a stable key, and how it goes on.

    `then` takes what arrived, `failed` an error. `result` is the type of what arrives, for the codec.
    """

    number: int
    key: str
    line: int
    frame: type[F]
    then: Callable[[Cx, S, F, T], Step]
    failed: Callable[[Cx, S, F, WorkflowError], Step]
    result: object = None
    undo: bool = False


def slot(
    number: int,
    key: str,
    line: int,
    frame: type[F],
    result: object,
    failed: Callable[[Cx, Any, F, WorkflowError], Step] | None = None,
    *,
    undo: bool = False,
) -> Callable[[Callable[[Cx, S, F, T], Step]], Slot[S, F, T]]:
    """Makes the function below it a slot: what it does once the awaited thing is there. Without `failed`, an error
    leaves the strand. With `undo`, success registers an undo: who cancels it must wait and see whether it happened."""

    def make(then: Callable[[Cx, S, F, T], Step]) -> Slot[S, F, T]:
        return Slot(number, key, line, frame, then, failed or propagate, result, undo)

    return make


def give(cx: Cx, s: object, f: Empty, value: T) -> Step:
    """Ends a strand with what arrived."""
    return Return(value)


def giving(number: int, key: str, line: int, result: object) -> Slot[Any, Empty, Any]:
    """The slot of a branch that is one effect: it gives what arrives."""
    return Slot(number, key, line, Empty, give, propagate, result)


@dataclass(frozen=True, slots=True)
class Call:
    """Perform an activity."""

    slot: Slot[Any, Any, Any]
    frame: Any
    activity: Activity[Any]
    args: tuple[Any, ...]
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunChild:
    """Run a child workflow and wait for it."""

    slot: Slot[Any, Any, Any]
    frame: Any
    workflow: Definition
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Take the next message of a signal's mailbox; with `within`, give up with none."""

    slot: Slot[Any, Any, Any]
    frame: Any
    signal: str
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class WaitChild:
    """Wait for a child that was spawned."""

    slot: Slot[Any, Any, Any]
    frame: Any
    run_id: str
    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Sleep:
    """Rest until a time."""

    slot: Slot[Any, Any, Any]
    frame: Any
    until: datetime


@dataclass(frozen=True, slots=True)
class OnSignal:
    signal: str


@dataclass(frozen=True, slots=True)
class OnChild:
    run_id: str


@dataclass(frozen=True, slots=True)
class OnTimer:
    delay: timedelta


@dataclass(frozen=True, slots=True)
class OnDone:
    activity: Activity[Any]
    args: tuple[Any, ...]
    overrides: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OnRun:
    """A child that is run for this arm, and waited for."""

    workflow: Definition
    args: tuple[Any, ...]


Arm = OnSignal | OnChild | OnTimer | OnDone | OnRun


@dataclass(frozen=True, slots=True)
class Won:
    """What arrives at a `select`: which arm was first, and what it brought."""

    arm: int
    value: Any


@dataclass(frozen=True, slots=True)
class Select:
    """Wait for the first of several; the log decides ties."""

    slot: Slot[Any, Any, Any]
    frame: Any
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Part(Generic[S, C]):
    """What a run may do beside its root: a branch, a step of a `dag`, a turn of `parallel for`, a block of an undo.

    `key` is stable; its last word is the name that other steps know. `start(cx, s, captured, *given)` begins it.
    """

    key: str
    captured: type[C]
    result: object
    given: tuple[object, ...]
    start: Callable[..., Step]

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]


def part(
    key: str, captured: type[C], result: object, *given: object
) -> Callable[[Callable[Concatenate[Cx, S, C, P], Step]], Part[S, C]]:
    """Makes the function below it a part: how a strand begins, from what it captures and is given."""

    def make(start: Callable[Concatenate[Cx, S, C, P], Step]) -> Part[S, C]:
        return Part(key, captured, result, given, start)

    return make


class Branch:
    """A strand to start: a part with what it captures. `after` names the steps of a `dag` that come before it."""

    __slots__ = ("after", "captured", "part")

    def __init__(self, part: Part[Any, C], captured: C, *after: str) -> None:
        self.part = part
        self.captured = captured
        self.after = after


@dataclass(frozen=True, slots=True)
class Fork:
    """Run branches side by side and wait for all: `parallel` and `dag`. The results arrive as a tuple."""

    slot: Slot[Any, Any, Any]
    frame: Any
    branches: tuple[Branch, ...]
    settle: bool


@dataclass(frozen=True, slots=True)
class Each:
    """Run one strand for each item, at most `limit` at once. The results arrive as a list, in the order of items."""

    slot: Slot[Any, Any, Any]
    frame: Any
    items: Sequence[Any]
    turn: Branch
    limit: int
    settle: bool


@dataclass(frozen=True, slots=True)
class Unwind:
    """Run the undos of a scope, last registered first; then go on at the slot."""

    slot: Slot[Any, Any, Any]
    frame: Any
    scope: str


@dataclass(frozen=True, slots=True)
class Return:
    """A strand ends with a value; the root's is the result of the run."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raise:
    """A strand ends with an error."""

    error: WorkflowError


@dataclass(frozen=True, slots=True)
class AsNew:
    """`continue as new`: this run ends, another begins under its id."""

    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Go:
    """Go on in another function of the module, without a rest: a loop that turned without suspending."""

    function: Callable[..., Step]
    args: tuple[Any, ...]


Step = Call | RunChild | Wait | WaitChild | Sleep | Select | Fork | Each | Unwind | Return | Raise | AsNew | Go

NO_OVERRIDES: Mapping[str, Any] = {}


def call(
    slot: Slot[S, F, T],
    frame: F,
    activity: Activity[T],
    args: tuple[Any, ...],
    overrides: Mapping[str, Any] = NO_OVERRIDES,
) -> Step:
    """`do activity(...)`."""
    return Call(slot, frame, activity, args, overrides)


def run_child(slot: Slot[S, F, T], frame: F, workflow: Definition, args: tuple[Any, ...]) -> Step:
    """`do Workflow(...)`."""
    return RunChild(slot, frame, workflow, args)


def wait(slot: Slot[S, F, T], frame: F, signal: str, within: timedelta | None = None) -> Step:
    """`wait signal [within d]`."""
    return Wait(slot, frame, signal, within)


def wait_child(slot: Slot[S, F, T], frame: F, run_id: str, within: timedelta | None = None) -> Step:
    """`wait handle [within d]`."""
    return WaitChild(slot, frame, run_id, within)


def sleep(slot: Slot[S, F, None], frame: F, until: datetime) -> Step:
    """`sleep d` is `sleep until now() + d`."""
    return Sleep(slot, frame, until)


def select(slot: Slot[S, F, Won], frame: F, *arms: Arm) -> Step:
    """`select { ... }`."""
    return Select(slot, frame, arms)


def fork(slot: Slot[S, F, T], frame: F, *branches: Branch, settle: bool = False) -> Step:
    """`parallel { ... }`, and `dag { ... }` when branches name what comes before them."""
    return Fork(slot, frame, branches, settle)


def each(
    slot: Slot[S, F, list[T]], frame: F, items: Sequence[Any], turn: Branch, *, limit: int, settle: bool = False
) -> Step:
    """`parallel for x in xs limit n { ... }`."""
    return Each(slot, frame, items, turn, limit, settle)


def unwind(slot: Slot[S, F, None], frame: F, scope: str) -> Step:
    """A `try` failed: undo what it did, then go on."""
    return Unwind(slot, frame, scope)


def go(function: Callable[Concatenate[Cx, S, P], Step], *args: P.args, **named: P.kwargs) -> Step:
    """Go on in `function`, which the machine calls with its own `cx` and `s`: the Python stack does not grow."""
    return Go(function, args)


def propagate(cx: Cx, s: object, f: object, error: WorkflowError) -> Step:
    """For slots that no `try` surrounds: the error leaves the strand."""
    return Raise(error)


@dataclass(frozen=True)
class Query:
    """A question about a run, answered from its checkpoints and arguments."""

    answer: Callable[..., Any]
    params: tuple[object, ...]
    result: object


@dataclass(frozen=True)
class Definition:
    """One version of a workflow: everything that the machine needs to run it."""

    name: str
    version: int
    digest: str
    state: Callable[[Any], Any]
    args: type[Any]
    result: object
    begin: Callable[..., Step]
    slots: tuple[Slot[Any, Any, Any], ...]
    parts: tuple[Part[Any, Any], ...] = ()
    checkpoints: Mapping[str, object] = field(default_factory=dict)
    raises: tuple[type[WorkflowError], ...] = ()
    signals: Mapping[str, object] = field(default_factory=dict)
    queries: Mapping[str, Query] = field(default_factory=dict)

    @property
    def defaults(self) -> tuple[Any, ...]:
        """Of the last parameters."""
        return tuple(getattr(self.args, "_field_defaults", {}).values())
