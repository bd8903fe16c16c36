"""Calls -> Python: functions of the module, constructors, built-ins and methods of the language."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Function, Workflow
from ..facts.types import (
    BYTES,
    DECIMAL,
    DURATION,
    FLOAT,
    STR,
    ErrorType,
    ListType,
    MapType,
    OptionalType,
    RecordType,
    Variant as VariantOf,
)
from .names import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .expressions import Expressions

# Built-ins that are Python's own, or the step's; all others are `rt.std` functions of the same name.
_OF_THE_STEP = {
    "now": "cx.now",
    "new_uuid": "cx.uuid",
    "random": "cx.random",
    "random_int": "cx.random_int",
    "shuffle": "cx.shuffle",
}


def call_text(out: Expressions, node: s.Call) -> str:
    callee = node.callee
    if isinstance(callee, s.TypeRef | s.TypeAttr):
        return _construct(out, node, callee)
    function = out.facts.callees.get(node)
    if isinstance(function, Function):
        return f"{_function(out, function)}({', '.join(out.arguments(node))})"
    if isinstance(callee, s.NameRef):
        return _builtin(out, node, callee.name.text)
    assert isinstance(callee, s.Attr)
    return _method(out, node, callee)


def _function(out: Expressions, function: Function) -> str:
    name = safe(function.name)
    if function.extern is not None:
        return out.types.imports.name(function.extern, name)
    if function.module != out.types.module:
        return out.types.imports.name(function.module, name)
    return name


def _construct(out: Expressions, node: s.Call, callee: s.TypeRef | s.TypeAttr) -> str:
    made = out.facts.types.get(callee)
    variant = out.facts.bindings.get(callee)
    if isinstance(variant, VariantOf):
        name = out.variant(variant)
    else:
        assert isinstance(made, RecordType | ErrorType)
        name = out.types.text(made)
    write = out.stored if isinstance(made, ErrorType) else out.value
    given = [
        f"{field.name}={write(value, field.type)}"
        for field, value in out.facts.calls.get(node, ())
        if value is not None
    ]
    spread = next((arg.value for arg in node.args if arg.spread), None)
    if spread is not None:
        return f"rt.changed({', '.join([out.text(spread), *given])})"
    return f"{name}({', '.join(given)})"


def _builtin(out: Expressions, node: s.Call, name: str) -> str:
    if name == "now":
        return "cx.now"
    values = [arg.value for arg in node.args]
    args = [out.value(value) for value in values]
    if name in _OF_THE_STEP:
        return f"{_OF_THE_STEP[name]}({', '.join(args)})"
    type = out.facts.types.get(values[0]) if values else None
    if name == "len":
        return f"len({args[0]})"
    if name == "decimal":
        return f"{out.decimal()}({args[0]})" if type is not FLOAT else f"rt.std.decimal({args[0]})"
    if name == "str":
        text = args[0] if type is STR else f"rt.text({args[0]})"
        return f"rt.bounded({text})" if type is BYTES else text
    if name == "sum" and isinstance(type, ListType):
        if type.item is DECIMAL:
            return f"rt.std.sum_decimal({args[0]})"
        if type.item is DURATION:
            return f"rt.std.sum_duration({args[0]})"
        return f"rt.std.sum_float({args[0]})" if type.item is FLOAT else f"rt.std.sum_int({args[0]})"
    return f"rt.std.{safe_builtin(name)}({', '.join(args)})"


def safe_builtin(name: str) -> str:
    """Built-ins whose names are Python's own have an underscore in `rt.std`."""
    return f"{name}_" if name in PYTHONS else name


PYTHONS = frozenset(
    ["min", "max", "abs", "sorted", "reversed", "zip", "range", "enumerate", "hex", "int", "float", "round"]
)


def _method(out: Expressions, node: s.Call, callee: s.Attr) -> str:
    value = callee.value
    type = out.facts.types.get(value)
    inner = type.inner if isinstance(type, OptionalType) else type
    name = callee.name.text
    args = [out.value(arg.value) for arg in node.args]
    if isinstance(inner, MapType) and name == "get" and not callee.optional:
        return f"{out.part(value, 9)}.get({', '.join(args)})"
    text = out.text(value)
    function = f"rt.std.{safe_builtin(name)}"
    if callee.optional and isinstance(type, OptionalType):
        found, strength = out.if_there(text, lambda it: f"{function}({', '.join([it, *args])})", "None")
        return f"({found})" if strength < 9 else found
    return f"{function}({', '.join([text, *args])})"


def spawn_text(out: Expressions, node: s.Spawn) -> str:
    workflow = out.facts.callees[node]
    assert isinstance(workflow, Workflow)
    definition = definition_of(out, workflow)
    id = f", {out.stored(node.id)}" if node.id is not None else ""
    return f"cx.spawn({definition}, {out.tuple_of(node, f'{definition}.defaults')}{id})"


def definition_of(out: Expressions, workflow: Workflow) -> str:
    """How a child is named where it is started: `Ship.DEFINITION`."""
    name = workflow.name
    if workflow.module != out.types.module:
        name = out.types.imports.name(workflow.module, name)
    return f"{name}.DEFINITION"


def as_tuple(items: list[str]) -> str:
    """`(a,)`, `(a, b)`."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
