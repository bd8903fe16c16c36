"""What suspends, fails and is undone: `do`, `wait`, `select`, `try`, `parallel`, `dag`, `compensate`, ...

A strand is one thread of control: the body of the workflow, a branch, a step or a turn. It yields what it waits for and
gets `(which, value)` back, or an error thrown in.
"""

# ruff: noqa: N802 - methods are named after the classes of nodes

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from raftoral.dsl import syntax as s
from raftoral.dsl.facts.symbols import Activity, Local, Signal, Workflow
from raftoral.dsl.facts.types import OutcomeType
from raftoral.dsl.syntax import Token

from . import std
from .expressions import Env
from .statements import Body, Steps
from .values import AsNewOut, Fault, GiveOut, Leave, Op, Raised, Rec, ReturnOut, Stuck, shaped

if TYPE_CHECKING:
    from .interpreter import Join, Run

EFFECTS = (s.Do, s.Wait, s.ParallelFor, s.Spawn, s.Try, s.Select)


@dataclass
class Rest:
    """Wait for the first of `ops`."""

    ops: list[Op]


@dataclass
class Part:
    """A strand to be: what it runs, with what bound, after which parts."""

    body: s.Node
    compensate: s.Compensation | None
    name: Token | None
    type: Any
    env: Env = field(default_factory=dict)
    needs: frozenset[int] = frozenset()


@dataclass
class Fork:
    """Wait for all of `parts`."""

    parts: list[Part]
    settle: bool
    limit: int


@dataclass
class Undo:
    """A registered compensation: a call with its arguments, or a block with the variables of that moment."""

    strand: Strand
    op: Op | None
    block: s.Block | None
    env: Env


class Strand(Body):
    """See the module. `shield` > 0: it unwinds, and cancellation waits. `pending`: a cancellation that waits."""

    run: Run

    def __init__(self, run: Run, env: Env, scope: list[Undo], parent: Strand | None, join: Join | None) -> None:
        super().__init__(run.program, run.facts, env, run)
        self.scope = scope  # where undos are registered: of the `try` around, or of the run
        self.parent = parent
        self.join = join
        self.shield = 0
        self.place = 0  # among its siblings
        self.undoing: bool = parent is not None and (parent.shield > 0 or parent.undoing)
        self.pending: Rec | None = None
        self.waiting: Rest | Join | None = None
        self.steps: Steps

    # --- the whole of it

    def as_root(self, body: s.Block) -> Steps:
        try:
            yield from self.block(body)
        except ReturnOut as out:
            return out.value
        except Raised:
            yield from self.unwind(self.scope)
            raise

    def as_part(self, part: Part) -> Steps:
        """A branch, step or turn. A failed one of a `settle` undoes what itself did, before it is collected."""
        assert self.join is not None
        try:
            return shaped((yield from self._part_value(part)), part.type)
        except Raised:
            if self.join.request.settle and self.join.cancelled is None:
                mine = [undo for undo in self.scope if self.is_around(undo.strand)]
                self.scope[:] = [undo for undo in self.scope if not self.is_around(undo.strand)]
                yield from self.unwind(mine)
            raise

    def _part_value(self, part: Part) -> Steps:
        if isinstance(part.body, s.Pure):
            return self.expr(part.body.value)
        if isinstance(part.body, s.Block):
            try:
                yield from self.block(part.body)
            except GiveOut as out:
                return out.value
            return None
        value = yield from self.value(part.body, part.compensate is not None)
        if part.name is not None:
            self.env[part.name] = value
        self.register(part.compensate)
        return value

    def is_around(self, other: Strand | None) -> bool:
        while other is not None and other is not self:
            other = other.parent
        return other is self

    # --- one thing at a time

    def value(self, node: Any, has_undo: bool = False) -> Steps:
        if isinstance(node, s.Do):
            found = yield from self.v_Do(node, has_undo)
        elif isinstance(node, EFFECTS):
            found = yield from getattr(self, "v_" + type(node).__name__)(node)
        elif isinstance(node, s.Binary) and node.op == "??":
            found = yield from self.value(node.left)
            found = self.expr(node.right) if found is None else found
        elif isinstance(node, s.OrFail):
            found = yield from self.value(node.value)
            if found is None:
                raise Raised(self.expr(node.error))
        else:
            return self.expr(node)
        return shaped(shaped(found, self.facts.types.get(node)), self.facts.widened.get(node))

    def s_DoStmt(self, node: s.DoStmt) -> Steps:
        yield from self.v_Do(node.call, node.compensate is not None)
        self.register(node.compensate)

    def asked(self, node: s.Do) -> Op:
        """The wish for an effect: its arguments are those of this moment."""
        callee = self.facts.callees[node]
        assert isinstance(callee, Activity | Workflow)
        owner = callee if isinstance(callee, Activity) else callee.newest
        args = self.arguments(node, node.args, owner.params, callee.module, {})
        for policy in node.overrides or ():
            if not isinstance(policy.value, s.Retry | s.Token):
                self.expr(policy.value)
        kind = "activity" if isinstance(callee, Activity) else "child"
        return Op(kind, callee.name, args, owner.result, tuple(owner.raises))

    def v_Do(self, node: s.Do, has_undo: bool = False) -> Steps:
        op = self.asked(node)
        op.has_undo = has_undo
        _, value = yield Rest([op])
        return value

    def awaited(self, node: s.Wait | s.OnSignal) -> Op:
        meaning = self.facts.bindings[node]
        if isinstance(meaning, Signal):
            return Op("signal", meaning.name, type=meaning.payload)
        assert isinstance(meaning, Local)
        handle = self.read(meaning)
        return Op("handle", handle.workflow, child=handle.number)

    def timer(self, delay: Any) -> Op:
        return Op("timer", "timer", due=std.arithmetic("+", self.run.now, delay))

    def s_WaitStmt(self, node: s.WaitStmt) -> Steps:
        yield from self.v_Wait(node.wait)

    def v_Wait(self, node: s.Wait) -> Steps:
        ops = [self.awaited(node)]
        if node.within is not None:
            ops.append(self.timer(self.expr(node.within)))
        which, value = yield Rest(ops)
        # a signal that carries nothing gives `unit?`: anything but none, when it came
        is_unit = node.within is not None and which == 0 and value is None and ops[0].type is None
        return () if is_unit else value

    def s_Sleep(self, node: s.Sleep) -> Steps:
        value = self.expr(node.value)
        yield Rest([Op("timer", "timer", due=value) if node.until else self.timer(value)])

    def s_SelectStmt(self, node: s.SelectStmt) -> Steps:
        yield from self._select(node.select)

    def v_Select(self, node: s.Select) -> Steps:
        try:
            yield from self._select(node)
        except GiveOut as out:
            return out.value
        raise AssertionError("an arm gives")

    def _select(self, node: s.Select) -> Steps:
        ops = []
        for arm in node.arms:
            if isinstance(arm, s.OnTimer):
                ops.append(self.timer(self.expr(arm.delay)))
            else:
                ops.append(self.asked(arm.call) if isinstance(arm, s.OnDone) else self.awaited(arm))
        which, value = yield Rest(ops)
        arm = node.arms[which]
        if not isinstance(arm, s.OnTimer) and arm.bind is not None:
            self.bind(arm.bind, value)
        yield from self.stmt(arm.body)

    # --- children, the log, the end

    def s_SpawnStmt(self, node: s.SpawnStmt) -> Steps:
        yield from self.v_Spawn(node.spawn)

    def v_Spawn(self, node: s.Spawn) -> Steps:
        workflow = self.facts.callees[node]
        assert isinstance(workflow, Workflow)
        yield from ()
        args = self.arguments(node, node.args, workflow.newest.params, workflow.module, {})
        return self.run.spawned(workflow, args, self.expr(node.id) if node.id is not None else None)

    def s_Send(self, node: s.Send) -> None:
        assert isinstance(node.call, s.Call) and isinstance(node.call.callee, s.Attr)
        child = self.expr(node.call.callee.value)
        signal = self.facts.bindings[node]
        assert isinstance(signal, Signal)
        payload = [shaped(self.expr(arg.value), signal.payload) for arg in node.call.args]
        self.run.note("send", child.number, signal.name, *payload)

    def s_Log(self, node: s.Log) -> None:
        self.run.note("log", node.level, std.text(self.expr(node.message)))

    def s_ContinueAsNew(self, node: s.ContinueAsNew) -> None:
        raise AsNewOut(self.arguments(node, node.args, self.run.version_.params, self.facts.interface.module, {}))

    # --- failing and undoing

    def s_Try(self, node: s.Try) -> Steps:
        """The body, or its undos and the `catch` that takes the error; then `finally`, whatever comes."""
        try:
            yield from self._tried(node)
        except (Raised, Leave):
            if node.final is not None:
                yield from self.block(node.final)
            raise
        if node.final is not None:
            yield from self.block(node.final)

    def v_Try(self, node: s.Try) -> Steps:
        try:
            yield from self.s_Try(node)
        except GiveOut as out:
            return out.value
        raise AssertionError("each way gives")

    def _tried(self, node: s.Try) -> Steps:
        outer, self.scope = self.scope, []
        mine = self.scope
        try:
            yield from self.block(node.body)
            return  # the point of no return: `mine` is forgotten, as on every way out without an error
        except Raised as problem:
            error = problem.error
        finally:
            self.scope = outer
        yield from self.unwind(mine)
        for clause in node.catches:
            if any(self.is_named(error, name) for name in clause.errors):
                if clause.name is not None:
                    self.bind(clause.name, error)
                yield from self.block(clause.body)
                return
        raise Raised(error)

    def register(self, node: s.Compensation | None) -> None:
        """The effect succeeded: its undo is known from here on, with the values of this moment."""
        if node is None:
            return
        if isinstance(node.body, s.Do):
            self.scope.append(Undo(self, self.asked(node.body), None, {}))
        else:
            self.scope.append(Undo(self, None, node.body, dict(self.env)))

    def unwind(self, undos: list[Undo]) -> Steps:
        """Runs undos, last registered first, one after the other. Nothing interrupts this; one that fails stops all."""
        while undos:
            undo = undos.pop()
            kept, self.scope, env = self.scope, [], self.env
            self.shield += 1
            try:
                if undo.op is not None:
                    yield Rest([undo.op])
                else:
                    assert undo.block is not None
                    self.env = undo.env
                    yield from self.block(undo.block)
            except Raised as problem:
                raise Stuck(problem.error) from problem
            finally:
                self.shield -= 1
                self.scope, self.env = kept, env

    # --- side by side

    def s_Parallel(self, node: s.Parallel) -> Steps:
        yield from self._named(node.branches, node.settle, {})

    def s_Dag(self, node: s.Dag) -> Steps:
        yield from self._named(node.steps, False, self.facts.dag_edges[node])

    def _named(self, nodes: Any, settle: bool, edges: dict[str, list[str]]) -> Steps:
        names = [node.name.text for node in nodes]
        parts = []
        for node in nodes:
            type = self.facts.targets[node.name].type
            type = type.item if settle and isinstance(type, OutcomeType) else type
            needs = frozenset(names.index(other) for other in edges.get(node.name.text, ()))
            parts.append(Part(node.body, node.compensate, node.name, type, needs=needs))
        values = yield Fork(parts, settle, len(parts))
        for node, value in zip(nodes, values, strict=True):
            self.env[node.name] = value

    def s_ParallelForStmt(self, node: s.ParallelForStmt) -> Steps:
        yield from self.v_ParallelFor(node.loop)

    def v_ParallelFor(self, node: s.ParallelFor) -> Steps:
        items = list(self.items(node.source))
        limit = self.expr(node.limit)  # type: ignore[arg-type]
        if not 1 <= limit <= 10_000:
            raise Fault("limit")
        type = getattr(self.facts.types.get(node), "item", None)
        type = type.item if node.settle and isinstance(type, OutcomeType) else type
        kept, parts = dict(self.env), []
        for item in items:
            self.bind(node.target, item)
            names = [node.target] if isinstance(node.target, Token) else node.target.names
            bound = {name: self.env[name] for name in names}
            parts.append(Part(node.body, None, None, type, bound))
        self.env = kept
        values = yield Fork(parts, node.settle, limit)
        return values
