"""The type model. A type exists once: equal types are the same object, so `is` compares them.

    list_of(STR) is list_of(STR)      fits(INT, DECIMAL)      str(optional(STR)) == "str?"

Declared types (records, enums, unions, errors) are made by `resolve`, one object per declaration. `POISON` is the
type of what failed once; it fits everywhere, so that one mistake gives one message.
"""

from __future__ import annotations

from ..source import Source
from ..syntax import Expr, Node, Token


class Type:
    """The base; also the class of the built-in scalar types."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self}>"


STR, INT, FLOAT, DECIMAL, BOOL = (
    Type("str"),
    Type("int"),
    Type("float"),
    Type("decimal"),
    Type("bool"),
)
BYTES, DURATION, TIMESTAMP, UUID = Type("bytes"), Type("duration"), Type("timestamp"), Type("uuid")
UNIT = Type("unit")
NONE = Type("none")  # of the literal `none` before anything is known of it
NEVER = Type("never")  # of an expression that does not come back
POISON = Type("?")

SCALARS: dict[str, Type] = {t.name: t for t in (STR, INT, FLOAT, DECIMAL, BOOL, BYTES, DURATION, TIMESTAMP, UUID, UNIT)}
NUMBERS = frozenset((INT, DECIMAL, FLOAT))
ORDERED = frozenset((INT, DECIMAL, FLOAT, STR, DURATION, TIMESTAMP))
KEYS = frozenset((STR, INT, BOOL, UUID, TIMESTAMP))


class ListType(Type):
    __slots__ = ("item",)

    def __init__(self, item: Type) -> None:
        self.name = f"list[{item}]"
        self.item = item


class MapType(Type):
    __slots__ = ("key", "value")

    def __init__(self, key: Type, value: Type) -> None:
        self.name = f"map[{key}, {value}]"
        self.key = key
        self.value = value


class OptionalType(Type):
    __slots__ = ("inner",)

    def __init__(self, inner: Type) -> None:
        self.name = f"{inner}?"
        self.inner = inner


class TupleType(Type):
    __slots__ = ("items",)

    def __init__(self, items: tuple[Type, ...]) -> None:
        self.name = "(" + ", ".join(str(item) for item in items) + ")"
        self.items = items


class Bound:
    """`max n` of a declared type, kept for the frame-size lint: where, how many, bytes or elements."""

    __slots__ = ("bytes", "count")

    def __init__(self, count: int, in_bytes: bool) -> None:
        self.count = count
        self.bytes = in_bytes


class Field:
    """A field of a record, error or variant; a parameter of something that is called.

    `type` is what checks see. `bounded` is the type expression as written, for lints that look at `max`.
    """

    __slots__ = ("default", "name", "node", "stored", "type")

    def __init__(self, name: str, type: Type, default: Expr | None, node: Node, stored: str) -> None:
        self.name = name
        self.type = type
        self.default = default
        self.node = node
        self.stored = stored


class Declared(Type):
    """A type with a name of its own: where it was declared, and what `##` said of it."""

    __slots__ = ("doc", "module", "node", "source")

    def __init__(self, name: str, module: str, source: Source, node: Token, doc: str) -> None:
        self.name = name
        self.module = module
        self.source = source
        self.node = node
        self.doc = doc


class RecordType(Declared):
    __slots__ = ("fields",)

    fields: dict[str, Field]


class ErrorType(Declared):
    """A record that can be failed with. `builtin` ones (ActivityFailed, ...) are never declared in `raises`."""

    __slots__ = ("builtin", "fields")

    fields: dict[str, Field]
    builtin: bool


class EnumType(Declared):
    __slots__ = ("members", "retired")

    members: dict[str, Token]
    retired: set[str]


class Variant:
    """One variant of a union; `union` is what constructing it gives."""

    __slots__ = ("fields", "name", "node", "union")

    def __init__(self, name: str, node: Token, union: Type) -> None:
        self.name = name
        self.node = node
        self.union = union
        self.fields: dict[str, Field] = {}


class UnionType(Declared):
    __slots__ = ("variants",)

    variants: dict[str, Variant]


class OutcomeType(Type):
    """`outcome[T]`: `Ok(value: T)` or `Failed(error: str, detail: str)`."""

    __slots__ = ("item", "variants")

    def __init__(self, item: Type) -> None:
        self.name = f"outcome[{item}]"
        self.item = item
        nowhere = Token("TNAME", "", 0, 0)
        ok, failed = Variant("Ok", nowhere, self), Variant("Failed", nowhere, self)
        ok.fields = {"value": Field("value", item, None, nowhere, "value")}
        failed.fields = {name: Field(name, STR, None, nowhere, name) for name in ("error", "detail")}
        self.variants = {"Ok": ok, "Failed": failed}


class OneOf(Type):
    """What `catch A | B as e` binds: one of several errors."""

    __slots__ = ("errors",)

    def __init__(self, errors: tuple[ErrorType, ...]) -> None:
        self.name = " | ".join(error.name for error in errors)
        self.errors = errors


_made: dict[object, Type] = {}


def list_of(item: Type) -> ListType:
    made = _made.get((ListType, item))
    if made is None:
        made = _made[(ListType, item)] = ListType(item)
    assert isinstance(made, ListType)
    return made


def map_of(key: Type, value: Type) -> MapType:
    made = _made.get((MapType, key, value))
    if made is None:
        made = _made[(MapType, key, value)] = MapType(key, value)
    assert isinstance(made, MapType)
    return made


def optional(inner: Type) -> Type:
    """`inner?`; an optional of an optional is the same optional."""
    if inner is POISON or isinstance(inner, OptionalType):
        return inner
    made = _made.get((OptionalType, inner))
    if made is None:
        made = _made[(OptionalType, inner)] = OptionalType(inner)
    return made


def tuple_of(items: tuple[Type, ...]) -> TupleType:
    made = _made.get((TupleType, items))
    if made is None:
        made = _made[(TupleType, items)] = TupleType(items)
    assert isinstance(made, TupleType)
    return made


def outcome_of(item: Type) -> OutcomeType:
    made = _made.get((OutcomeType, item))
    if made is None:
        made = _made[(OutcomeType, item)] = OutcomeType(item)
    assert isinstance(made, OutcomeType)
    return made


def one_of(errors: tuple[ErrorType, ...]) -> Type:
    if len(errors) == 1:
        return errors[0]
    made = _made.get((OneOf, errors))
    if made is None:
        made = _made[(OneOf, errors)] = OneOf(errors)
    return made


_lasting: dict[object, Type] = {}


def forget_types() -> None:
    """Drops the types made for one check; the door calls it, so that a server that checks for days does not grow.

    Those made while modules were imported stay: the built-in functions refer to them.
    """
    if not _lasting:
        _lasting.update(_made)
    _made.clear()
    _made.update(_lasting)


def fits(got: Type, want: Type) -> bool:
    """Whether a value of type `got` may stand where `want` is expected. An int may stand for a decimal."""
    return got is want or (got is INT and want is DECIMAL) or _fits(got, want, True)


def _fits(got: Type, want: Type, widen: bool) -> bool:
    if got is want or got is POISON or want is POISON or got is NEVER:
        return True
    if isinstance(want, OptionalType):
        if got is NONE:
            return True
        inner = got.inner if isinstance(got, OptionalType) else got
        return (widen and inner is INT and want.inner is DECIMAL) or _fits(inner, want.inner, False)
    if isinstance(got, ListType) and isinstance(want, ListType):
        return _fits(got.item, want.item, False)
    if isinstance(got, MapType) and isinstance(want, MapType):
        return _fits(got.key, want.key, False) and _fits(got.value, want.value, False)
    if isinstance(got, TupleType) and isinstance(want, TupleType):
        pairs = zip(got.items, want.items, strict=False)
        return len(got.items) == len(want.items) and all(_fits(a, b, False) for a, b in pairs)
    if isinstance(got, OutcomeType) and isinstance(want, OutcomeType):
        return _fits(got.item, want.item, False)
    if isinstance(want, OneOf):
        return all(error in want.errors for error in errors_in(got)) and bool(errors_in(got))
    return False


def errors_in(type: Type) -> tuple[ErrorType, ...]:
    """The errors that a value of this type may be; empty when it is none."""
    if isinstance(type, ErrorType):
        return (type,)
    return type.errors if isinstance(type, OneOf) else ()


def join(one: Type, two: Type) -> Type | None:
    """The type that holds both, or None when there is none: int and decimal, `T` and `none`."""
    if one is two or fits(two, one):
        return two if one is POISON and two is not POISON else (two if one is NEVER else one)
    if fits(one, two):
        return two
    if one is NONE or two is NONE:
        return optional(two if one is NONE else one)
    left = one.inner if isinstance(one, OptionalType) else one
    right = two.inner if isinstance(two, OptionalType) else two
    if left is not one or right is not two:
        both = join(left, right)
        return None if both is None else optional(both)
    errors = (*errors_in(one), *(e for e in errors_in(two) if e not in errors_in(one)))
    return one_of(errors) if errors_in(one) and errors_in(two) else None


def is_stored(type: Type) -> bool:
    """Whether a variable may have this type: everything but `unit` alone, which holds nothing."""
    return type is not UNIT and type is not NEVER
