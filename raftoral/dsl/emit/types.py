"""Types of the language -> Python annotations."""

from __future__ import annotations

from ..facts.symbols import HandleType
from ..facts.types import (
    BOOL,
    BYTES,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STR,
    TIMESTAMP,
    UNIT,
    UUID,
    Declared,
    ErrorType,
    ListType,
    MapType,
    OneOf,
    OptionalType,
    OutcomeType,
    TupleType,
    Type,
    UnionType,
)
from .names import Imports

_PLAIN: dict[Type, str] = {STR: "str", INT: "int", FLOAT: "float", BOOL: "bool", BYTES: "bytes", UNIT: "None"}
_IMPORTED: dict[Type, tuple[str, str]] = {
    DECIMAL: ("decimal", "Decimal"),
    DURATION: ("datetime", "timedelta"),
    TIMESTAMP: ("datetime", "datetime"),
    UUID: ("uuid", "UUID"),
}


def varies(type: Type, again: bool) -> bool:
    """Whether values of `type` have types of their own in Python: those of a union, an error of several, what is
    there of an optional. In a list or map that always matters; alone only where other values are assigned `again`."""
    if isinstance(type, ListType):
        return varies(type.item, True)
    if isinstance(type, MapType):
        return varies(type.value, True)
    if isinstance(type, TupleType):
        return any(varies(item, again) for item in type.items)
    return again and isinstance(type, OptionalType | UnionType | OneOf | OutcomeType)


class Types:
    """Spells types for one module, noting what has to be imported for them."""

    __slots__ = ("imports", "module")

    def __init__(self, imports: Imports, module: str) -> None:
        self.imports = imports
        self.module = module

    def text(self, type: Type) -> str:
        """The annotation for `type`."""
        if type in _PLAIN:
            return _PLAIN[type]
        if type in _IMPORTED:
            return self.imports.name(*_IMPORTED[type])
        if isinstance(type, ListType):
            return f"list[{self.text(type.item)}]"
        if isinstance(type, MapType):
            return f"dict[{self.text(type.key)}, {self.text(type.value)}]"
        if isinstance(type, OptionalType):
            if type.inner is UNIT:
                return "bool | None"  # something that carries nothing: True when it came
            return f"{self.text(type.inner)} | None"
        if isinstance(type, TupleType):
            return f"tuple[{', '.join(self.text(item) for item in type.items)}]"
        if isinstance(type, OutcomeType):
            return f"rt.Outcome[{self.text(type.item)}]"
        if isinstance(type, HandleType):
            return "str"
        if isinstance(type, OneOf):
            return " | ".join(self.text(error) for error in type.errors)
        if isinstance(type, ErrorType) and type.builtin:
            return f"rt.{type.name}"
        if isinstance(type, Declared):
            return self.declared(type)
        return "rt.WorkflowError"  # the problem that a handler gets: any error

    def declared(self, type: Declared) -> str:
        """A record, enum, union or error, imported when it is another module's."""
        if type.module and type.module != self.module:
            return self.imports.name(type.module, type.name)
        return type.name
