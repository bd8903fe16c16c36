"""Functions and methods of lists, and of what is there or not.

    first(xs)  at(xs, 0)  lowest of none is None: looking into a list never fails.

Order and equality are those of the language. Lists are never changed, and none is longer than SIZE_MAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, overload

from ..faults import NothingThere, OutOfRange, TooLarge
from ..scalars import SIZE_MAX
from ..values import key_of

T = TypeVar("T")
U = TypeVar("U")


def there(value: T | None) -> T:
    """`x!`."""
    if value is None:
        raise NothingThere()
    return value


def at(value: Sequence[T], index: int) -> T | None:
    """`xs[i]`: none when there is no such place; places are not counted from the end."""
    return value[index] if 0 <= index < len(value) else None


@overload
def min_(values: Sequence[T], /) -> T | None: ...
@overload
def min_(first: T, second: T, /, *more: T) -> T: ...
def min_(*values: Any) -> Any:
    """`min(xs)`, none of an empty list; `min(a, b, ...)`. The first one of equals."""
    if len(values) == 1:
        return min(values[0]) if values[0] else None
    return min(values)


@overload
def max_(values: Sequence[T], /) -> T | None: ...
@overload
def max_(first: T, second: T, /, *more: T) -> T: ...
def max_(*values: Any) -> Any:
    """`max(xs)`, none of an empty list; `max(a, b, ...)`. The first one of equals."""
    if len(values) == 1:
        return max(values[0]) if values[0] else None
    return max(values)


def sorted_(values: list[T]) -> list[T]:
    """`sorted(xs)`: lowest first; equals keep their order."""
    return sorted(values)  # type: ignore[type-var]


def reversed_(values: list[T]) -> list[T]:
    return values[::-1]


def unique(values: list[T]) -> list[T]:
    """`unique(xs)`: first occurrences, in order."""
    seen: set[object] = set()
    found = []
    for value in values:
        key = key_of(value)
        if key not in seen:
            seen.add(key)
            found.append(value)
    return found


def zip_(left: list[T], right: list[U]) -> list[tuple[T, U]]:
    """`zip(xs, ys)`: as many pairs as the shorter one has items."""
    return list(zip(left, right, strict=False))


def enumerate_(values: list[T]) -> list[tuple[int, T]]:
    return list(enumerate(values))


def range_(first: int, end: int | None = None) -> list[int]:
    """`range(end)`, `range(first, end)`: empty when `end` is not above `first`."""
    low, high = (0, first) if end is None else (first, end)
    if high - low > SIZE_MAX:
        raise TooLarge(f"a list has more than {SIZE_MAX} items")
    return list(range(low, high))


def contains(where: Any, value: object) -> bool:
    """`contains(xs, x)`, `x in xs`: an item of a list, a key of a map, a piece of a text."""
    return value in where


def first(values: Sequence[T]) -> T | None:
    return values[0] if values else None


def last(values: Sequence[T]) -> T | None:
    return values[-1] if values else None


def take(values: list[T], count: int) -> list[T]:
    """The first `count` items; as many as there are, and none of a number below zero."""
    return values[: max(count, 0)]


def drop(values: list[T], count: int) -> list[T]:
    """All but the first `count` items."""
    return values[max(count, 0) :]


def chunks(values: list[T], count: int) -> list[list[T]]:
    """Lists of `count` items each; the last one may be shorter."""
    if count < 1:
        raise OutOfRange("a chunk has at least one item")
    return [values[start : start + count] for start in range(0, len(values), count)]
