"""How declarations are laid out: a small function per kind of node (see `expressions`); and `shape` for all nodes."""

from __future__ import annotations

from .. import syntax as s
from . import expressions, statements
from .expressions import HUGGED
from .groups import SOFT
from .statements import policies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .expressions import Shape
    from .row import Row


def shape(row: Row, node: s.Node) -> None:
    """Says how everything in `node` is laid out. Needs no stack of Python's: trees may be deep."""
    shapes = SHAPES
    todo: list[Any] = [node]
    pop = todo.pop
    while todo:
        node = pop()
        say = shapes.get(node.__class__)
        if say is not None:
            say(row, node, todo)


def shape_parentheses(row: Row) -> None:
    """Parentheses around an expression: what no shape has seen. They break when what is in them does not fit."""
    for opening, closing in row.partner.items():
        if opening > closing or opening in row.shaped or row.words[opening] != "(":
            continue
        inner = opening + 1
        if inner in row.shaped or row.partner.get(inner) != closing - 1:  # of `((x))`, only the inner ones
            row.group(opening, closing, [opening + 1, closing], SOFT)
            row.deltas[closing] = 0


# --- types --------------------------------------------------------------------------------------------------


def import_(row: Row, node: s.Import, todo: list[Any]) -> None:
    if node.names is not None:
        row.bracketed(row.ends[node.path.hi] + 1, pad=" ")


def in_braces(row: Row, node: s.Node, inside: list[Any], todo: list[Any], kept: bool = False) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(inside))], ", ", kept)
    todo += inside


def record(row: Row, node: s.Record, todo: list[Any]) -> None:
    in_braces(row, node, node.fields, todo)


def error(row: Row, node: s.Error, todo: list[Any]) -> None:
    if row.words[row.ends[node.hi]] == "}":
        in_braces(row, node, node.fields, todo)


def field(row: Row, node: s.Field, todo: list[Any]) -> None:
    todo += (node.type, node.default)


def enum(row: Row, node: s.Enum, todo: list[Any]) -> None:
    in_braces(row, node, node.members, todo)


def union(row: Row, node: s.Union, todo: list[Any]) -> None:
    in_braces(row, node, node.variants, todo)


def variant(row: Row, node: s.Variant, todo: list[Any]) -> None:
    if node.hi != node.name.hi:
        parameters(row, node.name, node.params, todo)


def const(row: Row, node: s.Const | s.Checkpoint, todo: list[Any]) -> None:
    todo += (node.type, node.value)
    if node.value.__class__ is s.Text:
        row.soft(node, [row.at[node.value.lo]])


# --- functions and activities -------------------------------------------------------------------------------


def parameters(row: Row, before: s.Token, params: list[s.Param], todo: list[Any], sep: str = "") -> None:
    opening = row.ends[before.hi] + 1
    row.seps[opening] = sep
    row.bracketed(opening)
    for param in params:
        todo += (param.type, param.default)


def after_equals(row: Row, node: s.Node, value: s.Node, gap: int) -> None:
    """A line end after the `=` of a function stays where it is; a long value gets one if it cannot break itself."""
    group = row.group(row.at[node.lo], row.ends[node.hi], [gap], SOFT)
    group.hug = value.__class__ in HUGGED and value.hi == node.hi
    if row.newlines[gap]:
        row.must.add(gap)
        row.forced.append(gap)


def fn(row: Row, node: s.Fn, todo: list[Any]) -> None:
    parameters(row, node.name, node.params, todo)
    todo.append(node.result)
    body = node.body
    if isinstance(body, s.Pure):
        after_equals(row, node, body.value, row.at[body.lo] + 1)
        todo.append(body)
    else:
        statements.blocks(row, node, [body], todo)


def extern(row: Row, node: s.Extern, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(node.fns))], "  ", True)
    todo += node.fns


def extern_fn(row: Row, node: s.ExternFn, todo: list[Any]) -> None:
    parameters(row, node.name, node.params, todo)
    todo.append(node.result)


def raises(row: Row, node: s.Activity | s.Workflow) -> None:
    """Breaks before `raises` first, and then after its commas."""
    errors = node.raises
    if errors:
        word = row.at[errors[0].lo] - 1
        last = row.ends[errors[-1].hi]
        row.group(row.at[node.lo], last, [word], SOFT, 4)
        if len(errors) > 1:
            row.group(word, last, row.firsts(errors[1:]), SOFT, 2)


def activity(row: Row, node: s.Activity, todo: list[Any]) -> None:
    if row.words[row.ends[node.hi]] == "}":
        policies(row, node, node.policies, todo)
    raises(row, node)
    parameters(row, node.name, node.params, todo)
    todo.append(node.result)


# --- workflows ----------------------------------------------------------------------------------------------


def workflow(row: Row, node: s.Workflow, todo: list[Any]) -> None:
    inside = [*node.members, *node.body.stmts]
    row.braces(node, [(row.at[node.body.lo], row.firsts(inside))], " ", True)
    raises(row, node)
    parameters(row, node.version, node.params, todo, " ")
    todo.append(node.result)
    todo += inside


def signal(row: Row, node: s.Signal, todo: list[Any]) -> None:
    if node.payload is not None:
        opening = row.ends[node.name.hi] + 1
        row.seps[opening] = ""
        row.shaped.add(opening)
        todo.append(node.payload)


def query(row: Row, node: s.Query, todo: list[Any]) -> None:
    parameters(row, node.name, node.params, todo)
    todo += (node.result, node.value)
    if node.value.__class__ is not s.QueryWrite:
        equals = row.back_to(row.at[node.value.lo] - 1, "=")
        after_equals(row, node, node.value, equals + 1)


def migrate(row: Row, node: s.Migrate, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(node.rules))], "  ", True)
    todo += node.rules


def migrate_slot(row: Row, node: s.MigrateSlot, todo: list[Any]) -> None:
    for ref in (node.old, node.new):
        if ref.__class__ is s.SlotRef:
            numbers = [part.type == "INT" for part in ref.parts]
            for at, part in enumerate(ref.parts[1:], 1):
                if numbers[at] and numbers[at - 1]:
                    row.seps[row.at[part.lo] - 1] = " "  # `2.3` would be one number


def migrate_let(row: Row, node: s.MigrateLet, todo: list[Any]) -> None:
    todo.append(node.value)


SHAPES: dict[type, Shape] = {
    **expressions.SHAPES,
    **statements.SHAPES,
    s.Import: import_,
    s.Record: record,
    s.Error: error,
    s.Field: field,
    s.Enum: enum,
    s.Union: union,
    s.Variant: variant,
    s.Const: const,
    s.Checkpoint: const,
    s.Fn: fn,
    s.Extern: extern,
    s.ExternFn: extern_fn,
    s.Activity: activity,
    s.Workflow: workflow,
    s.Signal: signal,
    s.Query: query,
    s.Migrate: migrate,
    s.MigrateSlot: migrate_slot,
    s.MigrateLet: migrate_let,
}
