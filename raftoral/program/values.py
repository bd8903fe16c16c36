"""What the declared types of a program become in Python, and what all values have in common: equality and a text.

    class Order(rt.Record):                      class CardDeclined(rt.WorkflowError):
        id: str                                      code: str
        items: list[Item]

    class Card(rt.Variant):                      Payment: TypeAlias = Card | Free
        kind: Literal["Card"] = "Card"
        last4: str

All are immutable and equal by content. `text(value)` is what `${value}` prints. How values are stored is `codec`'s
business. Nothing here reads bytes, and nothing depends on hash seeds or on the order in which a map was filled.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeAlias, TypeVar, dataclass_transform, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic_core import core_schema

from .faults import TooLarge
from .scalars import NESTING_MAX, SIZE_MAX, decimal_text, duration_text, float_text, timestamp_text

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler

T = TypeVar("T")
R = TypeVar("R")


class Record(BaseModel):
    """The base of every `record`. Immutable; unknown fields are ignored; models are built when first used."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        allow_inf_nan=False,
        defer_build=True,
        protected_namespaces=(),
    )

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    def __hash__(self) -> int:
        return hash(key_of(self))

    def __str__(self) -> str:
        return text(self)


class Variant(Record):
    """The base of every variant of a `union`. A subclass says its name: `kind: Literal["Card"] = "Card"`."""


@dataclass_transform(kw_only_default=True)
class WorkflowError(Exception):
    """The base of every `error`: an exception with fields by keyword, which a type checker knows.

        raise CardDeclined(code="51")

    `KIND` is the name under which it is stored. A generated class says it, with the module that declares the error:
    `class Gone(WorkflowError, kind="shop.Gone")`, also where the class stands in the module of a released version.
    """

    KIND: ClassVar[str]
    FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, kind: str = "") -> None:
        super().__init_subclass__()
        cls.KIND = kind or cls.__name__
        own = [name for name, hint in get_annotations(cls).items() if not _is_class_var(hint)]
        cls.FIELDS = (*cls.FIELDS, *(name for name in own if name not in cls.FIELDS))

    def __init__(self, **fields: Any) -> None:
        super().__init__()
        cls = type(self)
        for name in cls.FIELDS:
            if name in fields:
                value = self.__dict__[name] = fields.pop(name)
                if value.__class__ is str and len(value) > SIZE_MAX:
                    raise TooLarge(f"a text or list is longer than {SIZE_MAX}")
            elif hasattr(cls, name):  # its default
                self.__dict__[name] = getattr(cls, name)
            else:
                raise TypeError(f"{cls.__name__} needs {name}=")
        if fields:
            raise TypeError(f"{cls.__name__} has no {', '.join(fields)}")

    def __setattr__(self, name: str, value: object) -> None:
        if name in type(self).FIELDS:
            raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be set")
        super().__setattr__(name, value)  # Python notes where it was raised

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    def __hash__(self) -> int:
        return hash(key_of(self))

    def __str__(self) -> str:
        return text(self)

    def __repr__(self) -> str:
        return _code(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)


def _code(value: object) -> str:
    """`CardDeclined(code='51')`, for Python's people."""
    return f"{type(value).__name__}({', '.join(f'{name}={field!r}' for name, field in fields_of(value).items())})"


def _is_class_var(hint: object) -> bool:
    if isinstance(hint, str):
        return hint.startswith(("ClassVar", "typing.ClassVar"))
    return hint is ClassVar or get_origin(hint) is ClassVar


class ActivityFailed(WorkflowError):
    """Retries or the deadline ran out, or the activity raised something undeclared."""

    activity: str
    detail: str
    attempts: int


class Cancelled(WorkflowError):
    """Somebody cancelled the run."""

    reason: str


class Interrupted(WorkflowError):
    """A call that may happen only once was running when its node died."""

    activity: str


class _Settled:
    """What `settle` collects. Plain classes: a dataclass costs a millisecond of every start."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be set")

    def __eq__(self, other: object) -> bool:
        return same(self, other)

    def __hash__(self) -> int:
        return hash(key_of(self))

    def __str__(self) -> str:
        return text(self)

    def __repr__(self) -> str:
        return _code(self)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.is_instance_schema(cls)


class Ok(_Settled, Generic[T]):
    """A branch under `settle` that ended well."""

    __match_args__ = ("value",)
    value: T

    def __init__(self, value: T) -> None:
        self.__dict__["value"] = value


class Failed(_Settled):
    """A branch under `settle` that failed: the error's name, and what it says."""

    __match_args__ = ("error", "detail")
    error: str
    detail: str

    def __init__(self, error: str, detail: str) -> None:
        self.__dict__.update(error=error, detail=detail)


Outcome: TypeAlias = Ok[T] | Failed


class Handle(str, Generic[T]):
    """A child workflow that was spawned: the id of its run, typed with its result."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())


# --- what values have in common ---------------------------------------------------------------------------------


def fields_of(value: object) -> Mapping[str, Any]:
    """The fields of a record, variant, error or outcome, in the order of their declaration."""
    if isinstance(value, Variant):
        return {name: field for name, field in value.__dict__.items() if name != "kind"}
    if isinstance(value, WorkflowError):
        return {name: value.__dict__[name] for name in value.FIELDS}
    if isinstance(value, Record | _Settled):
        return value.__dict__
    raise TypeError(f"{type(value).__name__} has no fields")


def changed(value: R, **fields: Any) -> R:
    """`Line(..line, qty: 2)`: a copy with some fields changed."""
    return type(value)(**{**fields_of(value), **fields})


def ordered(value: dict[T, R]) -> dict[T, R]:
    """The same map, in the order of its keys."""
    return {key: value[key] for key in sorted(value)}  # type: ignore[type-var]


def same(one: object, two: object, level: int = 0) -> bool:
    """Equality by content. Bounded in depth, because Python's own stack ends elsewhere in each version."""
    if isinstance(one, Record | WorkflowError | _Settled):
        if type(one) is not type(two):
            return False
        deeper = _deeper(level)
        mine, other = fields_of(one), fields_of(two)
        return all(same(value, other[name], deeper) for name, value in mine.items())
    if isinstance(one, list | tuple):
        if not isinstance(two, list | tuple) or len(one) != len(two):
            return False
        return all(same(mine, other, level) for mine, other in zip(one, two, strict=True))
    if isinstance(one, dict):
        if not isinstance(two, dict) or len(one) != len(two):
            return False
        return all(key in two and same(value, two[key], level) for key, value in one.items())
    return one == two


def key_of(value: object, level: int = 0) -> object:
    """Something that can be hashed and is equal where values are: lists and maps cannot be hashed themselves."""
    if isinstance(value, Record | WorkflowError | _Settled):
        deeper = _deeper(level)
        return (type(value), *[key_of(field, deeper) for field in fields_of(value).values()])
    if isinstance(value, list | tuple):
        return tuple([key_of(item, level) for item in value])
    if isinstance(value, dict):
        return tuple([(key, key_of(value[key], level)) for key in sorted(value)])
    return value


def text(value: object) -> str:
    """What `${value}` prints."""
    write = _TEXTS.get(type(value))
    return write(value) if write is not None else _text(value, 0)


def joined(*parts: object) -> str:
    """A text with values in it: `rt.joined("order ", order.id)`."""
    return "".join([text(part) for part in parts])


def _text(value: object, level: int) -> str:
    write = _TEXTS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list):
        return "[" + ", ".join([_text(item, level) for item in value]) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join([_text(item, level) for item in value]) + ")"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_text(key, level)}: {_text(value[key], level)}" for key in sorted(value)]) + "}"
    if isinstance(value, str):
        return str.__str__(value)
    return _declared_text(value, _deeper(level))


def _declared_text(value: object, level: int) -> str:
    inside = ", ".join([f"{name}: {_text(field, level)}" for name, field in fields_of(value).items()])
    return f"{type(value).__name__}({inside})" if inside else type(value).__name__


def _deeper(level: int) -> int:
    if level >= NESTING_MAX:
        _too_deep()
    return level + 1


def _too_deep() -> NoReturn:
    raise TooLarge(f"a value has more than {NESTING_MAX} records inside of each other")


def _same_text(value: str) -> str:
    return value


def _bytes_text(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


_TEXTS: dict[type, Callable[[Any], str]] = {
    str: _same_text,
    int: int.__repr__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "none",
    float: float_text,
    Decimal: decimal_text,
    timedelta: duration_text,
    datetime: timestamp_text,
    UUID: str,
    bytes: _bytes_text,
}
