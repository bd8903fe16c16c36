"""Values by chance, of any type of the language: arguments, payloads, results of activities.

    drawn(chance, list[int])  ->  [4, 0]

In: a source of chance, and a type as generated modules write it. Out: small values, often the same ones, so that two of
them meet. Never anything of the clock or the process.
"""

from __future__ import annotations

import random
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from raftoral.program.plans import annotations_of, error_fields, record_fields
from raftoral.program.values import Record, Variant, WorkflowError

DEPTH_MAX = 4  # of records in records; below it, lists and optionals are empty

_PLAIN: dict[Any, Callable[[random.Random], Any]] = {
    None: lambda chance: None,
    type(None): lambda chance: None,
    bool: lambda chance: chance.random() < 0.5,
    int: lambda chance: chance.randint(-2, 9),
    str: lambda chance: chance.choice(["", "a", "ab", "7", "é"]),
    float: lambda chance: chance.choice([0.0, 0.5, 0.95, -2.25]),
    bytes: lambda chance: chance.randbytes(2),
    Decimal: lambda chance: Decimal(chance.choice(["0", "1.5", "0.125", "3"])),
    UUID: lambda chance: UUID(int=chance.randint(1, 9)),
    timedelta: lambda chance: timedelta(minutes=chance.randint(0, 90)),
    datetime: lambda chance: datetime(2026, 1, chance.randint(1, 9), tzinfo=UTC),
}


def drawn(chance: random.Random, hint: Any, depth: int = 0) -> Any:
    """A value of a type."""
    plain = _PLAIN.get(hint)
    if plain is not None:
        return plain(chance)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return drawn(chance, parts[0], depth)
    if origin in (Union, types.UnionType):
        if depth >= DEPTH_MAX and type(None) in parts:
            return None
        return drawn(chance, chance.choice(parts), depth + 1)
    if origin is Literal:
        return chance.choice(parts)
    if origin is list:
        return [drawn(chance, parts[0], depth + 1) for _ in range(_count(chance, depth))]
    if origin is dict:
        keys = [drawn(chance, parts[0], depth + 1) for _ in range(_count(chance, depth))]
        return {key: drawn(chance, parts[1], depth + 1) for key in keys}
    if origin is tuple:
        return tuple(drawn(chance, part, depth + 1) for part in parts)
    if isinstance(hint, type):
        return _of_class(chance, hint, depth)
    raise TypeError(f"no value can be drawn of {hint!r}")


def _of_class(chance: random.Random, cls: Any, depth: int) -> Any:
    if issubclass(cls, Enum):
        return chance.choice(list(cls))
    if issubclass(cls, WorkflowError):
        return cls(**{field.name: drawn(chance, field.hint, depth + 1) for field in error_fields(cls)})
    if issubclass(cls, Record):
        fields = [f for f in record_fields(cls) if not (issubclass(cls, Variant) and f.name == "kind")]
        return cls(**{field.name: drawn(chance, field.hint, depth + 1) for field in fields})
    hints = annotations_of(cls)  # arguments of a workflow: a named tuple
    return cls(*(drawn(chance, hints[name], depth + 1) for name in cls._fields))


def _count(chance: random.Random, depth: int) -> int:
    return 0 if depth >= DEPTH_MAX else chance.randint(0, 3)
