"""How expressions, patterns and types are laid out: a small function per kind of node.

Each gets the row, its node, and the list `todo` to which it adds the nodes inside that have a shape of their own.
Nodes without an entry in `SHAPES` (names, literals) need nothing: the gaps between their words are right already.
"""

from __future__ import annotations

from .. import syntax as s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .row import Row

    Shape = Callable[[Row, Any, list[Any]], None]

LEVELS = {
    "or": 1, "and": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3, "not in": 3, "??": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "//": 6, "%": 6,
}  # fmt: skip

# What ends in a bracket that can break: it may stay on the line of what opens it.
HUGGED = frozenset((s.Call, s.SomeOf, s.ListLiteral, s.MapLiteral, s.TupleLiteral, s.Comprehension, s.MatchExpr))


# --- postfix ------------------------------------------------------------------------------------------------


def call(row: Row, node: s.Call, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.seps[opening] = ""
    arguments(row, opening, node.args, todo)
    todo.append(node.callee)


def arguments(row: Row, opening: int, args: list[s.Arg], todo: list[Any]) -> None:
    hug = False
    for arg in args:
        todo.append(arg.value)
    if len(args) == 1 and args[0].value.__class__ in HUGGED:
        hug = args[0].value.hi == args[0].hi and not args[0].spread
    row.bracketed(opening, hug)


def value_inside(row: Row, node: Any, todo: list[Any]) -> None:
    """Attributes and `!`: tight on both sides already."""
    todo.append(node.value)


def index(row: Row, node: s.Index, todo: list[Any]) -> None:
    row.seps[row.partner[row.ends[node.hi]]] = ""
    todo += (node.value, node.key)


def some_of(row: Row, node: s.SomeOf, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.seps[opening] = ""
    row.bracketed(opening, node.value.__class__ in HUGGED)
    row.breaks[row.partner[opening]] = ""  # `some(x,)` is not in the grammar
    todo.append(node.value)


# --- operators ----------------------------------------------------------------------------------------------


def unary(row: Row, node: s.Unary, todo: list[Any]) -> None:
    if node.op != "not":
        row.seps[row.at[node.lo] + 1] = ""
    todo.append(node.operand)


def binary(row: Row, node: Any, todo: list[Any]) -> None:
    """A chain of operators of one level breaks after all of them, or after none."""
    delta = 4 if id(node) in row.wide else 2
    gaps: list[int] = []
    level = LEVELS.get(getattr(node, "op", "??"), 4)
    if level == 4:
        _right_chain(row, node, todo, gaps)
    else:
        _left_chain(row, node, todo, gaps, level)
    row.soft(node, gaps, delta)


def _left_chain(row: Row, node: s.Binary, todo: list[Any], gaps: list[int], level: int) -> None:
    while True:
        if node.op == "not in":
            gap = row.ends[node.left.hi] + 1
            while row.words[gap] != "not":  # closing parentheses around the left side
                gap += 1
            gaps.append(gap + 2)
        else:
            gaps.append(row.at[node.op_lo] + 1)
        todo.append(node.right)
        left = node.left
        # With parentheses around it, the left side begins after its parent.
        if left.__class__ is not s.Binary or left.lo != node.lo or LEVELS[left.op] != level:
            break
        node = left
    todo.append(node.left)
    gaps.reverse()


def _right_chain(row: Row, node: Any, todo: list[Any], gaps: list[int]) -> None:
    """`a ?? b ?? fail E()`, which groups to the right."""
    while True:
        if node.__class__ is s.OrFail:
            todo += (node.value, node.error)
            gaps.append(row.back_to(row.at[node.error.lo] - 1, "fail"))
            return
        todo.append(node.left)
        gaps.append(row.at[node.op_lo] + 1)
        right = node.right
        chained = right.__class__ is s.OrFail or (right.__class__ is s.Binary and right.op == "??")
        if not chained or right.hi != node.hi:
            todo.append(right)
            return
        node = right


def is_what(row: Row, node: s.Is, todo: list[Any]) -> None:
    todo.append(node.value)


def if_expr(row: Row, node: s.IfExpr, todo: list[Any]) -> None:
    """Breaks before `then` and `else`; in an `else if` chain, before each `else`."""
    delta = 4 if id(node) in row.wide else 2
    gaps: list[int] = []
    start, alone = node, True
    while True:
        todo += (node.condition, node.then)
        then = row.back_to(row.at[node.then.lo] - 1, "then")
        orelse = node.orelse
        otherwise = row.back_to(row.at[orelse.lo] - 1, "else")
        chained = orelse.__class__ is s.IfExpr and orelse.hi == node.hi
        alone = alone and not chained
        gaps += [then, otherwise] if alone else [otherwise]
        if not chained:
            break
        node = orelse  # type: ignore[assignment]
    todo.append(node.orelse)
    row.soft(start, gaps, delta)


# --- brackets -----------------------------------------------------------------------------------------------


def items(row: Row, node: Any, todo: list[Any]) -> None:
    """Lists and tuples."""
    row.bracketed(row.at[node.lo])
    todo += node.items


def map_literal(row: Row, node: s.MapLiteral, todo: list[Any]) -> None:
    row.bracketed(row.at[node.lo])
    for pair in node.pairs:
        todo += (pair.key, pair.value)


def comprehension(row: Row, node: s.Comprehension, todo: list[Any]) -> None:
    """A line each for the item, `for` and `if`."""
    opening, closing = row.at[node.lo], row.ends[node.hi]
    row.bracketed(opening)
    group = row.owners[closing]
    assert group is not None  # a comprehension is never empty
    gaps = [row.at[node.target.lo] - 1]
    if node.guard is not None:
        gaps.append(row.back_to(row.at[node.guard.lo] - 1, "if"))
    # Its own gaps, instead of those at the commas of a tuple target.
    group.gaps = [opening + 1, *gaps, closing]
    for gap in gaps:
        row.owners[gap] = group
        row.deltas[gap] = 2
    row.breaks[closing] = ""
    todo += (node.item, node.target, node.source, node.guard)


def match_expr(row: Row, node: s.MatchExpr, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.braces(node, [(opening, row.firsts(node.arms))], "  ", True)
    row.wide.add(id(node.subject))
    todo.append(node.subject)
    todo += node.arms


def value_arm(row: Row, node: s.ValueArm, todo: list[Any]) -> None:
    alternatives(row, node.patterns, todo)
    todo += (node.guard, node.value)
    if node.value.__class__ is s.Text:
        row.soft(node, [row.at[node.value.lo]])


def range_(row: Row, node: s.Range, todo: list[Any]) -> None:
    todo += (node.first, node.last)


def assignment(row: Row, node: s.Assignment, todo: list[Any]) -> None:
    todo += (node.left, node.right)


def tuple_target(row: Row, node: s.TupleTarget, todo: list[Any]) -> None:
    row.bracketed(row.at[node.lo])


# --- patterns -----------------------------------------------------------------------------------------------


def alternatives(row: Row, patterns: list[s.Pattern], todo: list[Any]) -> None:
    """`a | b | c` breaks after each bar."""
    todo += patterns
    if len(patterns) > 1:
        gaps = row.firsts(patterns[1:])
        row.group(row.at[patterns[0].lo], row.ends[patterns[-1].hi], gaps, True)


def variant_pattern(row: Row, node: s.VariantPattern, todo: list[Any]) -> None:
    if node.args is not None:
        opening = row.partner[row.ends[node.hi]]
        row.seps[opening] = ""
        row.bracketed(opening)
        todo += node.args


def some_pattern(row: Row, node: s.SomePattern, todo: list[Any]) -> None:
    opening = row.partner[row.ends[node.hi]]
    row.seps[opening] = ""
    row.bracketed(opening, node.inner.__class__ in (s.SomePattern, s.VariantPattern))
    row.breaks[row.partner[opening]] = ""
    todo.append(node.inner)


def named_pattern(row: Row, node: s.NamedPattern, todo: list[Any]) -> None:
    todo.append(node.pattern)


# --- types --------------------------------------------------------------------------------------------------


def bracket_type(row: Row, node: Any, todo: list[Any]) -> None:
    """`list[T]` and its like are never broken."""
    row.seps[row.at[node.lo] + 1] = ""
    todo.append(node.item)


def map_type(row: Row, node: s.MapType, todo: list[Any]) -> None:
    row.seps[row.at[node.lo] + 1] = ""
    todo += (node.key, node.value)


def handle_type(row: Row, node: s.HandleType, todo: list[Any]) -> None:
    row.seps[row.at[node.lo] + 1] = ""


def optional_type(row: Row, node: s.OptionalType, todo: list[Any]) -> None:
    if node.inner.__class__ is s.OptionalType:
        row.seps[row.ends[node.hi]] = " "  # `T??` would have the operator `??` in it
    todo.append(node.inner)


def bounded_type(row: Row, node: s.BoundedType, todo: list[Any]) -> None:
    todo.append(node.inner)


SHAPES: dict[type, Shape] = {
    s.Call: call,
    s.Attr: value_inside,
    s.TypeAttr: value_inside,
    s.Force: value_inside,
    s.Index: index,
    s.SomeOf: some_of,
    s.Unary: unary,
    s.Binary: binary,
    s.OrFail: binary,
    s.Is: is_what,
    s.IfExpr: if_expr,
    s.ListLiteral: items,
    s.TupleLiteral: items,
    s.MapLiteral: map_literal,
    s.Comprehension: comprehension,
    s.MatchExpr: match_expr,
    s.ValueArm: value_arm,
    s.Range: range_,
    s.Assignment: assignment,
    s.TupleTarget: tuple_target,
    s.VariantPattern: variant_pattern,
    s.SomePattern: some_pattern,
    s.NamedPattern: named_pattern,
    s.ListType: bracket_type,
    s.OutcomeType: bracket_type,
    s.MapType: map_type,
    s.HandleType: handle_type,
    s.TupleType: items,
    s.OptionalType: optional_type,
    s.BoundedType: bounded_type,
}
