"""What suspends: `do`, `wait`, `sleep`, `select`, `parallel`, `dag`, `parallel for`; and values that hold one of them.

A value is lowered *into* a local: `let x = do f() ?? y` becomes a suspension into a hidden local and `x = hidden ?? y`.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import HandleType, Local
from ..facts.types import POISON, UNIT, OutcomeType, Type
from ..graph import (
    ACTIVITY,
    CHILD,
    HANDLE,
    JOIN,
    SELECT,
    SIGNAL,
    TIMER,
    Await,
    Bind,
    Block,
    Call,
    FirstOf,
    Fork,
    Give,
    Pause,
    Plain,
    Request,
    Return,
    Slot,
    Strand,
    Suspend,
)
from ..syntax import Node, Token
from .lowering import Inside, Target
from .rebuild import reference, replaced
from .trying import Trying

EFFECTS = (s.Do, s.Wait, s.ParallelFor, s.Try, s.Select)


class Effects(Trying):
    """The whole of lowering."""

    # --- values --------------------------------------------------------------------------------------------

    def value(self, node: s.Value, label: Token | None) -> s.Expr:
        """Lowers a value; gives an expression for it."""
        if isinstance(node, EFFECTS):
            local = self.make("arrived", self.facts.types.get(node, POISON), node)
            self.into(node, [local], label)
            return reference(self.facts, local, node)
        if isinstance(node, s.Binary) and _begins_with_effect(node):
            left = self.value(node.left, label)
            rebuilt: s.Expr = replaced(self.facts, node, {node.left: left})
            return self.expr(rebuilt)
        if isinstance(node, s.OrFail) and _begins_with_effect(node.value):
            return self.or_fail(self.value(node.value, label), node)
        return self.expr(node)  # type: ignore[arg-type]  # a `spawn` does not suspend, so it is as good as pure

    def into(self, node: s.Value, targets: list[Local], label: Token | None) -> None:
        """Lowers an effect whose value arrives in `targets`."""
        if isinstance(node, s.Do):
            self.do(node, targets, label)
        elif isinstance(node, s.Wait):
            self.wait(node, targets, label)
        elif isinstance(node, s.Select):
            self.select(node, targets[0] if targets else None, label)
        elif isinstance(node, s.Try):
            self.try_into(node, targets[0])
        elif isinstance(node, s.ParallelFor):
            self.parallel_for(node, targets, label)

    def named(self, target: s.Target) -> list[Local]:
        return [self.local(name) for name in ([target] if isinstance(target, Token) else target.names)]

    def let(self, node: s.Let) -> None:
        locals = self.named(node.target)
        same = len(locals) == 1 and self.facts.types.get(node.value) is locals[0].type
        if isinstance(node.value, EFFECTS) and same:
            self.into(node.value, locals, node.label)
        else:
            self.add(Bind(locals, self.value(node.value, node.label), node))
        self.compensate(node.compensate)

    def var(self, node: s.Var) -> None:
        local = self.local(node.name)
        if isinstance(node.value, EFFECTS) and self.facts.types.get(node.value) is local.type:
            self.into(node.value, [local], node.label)
        else:
            self.add(Bind([local], self.value(node.value, node.label), node))
        self.compensate(node.compensate)

    def assign(self, node: s.Assign) -> None:
        value = self.value(node.value, node.label)
        self.add(Plain(replaced(self.facts, node, {node.value: value})))

    def return_(self, node: s.Return) -> None:
        value = self.settled(node.value) if node.value is not None else None
        self.leave(0)
        self.exit(Return(value, node))

    def settled(self, node: s.Value) -> s.Expr:
        """A value that `finally` cannot change any more."""
        value = self.value(node, None)
        if any(scope.final is not None and scope.strand is self.strand for scope in self.scopes):
            kept = self.make("value", self.facts.types.get(value, POISON), node)
            self.add(Bind([kept], value, node))
            value = reference(self.facts, kept, node)
        return value

    def give(self, node: s.Give) -> None:
        target = self.targets[-1]
        if target.after is None:
            value = self.settled(node.value)
            self.leave(target.depth)
            self.exit(Give(value, node))
            return
        assert target.local is not None
        if isinstance(node.value, EFFECTS) and self.facts.types.get(node.value) is target.local.type:
            self.into(node.value, [target.local], None)
        else:
            self.add(Bind([target.local], self.value(node.value, None), node))
        self.leave(target.depth)
        self.goto(target.after)

    # --- one thing at a time -------------------------------------------------------------------------------

    def suspend(self, slot: Slot, request: Request, targets: list[Local]) -> None:
        then = Block()
        assert self.block is not None
        self.block.exit = Suspend(slot, request, targets, then, self.handler())
        self.block = then

    def do_stmt(self, node: s.DoStmt) -> None:
        self.do(node.call, [], node.label)
        self.compensate(node.compensate)

    def do(self, node: s.Do, targets: list[Local], label: Token | None) -> None:
        if self.block is None:
            return
        rebuilt = self.without_fails(node)
        kind = CHILD if node.callee.is_workflow else ACTIVITY
        slot = self.slot(kind, node, label, self.facts.types.get(node, UNIT))
        self.suspend(slot, Call(rebuilt), targets)

    def without_fails(self, node: s.Do) -> s.Do:
        """The call with every `?? fail` in its arguments and policies taken out."""
        values = [arg.value for arg in node.args]
        values += [each.value for each in node.overrides or () if not isinstance(each.value, s.Token | s.Retry)]
        changed: dict[Node, Node] = {old: new for old in values if (new := self.expr(old)) is not old}
        rebuilt: s.Do = replaced(self.facts, node, changed) if changed else node
        return rebuilt

    def wait_stmt(self, node: s.WaitStmt) -> None:
        self.wait(node.wait, [], node.label)

    def wait(self, node: s.Wait, targets: list[Local], label: Token | None) -> None:
        if self.block is None:
            return
        if node.within is not None:
            node = replaced(self.facts, node, {node.within: self.expr(node.within)})
        meaning = self.facts.bindings.get(node)
        handle = meaning if isinstance(meaning, Local) and isinstance(meaning.type, HandleType) else None
        slot = self.slot(HANDLE if handle else SIGNAL, node, label, self.facts.types.get(node, UNIT))
        self.suspend(slot, Await(node, handle), targets)

    def sleep(self, node: s.Sleep) -> None:
        node = replaced(self.facts, node, {node.value: self.expr(node.value)})
        self.suspend(self.slot(TIMER, node, node.label, UNIT), Pause(node), [])

    # --- select --------------------------------------------------------------------------------------------

    def select_stmt(self, node: s.SelectStmt) -> None:
        self.select(node.select, None, node.label)

    def select(self, node: s.Select, local: Local | None, label: Token | None) -> None:
        """The first arm that is ready; as a value, what its body gives."""
        if self.block is None:
            return
        node = self.select_without_fails(node)
        after = Block()
        ways = [Block() for _ in node.arms]
        binds = [self.local(arm.bind) if not isinstance(arm, s.OnTimer) and arm.bind else None for arm in node.arms]
        slot = self.slot(SELECT, node, label, UNIT)
        self.block.exit = Suspend(slot, FirstOf(node, ways, binds), [], None, self.handler())
        if local is not None:
            self.targets.append(Target(local, after, len(self.scopes)))
        for arm, way in zip(node.arms, ways, strict=True):
            self.block = way
            self.body(arm.body)
            self.goto(after)
        if local is not None:
            self.targets.pop()
        self.block = after

    def select_without_fails(self, node: s.Select) -> s.Select:
        """The `select` with every `?? fail` in what its arms wait for taken out: it is asked before anything waits."""
        changed: dict[Node, Node] = {}
        for arm in node.arms:
            if isinstance(arm, s.OnTimer):
                changed[arm.delay] = self.expr(arm.delay)
            elif isinstance(arm, s.OnDone):
                changed[arm.call] = self.without_fails(arm.call)
        changed = {old: new for old, new in changed.items() if old is not new}
        rebuilt: s.Select = replaced(self.facts, node, changed) if changed else node
        return rebuilt

    # --- side by side --------------------------------------------------------------------------------------

    def parallel(self, node: s.Parallel) -> None:
        slot = self.slot(JOIN, node, node.label, UNIT)
        strands = [self.branch(branch, branch.name) for branch in node.branches]
        targets = [self.local(branch.name) for branch in node.branches]
        self.suspend(slot, Fork(node, strands, node.settle, None), targets)

    def branch(self, node: s.Branch | s.Step, name: Token) -> Strand:
        """The strand of a branch or step; it ends by giving its value."""
        type = self.local(name).type
        if isinstance(type, OutcomeType):
            type = type.item
        inside = Inside(self, name.text, type)
        body = node.body
        if isinstance(body, s.Block):
            self.block_of(body)
        elif isinstance(body, s.Pure):
            self.exit(Give(self.expr(body.value), node))
        else:
            self.give_effect(body, type, node)
        return inside.leave(node)

    def give_effect(self, body: s.Effect, type: Type, node: s.Branch | s.Step) -> None:
        """A branch that is one effect; its undo sees the result under the branch's name."""
        own = self.local(node.name)
        result = Local(own.name, own.kind, type, own.node) if type is not UNIT else None
        if isinstance(body, s.Spawn):
            self.exit(Give(body, node))  # type: ignore[arg-type]
            return
        self.into(body, [result] if result is not None else [], None)
        if node.compensate is not None and result is not None:
            self.compensate(self._seeing(node.compensate, own, result))
        else:
            self.compensate(node.compensate)
        if self.block is not None:
            self.exit(Give(reference(self.facts, result, node) if result is not None else None, node))

    def _seeing(self, undo: s.Compensation, own: Local, result: Local) -> s.Compensation:
        """The compensation of a branch, with the branch's name bound to the result inside the strand."""
        put: dict[Node, Node] = {}
        for part in s.walk(undo):
            meaning = self.facts.bindings.get(part)
            if isinstance(part, s.NameRef) and isinstance(meaning, Local) and meaning.node is own.node:
                put[part] = reference(self.facts, result, part)
        rebuilt: s.Compensation = replaced(self.facts, undo, put)
        return rebuilt

    def dag(self, node: s.Dag) -> None:
        slot = self.slot(JOIN, node, node.label, UNIT)
        edges = self.facts.dag_edges[node]
        strands = []
        for step in node.steps:
            strand = self.branch(step, step.name)
            needed = edges.get(step.name.text, [])
            strand.params = [self.local(other.name) for other in node.steps if other.name.text in needed]
            strands.append(strand)
        targets = [self.local(step.name) for step in node.steps]
        self.suspend(slot, Fork(node, strands, False, edges), targets)

    def parallel_for_stmt(self, node: s.ParallelForStmt) -> None:
        self.parallel_for(node.loop, [], node.label)

    def parallel_for(self, node: s.ParallelFor, targets: list[Local], label: Token | None) -> None:
        if self.block is None:
            return
        put: dict[Node, Node] = {node.source: self.iterable(node.source)}
        if node.limit is not None:
            put[node.limit] = self.expr(node.limit)
        node = replaced(self.facts, node, put)
        type = self.facts.types.get(node, POISON)
        item: Type = getattr(type, "item", UNIT)
        if isinstance(item, OutcomeType) and node.settle:
            item = item.item
        slot = self.slot(JOIN, node, label, type)
        inside = Inside(self, f"each.{self.named(node.target)[0].name}", item, named=False)
        inside.strand.params = self.named(node.target)
        inside.strand.turn = True
        self.block_of(node.body)
        strand = inside.leave(node.body)
        self.suspend(slot, Fork(node, [strand], node.settle, None), targets)


def _begins_with_effect(node: s.Value) -> bool:
    """`do f()`, `do f() ?? a`: behind an effect only `??` may follow."""
    while isinstance(node, s.Binary) and node.op == "??":
        node = node.left
    return isinstance(node, EFFECTS)
