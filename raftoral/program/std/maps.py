"""Methods of maps. Whatever order a map was filled in, it is walked in the order of its keys.

    keys({"b": 1, "a": 2}) == ["a", "b"]      with_key(m, "c", 3): a new map

Members of an enum are ordered by their text, false comes before true.
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from ..values import ordered

K = TypeVar("K")
V = TypeVar("V")


def keys(value: dict[K, V]) -> list[K]:
    return sorted(value)  # type: ignore[type-var]


def values(value: dict[K, V]) -> list[V]:
    return [value[key] for key in keys(value)]


def items(value: dict[K, V]) -> list[tuple[K, V]]:
    return [(key, value[key]) for key in keys(value)]


@overload
def get(value: dict[K, V], key: K) -> V | None: ...
@overload
def get(value: dict[K, V], key: K, other: V) -> V: ...
def get(value: dict[Any, Any], key: Any, other: Any = None) -> Any:
    """`m.get(key)`, none when it is not there; `m.get(key, other)`."""
    return value.get(key, other)


def with_key(value: dict[K, V], key: K, item: V) -> dict[K, V]:
    """A map in which `key` has the value `item`."""
    return ordered({**value, key: item})


def without(value: dict[K, V], key: K) -> dict[K, V]:
    """A map without `key`; the same when it is not there."""
    return {name: item for name, item in value.items() if name != key}
