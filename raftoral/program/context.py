"""What one transition may see of the outside, and say to it beside its exit. All of it is fixed by the log entry that
woke the transition, so every node computes the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from .std.texts import bounded

if TYPE_CHECKING:
    from .std import Stream
    from .steps import Activity, Branch, Definition

T = TypeVar("T")

DRAWN_ID_MAX = 200  # characters


@dataclass(frozen=True, slots=True)
class Logged:
    """One `log` statement, written when the transition commits."""

    level: str
    message: str


@dataclass(frozen=True, slots=True)
class Registered:
    """`compensate`: an undo, registered with a scope. Either an activity with its arguments, or a strand."""

    scope: str
    activity: Activity[Any] | None
    args: tuple[Any, ...]
    strand: Branch | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A `try` ended well: the undos of its scope are dropped."""

    scope: str


@dataclass(frozen=True, slots=True)
class Spawned:
    """`spawn`: a child to start."""

    run_id: str
    workflow: Definition
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """`send`: a signal for a child."""

    run_id: str
    signal: str
    payload: Any


Said = Logged | Registered | Settled | Spawned | Sent


@dataclass(slots=True)
class Cx:
    """The context of one transition. `said` is what it says to the outside, in order."""

    id: str
    run: str
    version: int
    attempt: int
    now: datetime
    stream: Stream
    said: list[Said] = field(default_factory=list)
    children: int = 0

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
