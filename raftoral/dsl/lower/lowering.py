"""Statements -> blocks. What suspends is in `effects`, what fails is in `trying`; this room has the rest.

The state is a current block; `None` means that control cannot come here. Statements that neither suspend nor leave
stay whole (`Plain`), so most of a workflow keeps the shape in which it was written.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import LET, Local, WorkflowVersion
from ..facts.types import INT, POISON, ListType, OptionalType, Type
from ..graph import (
    Advance,
    AsNew,
    Begin,
    Bind,
    Block,
    Cursor,
    Each,
    Give,
    Goto,
    Graph,
    Handler,
    If,
    Match,
    Op,
    Plain,
    Raise,
    Return,
    Settle,
    Slot,
    Strand,
    Suspend,
    blocks_of,
)
from ..syntax import Node, Token
from .keys import Keys, name_of
from .plain import is_plain
from .rebuild import or_fails, reference, replaced

HIDDEN = "hidden"  # the kind of a local that the compiler makes


class Scope:
    """A `try` around the code: where its errors go, what is undone, what runs on every way out."""

    __slots__ = ("final", "handler", "has_undo", "key", "strand")

    def __init__(self, key: str, strand: Strand, handler: Handler | None, final: s.Block | None) -> None:
        self.key = key
        self.strand = strand
        self.handler = handler
        self.final = final
        self.has_undo = False


class Loop:
    """Where `continue` and `break` go, and how many scopes were open outside."""

    __slots__ = ("after", "depth", "turn")

    def __init__(self, turn: Block, after: Block, depth: int) -> None:
        self.turn = turn
        self.after = after
        self.depth = depth


class Target:
    """Where `give` goes: into `local` and on to `after`; out of the strand when `after` is None."""

    __slots__ = ("after", "depth", "local")

    def __init__(self, local: Local | None, after: Block | None, depth: int) -> None:
        self.local = local
        self.after = after
        self.depth = depth


class Lowering:
    """Lowers one workflow. Subclasses add the rest; `Effects` is the whole."""

    def __init__(self, facts: Facts, decl: s.Workflow, version: WorkflowVersion) -> None:
        self.facts = facts
        name = f"{facts.interface.module}.{decl.name.text}"
        self.strand = Strand("", None, version.result)
        self.graph = Graph(decl, version, facts, name, self.strand)
        labels = {node.label.text for node in s.walk(decl.body) if getattr(node, "label", None) is not None}  # type: ignore[attr-defined]
        self.keys = Keys(labels)
        self.block: Block | None = self.strand.entry
        self.prefix = ""
        self.scopes: list[Scope] = []
        self.loops: list[Loop] = []
        self.targets: list[Target] = []
        self.hidden = 0
        self.tries = 0
        self.undos = 0

    def graph_of_body(self) -> Graph:
        """Lowers the whole workflow."""
        decl = self.graph.decl
        self.strand.params = [self.local(p.name) for p in decl.params]
        self.block_of(decl.body)
        if self.block is not None:
            self.leave(0)
            self.exit(Return(None, decl.body))
        exits = [block.exit for strand in self.graph.strands() for block in blocks_of(strand)]
        met = {exit.slot for exit in exits if isinstance(exit, Suspend)}
        self.graph.slots = [slot for slot in self.graph.slots if slot in met]  # the rest stands where control never is
        return self.graph

    # --- small tools ---------------------------------------------------------------------------------------

    def local(self, token: Token) -> Local:
        return self.facts.targets[token]

    def make(self, word: str, type: Type, node: Node) -> Local:
        """A hidden local; its name cannot clash, for names of authors have no double underscore at the end."""
        self.hidden += 1
        return Local(f"{word}_{self.hidden}__", HIDDEN, type, Token("NAME", word, node.lo, node.lo))

    def add(self, op: Op) -> None:
        if self.block is not None:
            self.block.ops.append(op)

    def exit(self, exit: Goto | If | Match | Each | Return | Give | Raise | AsNew) -> None:
        if self.block is not None:
            self.block.exit = exit
        self.block = None

    def handler(self) -> Handler | None:
        """Where an error goes from here; None when it leaves the strand."""
        for scope in reversed(self.scopes):
            if scope.strand is not self.strand:
                return None
            if scope.handler is not None:
                return scope.handler
        return None

    def leave(self, depth: int) -> None:
        """Control leaves the scopes above `depth` without an error: undos are dropped, `finally` runs."""
        for scope in reversed(self.scopes[depth:]):
            if scope.strand is not self.strand:
                break
            if scope.has_undo:
                self.add(Settle(scope.key, self.graph.decl))
            if scope.final is not None:
                self.plain(scope.final.stmts)

    def plain(self, stmts: list[s.Stmt]) -> None:
        for stmt in stmts:
            self.add(Plain(stmt))

    def expr(self, node: s.Expr) -> s.Expr:
        """The expression, with every `?? fail` taken out and tested before."""
        put: dict[Node, Node] = {}
        for part in or_fails(node):
            put[part] = self.or_fail(replaced(self.facts, part.value, put), part)
        rebuilt: s.Expr = replaced(self.facts, node, put) if put else node
        return rebuilt

    def iterable(self, node: s.Iterable) -> s.Iterable:
        """What a `for` walks over, with every `?? fail` taken out."""
        if not isinstance(node, s.Range):
            return self.expr(node)
        first, last = self.expr(node.first), self.expr(node.last)
        rebuilt: s.Range = replaced(self.facts, node, {node.first: first, node.last: last})
        return rebuilt

    def or_fail(self, value: s.Expr, node: s.OrFail) -> s.Expr:
        """Tests `value`; fails when there is none, else gives what is there."""
        type = self.facts.types.get(value, POISON)
        found = self.make("found", type, node)
        self.add(Bind([found], value, node))
        missing, there = Block(), Block()
        test = s.Is(node.lo, node.hi, reference(self.facts, found, node), None, False)
        self.exit(If(test, missing, there, node))
        self.block = missing
        self.fail(node.error, node)
        self.block = there
        result = reference(self.facts, found, node)
        if isinstance(type, OptionalType):
            self.facts.types[result] = type.inner
            self.facts.narrowed.add(result)
        return result

    def fail(self, error: s.Expr, node: Node) -> None:
        error = self.expr(error)
        self.exit(Raise(error, self.handler(), node))

    def slot(self, kind: str, node: Node, label: s.Token | None, result: Type) -> Slot:
        """The next slot of the workflow."""
        key = self.keys.take(self.prefix, name_of(node), label)
        slot = Slot(key, kind, node, result, self.strand, label is not None)
        slot.scopes = tuple(scope.key for scope in self.scopes if scope.key)
        self.graph.slots.append(slot)
        return slot

    # --- statements ----------------------------------------------------------------------------------------

    def block_of(self, node: s.Block) -> None:
        for stmt in node.stmts:
            self.stmt(stmt)

    def stmt(self, node: s.Stmt) -> None:
        if self.block is None:
            return  # never reached, said by RFT0404
        if is_plain(node):
            self.add(Plain(node))
            return
        getattr(self, _METHODS[node.__class__])(node)

    def if_(self, node: s.If) -> None:
        then, orelse, after = Block(), Block(), Block()
        self.exit(If(self.expr(node.condition), then, orelse, node))
        self.block = then
        self.block_of(node.then)
        self.goto(after)
        self.block = orelse
        if isinstance(node.orelse, s.If):
            self.stmt(node.orelse)
        elif node.orelse is not None:
            self.block_of(node.orelse)
        self.goto(after)
        self.block = after

    def goto(self, block: Block) -> None:
        if self.block is not None:
            self.exit(Goto(block))

    def body(self, node: s.Block | s.Stmt) -> None:
        if isinstance(node, s.Block):
            self.block_of(node)
        else:
            self.stmt(node)

    def match(self, node: s.MatchStmt) -> None:
        subject = self.expr(node.subject)
        if subject is not node.subject:
            node = replaced(self.facts, node, {node.subject: subject})
        ways, after = [Block() for _ in node.arms], Block()
        self.exit(Match(node, node.arms, ways))
        for arm, way in zip(node.arms, ways, strict=True):
            self.block = way
            self.body(arm.body)
            self.goto(after)
        self.block = after

    def for_(self, node: s.For) -> None:
        source = self.iterable(node.source)
        cursor = self.cursor(source, node.target, node)
        head, body, turn, after = Block(), Block(), Block(), Block()
        self.add(Begin(cursor, source, node))
        self.exit(Goto(head))
        head.exit = Each(cursor, body, after, node)
        turn.ops.append(Advance(cursor, node))
        turn.exit = Goto(head)
        self.block = body
        self.loops.append(Loop(turn, after, len(self.scopes)))
        self.block_of(node.body)
        self.loops.pop()
        self.goto(turn)
        self.block = after

    def cursor(self, source: s.Iterable, target: s.Target, node: Node) -> Cursor:
        names = [target] if isinstance(target, Token) else target.names
        targets = [self.local(name) for name in names]
        word = names[0].text
        at = self.make(f"{word}_at", INT, node)
        if isinstance(source, s.Range):
            return Cursor(at, None, self.make(f"{word}_last", INT, node), targets)
        fixed = self.facts.bindings.get(source) if isinstance(source, s.NameRef) else None
        if isinstance(fixed, Local) and fixed.kind in (LET, "parameter") and source not in self.facts.narrowed:
            return Cursor(at, fixed, None, targets)  # it does not change: no copy of the list in the frame
        type = self.facts.types.get(source, POISON)
        items = self.make(f"{word}_items", type if isinstance(type, ListType) else POISON, node)
        return Cursor(at, items, None, targets)

    def while_(self, node: s.While) -> None:
        head, body, after = Block(), Block(), Block()
        self.exit(Goto(head))
        self.block = head
        self.exit(If(self.expr(node.condition), body, after, node))
        self.block = body
        self.loops.append(Loop(head, after, len(self.scopes)))
        self.block_of(node.body)
        self.loops.pop()
        self.goto(head)
        self.block = after

    def break_(self, node: s.Break) -> None:
        self.leave(self.loops[-1].depth)
        self.goto(self.loops[-1].after)

    def continue_(self, node: s.Continue) -> None:
        self.leave(self.loops[-1].depth)
        self.goto(self.loops[-1].turn)

    def continue_as_new(self, node: s.ContinueAsNew) -> None:
        changed: dict[Node, Node] = {
            arg.value: new for arg in node.args if (new := self.expr(arg.value)) is not arg.value
        }
        if changed:
            node = replaced(self.facts, node, changed)
        self.leave(0)
        self.exit(AsNew([arg.value for arg in node.args], node))

    def plain_with_fail(self, node: s.Log | s.Assert | s.Send | s.SpawnStmt) -> None:
        """A statement that is plain but for a `?? fail` in it."""
        put: dict[Node, Node] = {}
        for part in or_fails(node):
            put[part] = self.or_fail(replaced(self.facts, part.value, put), part)
        self.add(Plain(replaced(self.facts, node, put)))

    def fail_(self, node: s.Fail) -> None:
        self.fail(node.error, node)


class Inside:
    """Lowers the body of another strand; `leave` ends it and puts everything back."""

    __slots__ = ("kept", "lowering", "strand")

    def __init__(self, lowering: Lowering, name: str, result: Type, named: bool = True) -> None:
        """`named`: the author gave the strand its name, so it becomes part of the keys inside."""
        self.lowering = lowering
        self.kept = (lowering.strand, lowering.block, lowering.prefix, lowering.loops, lowering.targets)
        path = f"{lowering.prefix}.{name}" if lowering.prefix else name
        self.strand = Strand(path, lowering.strand, result)
        lowering.strand, lowering.block = self.strand, self.strand.entry
        lowering.prefix = path if named else lowering.prefix
        lowering.loops, lowering.targets = [], [Target(None, None, len(lowering.scopes))]

    def leave(self, node: Node) -> Strand:
        """Ends the strand where control comes to its end: it gives nothing."""
        lowering = self.lowering
        if lowering.block is not None:
            lowering.exit(Give(None, node))
        lowering.strand, lowering.block, lowering.prefix, lowering.loops, lowering.targets = self.kept
        return self.strand


_METHODS: dict[type, str] = {
    s.Let: "let", s.Var: "var", s.Assign: "assign", s.DoStmt: "do_stmt", s.WaitStmt: "wait_stmt", s.Sleep: "sleep",
    s.If: "if_", s.MatchStmt: "match", s.For: "for_", s.While: "while_", s.Break: "break_", s.Continue: "continue_",
    s.Try: "try_", s.Parallel: "parallel", s.Dag: "dag", s.ParallelForStmt: "parallel_for_stmt",
    s.SelectStmt: "select_stmt", s.Return: "return_", s.Fail: "fail_", s.Give: "give",
    s.ContinueAsNew: "continue_as_new", s.Log: "plain_with_fail", s.Assert: "plain_with_fail",
    s.Send: "plain_with_fail", s.SpawnStmt: "plain_with_fail",
}  # fmt: skip
