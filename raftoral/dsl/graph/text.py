"""A graph as text, for tests and for people who look into the compiler.

    print_graph(graph, source)  -> strands, blocks in order, operations with the text they came from
    print_frames(graph, source) -> one line for each slot: where it is and what is kept there

Input: a graph that is lowered, and after liveness for frames. The same graph gives the same text in every run. It
never changes the graph.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Local
from ..source import Source
from . import (
    Advance,
    AsNew,
    Await,
    Begin,
    Bind,
    Block,
    Call,
    Dispatch,
    Each,
    Exit,
    FirstOf,
    Fork,
    Give,
    Goto,
    Graph,
    Handler,
    If,
    Match,
    Op,
    Pause,
    Plain,
    Raise,
    Register,
    Return,
    Slot,
    Strand,
    Suspend,
    blocks_of,
)

COLUMNS = 76


def one_line(text: str, columns: int = COLUMNS) -> str:
    """Source text without comments and line ends, cut when it is longer than `columns`."""
    rows = [_without_comment(row) for row in text.split("\n")] if "\n" in text else [text]
    joined = " ".join(" ".join(rows).split())
    return joined if len(joined) <= columns else joined[: columns - 1].rstrip() + "…"


def _without_comment(row: str) -> str:
    """The row up to a `#` that stands outside a string."""
    inside = False
    at = 0
    while at < len(row):
        if row[at] == "\\" and inside:
            at += 1
        elif row[at] == '"':
            inside = not inside
        elif row[at] == "#" and not inside:
            return row[:at]
        at += 1
    return row


def print_graph(graph: Graph, source: Source) -> str:
    """Every strand with its blocks, then the slots."""
    return _Printer(graph, source).graph()


def print_frames(graph: Graph, source: Source) -> str:
    """The slots, one to a line, then what each strand takes from around it."""
    return _Printer(graph, source).frames()


class _Printer:
    def __init__(self, graph: Graph, source: Source) -> None:
        self.shown = graph
        self.source = source
        self.strands = list(graph.strands())
        self.names = _strand_names(self.strands)
        self.numbers: dict[Block, int] = {}
        for strand in self.strands:
            for block in blocks_of(strand):
                self.numbers[block] = len(self.numbers) + 1

    @property
    def title(self) -> str:
        return f"workflow {self.shown.name} version {self.shown.version.number}"

    def graph(self) -> str:
        rows = [self.title]
        for strand in self.strands:
            rows += ["", self.strand(strand)]
            for block in blocks_of(strand):
                texts = [*(self.op(op) for op in block.ops), self.exit(block.exit)]
                rows += [f"{self.numbers[block] if not at else '':>4}  {row}" for at, row in enumerate(texts)]
        return "\n".join(rows) + "\n"

    def frames(self) -> str:
        slots = self.shown.slots
        rows = [self.title]
        width = max((len(slot.key) for slot in slots), default=0)
        for slot in slots:
            kept = ", ".join(local.name for local in slot.frame) or "-"
            where = f"  in {', '.join(slot.scopes)}" if slot.scopes else ""
            number = f"{slot.number} " if slot.number else ""
            line = self.source.line_of(slot.node.lo)
            rows.append(f"  {number}{slot.key:<{width}}  {slot.kind:<9} line {line:<4} frame {kept}{where}")
        rows += [f"  {self.strand(strand)}" for strand in self.strands[1:]]
        return "\n".join(rows) + "\n"

    def strand(self, strand: Strand) -> str:
        given = ", ".join(local.name for local in strand.params)
        taken = ", ".join(local.name for local in strand.captured)
        return f"strand {self.names[strand]}({given})" + (f" takes {taken}" if taken else "")

    # --- operations ------------------------------------------------------------------------------------------

    def text(self, node: s.Node) -> str:
        return one_line(self.source.text[node.lo : node.hi])

    def op(self, op: Op) -> str:
        if isinstance(op, Plain):
            return self.text(op.stmt)
        if isinstance(op, Bind):
            return f"{_names(op.targets)} = {self.value(op.value)}"
        if isinstance(op, Register):
            undo = f"strand {self.names[op.undo]}" if isinstance(op.undo, Strand) else self.text(op.undo)
            return f"register {op.scope}: {undo}"
        if isinstance(op, Begin):
            return f"begin {_cursor(op)} in {self.text(op.source)}"
        return f"advance {op.cursor.at.name}" if isinstance(op, Advance) else f"settle {op.scope}"

    def value(self, node: s.Expr) -> str:
        """The text of an expression; a local that the compiler made shows by its name, for it has no text."""
        meaning = self.shown.facts.bindings.get(node)
        return meaning.name if isinstance(meaning, Local) else self.text(node)

    # --- exits -----------------------------------------------------------------------------------------------

    def to(self, block: Block | None) -> str:
        return str(self.numbers[block]) if block is not None else "out"

    def failed(self, handler: Handler | None) -> str:
        return f", failed {self.to(handler.block)} with {handler.problem.name}" if handler is not None else ""

    def exit(self, exit: Exit | None) -> str:
        if isinstance(exit, Suspend):
            return self.suspend(exit)
        if isinstance(exit, If):
            return f"if {self.condition(exit)} then {self.to(exit.then)}, else {self.to(exit.orelse)}"
        if isinstance(exit, Match):
            arms = zip(exit.arms, exit.ways, strict=True)
            ways = ", ".join(f"{arm_text(arm, self.source)} then {self.to(way)}" for arm, way in arms)
            return f"match {self.value(exit.node.subject)}: {ways}"
        if isinstance(exit, Each):
            targets = _names(exit.cursor.targets)
            return f"each {targets} by {exit.cursor.at.name} then {self.to(exit.body)}, else {self.to(exit.after)}"
        if isinstance(exit, Dispatch):
            clauses = zip(exit.clauses, exit.ways, strict=True)
            ways = "".join(f"{errors_text(clause, self.source)} then {self.to(way)}, " for clause, way in clauses)
            return f"dispatch {exit.problem.name}: {ways}else {self.to(exit.otherwise)}"
        if isinstance(exit, Raise):
            return f"raise {self.value(exit.error)}{self.failed(exit.failed)}"
        if isinstance(exit, Return | Give):
            word = "return" if isinstance(exit, Return) else "give"
            return f"{word} {self.value(exit.value)}" if exit.value is not None else word
        if isinstance(exit, AsNew):
            return self.text(exit.node)
        return f"goto {self.to(exit.to)}" if isinstance(exit, Goto) else "no exit"

    def condition(self, exit: If) -> str:
        if isinstance(exit.node, s.OrFail) and isinstance(exit.condition, s.Is):
            return f"{self.value(exit.condition.value)} is none"
        return self.text(exit.condition)

    def suspend(self, exit: Suspend) -> str:
        slot, request = exit.slot, exit.request
        text = f"rest at {slot.key}: {self.asked(slot, exit)}"
        if exit.targets:
            text += f" -> {_names(exit.targets)}"
        if isinstance(request, FirstOf):
            arms = zip(request.arms, request.binds, request.ways, strict=True)
            return text + "".join(
                f", {select_arm_text(arm, self.source)}{f' -> {bind.name}' if bind else ''} then {self.to(way)}"
                for arm, bind, way in arms
            ) + self.failed(exit.failed)  # fmt: skip
        return f"{text} then {self.to(exit.then)}{self.failed(exit.failed)}"

    def asked(self, slot: Slot, exit: Suspend) -> str:
        request = exit.request
        if isinstance(request, Call | Await | Pause):
            return self.text(request.node)
        if isinstance(request, FirstOf):
            return "first of"
        if isinstance(request, Fork):
            return f"{fork_text(request, self.source)} of {', '.join(self.names[each] for each in request.strands)}"
        return f"undo {request.scope}"


def _strand_names(strands: list[Strand]) -> dict[Strand, str]:
    """Names that differ: two loops over `line` are `each.line` and `each.line#2`."""
    used: dict[str, int] = {}
    names = {}
    for strand in strands:
        name = strand.name or "root"
        used[name] = used.get(name, 0) + 1
        names[strand] = name if used[name] == 1 else f"{name}#{used[name]}"
    return names


def _names(locals: list[Local]) -> str:
    return ", ".join(local.name for local in locals)


def _cursor(op: Begin) -> str:
    cursor = op.cursor
    return ", ".join(local.name for local in (cursor.at, cursor.items, cursor.last) if local is not None)


# --- words that pictures use too ---------------------------------------------------------------------------------


def arm_text(arm: s.MatchArm, source: Source) -> str:
    """`Card(last4) if last4 != ""`."""
    last = arm.guard if arm.guard is not None else arm.patterns[-1]
    return one_line(source.text[arm.lo : last.hi])


def errors_text(clause: s.Catch, source: Source) -> str:
    """`OutOfStock | CardDeclined`."""
    return " | ".join(one_line(source.text[name.lo : name.hi]) for name in clause.errors)


def select_arm_text(arm: s.SelectArm, source: Source) -> str:
    """`decide`, `after 3d`, `do ask_atlas(address)`."""
    if isinstance(arm, s.OnTimer):
        return "after " + one_line(source.text[arm.delay.lo : arm.delay.hi])
    if isinstance(arm, s.OnDone):
        return one_line(source.text[arm.call.lo : arm.call.hi])
    return "on " + arm.name.text


def fork_text(request: Fork, source: Source) -> str:
    """`parallel`, `parallel settle`, `dag`, `parallel for line in order.lines limit 4`."""
    if request.loop is not None:
        text = source.text[request.loop.lo : request.loop.body.lo]
        return one_line(text)
    return ("parallel settle" if request.settle else "parallel") if isinstance(request.node, s.Parallel) else "dag"
