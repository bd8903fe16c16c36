"""What values are in the reference interpreter, what may happen to a run (events), and the ways out of code.

Values are plain: str, int, Decimal, float, bool, bytes, timedelta, datetime, UUID, list, dict, tuple, None (for `none`
and for `unit`), and the three classes below. Nothing here knows a tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from raftoral.dsl.facts.types import DECIMAL, ListType, MapType, OptionalType, TupleType, Type


@dataclass(frozen=True)
class Rec:
    """A record, a variant of a union, an error, or `Ok` and `Failed` of an outcome."""

    name: str
    fields: dict[str, Any]
    module: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{k}={v!r}' for k, v in self.fields.items())})"


@dataclass(frozen=True)
class Member:
    """A member of an enum."""

    enum: str
    name: str

    def __repr__(self) -> str:
        return f"{self.enum}.{self.name}"


@dataclass(frozen=True)
class Handle:
    """A child that was spawned: the how manieth of this run, and the id that the author gave, if any."""

    number: int
    workflow: str
    id: str | None


# --- events: one entry of the log each --------------------------------------------------------------------------
# `op` is the number of a wish (see Op), or the name of what is waited for: then the oldest such.


@dataclass(frozen=True)
class Done:
    """An activity or a child that is waited for ended well."""

    op: int | str
    value: Any = None


@dataclass(frozen=True)
class Broke:
    """It ended with an error: a declared one, ActivityFailed or Interrupted."""

    op: int | str
    error: Rec


@dataclass(frozen=True)
class Gone:
    """An effect that was told to stop did so (only effects with an undo are waited for, see README 3)."""

    op: int | str


@dataclass(frozen=True)
class Fire:
    """The time of a timer came; without `op`, of the one that is due first. `late` seconds after it was due."""

    op: int | str | None = None
    late: int = 0


@dataclass(frozen=True)
class Arrive:
    """A signal."""

    signal: str
    value: Any = None


@dataclass(frozen=True)
class Ended:
    """A spawned child ended: with a value, or with an error when `failed`."""

    child: int
    value: Any = None
    failed: bool = False


@dataclass(frozen=True)
class Cancel:
    """Somebody cancels the run."""

    reason: str = "no longer wanted"


Event = Done | Broke | Gone | Fire | Arrive | Ended | Cancel


@dataclass
class Op:
    """A wish that stands in the log: what a strand waits for. Numbers count up, in the order of asking.

    kind: activity, child (name, args), timer (due), signal (name), handle (child). `undo`: asked for while unwinding.
    """

    kind: str
    name: str
    args: tuple[Any, ...] = ()
    type: Type | None = None
    raises: tuple[Any, ...] = ()
    due: Any = None
    child: int = 0
    number: int = 0
    undo: bool = False
    has_undo: bool = False  # a `compensate` stands beside it
    stopping: bool = False  # it was told to stop, and is waited for because of its undo


@dataclass(frozen=True)
class Outcome:
    """How a run ended: completed, failed, cancelled, continued (value: the new arguments), faulted, stuck."""

    status: str
    value: Any = None


# --- ways out of code --------------------------------------------------------------------------------------------


class Raised(Exception):
    """An error of the language."""

    def __init__(self, error: Rec) -> None:
        super().__init__(error)
        self.error = error


class Fault(Exception):
    """A bug in the workflow: overflow, division by zero, `none!`, a failed assert."""


class Stuck(Exception):
    """An undo gave up."""

    def __init__(self, error: Rec) -> None:
        super().__init__(error)
        self.error = error


class Leave(Exception):
    """Control leaves blocks without an error; `finally` runs on the way."""

    def __init__(self, value: Any = None) -> None:
        super().__init__()
        self.value = value


class BreakOut(Leave):
    pass


class ContinueOut(Leave):
    pass


class GiveOut(Leave):
    pass


class ReturnOut(Leave):
    pass


class AsNewOut(Leave):
    pass


def holds_decimals(type: Type) -> bool:
    parts: list[Type] = []
    if isinstance(type, OptionalType):
        parts = [type.inner]
    elif isinstance(type, ListType):
        parts = [type.item]
    elif isinstance(type, MapType):
        parts = [type.value]
    elif isinstance(type, TupleType):
        parts = list(type.items)
    return type is DECIMAL or any(holds_decimals(part) for part in parts)


def shaped(value: Any, type: Type | None) -> Any:
    """`value` as a value of `type`: an int where a decimal is meant becomes one. Nothing else converts."""
    if type is None or value is None or not holds_decimals(type):
        return value
    if type is DECIMAL:
        return Decimal(value) if isinstance(value, int) else value
    if isinstance(type, OptionalType):
        return shaped(value, type.inner)
    if isinstance(type, ListType):
        return [shaped(item, type.item) for item in value]
    if isinstance(type, MapType):
        return {key: shaped(item, type.value) for key, item in value.items()}
    assert isinstance(type, TupleType)
    return tuple(shaped(item, part) for item, part in zip(value, type.items, strict=True))
