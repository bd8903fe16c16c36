"""`try`, its undos, `catch` and `finally`, and `compensate`.

try { body } catch A as e { caught } finally { last }

body       errors go to the handler; at its end the undos are dropped (`Settle`), `last`, go on
handler    rest at slot `catch` while the undos run (none registered in the text: no slot), then
dispatch   A: caught, last, go on         anything else: last, out to the next handler
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Local
from ..facts.types import POISON, UNIT
from ..graph import (
    UNWINDING,
    Bind,
    Block,
    Dispatch,
    Handler,
    Raise,
    Register,
    Suspend,
    Unwind,
)
from .lowering import Inside, Lowering, Scope, Target
from .rebuild import reference

OUTERMOST = "run"  # the scope of a `compensate` that no `try` surrounds: undone when the run fails


class Trying(Lowering):
    """Adds failure to `Lowering`."""

    def try_(self, node: s.Try) -> None:
        self.try_into(node, None)

    def try_into(self, node: s.Try, local: Local | None) -> None:
        """Lowers a `try`; with `local`, what it gives goes there."""
        self.tries += 1
        scope = Scope(f"try.{self.tries}", self.strand, Handler(self.make("problem", POISON, node)), node.final)
        scope.has_undo = _has_undo(node.body)
        after = Block()
        if local is not None:
            self.targets.append(Target(local, after, len(self.scopes)))
        self.scopes.append(scope)
        self.block_of(node.body)
        if self.block is not None:
            self.leave(len(self.scopes) - 1)
            self.goto(after)
        self.scopes.pop()
        self._handle(node, scope, after)
        if local is not None:
            self.targets.pop()
        self.block = after

    def _handle(self, node: s.Try, scope: Scope, after: Block) -> None:
        handler = scope.handler
        assert handler is not None
        self.block = handler.block
        if scope.has_undo:
            self._unwind(node, scope, handler.problem)
        dispatch = self.block
        ways = [Block() for _ in node.catches]
        otherwise = Block()
        dispatch.exit = Dispatch(handler.problem, node.catches, ways, otherwise, node)
        for clause, way in zip(node.catches, ways, strict=True):
            self.block = way
            self._catch(node, clause, handler.problem, after)
        self.block = otherwise
        if node.final is not None:
            self.plain(node.final.stmts)
        self.exit(Raise(reference(self.facts, handler.problem, node), self.handler(), node))

    def _unwind(self, node: s.Try, scope: Scope, problem: Local) -> None:
        slot = self.slot(UNWINDING, node, None, UNIT)
        then = Block()
        assert self.block is not None
        self.block.exit = Suspend(slot, Unwind(scope.key, problem, node), [], then, None)
        self.block = then

    def _catch(self, node: s.Try, clause: s.Catch, problem: Local, after: Block) -> None:
        """The body of a `catch`; an error in it goes outwards, after `finally`."""
        inner: Scope | None = None
        if node.final is not None:
            inner = Scope("", self.strand, Handler(self.make("problem", POISON, clause)), node.final)
            self.scopes.append(inner)
        if clause.name is not None:
            self.add(Bind([self.local(clause.name)], reference(self.facts, problem, clause), clause))
        self.block_of(clause.body)
        if self.block is not None:
            if inner is not None:
                self.leave(len(self.scopes) - 1)
            self.goto(after)
        if inner is not None:
            self.scopes.pop()
            assert inner.handler is not None and node.final is not None
            self.block = inner.handler.block
            self.plain(node.final.stmts)
            self.exit(Raise(reference(self.facts, inner.handler.problem, clause), self.handler(), clause))

    def compensate(self, node: s.Compensation | None) -> None:
        """Registers an undo with the `try` around it."""
        if node is None or self.block is None:
            return
        scope = self.scopes[-1].key if self.scopes else OUTERMOST
        for around in reversed(self.scopes):
            if around.key:
                scope = around.key
                break
        if isinstance(node.body, s.Do):
            self.add(Register(scope, node.body, node))
            return
        self.undos += 1
        inside = Inside(self, f"undo.{self.undos}", UNIT)
        self.block_of(node.body)
        self.add(Register(scope, inside.leave(node.body), node))


def _has_undo(body: s.Block) -> bool:
    """Whether a `compensate` in `body` belongs to this `try`: not those in the body of an inner one."""
    inner = [part.body for part in s.walk(body) if isinstance(part, s.Try)]
    return any(
        isinstance(part, s.Compensation) and not any(block.lo <= part.lo < block.hi for block in inner)
        for part in s.walk(body)
    )
