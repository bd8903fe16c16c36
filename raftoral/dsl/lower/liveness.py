"""Liveness: which locals must survive each slot. Backward over the graph, strand by strand.

    suspend 2  charge_card(order.customer, total)     frame: order          # total is never read again
    suspend 4  send_receipt                           frame: receipt

Input: a graph. Output: the same graph with `Block.live`, `Slot.frame` and `Strand.captured` filled. Checkpoints are
kept beside the frames, by name, and are in none of them.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import CHECKPOINT, Local
from ..graph import (
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
    Strand,
    Suspend,
    Unwind,
    blocks_of,
    forked,
)
from ..syntax import Node

Locals = frozenset[Local]
NOTHING: Locals = frozenset()


def find_live(graph: Graph) -> None:
    """Fills frames and captures; slots list their locals in the order in which they were declared."""
    _Liveness(graph.facts).strand(graph.root)


def declared_order(locals: Locals) -> list[Local]:
    return sorted(locals, key=lambda local: (local.node.lo, local.name))


class _Liveness:
    __slots__ = ("_reads", "facts")

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._reads: dict[Node, Locals] = {}

    def strand(self, strand: Strand) -> None:
        blocks = blocks_of(strand)
        for block in blocks:
            for inner in forked(block):
                self.strand(inner)
        changed = True
        while changed:
            changed = False
            for block in reversed(blocks):
                live = self.into(block)
                if live != block.live:
                    block.live = live
                    changed = True
        for block in blocks:
            if isinstance(block.exit, Suspend):
                block.exit.slot.frame = declared_order(self.frame(block.exit))
        strand.captured = declared_order(strand.entry.live - frozenset(strand.params))

    # --- what is needed before ---------------------------------------------------------------------------

    def into(self, block: Block) -> Locals:
        live = self.before_exit(block)
        for op in reversed(block.ops):
            live = self.before_op(op, live)
        return live

    def before_op(self, op: Op, after: Locals) -> Locals:
        if isinstance(op, Plain):
            return (after - self.given_by(op.stmt)) | self.read_by_stmt(op.stmt)
        if isinstance(op, Bind):
            return (after - frozenset(op.targets)) | self.reads(op.value)
        if isinstance(op, Register):
            return after | (frozenset(op.undo.captured) if isinstance(op.undo, Strand) else self.read_by_args(op.undo))
        if isinstance(op, Begin):
            cursor = op.cursor
            fresh = {cursor.at, cursor.last}
            source = op.source
            if cursor.items is not None and not (isinstance(source, s.NameRef) and self.is_local(source, cursor.items)):
                fresh.add(cursor.items)
            return (after - frozenset(local for local in fresh if local)) | self.reads(source)
        return after | {op.cursor.at} if isinstance(op, Advance) else after

    def before_exit(self, block: Block) -> Locals:
        exit = block.exit
        if isinstance(exit, Suspend):
            return self.frame(exit) | self.asked(exit)
        if isinstance(exit, If):
            return exit.then.live | exit.orelse.live | self.reads(exit.condition)
        if isinstance(exit, Match):
            return self.before_match(exit)
        if isinstance(exit, Each):
            cursor = exit.cursor
            needed = {local for local in (cursor.at, cursor.items, cursor.last) if local is not None}
            return exit.after.live | (exit.body.live - frozenset(cursor.targets)) | needed
        if isinstance(exit, Dispatch):
            ways = frozenset(local for way in exit.ways for local in way.live)
            return ways | (exit.otherwise.live if exit.otherwise else NOTHING) | {exit.problem}
        if isinstance(exit, Raise):
            caught = exit.failed.block.live - {exit.failed.problem} if exit.failed else NOTHING
            return caught | self.reads(exit.error)
        if isinstance(exit, Return | Give):
            return self.reads(exit.value) if exit.value is not None else NOTHING
        if isinstance(exit, AsNew):
            return frozenset(local for arg in exit.args for local in self.reads(arg))
        return exit.to.live if exit is not None else NOTHING

    def before_match(self, exit: Match) -> Locals:
        live = self.reads(exit.node.subject)
        for arm, way in zip(exit.arms, exit.ways, strict=True):
            needed = way.live | (self.reads(arm.guard) if arm.guard is not None else NOTHING)
            live |= needed - self.bound_by(arm.patterns)
        return live

    def frame(self, exit: Suspend) -> Locals:
        """What must be kept while a run rests: whatever may be read once it goes on."""
        kept = exit.then.live - frozenset(exit.targets) if exit.then is not None else NOTHING
        if exit.failed is not None:
            kept |= exit.failed.block.live - {exit.failed.problem}
        if isinstance(exit.request, FirstOf):
            for way, bind in zip(exit.request.ways, exit.request.binds, strict=True):
                kept |= way.live - ({bind} if bind is not None else NOTHING)
        return kept

    def asked(self, exit: Suspend) -> Locals:
        """What the request itself reads: it is needed to ask, not to go on."""
        request = exit.request
        if isinstance(request, Call):
            return self.read_by_args(request.node)
        if isinstance(request, Await):
            needed = {request.handle} if request.handle is not None else set()
            return frozenset(needed) | (self.reads(request.node.within) if request.node.within else NOTHING)
        if isinstance(request, Pause):
            return self.reads(request.node.value)
        if isinstance(request, FirstOf):
            return frozenset(local for arm in request.arms for local in self.read_by_arm(arm))
        if isinstance(request, Fork):
            needed = {local for strand in request.strands for local in strand.captured}
            if request.loop is not None:
                needed |= self.reads(request.loop.source)
                needed |= self.reads(request.loop.limit) if request.loop.limit is not None else NOTHING
            return frozenset(needed)
        assert isinstance(request, Unwind)
        return frozenset({request.problem})

    def read_by_arm(self, arm: s.SelectArm) -> Locals:
        if isinstance(arm, s.OnTimer):
            return self.reads(arm.delay)
        if isinstance(arm, s.OnDone):
            return self.read_by_args(arm.call)
        handle = self.facts.bindings.get(arm)
        return frozenset({handle}) if isinstance(handle, Local) else NOTHING

    # --- what a piece of syntax reads and gives -------------------------------------------------------------

    def is_local(self, node: s.NameRef, local: Local) -> bool:
        return self.facts.bindings.get(node) is local

    def reads(self, node: Node) -> Locals:
        """The locals that an expression reads, but for those that it binds itself."""
        found = self._reads.get(node)
        if found is None:
            read = set()
            bound: set[Local] = set()
            for part in s.walk(node):
                meaning = self.facts.bindings.get(part)
                if isinstance(meaning, Local) and meaning.kind != CHECKPOINT:
                    read.add(meaning)
                if isinstance(part, s.Comprehension):
                    bound |= self.bound_by_target(part.target)
                elif isinstance(part, s.ValueArm):
                    bound |= self.bound_by(part.patterns)
            found = self._reads[node] = frozenset(read - bound)
        return found

    def read_by_args(self, node: s.Do) -> Locals:
        found = {local for arg in node.args for local in self.reads(arg.value)}
        for policy in node.overrides or ():
            if not isinstance(policy.value, s.Token | s.Retry):
                found |= self.reads(policy.value)
        return frozenset(found)

    def read_by_stmt(self, node: s.Stmt) -> Locals:
        """What a plain statement reads of what was there before it."""
        read: set[Local] = set()
        own: set[Local] = set()
        for part in s.walk(node):
            meaning = self.facts.bindings.get(part)
            if isinstance(part, s.Assign):
                if part.op != "=" and isinstance(meaning, Local):
                    read.add(meaning)
            elif isinstance(meaning, Local):
                read.add(meaning)
            own |= self.declared_by(part)
        return frozenset(local for local in read - own if local.kind != CHECKPOINT)

    def declared_by(self, part: Node) -> Locals:
        if isinstance(part, s.Let):
            return self.bound_by_target(part.target)
        if isinstance(part, s.Var):
            return self.bound_by_target(part.name)
        if isinstance(part, s.For | s.Comprehension):
            return self.bound_by_target(part.target)
        if isinstance(part, s.MatchArm | s.ValueArm):
            return self.bound_by(part.patterns)
        return NOTHING

    def given_by(self, node: s.Stmt) -> Locals:
        """The locals that have a new value after a statement in any case."""
        if isinstance(node, s.Let):
            return self.bound_by_target(node.target)
        if isinstance(node, s.Var):
            return self.bound_by_target(node.name)
        local = self.facts.bindings.get(node)
        if isinstance(node, s.Assign) and node.op == "=" and isinstance(local, Local):
            return frozenset({local})
        return NOTHING

    def bound_by_target(self, target: s.Target) -> Locals:
        names = [target] if isinstance(target, s.Token) else target.names
        return frozenset(self.facts.targets[name] for name in names if name in self.facts.targets)

    def bound_by(self, patterns: list[s.Pattern]) -> Locals:
        names = (part.name for part in s.walk(patterns) if isinstance(part, s.BindPattern))
        return frozenset(self.facts.targets[name] for name in names if name in self.facts.targets)
