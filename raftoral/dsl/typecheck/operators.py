"""Types of `a op b`, `not a`, `-a` and `a is B`."""

from __future__ import annotations

from .. import syntax as s
from ..facts.types import (
    BOOL,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    NEVER,
    NONE,
    NUMBERS,
    ORDERED,
    POISON,
    STR,
    TIMESTAMP,
    ListType,
    MapType,
    OptionalType,
    OutcomeType,
    RecordType,
    Type,
    UnionType,
    errors_in,
    fits,
    join,
)
from ..syntax.literals import number_value
from .context import EXPRESSIONS, Cx
from .mismatch import a, described, report_mixed, report_optional
from .narrowing import learn

# (operator, left, right) -> result, beside the arithmetic of numbers
_TIMES: dict[tuple[str, Type, Type], Type] = {
    ("+", TIMESTAMP, DURATION): TIMESTAMP,
    ("+", DURATION, TIMESTAMP): TIMESTAMP,
    ("-", TIMESTAMP, DURATION): TIMESTAMP,
    ("-", TIMESTAMP, TIMESTAMP): DURATION,
    ("+", DURATION, DURATION): DURATION,
    ("-", DURATION, DURATION): DURATION,
    ("*", DURATION, INT): DURATION,
    ("*", INT, DURATION): DURATION,
    ("//", DURATION, INT): DURATION,
    ("//", DURATION, DURATION): INT,
    ("%", DURATION, DURATION): DURATION,
    ("+", STR, STR): STR,
}


def _binary(cx: Cx, node: s.Binary, want: Type | None) -> Type:
    op = node.op
    if op in _ARITHMETIC:
        return _arithmetic(cx, node, want)
    if op in ("and", "or"):
        return _logic(cx, node)
    if op in ("==", "!="):
        return _equality(cx, node)
    if op in ("in", "not in"):
        return _membership(cx, node)
    if op == "??":
        return _coalesce(cx, node, want)
    return _order(cx, node)


_ARITHMETIC = frozenset(("+", "-", "*", "/", "//", "%"))


def _operands(cx: Cx, node: s.Binary, want: Type | None) -> tuple[Type, Type]:
    """Both types; a literal on the one side becomes a float when the other side is one."""
    left = cx.expr(node.left, want)
    right = cx.expr(node.right, FLOAT if left is FLOAT else want)
    if right is FLOAT and left is not FLOAT and number_value(node.left) is not None:
        left = cx.expr(node.left, FLOAT)
    elif (
        left is not FLOAT
        and left is not right
        and left is DECIMAL
        and number_value(node.left) is not None
        and right is INT
    ):
        cx.facts.widened[node.right] = DECIMAL
    return left, right


def _arithmetic(cx: Cx, node: s.Binary, want: Type | None) -> Type:
    hint = want if want is FLOAT or (isinstance(want, ListType) and node.op == "+") else None
    left, right = _operands(cx, node, hint)
    return _combine(cx, node, left, right)


def binary_type(cx: Cx, node: s.Assign, name: s.Token, left: Type, op: str, right: s.Expr) -> Type:
    """The type of `name op right`, for `name += right`."""
    reference = s.NameRef(name.lo, name.hi, name)
    cx.types[reference] = left
    pretend = s.Binary(node.lo, node.hi, op, reference, right, name.hi + 1)
    got = cx.expr(right, left if left is FLOAT or isinstance(left, ListType) else None)
    return _combine(cx, pretend, left, got)


def _combine(cx: Cx, node: s.Binary, left: Type, right: Type) -> Type:
    op = node.op
    if left is POISON or right is POISON:
        return POISON
    if left in NUMBERS and right in NUMBERS:
        return _numbers(cx, node, left, right)
    found = _TIMES.get((op, left, right))
    if found is not None:
        return found
    if op == "+" and isinstance(left, ListType) and isinstance(right, ListType):
        both = join(left.item, right.item)
        if both is not None:
            from ..facts.types import list_of

            return list_of(both)
    _no_such_operation(cx, node, left, right)
    return POISON


def _numbers(cx: Cx, node: s.Binary, left: Type, right: Type) -> Type:
    op = node.op
    if left is not right:
        if FLOAT in (left, right):
            if DECIMAL in (left, right):
                side, other = (node.left, node.right) if left is FLOAT else (node.right, node.left)
                report_mixed(cx, side, "a float (binary, approximate)", [(other, "a decimal (exact)")])
            else:
                _int_with_float(cx, node, left)
            return POISON
        cx.facts.widened[node.left if left is INT else node.right] = DECIMAL
        left = DECIMAL
    if op == "/" and left is INT:
        text = cx.problems.source.text[node.left.lo : node.left.hi]
        cx.problems.at(
            "RFT0306",
            "`/` does not divide ints",
            node.op_lo,
            node.op_lo + 1,
            "both sides are ints",
            helps=[f"`//` rounds down; `decimal({text}) / ...` keeps the fraction"],
        )
        return POISON
    if op in ("//", "%") and left is not INT:
        cx.problems.at(
            "RFT0301",
            f"`{op}` works on ints, and these are {left}s",
            node.op_lo,
            node.op_lo + len(op),
            "for ints only",
            helps=["`/` divides; `int(a / b)` drops what follows the point"],
        )
        return POISON
    return left


def _int_with_float(cx: Cx, node: s.Binary, left: Type) -> None:
    side, other = (node.left, node.right) if left is INT else (node.right, node.left)
    text = cx.problems.source.text[side.lo : side.hi]
    cx.problems.add(
        "RFT0305",
        "int and float do not mix",
        side,
        "an int (exact)",
        also=[(other, "a float (binary, approximate)")],
        helps=[f"convert it: `float({text})`"],
    )


def _no_such_operation(cx: Cx, node: s.Binary, left: Type, right: Type) -> None:
    for side, type, other in ((node.left, left, right), (node.right, right, left)):
        if isinstance(type, OptionalType) and (type.inner is other or other in NUMBERS):
            report_optional(cx, side, f"`{node.op}` needs a value on both sides", type)
            return
    helps = []
    if node.op == "+" and STR in (left, right):
        helps = ['text is put together in a string: `"${a} and ${b}"`']
    cx.problems.at(
        "RFT0301",
        f"`{node.op}` does not work on {a(left)} and {a(right)}",
        node.op_lo,
        node.op_lo + len(node.op),
        "no such operation",
        also=[(node.left, a(left)), (node.right, a(right))],
        helps=helps,
    )


def _logic(cx: Cx, node: s.Binary) -> Type:
    why = f"`{node.op}` joins bools"
    cx.expect(node.left, BOOL, why)
    before = cx.known
    true, false = learn(cx, node.left)
    more = true if node.op == "and" else false
    cx.known = {**before, **more} if more else before
    lazy, cx.lazy = cx.lazy, f"the right of `{node.op}` is evaluated only sometimes"
    cx.expect(node.right, BOOL, why)
    cx.known, cx.lazy = before, lazy
    return BOOL


def _equality(cx: Cx, node: s.Binary) -> Type:
    left = cx.expr(node.left)
    right = cx.expr(node.right, left)
    if right is not left and (right is FLOAT or isinstance(right, OptionalType | ListType | MapType)):
        left = cx.expr(node.left, right) if number_value(node.left) is not None or left is NONE else left
    if left is POISON or right is POISON:
        return BOOL
    if left is NONE or right is NONE:
        _compared_with_none(cx, node, right if left is NONE else left, node.right if left is NONE else node.left)
        return BOOL
    if isinstance(right, OptionalType) and node.right.__class__ is s.NoneLiteral:
        return BOOL
    if {left, right} == {DECIMAL, FLOAT}:
        side, other = (node.left, node.right) if left is FLOAT else (node.right, node.left)
        report_mixed(cx, side, "a float (binary, approximate)", [(other, "a decimal (exact)")])
    elif join(left, right) is None:
        cx.problems.at(
            "RFT0301",
            f"{a(left)} is never equal to {a(right)}",
            node.op_lo,
            node.op_lo + 2,
            "these two cannot be compared",
            also=[(node.left, a(left)), (node.right, a(right))],
        )
    elif left is FLOAT or right is FLOAT:
        _float_equality(cx, node)
    return BOOL


def _compared_with_none(cx: Cx, node: s.Binary, type: Type, side: s.Expr) -> None:
    if isinstance(type, OptionalType) or type is NONE or type is NEVER:
        return
    if side not in cx.facts.narrowed:
        cx.problems.add("RFT0312", f"{described(cx, side)} is never none", side, f"{a(type)}, always there")


def _float_equality(cx: Cx, node: s.Binary) -> None:
    text = cx.problems.source.text
    left, right = text[node.left.lo : node.left.hi], text[node.right.lo : node.right.hi]
    sign = "<" if node.op == "==" else ">="
    cx.problems.at(
        "RFT0309",
        "floats are rarely exactly equal",
        node.op_lo,
        node.op_lo + 2,
        "true only if every bit agrees",
        helps=[f"compare with a margin: `abs({left} - {right}) {sign} 1e-9`"],
    )


def _order(cx: Cx, node: s.Binary) -> Type:
    left, right = _operands(cx, node, None)
    if left is POISON or right is POISON:
        return BOOL
    for side, type in ((node.left, left), (node.right, right)):
        if isinstance(type, OptionalType):
            report_optional(cx, side, f"`{node.op}` needs a value on both sides", type)
            return BOOL
    if left in ORDERED and right in ORDERED:
        if left is right:
            return BOOL
        if left in NUMBERS and right in NUMBERS:
            _numbers(cx, node, left, right)
            return BOOL
        cx.problems.at(
            "RFT0301",
            f"{a(left)} is not compared with {a(right)}",
            node.op_lo,
            node.op_lo + len(node.op),
            "these two have no common order",
            also=[(node.left, a(left)), (node.right, a(right))],
        )
        return BOOL
    _not_comparable(cx, node, left if left not in ORDERED else right)
    return BOOL


def _not_comparable(cx: Cx, node: s.Binary, type: Type) -> None:
    helps = []
    if isinstance(type, RecordType):
        field = next((f.name for f in type.fields.values() if f.type in ORDERED), None)
        if field:
            text = cx.problems.source.text
            left, right = text[node.left.lo : node.left.hi], text[node.right.lo : node.right.hi]
            helps = [f"compare a field: `{left}.{field} {node.op} {right}.{field}`"]
    cx.problems.at(
        "RFT0308",
        f"values of type `{type}` have no order",
        node.op_lo,
        node.op_lo + len(node.op),
        "which one would be smaller?",
        helps=helps or ["ints, decimals, floats, text, durations and timestamps are ordered"],
    )


def _membership(cx: Cx, node: s.Binary) -> Type:
    right = cx.expr(node.right)
    if isinstance(right, ListType):
        cx.expect(node.left, right.item, f"the list holds {right.item}")
    elif isinstance(right, MapType):
        cx.expect(node.left, right.key, f"the keys of the map are {right.key}")
    elif right is STR:
        cx.expect(node.left, STR, "a piece of text is looked for")
    else:
        cx.expr(node.left)
        if isinstance(right, OptionalType):
            report_optional(cx, node.right, f"`{node.op}` looks into a list, a map or text", right)
        elif right is not POISON:
            cx.problems.add(
                "RFT0301",
                f"`{node.op}` looks into a list, a map or text",
                node.right,
                f"this is {a(right)}",
            )
    return BOOL


def _coalesce(cx: Cx, node: s.Binary, want: Type | None) -> Type:
    left = cx.expr(node.left, want)
    inner = left.inner if isinstance(left, OptionalType) else left
    hint = want if want is not None else (inner if inner is not NONE else None)
    right = cx.maybe("the right of `??` is evaluated only when there is nothing on its left", node.right, hint)
    if left is POISON or right is POISON:
        return POISON if left is POISON else inner
    if left is NONE:
        return right
    if not isinstance(left, OptionalType):
        if node.left not in cx.facts.narrowed:
            cx.problems.add(
                "RFT0312",
                f"{described(cx, node.left)} is never none",
                node.left,
                f"{a(left)}, always there",
                also=[(node.right, "so this can not be reached")],
                helps=["remove the right-hand side"],
            )
        return left
    both = join(inner, right)
    if both is None:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node.right)} is {a(right)}, but it stands in for {a(inner)}",
            node.right,
            a(right),
            also=[(node.left, f"`{left}`")],
        )
        return inner
    if both is not right and fits(right, both):
        cx.facts.widened[node.right] = both
    return both


def _unary(cx: Cx, node: s.Unary, want: Type | None) -> Type:
    if node.op == "not":
        cx.expect(node.operand, BOOL, "`not` turns a bool round")
        return BOOL
    got = cx.expr(node.operand, want if want is FLOAT else None)
    if got in NUMBERS or got is DURATION or got is POISON:
        return got
    if isinstance(got, OptionalType):
        report_optional(cx, node.operand, f"`{node.op}` needs a number", got)
    else:
        cx.problems.add("RFT0301", f"`{node.op}` needs a number", node.operand, f"this is {a(got)}")
    return POISON


def _is(cx: Cx, node: s.Is, want: Type | None) -> Type:
    got = cx.expr(node.value)
    if node.what is None:
        sure = not isinstance(got, OptionalType) and got is not POISON and got is not NONE
        if sure and node.value not in cx.facts.narrowed:
            cx.problems.add("RFT0312", f"{described(cx, node.value)} is never none", node.value, a(got))
        return BOOL
    if got is POISON:
        return BOOL
    inner = got.inner if isinstance(got, OptionalType) else got
    if not isinstance(inner, OutcomeType | UnionType) and not errors_in(inner):
        cx.problems.add(
            "RFT0301",
            f"`is {node.what.name.text}` asks for a variant, and {described(cx, node.value)} is {a(got)}",
            node.value,
            f"{a(got)} has no variants",
        )
        return BOOL
    from .matching import constructor

    constructor(cx, node.what, node.what, inner)
    return BOOL


EXPRESSIONS.update({s.Binary: _binary, s.Unary: _unary, s.Is: _is})
