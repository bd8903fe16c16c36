"""What a transition says at its end: the exits that a generated module returns to the machine.

    return rt.call(_SLOT_CHARGE_CARD, _AtChargeCard(f.order), _CHARGE_CARD, (f.order.customer, f.total))

Each names the slot where the run now rests, the frame to keep there, and what it waits for. All are plain immutable
values: the machine turns them into state and wishes, a test reads them, nothing here does anything. Slots, parts and
definitions exist once, and are equal to themselves only.

Slots are typed in what they keep and in what arrives, so that a type checker refuses the frame or the activity of
another slot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Concatenate, Final, Generic, NamedTuple, ParamSpec, TypeVar

from .context import Cx, Plain
from .values import WorkflowError

S = TypeVar("S")
F = TypeVar("F")
C = TypeVar("C")
T = TypeVar("T")
P = ParamSpec("P")


class Empty(NamedTuple):
    """The frame of a slot after which nothing is needed."""


EMPTY = Empty()


class Retry(Plain):
    """How often an activity is called again: `times` attempts in all (None: for ever), with pauses between."""

    __slots__ = ("times", "first", "most", "factor", "step", "never_on")

    def __init__(
        self,
        times: int | None,
        first: timedelta = timedelta(seconds=1),
        most: timedelta = timedelta(minutes=1),
        factor: Decimal = Decimal(2),
        step: timedelta | None = None,
        never_on: tuple[type[WorkflowError], ...] = (),
    ) -> None:
        self.times: Final = times
        self.first: Final = first
        self.most: Final = most
        self.factor: Final = factor
        self.step: Final = step
        self.never_on: Final = never_on


_USUAL_RETRY = Retry(3)


class Activity(Plain, Generic[T]):
    """An activity as declared: its types and its policies. `full_name` has the module before it, as stored runs need:
    two modules may each declare a `notify`."""

    __slots__ = (
        *(
            "full_name",
            "result",
            "timeout",
            "params",
            "defaults",
            "deadline",
            "heartbeat",
            "grace",
            "retry",
            "raises",
        ),
        *("key", "queue", "at_most_once"),
    )

    def __init__(
        self,
        full_name: str,
        result: object,
        timeout: timedelta,
        params: tuple[object, ...] = (),
        defaults: tuple[Any, ...] = (),
        deadline: timedelta | None = None,
        heartbeat: timedelta | None = None,
        grace: timedelta | None = None,
        retry: Retry = _USUAL_RETRY,
        raises: tuple[type[WorkflowError], ...] = (),
        key: Callable[..., str] | None = None,
        queue: str = "default",
        at_most_once: bool = False,
    ) -> None:
        self.full_name: Final = full_name
        self.result: Final = result
        self.timeout: Final = timeout
        self.params: Final = params
        self.defaults: Final = defaults
        self.deadline: Final = deadline
        self.heartbeat: Final = heartbeat
        self.grace: Final = grace
        self.retry: Final = retry
        self.raises: Final = raises
        self.key: Final = key
        self.queue: Final = queue
        self.at_most_once: Final = at_most_once

    @property
    def name(self) -> str:
        """What its author calls it."""
        return self.full_name.rpartition(".")[2]


class Slot(Generic[S, F, T]):
    """Where a run can rest: a number that is never used again, a stable key, and how it goes on.

    `then` takes what arrived, `failed` an error. `result` is the type of what arrives, for the codec.
    """

    def __init__(
        self,
        number: int,
        key: str,
        line: int,
        frame: type[F],
        then: Callable[[Cx, S, F, T], Step],
        failed: Callable[[Cx, S, F, WorkflowError], Step],
        result: object = None,
        undo: bool = False,
    ) -> None:
        self.number: Final = number
        self.key: Final = key
        self.line: Final = line
        self.frame: Final = frame
        self.then: Final = then
        self.failed: Final = failed
        self.result: Final = result
        self.undo: Final = undo

    def __repr__(self) -> str:
        return f"Slot({self.number}, {self.key!r})"


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


class Call(Plain):
    """Perform an activity."""

    __slots__ = ("slot", "frame", "activity", "args", "overrides")

    def __init__(
        self,
        slot: Slot[Any, Any, Any],
        frame: Any,
        activity: Activity[Any],
        args: tuple[Any, ...],
        overrides: Mapping[str, Any],
    ) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.activity: Final = activity
        self.args: Final = args
        self.overrides: Final = overrides


class RunChild(Plain):
    """Run a child workflow and wait for it."""

    __slots__ = ("slot", "frame", "workflow", "args")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, workflow: Definition, args: tuple[Any, ...]) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.workflow: Final = workflow
        self.args: Final = args


class Wait(Plain):
    """Take the next message of a signal's mailbox; with `within`, give up with none."""

    __slots__ = ("slot", "frame", "signal", "within")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, signal: str, within: timedelta | None) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.signal: Final = signal
        self.within: Final = within


class WaitChild(Plain):
    """Wait for a child that was spawned."""

    __slots__ = ("slot", "frame", "run_id", "within")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, run_id: str, within: timedelta | None) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.run_id: Final = run_id
        self.within: Final = within


class Sleep(Plain):
    """Rest until a time."""

    __slots__ = ("slot", "frame", "until")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, until: datetime) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.until: Final = until


class OnSignal(Plain):
    __slots__ = ("signal",)

    def __init__(self, signal: str) -> None:
        self.signal: Final = signal


class OnChild(Plain):
    __slots__ = ("run_id",)

    def __init__(self, run_id: str) -> None:
        self.run_id: Final = run_id


class OnTimer(Plain):
    __slots__ = ("delay",)

    def __init__(self, delay: timedelta) -> None:
        self.delay: Final = delay


class OnDone(Plain):
    __slots__ = ("activity", "args", "overrides")

    def __init__(self, activity: Activity[Any], args: tuple[Any, ...], overrides: Mapping[str, Any]) -> None:
        self.activity: Final = activity
        self.args: Final = args
        self.overrides: Final = overrides


class OnRun(Plain):
    """A child that is run for this arm, and waited for."""

    __slots__ = ("workflow", "args")

    def __init__(self, workflow: Definition, args: tuple[Any, ...]) -> None:
        self.workflow: Final = workflow
        self.args: Final = args


Arm = OnSignal | OnChild | OnTimer | OnDone | OnRun


class Won(Plain):
    """What arrives at a `select`: which arm was first, and what it brought."""

    __slots__ = ("arm", "value")

    def __init__(self, arm: int, value: Any) -> None:
        self.arm: Final = arm
        self.value: Final = value


class Select(Plain):
    """Wait for the first of several; the log decides ties."""

    __slots__ = ("slot", "frame", "arms")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, arms: tuple[Arm, ...]) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.arms: Final = arms


class Part(Generic[S, C]):
    """What a run may do beside its root: a branch, a step of a `dag`, a turn of `parallel for`, a block of an undo.

    `key` is stable; its last word is the name that other steps know. `start(cx, s, captured, *given)` begins it.
    """

    def __init__(
        self, key: str, captured: type[C], result: object, given: tuple[object, ...], start: Callable[..., Step]
    ) -> None:
        self.key: Final = key
        self.captured: Final = captured
        self.result: Final = result
        self.given: Final = given
        self.start: Final = start

    def __repr__(self) -> str:
        return f"Part({self.key!r})"

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


class Fork(Plain):
    """Run branches side by side and wait for all: `parallel` and `dag`. The results arrive as a tuple."""

    __slots__ = ("slot", "frame", "branches", "settle")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, branches: tuple[Branch, ...], settle: bool) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.branches: Final = branches
        self.settle: Final = settle


class Each(Plain):
    """Run one strand for each item, at most `limit` at once. The results arrive as a list, in the order of items."""

    __slots__ = ("slot", "frame", "items", "turn", "limit", "settle")

    def __init__(
        self, slot: Slot[Any, Any, Any], frame: Any, items: Sequence[Any], turn: Branch, limit: int, settle: bool
    ) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.items: Final = items
        self.turn: Final = turn
        self.limit: Final = limit
        self.settle: Final = settle


class Unwind(Plain):
    """Run the undos of a scope, last registered first; then go on at the slot."""

    __slots__ = ("slot", "frame", "scope")

    def __init__(self, slot: Slot[Any, Any, Any], frame: Any, scope: str) -> None:
        self.slot: Final = slot
        self.frame: Final = frame
        self.scope: Final = scope


class Return(Plain):
    """A strand ends with a value; the root's is the result of the run."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value: Final = value


class Raise(Plain):
    """A strand ends with an error."""

    __slots__ = ("error",)

    def __init__(self, error: WorkflowError) -> None:
        self.error: Final = error


class AsNew(Plain):
    """`continue as new`: this run ends, another begins under its id."""

    __slots__ = ("args",)

    def __init__(self, args: tuple[Any, ...]) -> None:
        self.args: Final = args


class Go(Plain):
    """Go on in another function of the module, without a rest: a loop that turned without suspending."""

    __slots__ = ("function", "args")

    def __init__(self, function: Callable[..., Step], args: tuple[Any, ...]) -> None:
        self.function: Final = function
        self.args: Final = args


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


class Query:
    """A question about a run, answered from its checkpoints and arguments."""

    def __init__(self, answer: Callable[..., Any], params: tuple[object, ...], result: object) -> None:
        self.answer: Final = answer
        self.params: Final = params
        self.result: Final = result


_NONE: Mapping[str, Any] = {}


class Definition:
    """One version of a workflow: everything that the machine needs to run it."""

    def __init__(
        self,
        name: str,
        version: int,
        digest: str,
        state: Callable[[Any], Any],
        args: type[Any],
        result: object,
        begin: Callable[..., Step],
        slots: tuple[Slot[Any, Any, Any], ...],
        parts: tuple[Part[Any, Any], ...] = (),
        checkpoints: Mapping[str, object] = _NONE,
        raises: tuple[type[WorkflowError], ...] = (),
        signals: Mapping[str, object] = _NONE,
        queries: Mapping[str, Query] = _NONE,
    ) -> None:
        self.name: Final = name
        self.version: Final = version
        self.digest: Final = digest
        self.state: Final = state
        self.args: Final = args
        self.result: Final = result
        self.begin: Final = begin
        self.slots: Final = slots
        self.parts: Final = parts
        self.checkpoints: Final = checkpoints
        self.raises: Final = raises
        self.signals: Final = signals
        self.queries: Final = queries

    def __repr__(self) -> str:
        return f"Definition({self.name!r}, version={self.version})"

    @property
    def defaults(self) -> tuple[Any, ...]:
        """Of the last parameters."""
        return tuple(getattr(self.args, "_field_defaults", {}).values())
