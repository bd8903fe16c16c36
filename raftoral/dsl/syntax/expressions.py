"""Expressions and patterns. Everything here is pure: effects are in `statements`."""

from __future__ import annotations

from .node import Node, Token
from .types import TypeName


class Number(Node):
    """An int, decimal, float, duration or size literal; `token.type` says which."""

    __slots__ = ("token",)

    def __init__(self, lo: int, hi: int, token: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.token = token


class Text(Node):
    """A string: pieces of plain text (escapes resolved) and `${...}` expressions, in order."""

    __slots__ = ("parts",)

    def __init__(self, lo: int, hi: int, parts: list[str | Expr]) -> None:
        self.lo = lo
        self.hi = hi
        self.parts = parts


class Boolean(Node):
    """`true` or `false`."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class NoneLiteral(Node):
    """`none`."""

    __slots__ = ()


class NameRef(Node):
    """A lower-case name: variable, parameter, constant, function, activity or module alias."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class TypeRef(Node):
    """An upper-case name in an expression: the callee of a constructor, or an enum before `.member`."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class Attr(Node):
    """`value.name`, or `value?.name` when `optional`."""

    __slots__ = ("value", "name", "optional")

    def __init__(self, lo: int, hi: int, value: Expr, name: Token, optional: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value
        self.name = name
        self.optional = optional


class TypeAttr(Node):
    """`alias.Name`: a type of a module that was imported under a name."""

    __slots__ = ("value", "name")

    def __init__(self, lo: int, hi: int, value: Expr, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value
        self.name = name


class Call(Node):
    """`callee(args)`: function, method, constructor."""

    __slots__ = ("callee", "args")

    def __init__(self, lo: int, hi: int, callee: Expr, args: list[Arg]) -> None:
        self.lo = lo
        self.hi = hi
        self.callee = callee
        self.args = args


class Arg(Node):
    """One argument: plain, `name: value`, or `..value` when `spread`."""

    __slots__ = ("name", "value", "spread")

    def __init__(self, lo: int, hi: int, name: Token | None, value: Expr, spread: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.value = value
        self.spread = spread


class Index(Node):
    """`value[key]`: always optional."""

    __slots__ = ("value", "key")

    def __init__(self, lo: int, hi: int, value: Expr, key: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value
        self.key = key


class Force(Node):
    """`value!`: asserts that there is one."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class Unary(Node):
    """`not x`, `-x` or `+x`."""

    __slots__ = ("op", "operand")

    def __init__(self, lo: int, hi: int, op: str, operand: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.op = op
        self.operand = operand


class Binary(Node):
    """`left op right`, for every operator with two operands, `in`, `not in` and `??` too."""

    __slots__ = ("op", "left", "right", "op_lo")

    def __init__(self, lo: int, hi: int, op: str, left: Expr, right: Expr, op_lo: int) -> None:
        self.lo = lo
        self.hi = hi
        self.op = op
        self.left = left
        self.right = right
        self.op_lo = op_lo


class Is(Node):
    """`value is Variant`, `value is none`, and with `is not`, `negated`. `what` is None for `none`."""

    __slots__ = ("value", "what", "negated")

    def __init__(self, lo: int, hi: int, value: Expr, what: TypeName | None, negated: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value
        self.what = what
        self.negated = negated


class OrFail(Node):
    """`value ?? fail Error(...)`: leaves when there is none."""

    __slots__ = ("value", "error")

    def __init__(self, lo: int, hi: int, value: Expr, error: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value
        self.error = error


class IfExpr(Node):
    """`if c then a else b`."""

    __slots__ = ("condition", "then", "orelse")

    def __init__(self, lo: int, hi: int, condition: Expr, then: Expr, orelse: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.condition = condition
        self.then = then
        self.orelse = orelse


class MatchExpr(Node):
    """`match subject { pattern => value ... }`."""

    __slots__ = ("subject", "arms")

    def __init__(self, lo: int, hi: int, subject: Expr, arms: list[ValueArm]) -> None:
        self.lo = lo
        self.hi = hi
        self.subject = subject
        self.arms = arms


class ValueArm(Node):
    """One arm of a `match` expression."""

    __slots__ = ("patterns", "guard", "value")

    def __init__(self, lo: int, hi: int, patterns: list[Pattern], guard: Expr | None, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.patterns = patterns
        self.guard = guard
        self.value = value


class ListLiteral(Node):
    """`[a, b]`."""

    __slots__ = ("items",)

    def __init__(self, lo: int, hi: int, items: list[Expr]) -> None:
        self.lo = lo
        self.hi = hi
        self.items = items


class MapLiteral(Node):
    """`{key: value}`."""

    __slots__ = ("pairs",)

    def __init__(self, lo: int, hi: int, pairs: list[Pair]) -> None:
        self.lo = lo
        self.hi = hi
        self.pairs = pairs


class Pair(Node):
    """One `key: value` of a map."""

    __slots__ = ("key", "value")

    def __init__(self, lo: int, hi: int, key: Expr, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.key = key
        self.value = value


class TupleLiteral(Node):
    """`(a, b)`."""

    __slots__ = ("items",)

    def __init__(self, lo: int, hi: int, items: list[Expr]) -> None:
        self.lo = lo
        self.hi = hi
        self.items = items


class Comprehension(Node):
    """`[item for target in source if guard]`."""

    __slots__ = ("item", "target", "source", "guard")

    def __init__(self, lo: int, hi: int, item: Expr, target: Target, source: Iterable, guard: Expr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.item = item
        self.target = target
        self.source = source
        self.guard = guard


class SomeOf(Node):
    """`some(x)`."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class Range(Node):
    """`a..b`: the ints from a to b, both included. Only where something is iterated."""

    __slots__ = ("first", "last")

    def __init__(self, lo: int, hi: int, first: Expr, last: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.first = first
        self.last = last


class Assignment(Node):
    """A written `x = y` where a condition should stand (RFT0112)."""

    __slots__ = ("left", "right")

    def __init__(self, lo: int, hi: int, left: Expr, right: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.left = left
        self.right = right


class Hole(Node):
    """Where something could not be read. Its type is poisoned: nothing is said about it again."""

    __slots__ = ()


class TupleTarget(Node):
    """`(a, b)` on the left of `=` or after `for`."""

    __slots__ = ("names",)

    def __init__(self, lo: int, hi: int, names: list[Token]) -> None:
        self.lo = lo
        self.hi = hi
        self.names = names


class AnyPattern(Node):
    """`_`."""

    __slots__ = ()


class MemberPattern(Node):
    """A bare lower-case name: a member of the enum."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class BindPattern(Node):
    """A lower-case name inside parentheses: bound to that field."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class VariantPattern(Node):
    """`Variant` or `Variant(...)`; `args` is None without parentheses."""

    __slots__ = ("type", "args")

    def __init__(self, lo: int, hi: int, type: TypeName, args: list[Pattern] | None) -> None:
        self.lo = lo
        self.hi = hi
        self.type = type
        self.args = args


class NamedPattern(Node):
    """`field: pattern` inside a variant."""

    __slots__ = ("name", "pattern")

    def __init__(self, lo: int, hi: int, name: Token, pattern: Pattern) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.pattern = pattern


class SomePattern(Node):
    """`some(p)`."""

    __slots__ = ("inner",)

    def __init__(self, lo: int, hi: int, inner: Pattern) -> None:
        self.lo = lo
        self.hi = hi
        self.inner = inner


class LiteralPattern(Node):
    """A number, string, `true`, `false` or `none`."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


Expr = (
    Number
    | Text
    | Boolean
    | NoneLiteral
    | NameRef
    | TypeRef
    | Attr
    | TypeAttr
    | Call
    | Index
    | Force
    | Unary
    | Binary
    | Is
    | OrFail
    | IfExpr
    | MatchExpr
    | ListLiteral
    | MapLiteral
    | TupleLiteral
    | Comprehension
    | SomeOf
    | Assignment
    | Hole
)
Iterable = Expr | Range
Target = Token | TupleTarget
Pattern = AnyPattern | MemberPattern | BindPattern | VariantPattern | NamedPattern | SomePattern | LiteralPattern
