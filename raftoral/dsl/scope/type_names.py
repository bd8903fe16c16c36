"""Type expressions -> types. What is wrong with one is said once, and the result is POISON."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics.spelling import closest
from ..facts.symbols import Activity, Const, Function, HandleType, ModuleAlias, Workflow
from ..facts.types import (
    BYTES,
    KEYS,
    POISON,
    SCALARS,
    STR,
    Declared,
    EnumType,
    ErrorType,
    ListType,
    MapType,
    Type,
    Variant as VariantOf,
    list_of,
    map_of,
    optional,
    outcome_of,
    tuple_of,
)
from . import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..facts.symbols import Meaning

# What people write who come from elsewhere.
FOREIGN = {
    "String": "str", "Str": "str", "Text": "str", "Integer": "int", "Int": "int", "Long": "int", "Number": "decimal",
    "Bool": "bool", "Boolean": "bool", "Float": "float", "Double": "float", "Decimal": "decimal", "Bytes": "bytes",
    "DateTime": "timestamp", "Datetime": "timestamp", "Timestamp": "timestamp", "Date": "timestamp",
    "Duration": "duration", "TimeDelta": "duration", "UUID": "uuid", "Uuid": "uuid", "List": "list[T]",
    "Array": "list[T]", "Dict": "map[K, V]", "Map": "map[K, V]", "Optional": "T?", "None": "unit", "Void": "unit",
    "Any": "a union of what it may be",
}  # fmt: skip


def type_of(scope: Scope, node: s.TypeExpr) -> Type:
    """The type that `node` names; `max` bounds are left to the lints that read them from the tree."""
    return _HANDLERS[node.__class__](scope, node)


def _prim(scope: Scope, node: s.PrimType) -> Type:
    return SCALARS[node.name]


def _named(scope: Scope, node: s.TypeName) -> Type:
    meaning = find_type_name(scope, node)
    if isinstance(meaning, Declared):
        return meaning
    if meaning is not None:
        scope.problems.add(
            "RFT0202",
            f"`{node.name.text}` is {_called(meaning)}, not a type",
            node,
            "a type is needed here",
            helps=[f"a running child is a `handle[{node.name.text}]`"] if isinstance(meaning, Workflow) else [],
        )
    return POISON


def find_type_name(scope: Scope, node: s.TypeName) -> Meaning | None:
    """What an upper-case name stands for; reports RFT0202 when there is nothing."""
    name = node.name.text
    if node.module is None:
        meaning = scope.find(name)
        if meaning is None and not scope.is_silent(name):
            _unknown_type(scope, node, name)
            scope.parsed.poisoned.add(name)  # said once in a file
        return meaning
    alias, meaning = scope.find_in(node.module, node.name)
    if alias is None:
        if not scope.is_silent(node.module.text):
            scope.problems.add(
                "RFT0201",
                f"no module is imported as `{node.module.text}`",
                node.module,
                "not an imported module",
                helps=[f"`import path.to.module as {node.module.text}` binds one to this name"],
            )
    elif meaning is None and alias.interface is not None and not alias.interface.broken:
        scope.problems.add(
            "RFT0202",
            f"`{alias.interface.module}` has no type called `{name}`",
            node.name,
            "not declared there",
            helps=_did_you_mean(name, alias.interface.names),
        )
    return meaning


def _unknown_type(scope: Scope, node: s.TypeName, name: str) -> None:
    helps = []
    if name in FOREIGN and name not in ("None",):
        helps.append(f"here this is written `{FOREIGN[name]}`")
    else:
        helps = _did_you_mean(name, scope.names)
    scope.problems.add(
        "RFT0202",
        f"there is no type called `{name}`",
        node,
        "not declared or imported here",
        helps=helps,
    )


def _did_you_mean(name: str, names: dict[str, Any]) -> list[str]:
    near = closest(name, (n for n in sorted(names) if n[:1].isupper()))
    return [f"did you mean `{near}`?"] if near else []


def _called(meaning: Meaning) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (Workflow, "a workflow"),
        (Activity, "an activity"),
        (Function, "a function"),
        (Const, "a constant"),
        (VariantOf, "a variant of a union"),
        (ModuleAlias, "a module"),
    )
    return next((text for kind, text in kinds if isinstance(meaning, kind)), "something else")


def _list(scope: Scope, node: s.ListType) -> Type:
    return list_of(type_of(scope, node.item))


def _map(scope: Scope, node: s.MapType) -> Type:
    key = type_of(scope, node.key)
    if key not in KEYS and not isinstance(key, EnumType) and key is not POISON:
        scope.problems.add(
            "RFT0310",
            f"a map key cannot be a {key}",
            node.key,
            "not a key",
            helps=["keys are str, int, bool, uuid, timestamp or an enum"],
        )
        key = POISON
    return map_of(key, type_of(scope, node.value))


def _handle(scope: Scope, node: s.HandleType) -> Type:
    meaning = find_type_name(scope, node.workflow)
    if isinstance(meaning, Workflow):
        return HandleType.of(meaning)
    if meaning is not None:
        scope.problems.add(
            "RFT0202",
            f"`{node.workflow.name.text}` is not a workflow",
            node.workflow,
            "`handle[...]` holds a running workflow",
        )
    return POISON


def _outcome(scope: Scope, node: s.OutcomeType) -> Type:
    return outcome_of(type_of(scope, node.item))


def _tuple(scope: Scope, node: s.TupleType) -> Type:
    return tuple_of(tuple(type_of(scope, item) for item in node.items))


def _optional(scope: Scope, node: s.OptionalType) -> Type:
    return optional(type_of(scope, node.inner))


def _bounded(scope: Scope, node: s.BoundedType) -> Type:
    found = type_of(scope, node.inner)
    in_bytes = node.bound.type == "SIZE"
    if found is not POISON and found not in (STR, BYTES) and (in_bytes or not isinstance(found, ListType | MapType)):
        what = "bytes" if in_bytes else "length"
        scope.problems.add(
            "RFT0301",
            f"`max {node.bound.text}` bounds a {what}, and this type has none",
            node,
            f"`{found}` is not bounded",
            helps=["text, bytes, lists and maps may have a `max`; of numbers, check the range where it matters"],
        )
    return found


_HANDLERS: dict[type, Callable[[Scope, Any], Type]] = {
    s.PrimType: _prim,
    s.TypeName: _named,
    s.ListType: _list,
    s.MapType: _map,
    s.HandleType: _handle,
    s.OutcomeType: _outcome,
    s.TupleType: _tuple,
    s.OptionalType: _optional,
    s.BoundedType: _bounded,
}


def errors_of(scope: Scope, names: list[s.TypeName]) -> list[ErrorType]:
    """The errors that a `raises`, `catch` or `except` names; others are reported and left out."""
    found: list[ErrorType] = []
    for node in names:
        meaning = find_type_name(scope, node)
        if isinstance(meaning, ErrorType):
            found.append(meaning)
            scope.errors[node] = meaning
        elif meaning is not None:
            scope.problems.add(
                "RFT0202",
                f"`{node.name.text}` is not an error",
                node,
                "only what is declared with `error` can be raised and caught",
            )
    return found
