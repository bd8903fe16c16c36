"""Types as a generated module declares them, one of each kind, for the tests of values and their bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, NamedTuple, TypeAlias
from uuid import UUID

from pydantic import Field

from raftoral.program.values import ActivityFailed, Handle, Outcome, Record, Variant, WorkflowError


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Line(Record):
    sku: str
    qty: int = 1
    price: Decimal
    kind: Annotated[str, Field(alias="class")] = "plain"
    note: str | None = None


class Order(Record):
    id: str
    customer: str
    lines: list[Line]


class Everything(Record):
    text: str
    count: int
    ratio: float
    amount: Decimal
    sure: bool
    blob: bytes
    span: timedelta
    moment: datetime
    key: UUID
    level: Level
    lines: list[Line]
    by_day: dict[datetime, int]
    by_id: dict[UUID, list[str]]
    by_level: dict[Level, bool]
    by_flag: dict[bool, str]
    by_number: dict[int, Decimal]
    pair: tuple[int, str | None]
    payment: Payment
    maybe: Payment | None
    result: Outcome[Line]
    problem: Declined | ActivityFailed
    child: Handle[str]


class Card(Variant):
    kind: Literal["Card"] = "Card"
    last4: str


class Invoice(Variant):
    kind: Literal["Invoice"] = "Invoice"
    due: datetime
    line: Line | None = None


class Free(Variant):
    kind: Literal["Free"] = "Free"


Payment: TypeAlias = Card | Invoice | Free


class Declined(WorkflowError):
    """Has a field called like the tag of its stored form."""

    MEANING: ClassVar[str] = "no field"

    code: str
    kind: Annotated[str, Field(alias="class")] = "hard"
    line: Line | None = None


class Gone(WorkflowError):
    """Without fields."""


class Tree(Record):
    name: str
    parts: list[Tree] = []


class Even(Record):
    odd: Odd | None = None


class Odd(Record):
    even: Even | None = None


class AtCharge(NamedTuple):
    order: Order
    total: Decimal
    undo: tuple[str, ...]


class AtCatch(NamedTuple):
    problem: WorkflowError
    list: list[int]  # a variable may be called like a type
    str: str


class Nothing(NamedTuple):
    """The frame of a slot after which nothing is needed."""


class WiderLine(Record):
    """`Line` of a later version: a new field with a default, one that is gone, an int that became a decimal."""

    sku: str
    qty: Decimal
    price: Decimal
    colour: str = "red"
    tags: list[str] = []
