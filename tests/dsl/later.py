"""What may be read later, by definition: a second opinion on `liveness`, which it must not import.

A local is needed at a point if some way from there comes to a place that reads it, before any place that writes it.
Every local is asked for by itself, by walking the ways. Input: a lowered graph. Output: sets of locals.
"""

from __future__ import annotations

from raftoral.dsl import syntax as s
from raftoral.dsl.facts import Facts
from raftoral.dsl.facts.symbols import CHECKPOINT, Local
from raftoral.dsl.graph import (
    Advance,
    AsNew,
    Await,
    Begin,
    Bind,
    Block,
    Call,
    Dispatch,
    Each,
    FirstOf,
    Fork,
    Give,
    Graph,
    If,
    Match,
    Op,
    Pause,
    Plain,
    Raise,
    Register,
    Return,
    Settle,
    Slot,
    Strand,
    Suspend,
    Unwind,
    blocks_of,
    ways_on,
)

READS, WRITES, PASSES = "reads", "writes", "passes"  # what a place does first with a local, on some way through it
Touch = frozenset[str]
NOT = frozenset({PASSES})


class Later:
    """Asks one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.facts: Facts = graph.facts
        self.locals = self._all_locals()

    def frames(self) -> dict[Slot, set[Local]]:
        """What each slot that can be reached has to keep."""
        found = {}
        for strand in self.graph.strands():
            for block in blocks_of(strand):
                exit = block.exit
                if isinstance(exit, Suspend):
                    needed = {local for local in self.locals if self._after(exit, local)}
                    found[exit.slot] = {local for local in needed if local.kind != CHECKPOINT}
        return found

    def captured(self, strand: Strand) -> set[Local]:
        """What a strand reads that it was not given."""
        return {
            local
            for local in self.locals
            if local.kind != CHECKPOINT and local not in strand.params and self._from([strand.entry], local)
        }

    def _all_locals(self) -> list[Local]:
        """Every local of the workflow, those of the compiler too."""
        found = dict.fromkeys(self.facts.targets.values())
        for strand in self.graph.strands():
            found.update(dict.fromkeys(strand.params))
            for block in blocks_of(strand):
                exit = block.exit
                for op in block.ops:
                    if isinstance(op, Bind):
                        found.update(dict.fromkeys(op.targets))
                    elif isinstance(op, Begin):
                        cursor = op.cursor
                        found.update(dict.fromkeys(each for each in (cursor.at, cursor.items, cursor.last) if each))
                if isinstance(exit, Suspend):
                    found.update(dict.fromkeys(exit.targets))
                    found.update({exit.failed.problem: None} if exit.failed else {})
                elif isinstance(exit, Raise) and exit.failed:
                    found[exit.failed.problem] = None
        return list(found)

    # --- ways --------------------------------------------------------------------------------------

    def _after(self, exit: Suspend, local: Local) -> bool:
        return self._from(self._ways(exit, local), local)

    def _from(self, starts: list[Block], local: Local) -> bool:
        """Whether some way from the beginning of one of `starts` reads the local first."""
        seen = set(starts)
        waiting = list(starts)
        while waiting:
            block = waiting.pop()
            touched = NOT
            for op in block.ops:
                touched = _then(touched, self._op(op, local))
            touched = _then(touched, self._asked(block, local))
            if READS in touched:
                return True
            if PASSES in touched:
                for way in self._ways(block.exit, local):
                    if way not in seen:
                        seen.add(way)
                        waiting.append(way)
        return False

    def _ways(self, exit: object, local: Local) -> list[Block]:
        """Where it goes on from an exit without the local having been written on the way."""
        if isinstance(exit, Suspend):
            ways = [] if exit.then is None or local in exit.targets else [exit.then]
            if exit.failed is not None and local is not exit.failed.problem:
                ways.append(exit.failed.block)
            if isinstance(exit.request, FirstOf):
                pairs = zip(exit.request.ways, exit.request.binds, strict=True)
                ways += [way for way, bind in pairs if bind is not local]
            return ways
        if isinstance(exit, Each):
            return [exit.after] + ([] if local in exit.cursor.targets else [exit.body])
        if isinstance(exit, Match):
            arms = zip(exit.arms, exit.ways, strict=True)
            return [way for arm, way in arms if local not in self._bound(arm.patterns)]
        if isinstance(exit, Raise):
            return [exit.failed.block] if exit.failed is not None and exit.failed.problem is not local else []
        block = Block()
        block.exit = exit  # type: ignore[assignment]
        return ways_on(block)

    # --- places ------------------------------------------------------------------------------------

    def _asked(self, block: Block, local: Local) -> Touch:
        """What the exit of a block itself does with the local."""
        exit = block.exit
        read = False
        if isinstance(exit, Suspend):
            read = self._requested(exit, local)
        elif isinstance(exit, If):
            read = self._reads(exit.condition, local)
        elif isinstance(exit, Match):
            read = self._reads(exit.node.subject, local)
            for arm in exit.arms:
                if arm.guard is not None and local not in self._bound(arm.patterns):
                    read = read or self._reads(arm.guard, local)
        elif isinstance(exit, Each):
            read = local in (exit.cursor.at, exit.cursor.items, exit.cursor.last)
        elif isinstance(exit, Dispatch):
            read = local is exit.problem
        elif isinstance(exit, Raise):
            read = self._reads(exit.error, local)
        elif isinstance(exit, Return | Give):
            read = exit.value is not None and self._reads(exit.value, local)
        elif isinstance(exit, AsNew):
            read = any(self._reads(arg, local) for arg in exit.args)
        return frozenset({READS}) if read else NOT

    def _requested(self, exit: Suspend, local: Local) -> bool:
        request = exit.request
        if isinstance(request, Call):
            return self._reads(request.node, local)
        if isinstance(request, Await):
            return request.handle is local or self._reads(request.node.within, local)
        if isinstance(request, Pause):
            return self._reads(request.node.value, local)
        if isinstance(request, FirstOf):
            for arm in request.arms:
                if isinstance(arm, s.OnTimer | s.OnDone):
                    if self._reads(arm.delay if isinstance(arm, s.OnTimer) else arm.call, local):
                        return True
                elif self.facts.bindings.get(arm) is local:
                    return True
            return False
        if isinstance(request, Fork):
            loop = request.loop
            if loop is not None and (self._reads(loop.source, local) or self._reads(loop.limit, local)):
                return True
            return any(self._enters(strand, local) for strand in request.strands)
        assert isinstance(request, Unwind)
        return request.problem is local

    def _enters(self, strand: Strand, local: Local) -> bool:
        return local not in strand.params and self._from([strand.entry], local)

    def _op(self, op: Op, local: Local) -> Touch:
        if isinstance(op, Plain):
            return self._stmt(op.stmt, local)
        if isinstance(op, Bind):
            return self._sets(self._reads(op.value, local), local in op.targets)
        if isinstance(op, Register):
            inner = isinstance(op.undo, Strand) and self._enters(op.undo, local)
            return self._sets(inner or (isinstance(op.undo, s.Do) and self._reads(op.undo, local)), False)
        if isinstance(op, Begin):
            cursor = op.cursor
            source = op.source
            fixed = cursor.items is not None and self.facts.bindings.get(source) is cursor.items
            fresh = {cursor.at, cursor.last} | (set() if fixed else {cursor.items})
            return self._sets(self._reads(source, local), local in fresh)
        assert isinstance(op, Advance | Settle)
        return self._sets(isinstance(op, Advance) and op.cursor.at is local, False)

    @staticmethod
    def _sets(read: bool, written: bool) -> Touch:
        return frozenset({READS if read else WRITES if written else PASSES})

    def _stmt(self, node: s.Stmt | s.Block, local: Local) -> Touch:
        """A plain statement, on every way through it."""
        if isinstance(node, s.Block):
            touched = NOT
            for each in node.stmts:
                touched = _then(touched, self._stmt(each, local))
            return touched
        if isinstance(node, s.Let | s.Var):
            names = [node.name] if isinstance(node, s.Var) else self._names(node.target)
            return self._sets(self._reads(node.value, local), local in [self.facts.targets.get(n) for n in names])
        if isinstance(node, s.Assign):
            mine = self.facts.bindings.get(node) is local
            return self._sets(self._reads(node.value, local) or (mine and node.op != "="), mine)
        if isinstance(node, s.If):
            other = self._stmt(node.orelse, local) if node.orelse is not None else NOT
            both = self._stmt(node.then, local) | other
            return _then(self._sets(self._reads(node.condition, local), False), both)
        if isinstance(node, s.MatchStmt):
            return self._match(node, local)
        if isinstance(node, s.For):
            turn = self._sets(False, local in [self.facts.targets.get(n) for n in self._names(node.target)])
            turns = _then(turn, self._stmt(node.body, local)) | NOT
            return _then(self._sets(self._reads(node.source, local), False), turns)
        if isinstance(node, s.While):
            test = self._sets(self._reads(node.condition, local), False)
            return _then(test, self._stmt(node.body, local) | NOT)
        return self._sets(self._reads(node, local), False)

    def _match(self, node: s.MatchStmt, local: Local) -> Touch:
        found: Touch = frozenset()
        for arm in node.arms:
            way = self._sets(False, local in self._bound(arm.patterns))
            if arm.guard is not None:
                way = _then(way, self._sets(self._reads(arm.guard, local), False))
            found |= _then(way, self._stmt(arm.body, local))
        return _then(self._sets(self._reads(node.subject, local), False), found)

    def _reads(self, node: object, local: Local) -> bool:
        """Whether an expression reads the local, and does not bind it itself."""
        if isinstance(node, list):
            return any(self._reads(each, local) for each in node)
        if not isinstance(node, s.Node) or isinstance(node, s.Token):
            return False
        if isinstance(node, s.Comprehension) and local in [self.facts.targets.get(n) for n in self._names(node.target)]:
            return self._reads(node.source, local)
        if isinstance(node, s.ValueArm) and local in self._bound(node.patterns):
            return False
        if isinstance(node, s.NameRef):
            return self.facts.bindings.get(node) is local
        fields = [name for kind in type(node).__mro__ for name in getattr(kind, "__slots__", ())]
        return any(self._reads(getattr(node, name, None), local) for name in fields)

    def _bound(self, patterns: list[s.Pattern]) -> list[Local | None]:
        return [self.facts.targets.get(each.name) for each in s.walk(patterns) if isinstance(each, s.BindPattern)]

    @staticmethod
    def _names(target: s.Target) -> list[s.Token]:
        return [target] if isinstance(target, s.Token) else list(target.names)


def _then(first: Touch, second: Touch) -> Touch:
    """First the one place, then the other."""
    return (first - NOT) | second if PASSES in first else first
