"""Expressions and patterns, evaluated on the checked tree: pure, left to right, and only what is needed.

A `Mind` knows one module's facts and one set of variables. Variables are kept by the token that declares them, so that
scopes, names and frames play no part here.
"""

# ruff: noqa: N802, N815 - methods are named after the classes of nodes

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from raftoral.dsl import syntax as s
from raftoral.dsl.facts import Facts
from raftoral.dsl.facts.symbols import CHECKPOINT, Const, Function, Local
from raftoral.dsl.facts.types import DECIMAL, DURATION, FLOAT, INT, EnumType, ErrorType, Field, RecordType, Variant
from raftoral.dsl.syntax.literals import duration_ms

from . import std
from .values import Fault, Member, Raised, Rec, shaped

if TYPE_CHECKING:
    from .interpreter import Program, Run

Env = dict[s.Token, Any]


class Mind:
    """Evaluates. `run` is None in functions, constants and defaults."""

    def __init__(self, program: Program, facts: Facts, env: Env, run: Run | None) -> None:
        self.program = program
        self.facts = facts
        self.env = env
        self.run = run

    def expr(self, node: s.Node) -> Any:
        """The value of an expression, as a value of the type that the checker found for it."""
        value = getattr(self, "x_" + type(node).__name__)(node)
        if isinstance(node, s.Binary | s.Unary | s.Text):
            value = std.fitting(value)
        return shaped(shaped(value, self.facts.types.get(node)), self.facts.widened.get(node))

    def operand(self, node: s.Node) -> Any:
        """An operand of arithmetic or of a comparison: an int or a duration need not fit there."""
        if self.is_arithmetic(node) and node not in self.facts.widened and self.facts.types[node] in (INT, DURATION):
            return getattr(self, "x_" + type(node).__name__)(node)
        return self.expr(node)

    def is_arithmetic(self, node: s.Node) -> bool:
        return (isinstance(node, s.Binary) and node.op in std.OPERATORS) or isinstance(node, s.Unary)

    # --- names and literals

    def x_Number(self, node: s.Number) -> Any:
        text = node.token.text.replace("_", "")
        if node.token.type == "DURATION":
            return timedelta(milliseconds=duration_ms(text) or 0)
        type = self.facts.types.get(node)
        if type is FLOAT or node.token.type == "FLOAT":
            return float(text)
        return Decimal(text) if type is DECIMAL or node.token.type == "DEC" else int(text)

    def x_Text(self, node: s.Text) -> str:
        return "".join(part if isinstance(part, str) else std.text(self.expr(part)) for part in node.parts)

    def x_Boolean(self, node: s.Boolean) -> bool:
        return node.value

    def x_NoneLiteral(self, node: s.NoneLiteral) -> Any:
        return None

    def x_NameRef(self, node: s.NameRef) -> Any:
        meaning = self.facts.bindings[node]
        return self.program.const(meaning) if isinstance(meaning, Const) else self.read(meaning)

    def read(self, local: Any) -> Any:
        assert isinstance(local, Local)
        if local.kind == CHECKPOINT:
            assert self.run is not None
            return self.run.checkpoints[local.node]
        return self.env[local.node]

    def write(self, local: Any, value: Any) -> None:
        assert isinstance(local, Local)
        if local.kind == CHECKPOINT:
            assert self.run is not None
            self.run.checkpoints[local.node] = shaped(value, local.type)
        else:
            self.env[local.node] = shaped(value, local.type)

    def bind(self, target: s.Target, value: Any) -> None:
        """Gives a `let`, a `for` or a pattern its value; a tuple is taken apart."""
        if isinstance(target, s.Token):
            self.write(self.facts.targets[target], value)
        else:
            for name, part in zip(target.names, value, strict=True):
                self.write(self.facts.targets[name], part)

    def x_TypeRef(self, node: s.TypeRef | s.TypeAttr) -> Any:
        meaning = self.facts.bindings.get(node) or self.facts.types[node]
        return self.make(meaning, node, [])

    x_TypeAttr = x_TypeRef

    def x_Attr(self, node: s.Attr) -> Any:
        constant = self.facts.bindings.get(node)
        if isinstance(constant, Const):
            return self.program.const(constant)
        type = self.facts.types[node]
        if isinstance(node.value, s.TypeRef | s.TypeAttr) and isinstance(type, EnumType):
            return Member(type.name, node.name.text)
        if isinstance(node.value, s.NameRef) and node.value not in self.facts.bindings:
            return getattr(self.run, node.name.text)  # workflow.id and its like
        value = self.expr(node.value)
        return None if value is None and node.optional else value.fields[node.name.text]

    # --- operators

    def x_Unary(self, node: s.Unary) -> Any:
        if node.op == "not":
            return not self.expr(node.operand)
        value = self.operand(node.operand)
        return std.computed(lambda v: -v, value) if node.op == "-" else value

    def x_Binary(self, node: s.Binary) -> Any:
        op = node.op
        exact = op in std.OPERATORS or op in ("==", "!=", "<", "<=", ">", ">=")
        look = self.operand if exact else self.expr
        left = look(node.left)
        if op == "and":
            return left and self.expr(node.right)
        if op == "or":
            return left or self.expr(node.right)
        if op == "??":
            return self.expr(node.right) if left is None else left
        right = look(node.right)
        if op in std.OPERATORS:
            return std.arithmetic(op, left, right)
        compare: dict[str, Callable[[], bool]] = {
            "==": lambda: left == right, "!=": lambda: left != right, "in": lambda: left in right,
            "not in": lambda: left not in right, "<": lambda: left < right, "<=": lambda: left <= right,
            ">": lambda: left > right, ">=": lambda: left >= right,
        }  # fmt: skip
        return compare[op]()

    def x_Is(self, node: s.Is) -> bool:
        value = self.expr(node.value)
        same = value is None if node.what is None else value is not None and self.is_named(value, node.what)
        return same != node.negated

    def x_OrFail(self, node: s.OrFail) -> Any:
        value = self.expr(node.value)
        if value is None:
            raise Raised(self.expr(node.error))
        return value

    def x_Force(self, node: s.Force) -> Any:
        value = self.expr(node.value)
        if value is None:
            raise Fault("none!")
        return value

    def x_IfExpr(self, node: s.IfExpr) -> Any:
        return self.expr(node.then if self.expr(node.condition) else node.orelse)

    def x_MatchExpr(self, node: s.MatchExpr) -> Any:
        return self.expr(self.arm(self.expr(node.subject), node.arms).value)

    def x_Index(self, node: s.Index) -> Any:
        return std.index(self.expr(node.value), self.expr(node.key))

    # --- making values

    def x_ListLiteral(self, node: s.ListLiteral) -> list[Any]:
        return [self.expr(item) for item in node.items]

    def x_TupleLiteral(self, node: s.TupleLiteral) -> tuple[Any, ...]:
        return tuple(self.expr(item) for item in node.items)

    def x_MapLiteral(self, node: s.MapLiteral) -> dict[Any, Any]:
        return {self.expr(pair.key): self.expr(pair.value) for pair in node.pairs}

    def x_SomeOf(self, node: s.SomeOf) -> Any:
        return self.expr(node.value)

    def x_Comprehension(self, node: s.Comprehension) -> list[Any]:
        found = []
        for item in self.items(node.source):
            self.bind(node.target, item)
            if node.guard is None or self.expr(node.guard):
                found.append(self.expr(node.item))
        return found

    def items(self, node: s.Iterable) -> Iterator[Any]:
        """What a loop walks over, fixed when it begins."""
        if isinstance(node, s.Range):
            first = self.expr(node.first)
            return iter(range(first, self.expr(node.last) + 1))
        return iter(self.expr(node))

    def make(self, of: Any, node: s.Node, args: list[s.Arg]) -> Rec:
        """A record, error or variant: what is given, else from `..other`, else the default."""
        assert isinstance(of, RecordType | ErrorType | Variant)
        spread = [self.expr(arg.value) for arg in args if arg.spread]
        values = self.arguments(node, args, of.fields, module_of(of), spread[0].fields if spread else {})
        return Rec(of.name, dict(zip(of.fields, values, strict=True)), module_of(of))

    def arguments(
        self, node: s.Node, args: list[s.Arg], params: dict[str, Field], module: str, others: dict[str, Any]
    ) -> tuple[Any, ...]:
        """The values for the parameters, in their order; evaluated in the order in which they are written."""
        pairs = self.facts.calls.get(node, [(field, None) for field in params.values()])
        written = {id(arg.value): self.expr(arg.value) for arg in args if not arg.spread}
        values = []
        for field, value in pairs:
            if value is not None:
                found = written[id(value)]
            elif field.name in others:
                found = others[field.name]
            else:
                assert field.default is not None, field.name
                found = Mind(self.program, self.program.facts(module), {}, None).expr(field.default)
            values.append(shaped(found, field.type))
        return tuple(values)

    def x_Call(self, node: s.Call) -> Any:
        callee = node.callee
        function = self.facts.callees.get(node)
        if isinstance(function, Function):
            args = self.arguments(node, node.args, function.params, function.module, {})
            return self.program.call(function, args)
        if isinstance(callee, s.TypeRef | s.TypeAttr):
            return self.make(self.facts.bindings.get(callee) or self.facts.types[callee], node, node.args)
        if isinstance(callee, s.Attr):
            subject = self.expr(callee.value)
            if subject is None:
                return None  # `x?.method()`
            return std.guarded(std.METHODS[callee.name.text], subject, *(self.expr(arg.value) for arg in node.args))
        assert isinstance(callee, s.NameRef)
        name, values = callee.name.text, [self.expr(arg.value) for arg in node.args]
        if name in ("now", "new_uuid", "random", "random_int", "shuffle"):
            assert self.run is not None
            return self.run.given(name, values)
        return std.guarded(std.FUNCTIONS[name], *values, self.facts.types[node])

    # --- patterns

    def arm(self, value: Any, arms: Any) -> Any:
        """The first arm that takes `value`; its names are bound."""
        for arm in arms:
            for pattern in arm.patterns:
                if self.takes(pattern, value) and (arm.guard is None or self.expr(arm.guard)):
                    return arm
        raise AssertionError(f"no arm takes {value!r}")

    def takes(self, pattern: s.Pattern, value: Any) -> bool:
        if isinstance(pattern, s.AnyPattern):
            return True
        if isinstance(pattern, s.BindPattern):
            self.bind(pattern.name, value)
            return True
        if isinstance(pattern, s.LiteralPattern):
            return bool(value == self.expr(pattern.value))
        if value is None:
            return False
        if isinstance(pattern, s.SomePattern):
            return self.takes(pattern.inner, value)
        if isinstance(pattern, s.MemberPattern):
            return bool(value.name == pattern.name.text)
        assert isinstance(pattern, s.VariantPattern)
        return self.is_named(value, pattern.type) and self._fields_take(pattern.args or [], value)

    def _fields_take(self, args: list[s.Pattern], value: Rec) -> bool:
        by_order = iter(value.fields.values())
        return all(
            self.takes(arg.pattern, value.fields[arg.name.text])
            if isinstance(arg, s.NamedPattern)
            else self.takes(arg, next(by_order))
            for arg in args
        )

    def is_named(self, value: Rec, name: s.TypeName) -> bool:
        """Whether `value` is of the variant, error or record that `name` names in this module."""
        if value.name in ("Ok", "Failed") and not value.module:
            return value.name == name.name.text
        meaning = self.program.named(self.facts, name)
        return (value.name, value.module) == (meaning.name, module_of(meaning))


def module_of(of: Any) -> str:
    """The module that declares a type or variant; empty for what every module has."""
    owner = of.union if isinstance(of, Variant) else of
    return getattr(owner, "module", "")
