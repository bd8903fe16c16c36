"""Type expressions, as they are written."""

from __future__ import annotations

from .node import Node, Token


class PrimType(Node):
    """One of the ten built-in names: `str`, `decimal`, `unit`, ..."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: str) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class TypeName(Node):
    """A declared type, error or workflow: `Order`, or `money.Amount` through a module alias."""

    __slots__ = ("module", "name")

    def __init__(self, lo: int, hi: int, module: Token | None, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.module = module
        self.name = name


class ListType(Node):
    """`list[T]`."""

    __slots__ = ("item",)

    def __init__(self, lo: int, hi: int, item: TypeExpr) -> None:
        self.lo = lo
        self.hi = hi
        self.item = item


class MapType(Node):
    """`map[K, V]`."""

    __slots__ = ("key", "value")

    def __init__(self, lo: int, hi: int, key: TypeExpr, value: TypeExpr) -> None:
        self.lo = lo
        self.hi = hi
        self.key = key
        self.value = value


class HandleType(Node):
    """`handle[W]`: a running child workflow."""

    __slots__ = ("workflow",)

    def __init__(self, lo: int, hi: int, workflow: TypeName) -> None:
        self.lo = lo
        self.hi = hi
        self.workflow = workflow


class OutcomeType(Node):
    """`outcome[T]`: what `settle` collects."""

    __slots__ = ("item",)

    def __init__(self, lo: int, hi: int, item: TypeExpr) -> None:
        self.lo = lo
        self.hi = hi
        self.item = item


class TupleType(Node):
    """`(A, B)`."""

    __slots__ = ("items",)

    def __init__(self, lo: int, hi: int, items: list[TypeExpr]) -> None:
        self.lo = lo
        self.hi = hi
        self.items = items


class OptionalType(Node):
    """`T?`."""

    __slots__ = ("inner",)

    def __init__(self, lo: int, hi: int, inner: TypeExpr) -> None:
        self.lo = lo
        self.hi = hi
        self.inner = inner


class BoundedType(Node):
    """`T max n`: the same values, with a bound for the frame-size lint; a size counts bytes."""

    __slots__ = ("inner", "bound")

    def __init__(self, lo: int, hi: int, inner: TypeExpr, bound: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.inner = inner
        self.bound = bound


TypeExpr = PrimType | TypeName | ListType | MapType | HandleType | OutcomeType | TupleType | OptionalType | BoundedType
