"""Statements that do not suspend, as generators like all others: `if`, `match`, `for`, `let`, `return`, ...

A function's body is one `Body`. A strand of a workflow is a `Body` that can also wait (see `strands`).
"""

# ruff: noqa: N802 - methods are named after the classes of nodes

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from raftoral.dsl import syntax as s

from . import std
from .expressions import Mind
from .values import BreakOut, ContinueOut, Fault, GiveOut, Raised, ReturnOut

Steps = Generator[Any, Any, Any]


class Body(Mind):
    """Performs statements. What it yields, strands wait for; a function yields nothing."""

    def block(self, node: s.Block) -> Steps:
        for stmt in node.stmts:
            yield from self.stmt(stmt)

    def stmt(self, node: s.Node) -> Steps:
        """A statement, or the block of an arm."""
        if isinstance(node, s.Block):
            yield from self.block(node)
            return
        steps = getattr(self, "s_" + type(node).__name__)(node)
        if steps is not None:
            yield from steps

    def value(self, node: Any, has_undo: bool = False) -> Steps:
        """What stands on a right-hand side."""
        yield from ()
        return self.expr(node)

    def s_Let(self, node: s.Let) -> Steps:
        self.bind(node.target, (yield from self.value(node.value, node.compensate is not None)))
        self.register(node.compensate)

    def s_Var(self, node: s.Var) -> Steps:
        self.bind(node.name, (yield from self.value(node.value, node.compensate is not None)))
        self.register(node.compensate)

    def register(self, node: s.Compensation | None) -> None:
        assert node is None

    def s_Assign(self, node: s.Assign) -> Steps:
        local = self.facts.bindings[node]
        if node.op != "=" and self.is_arithmetic(node.value):
            value = self.operand(node.value)
        else:
            value = yield from self.value(node.value)
        if node.op != "=":
            value = std.fitting(std.arithmetic(node.op[0], self.read(local), value))
        self.write(local, value)

    def s_If(self, node: s.If) -> Steps:
        if self.expr(node.condition):
            yield from self.block(node.then)
        elif node.orelse is not None:
            yield from self.stmt(node.orelse)

    def s_MatchStmt(self, node: s.MatchStmt) -> Steps:
        yield from self.stmt(self.arm(self.expr(node.subject), node.arms).body)

    def s_For(self, node: s.For) -> Steps:
        for item in self.items(node.source):
            self.bind(node.target, item)
            try:
                yield from self.block(node.body)
            except BreakOut:
                break
            except ContinueOut:
                continue

    def s_While(self, node: s.While) -> Steps:
        while self.expr(node.condition):
            try:
                yield from self.block(node.body)
            except BreakOut:
                break
            except ContinueOut:
                continue

    def s_Break(self, node: s.Break) -> None:
        raise BreakOut

    def s_Continue(self, node: s.Continue) -> None:
        raise ContinueOut

    def s_Return(self, node: s.Return) -> Steps:
        value = None
        if node.value is not None:
            value = yield from self.value(node.value)
        raise ReturnOut(value)

    def s_Give(self, node: s.Give) -> Steps:
        raise GiveOut((yield from self.value(node.value)))

    def s_Fail(self, node: s.Fail) -> None:
        raise Raised(self.expr(node.error))

    def s_Assert(self, node: s.Assert) -> None:
        if not self.expr(node.condition):
            raise Fault("assert" if node.message is None else f"assert: {self.expr(node.message)}")


def finished(steps: Steps) -> Any:
    """The value that steps return which never wait."""
    try:
        next(steps)
    except StopIteration as end:
        return end.value
    raise AssertionError("this cannot wait")
