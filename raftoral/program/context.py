"""What one transition may see of the outside, and say to it beside its exit. All of it is fixed by the log entry that
woke the transition, so every node computes the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

from .std.texts import bounded

if TYPE_CHECKING:
    from .std import Stream
    from .steps import Activity, Branch, Definition

T = TypeVar("T")

DRAWN_ID_MAX = 200  # characters


class Plain:
    """A plain value: equal to another one of its class with equal fields, and not changed once it is there.

    Subclasses list their fields in `__slots__` and are written by hand: a `@dataclass` costs half a millisecond of
    every start, and a frozen one is made four times as slowly.
    """

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return False
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *[getattr(self, name) for name in self.__slots__]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__)})"


class Logged(Plain):
    """One `log` statement, written when the transition commits."""

    __slots__ = ("level", "message")

    def __init__(self, level: str, message: str) -> None:
        self.level: Final = level
        self.message: Final = message


class Registered(Plain):
    """`compensate`: an undo, registered with a scope. Either an activity with its arguments, or a strand."""

    __slots__ = ("scope", "activity", "args", "strand")

    def __init__(
        self, scope: str, activity: Activity[Any] | None, args: tuple[Any, ...], strand: Branch | None
    ) -> None:
        self.scope: Final = scope
        self.activity: Final = activity
        self.args: Final = args
        self.strand: Final = strand


class Settled(Plain):
    """A `try` ended well: the undos of its scope are dropped."""

    __slots__ = ("scope",)

    def __init__(self, scope: str) -> None:
        self.scope: Final = scope


class Spawned(Plain):
    """`spawn`: a child to start."""

    __slots__ = ("run_id", "workflow", "args")

    def __init__(self, run_id: str, workflow: Definition, args: tuple[Any, ...]) -> None:
        self.run_id: Final = run_id
        self.workflow: Final = workflow
        self.args: Final = args


class Sent(Plain):
    """`send`: a signal for a child."""

    __slots__ = ("run_id", "signal", "payload")

    def __init__(self, run_id: str, signal: str, payload: Any) -> None:
        self.run_id: Final = run_id
        self.signal: Final = signal
        self.payload: Final = payload


Said = Logged | Registered | Settled | Spawned | Sent


class Cx:
    """The context of one transition. `said` is what it says to the outside, in order."""

    __slots__ = ("id", "run", "version", "attempt", "now", "stream", "said", "children")

    def __init__(self, id: str, run: str, version: int, attempt: int, now: datetime, stream: Stream) -> None:
        self.id = id
        self.run = run
        self.version = version
        self.attempt = attempt
        self.now = now
        self.stream = stream
        self.said: list[Said] = []
        self.children = 0

    def log(self, level: str, message: str) -> None:
        """`log level "..."`."""
        self.said.append(Logged(level, bounded(message)))

    def compensate(self, scope: str, activity: Activity[Any], args: tuple[Any, ...]) -> None:
        """`compensate do activity(...)`: the arguments are those of this moment."""
        self.said.append(Registered(scope, activity, args, None))

    def compensate_with(self, scope: str, strand: Branch) -> None:
        """`compensate { ... }`."""
        self.said.append(Registered(scope, None, (), strand))

    def settle(self, scope: str) -> None:
        """The `try` of `scope` ended well."""
        self.said.append(Settled(scope))

    def spawn(self, workflow: Definition, args: tuple[Any, ...], id: str | None = None) -> str:
        """`spawn W(...) [id "..."]`: gives the id of the child, which is what a handle holds."""
        if id is None:
            own = f"{workflow.name.rpartition('.')[2]}/{self.stream.uuid()}"
            id = f"{self.id}/{own}"
            if len(id) > DRAWN_ID_MAX:  # of a run that was spawned by one that was spawned, and so on
                id = own
        self.said.append(Spawned(bounded(id), workflow, args))
        return id

    def send(self, run_id: str, signal: str, payload: Any = None) -> None:
        """`send child.signal(payload)`."""
        self.said.append(Sent(run_id, signal, payload))

    def later(self, delay: timedelta) -> datetime:
        """When a pause that begins now ends."""
        return self.now + delay

    def uuid(self) -> UUID:
        """`new_uuid()`."""
        return self.stream.uuid()

    def random(self) -> float:
        """`random()`."""
        return self.stream.random()

    def random_int(self, least: int, most: int) -> int:
        """`random_int(a, b)`: both are possible."""
        return self.stream.random_int(least, most)

    def shuffle(self, items: list[T]) -> list[T]:
        """`shuffle(xs)`: a new list."""
        return self.stream.shuffle(items)
