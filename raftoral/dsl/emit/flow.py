"""Graph -> functions: one for the beginning, one for each slot, one where ways meet.

A block that is reached from one place only is written where it is reached. A block that is reached from several places
gets a function of its own, whose parameters are what is live there:

    def _after_notify(cx, s, f, _):                     # the slot goes on
        return _next_approver(cx, s, f.expense, f.hold, f.decision, f.approver_at + 1)

Turning a loop without a rest goes through the machine (`rt.go`), so that the Python stack does not grow.
"""

from __future__ import annotations

from collections import Counter

from .. import syntax as s
from ..facts.symbols import CHECKPOINT, Activity, Local, Workflow
from ..facts.types import UNIT, Type
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
    Settle,
    Slot,
    Strand,
    Suspend,
    Unwind,
    blocks_of,
    ways_on,
)
from .calls import definition_of
from .expressions import NOT, Expressions, is_path, quoted
from .names import camel, constant, field, safe, snaked
from .patterns import guarded, tests_of
from .policies import error_text, overrides_text
from .statements import Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED_MAX = 3  # fields that make a name for a frame of several slots; with more it is called after the first slot
SHORT_MAX = 40  # characters of a value that is written wherever a way ends with it


class Written:
    """A function of the generated module, as text."""

    __slots__ = ("body", "decorator", "name", "params")

    def __init__(self, name: str, params: str, body: list[str], decorator: str) -> None:
        self.decorator = decorator
        self.name = name
        self.params = params
        self.body = body


class Flow(Statements):
    """Writes the functions of one workflow."""

    def __init__(self, out: Expressions, graph: Graph, prefix: str, state: str, args: str) -> None:
        super().__init__(out)
        self.graph = graph
        self.prefix = prefix  # sets the names of several workflows or versions of one module apart
        self.state = state
        self.functions: list[Written] = []
        self.names: dict[Block, str] = {}
        self.heads: set[Block] = set()
        self.queue: list[Block] = []
        self.args_name = args
        self.chosen: dict[object, str] = {}
        self.failing: dict[Slot, str] = {}
        self.holders: Counter[tuple[str, ...]] = Counter()  # how many frames hold the same
        self.given_as = ("", "")  # the frame that the function which is being written gets: `f`, and its class
        self.renamed: set[Op] = set()  # assignments that only give what arrived its name
        self.joins: dict[Strand, Slot] = {}
        self.turning = False  # whether the function that is being written may be entered by `rt.go`

    # --- names ---------------------------------------------------------------------------------------------

    @property
    def begin_name(self) -> str:
        """The function that a run begins with."""
        return self.once(self.graph, self.function("begin"))

    def slot_name(self, slot: Slot) -> str:
        """The function that goes on after a slot; as a value it is the slot itself."""
        return self.once(("after", slot), self.function(f"after_{snaked(slot.key)}"))

    def frame_name(self, slot: Slot) -> str:
        """The class of a slot's frame. Those that hold the same are one class, called after what it holds."""
        return self._holder(("frame", slot), slot.frame, f"_At{camel(self.prefix)}{camel(slot.key)}")

    def _holder(self, thing: object, locals: Sequence[Local], name: str) -> str:
        if not locals:
            return "rt.Empty"
        fields = self.fields(locals)
        if not self.holders:
            slots = [self.fields(slot.frame) for slot in self.graph.slots]
            strands = [self.fields(strand.captured) for strand in self.graph.strands() if strand is not self.graph.root]
            self.holders.update(Counter([*slots, *strands]))
        if self.holders[fields] == 1:
            return self.once(thing, name)
        if len(fields) <= NAMED_MAX:
            name = f"_With{camel(self.prefix)}{camel('_'.join(line.partition(':')[0] for line in fields))}"
        return self.once(("holder", fields), name)

    def fields(self, locals: Sequence[Local]) -> tuple[str, ...]:
        """What a frame says of what it holds: `("order: Order", "count_: int")`."""
        return tuple(f"{field(self.name_of(local))}: {self.types(local.type)}" for local in locals)

    def once(self, thing: object, name: str) -> str:
        """The name of a thing of ours, the same each time; a number tells it from the name of another thing."""
        known = self.chosen.get(thing)
        if known is None:
            taken = self.out.types.imports.taken
            known, number = name, 2
            while known in taken:
                known, number = f"{name}_{number}", number + 1
            taken.add(known)
            self.chosen[thing] = known
        return known

    def function(self, word: str) -> str:
        return f"_{self.prefix}_{word}" if self.prefix else f"_{word}"

    def types(self, type: Type) -> str:
        return self.out.types.text(type)

    # --- the whole -----------------------------------------------------------------------------------------

    def write(self) -> list[Written]:
        """All functions of the workflow, in the order in which a run meets them."""
        for strand in self.graph.strands():
            for block in blocks_of(strand):
                if isinstance(block.exit, Suspend) and isinstance(block.exit.request, Fork):
                    self.joins.update((part, block.exit.slot) for part in block.exit.request.strands)
        for strand in self.graph.strands():
            self._find_meetings(strand)
        for strand in self.graph.strands():
            self._failures(strand)  # first: the slots below name them
        for strand in self.graph.strands():
            self._strand(strand)
        return sorted(self.functions, key=lambda written: bool(written.name))  # those that only give are a table

    def _find_meetings(self, strand: Strand) -> None:
        """Names the blocks that several ways lead to."""
        ways: dict[Block, int] = {}
        blocks = blocks_of(strand)
        for block in blocks:
            for way in ways_on(block):
                ways[way] = ways.get(way, 0) + 1
        for block in blocks:
            exit = block.exit
            if isinstance(exit, Each):
                self.heads.add(block)
                self._name(block, f"next_{exit.cursor.targets[0].name if exit.cursor.targets else 'item'}")
            elif isinstance(exit, Dispatch) or (isinstance(exit, Suspend) and isinstance(exit.request, Unwind)):
                if ways.get(block, 0) > 1:
                    self._name(block, "try_failed")
            elif ways.get(block, 0) > 1 and not self._is_short_end(block):
                self._name(block, self._hint(block))
        for block in blocks:  # a `while` comes back to its head
            if isinstance(block.exit, If) and isinstance(block.exit.node, s.While) and ways.get(block, 0) > 1:
                self.heads.add(block)

    def _is_short_end(self, block: Block) -> bool:
        """Whether a block only gives a value, in a few words: then each way there says it."""
        exit = block.exit
        if block.ops or not isinstance(exit, Return | Give):
            return False
        return exit.value is None or exit.value.hi - exit.value.lo <= SHORT_MAX

    def _hint(self, block: Block) -> str:
        """A telling name for a meeting of ways: what comes next there."""
        exit = block.exit
        if isinstance(exit, If) and isinstance(exit.node, s.While) and not block.ops:
            return "again"
        if isinstance(exit, Suspend):
            return f"to_{snaked(exit.slot.key)}"
        if isinstance(exit, Return | Give):
            return "finish"
        return "go_on"

    def _name(self, block: Block, word: str) -> None:
        self.names[block] = self.once(block, self.function(word))
        self.queue.append(block)

    def _strand(self, strand: Strand) -> None:
        blocks = blocks_of(strand)
        self._begin(strand)
        for block in blocks:
            if block in self.names and block is not strand.entry:
                self._meeting(block)
            if isinstance(block.exit, Suspend):
                self._after(block.exit)

    # --- functions -----------------------------------------------------------------------------------------

    def start(self, env: dict[Local, str], turning: bool) -> None:
        self.lines = []
        self.depth = 1
        self.said = -1
        self.out.env = dict(env.items())
        self.out.temporaries = 0
        self.turning = turning
        self.noted = set()
        self.given_as = ("", "")

    def finish(self, name: str, params: str, decorator: str = "") -> None:
        self.functions.append(Written(name, params, self.lines, decorator))

    def _begin(self, strand: Strand) -> None:
        if strand is self.graph.root:
            env = {local: f"a.{field(safe(local.name))}" for local in strand.params}
            self.start(env, False)
            self.block(strand.entry)
            self.finish(self.begin_name, f"cx: rt.Cx, s: {self.state}, a: {self.args_name}")
            return
        env = {local: f"c.{field(self.name_of(local))}" for local in strand.captured}
        params = [f"cx: rt.Cx, s: {self.state}, c: {self.captured_name(strand)}"]
        for local in strand.params:
            env[local] = self.name_of(local)
        params += self.given(strand)
        self.start(env, False)
        self.given_as = ("c", self.captured_name(strand))
        self.unpack(strand)
        self.block(strand.entry)
        words = [quoted(self.part_key(strand)), self.captured_name(strand), self.types(strand.result)]
        self.finish(
            self.start_name(strand), ", ".join(params), f"@rt.part({', '.join([*words, *self.given_types(strand)])})"
        )

    def given(self, strand: Strand) -> list[str]:
        """The parameters of a strand beside what it captures: the item of a turn, the results of earlier steps."""
        types = self.given_types(strand)
        if strand.turn and len(strand.params) > 1:
            return [f"item: {types[0]}"]
        return [f"{self.name_of(local)}: {type}" for local, type in zip(strand.params, types, strict=True)]

    def given_types(self, strand: Strand) -> list[str]:
        types = [self.types(local.type) for local in strand.params]
        return [f"tuple[{', '.join(types)}]"] if strand.turn and len(types) > 1 else types

    def part_key(self, strand: Strand) -> str:
        """The stable name of a part: that of the slot where its siblings meet, and its own."""
        name = strand.name.rpartition(".")[2]
        if strand in self.joins:
            return f"{self.joins[strand].key}.{name}"
        return strand.name

    def unpack(self, strand: Strand) -> None:
        if strand.turn and len(strand.params) > 1:
            self.line(f"{', '.join(self.name_of(local) for local in strand.params)} = item")

    def start_name(self, strand: Strand) -> str:
        return self.once(("start", strand), self.function(strand.name.replace(".", "_")))

    def captured_name(self, strand: Strand) -> str:
        return self._holder(("captured", strand), strand.captured, f"_For{camel(self.prefix)}{camel(strand.name)}")

    def _meeting(self, block: Block) -> None:
        live = self.live(block)
        params = [f"cx: rt.Cx, s: {self.state}"]
        env = {}
        for local in live:
            env[local] = self.name_of(local)
            params.append(f"{self.name_of(local)}: {self.types(self.type_of(local))}")
        self.start(env, block in self.heads or True)
        self.block(block)
        self.finish(self.names[block], ", ".join(params))

    def type_of(self, local: Local) -> Type:
        return local.type

    def live(self, block: Block) -> list[Local]:
        return sorted(
            (local for local in block.live if local.kind != CHECKPOINT), key=lambda local: (local.node.lo, local.name)
        )

    def _after(self, exit: Suspend) -> None:
        """What happens when that which a slot waited for has arrived."""
        slot = exit.slot
        if self._only_gives(exit):
            kind = self.types(slot.result)
            line = f"{quoted(slot.key)}, {self.source.line_of(slot.node.lo)}, {kind}"
            self.lines = [f"{self.slot_name(slot)} = rt.giving({slot.number}, {line})"]
            self.finish("", "")
            return
        env = {local: f"f.{field(self.name_of(local))}" for local in slot.frame}
        arrived, params = self._arrival(exit, env)
        self.start(env, False)
        self.given_as = ("f", self.frame_name(slot))
        for line in arrived:
            self.line(line)
        if isinstance(exit.request, FirstOf):
            self._arms(exit.request)
        else:
            assert exit.then is not None
            self.goto(exit.then)
        number, row = slot.number, self.source.line_of(slot.node.lo)
        failed = f", {self.failing[slot]}" if slot in self.failing else ""
        result = params.partition(": ")[2]
        undo = ", undo=True" if _registers(exit.then) else ""
        decorator = f"@rt.slot({number}, {quoted(slot.key)}, {row}, {self.frame_name(slot)}, {result}{failed}{undo})"
        self.finish(
            self.slot_name(slot), f"cx: rt.Cx, s: {self.state}, f: {self.frame_name(slot)}, {params}", decorator
        )

    def _only_gives(self, exit: Suspend) -> bool:
        """Whether all that is left to do is to give what arrived: most branches are one effect."""
        end = exit.then.exit if exit.then is not None and not exit.then.ops else None
        if exit.slot.frame or exit.slot in self.failing or not isinstance(end, Give) or exit.then in self.names:
            return False
        if isinstance(exit.request, Fork) and exit.request.loop is None:
            return False  # what arrives is a tuple of all branches
        if end.value is None:
            return exit.slot.result is UNIT
        given = self.facts.bindings.get(end.value)
        return bool(exit.targets) and given is exit.targets[0] and end.value not in self.facts.widened

    def _failures(self, strand: Strand) -> None:
        """One function for each handler: it takes the frame of any slot whose errors come here."""
        slots: dict[Handler, list[Slot]] = {}
        for block in blocks_of(strand):
            if isinstance(block.exit, Suspend) and block.exit.failed is not None:
                slots.setdefault(block.exit.failed, []).append(block.exit.slot)
        for handler, failing in slots.items():
            word = "failed" if not strand.name else f"{strand.name.replace('.', '_')}_failed"
            name = self.once(handler, self.function(word))
            frames = sorted({self.frame_name(slot) for slot in failing})
            env = {local: f"f.{field(self.name_of(local))}" for local in self.live(handler.block)}
            env[handler.problem] = "problem"
            self.start(env, False)
            self.given_as = ("f", frames[0]) if len(frames) == 1 else ("", "")
            self.goto(handler.block)
            self.finish(name, f"cx: rt.Cx, s: {self.state}, f: {' | '.join(frames)}, problem: rt.WorkflowError")
            self.failing.update((slot, name) for slot in failing)

    def _arrival(self, exit: Suspend, env: dict[Local, str]) -> tuple[list[str], str]:
        """How the arrived value is named, and the parameter that brings it."""
        request, targets = exit.request, exit.targets
        if isinstance(request, FirstOf):
            return [], "won: rt.Won"
        if isinstance(request, Fork) and request.loop is None:
            names = [self.name_of(local) if local.type is not UNIT else "_" for local in targets]
            for local in targets:
                env[local] = self.name_of(local)
            kinds = f"tuple[{', '.join(self.types(local.type) for local in targets)}]"
            used = [local for local in targets if exit.then is not None and local in exit.then.live]
            if not used:
                return [], f"_: {kinds}"
            shown = [name if local in used else "_" for name, local in zip(names, targets, strict=True)]
            return [f"{', '.join(shown)}{',' if len(shown) == 1 else ''} = results"], f"results: {kinds}"
        if not targets or (exit.then is not None and targets[0] not in exit.then.live):
            return [], f"_: {self.types(exit.slot.result)}"
        name = self.name_of(self._only_named(exit) or targets[0])
        env[targets[0]] = name
        return [], f"{name}: {self.types(targets[0].type)}"

    def _only_named(self, exit: Suspend) -> Local | None:
        """The variable that what arrived is assigned to, if that is all that becomes of it: then it has its name."""
        then, arrived = exit.then, exit.targets[0]
        op = then.ops[0] if then is not None and then not in self.names and then.ops else None
        if not isinstance(op, Plain) or not isinstance(op.stmt, s.Assign) or op.stmt.op != "=":
            return None
        local, value = self.facts.bindings.get(op.stmt), op.stmt.value
        same = isinstance(value, s.NameRef) and self.facts.bindings.get(value) is arrived
        if not same or not isinstance(local, Local) or local.kind == CHECKPOINT or local.type is not arrived.type:
            return None
        self.renamed.add(op)
        return local

    def _arms(self, request: FirstOf) -> None:
        for number, (arm, way, bind) in enumerate(zip(request.arms, request.ways, request.binds, strict=True)):
            last = number == len(request.arms) - 1
            before = dict(self.out.env)
            if not last:
                self.line(f"if won.arm == {number}:")
                self.depth += 1
            self.mark(arm)
            if bind is not None and bind in way.live:
                name = self.spelled(bind)
                self.line(f"{name}{self.note(name, bind.type)} = won.value")
            self.goto(way)
            self.out.env = before
            if not last:
                self.depth -= 1

    # --- blocks --------------------------------------------------------------------------------------------

    def goto(self, block: Block) -> None:
        """Control goes to `block`: written here when it is reached from here only."""
        name = self.names.get(block)
        if name is None:
            self.flow_block(block)
            return
        args = [self.out.local(local) for local in self.live(block)]
        if block in self.heads and self.turning:
            self.line(f"return rt.go({', '.join([name, *args])})")
        else:
            self.line(f"return {name}({', '.join(['cx', 's', *args])})")

    def block(self, node: object) -> None:
        """A block of the graph, or of the syntax inside a plain statement."""
        if isinstance(node, Block):
            self.flow_block(node)
        else:
            super().block(node)  # type: ignore[arg-type]

    def flow_block(self, block: Block) -> None:
        for op in block.ops:
            if op in self.renamed:
                assert isinstance(op, Plain)
                self.spelled(self.facts.bindings[op.stmt])  # type: ignore[arg-type]
            else:
                self.op(op)
        self.exit(block)

    def op(self, op: Op) -> None:
        if isinstance(op, Plain):
            self.statement(op.stmt)
        elif isinstance(op, Bind):
            self._bind(op)
        elif isinstance(op, Register):
            self._register(op)
        elif isinstance(op, Settle):
            self.line(f"cx.settle({quoted(op.scope)})")
        elif isinstance(op, Begin):
            self._start_cursor(op)
        elif isinstance(op, Advance):
            at = op.cursor.at
            self.out.env[at] = f"{self.out.local(at)} + 1"

    def _bind(self, op: Bind) -> None:
        self.mark(op.node)
        value = self.out.value(op.value, op.targets[0].type if len(op.targets) == 1 else None)
        path = is_path(value) and self.stays(op.value, value)
        if len(op.targets) == 1 and path and op.targets[0].kind in ("hidden", "bound name"):
            self.out.env[op.targets[0]] = value
            return
        names = ", ".join(self.spelled(local) for local in op.targets)
        first = op.targets[0]
        note = ""
        if len(op.targets) == 1:  # other ways bind it to other values
            note = self.note(names, first.type, self.differs(op.value, first.type, True))
        self.line(f"{names}{note} = {value}")

    def _register(self, op: Register) -> None:
        if isinstance(op.undo, Strand):
            self.line(f"cx.compensate_with({quoted(op.scope)}, {self.branch(op.undo, ())})")
            return
        activity = self.activity(self.out.facts.callees[op.undo])
        args = self.out.tuple_of(op.undo, f"{activity}.defaults")
        self.line(f"cx.compensate({quoted(op.scope)}, {activity}, {args})")

    def activity(self, meaning: object) -> str:
        assert isinstance(meaning, Activity)
        name = constant(meaning.name)
        return name if meaning.module == self.out.types.module else self.out.types.imports.name(meaning.module, name)

    def _start_cursor(self, op: Begin) -> None:
        cursor, source = op.cursor, op.source
        self.mark(op.node)
        if isinstance(source, s.Range):
            self.out.env[cursor.at] = self.out.text(source.first)
            assert cursor.last is not None
            self.out.env[cursor.last] = self.out.text(source.last)
            return
        self.out.env[cursor.at] = "0"
        items = cursor.items
        if items is not None and items.kind == "hidden":
            self.out.env[items] = self.out.text(source)

    def branch(self, strand: Strand, after: Sequence[str]) -> str:
        captured = self._held(strand.captured, self.captured_name(strand))
        return f"rt.Branch({', '.join([self.start_name(strand), captured, *map(quoted, after)])})"

    # --- exits ---------------------------------------------------------------------------------------------

    def exit(self, block: Block) -> None:
        exit = block.exit
        if isinstance(exit, Goto):
            self.goto(exit.to)
        elif isinstance(exit, If):
            self.mark(exit.node)
            self._branch(self.out.text(exit.condition), exit.then)
            self.goto(exit.orelse)
        elif isinstance(exit, Each):
            self._each_item(exit)
        elif isinstance(exit, Match):
            self._ways(exit)
        elif isinstance(exit, Suspend):
            self._suspend(exit)
        elif isinstance(exit, Return | Give):
            self._return(exit)
        elif isinstance(exit, Raise):
            self._raise(exit)
        elif isinstance(exit, Dispatch):
            self._dispatch(exit)
        elif isinstance(exit, AsNew):
            self.mark(exit.node)
            args = self.out.tuple_of(exit.node, f"{self.args_name}._field_defaults", by_name=True)
            self.line(f"return rt.AsNew({args})")

    def _branch(self, test: str, to: Block) -> None:
        before = dict(self.out.env)
        self.line(f"if {test}:")
        self.depth += 1
        self.goto(to)
        self.depth -= 1
        self.out.env = before

    def _return(self, exit: Return | Give) -> None:
        self.mark(exit.node)
        if exit.value is None:
            self.line("return rt.Return(None)")
            return
        want = self.graph.version.result if isinstance(exit, Return) else None
        self.line(f"return rt.Return({self.out.value(exit.value, want)})")

    def _each_item(self, exit: Each) -> None:
        cursor = exit.cursor
        at = self.out.local(cursor.at)
        self.mark(exit.node)
        before = dict(self.out.env)
        if cursor.last is not None:
            self.line(f"if {at} <= {self.out.local(cursor.last)}:")
            item = at
        else:
            assert cursor.items is not None
            items = self.out.local(cursor.items)
            self.line(f"if {at} < len({items}):")
            item = f"{items}[{at}]"
        self.depth += 1
        self.line(f"{', '.join(self.spelled(local) for local in cursor.targets)} = {item}")
        self.goto(exit.body)
        self.depth -= 1
        self.out.env = before
        self.goto(exit.after)

    def _ways(self, exit: Match) -> None:
        self.mark(exit.node)
        subject = self.subject(exit.node.subject)
        type = self.facts.types[exit.node.subject]
        tests = [(test, arm, way) for arm, way in zip(exit.arms, exit.ways, strict=True)
                 for test in tests_of(self.out, arm, type, subject)]  # fmt: skip
        for number, ((test, binds), arm, way) in enumerate(tests):
            before = dict(self.out.env)
            self.out.env.update(binds)
            if arm.guard is not None:
                test = guarded(test, self.out.part(arm.guard, NOT))
            if number == len(tests) - 1 or test == "True":
                self.mark(arm)
                self.goto(way)
                self.out.env = before
                return
            self.line(f"if {test}:")
            self.depth += 1
            self.mark(arm)
            self.goto(way)
            self.depth -= 1
            self.out.env = before

    def _raise(self, exit: Raise) -> None:
        self.mark(exit.node)
        error = self.out.text(exit.error)
        if exit.failed is None:
            self.line(f"return rt.Raise({error})")
            return
        self.out.env[exit.failed.problem] = error
        self.goto(exit.failed.block)

    def _dispatch(self, exit: Dispatch) -> None:
        problem = self.out.local(exit.problem)
        if not problem.replace(".", "_").isidentifier():
            self.line(f"problem: rt.WorkflowError = {problem}")
            self.out.env[exit.problem] = problem = "problem"
        for clause, way in zip(exit.clauses, exit.ways, strict=True):
            errors = [self.error(name) for name in clause.errors]
            self.mark(clause)
            before = dict(self.out.env)
            self.line(f"if isinstance({problem}, {' | '.join(errors)}):")
            self.depth += 1
            self.goto(way)
            self.depth -= 1
            self.out.env = before
        if exit.otherwise is not None:
            self.goto(exit.otherwise)

    def error(self, name: s.TypeName) -> str:
        return error_text(self.out, name)

    # --- suspending ----------------------------------------------------------------------------------------

    def frame(self, slot: Slot) -> str:
        return self._held(slot.frame, self.frame_name(slot))

    def _held(self, locals: Sequence[Local], name: str) -> str:
        """What is kept of these locals: that which the function itself was given, if it is the same."""
        if not locals:
            return "rt.EMPTY"
        texts = [self.out.local(local) for local in locals]
        given, of = self.given_as
        if of == name and texts == [f"{given}.{field(self.name_of(local))}" for local in locals]:
            return given
        return f"{name}({', '.join(texts)})"

    def _suspend(self, exit: Suspend) -> None:
        slot, request = exit.slot, exit.request
        self.mark(slot.node)
        start = f"{self.slot_name(slot)}, {self.frame(slot)}"
        if isinstance(request, Call):
            self.line(f"return {self._call(request.node, start)}")
        elif isinstance(request, Await):
            within = f", {self.out.text(request.node.within)}" if request.node.within is not None else ""
            if request.handle is not None:
                self.line(f"return rt.wait_child({start}, {self.out.local(request.handle)}{within})")
            else:
                self.line(f"return rt.wait({start}, {quoted(request.node.name.text)}{within})")
        elif isinstance(request, Pause):
            until = self.out.text(request.node.value)
            self.line(f"return rt.sleep({start}, {until if request.node.until else f'cx.later({until})'})")
        elif isinstance(request, FirstOf):
            self.line(f"return rt.select({start}, {', '.join(self._arm(arm) for arm in request.arms)})")
        elif isinstance(request, Fork):
            self.line(f"return {self._fork(request, start)}")
        elif isinstance(request, Unwind):
            self.line(f"return rt.unwind({start}, {quoted(request.scope)})")

    def _call(self, node: s.Do, start: str) -> str:
        callee = self.out.facts.callees[node]
        if isinstance(callee, Workflow):
            definition = definition_of(self.out, callee)
            return f"rt.run_child({start}, {definition}, {self.out.tuple_of(node, f'{definition}.defaults')})"
        overrides = f", {overrides_text(self.out, node.overrides)}" if node.overrides else ""
        activity = self.activity(callee)
        return f"rt.call({start}, {activity}, {self.out.tuple_of(node, f'{activity}.defaults')}{overrides})"

    def _arm(self, arm: s.SelectArm) -> str:
        if isinstance(arm, s.OnTimer):
            return f"rt.OnTimer({self.out.text(arm.delay)})"
        if isinstance(arm, s.OnDone):
            callee = self.out.facts.callees[arm.call]
            if isinstance(callee, Workflow):
                definition = definition_of(self.out, callee)
                return f"rt.OnRun({definition}, {self.out.tuple_of(arm.call, f'{definition}.defaults')})"
            overrides = overrides_text(self.out, arm.call.overrides) if arm.call.overrides else "rt.NO_OVERRIDES"
            activity = self.activity(callee)
            return f"rt.OnDone({activity}, {self.out.tuple_of(arm.call, f'{activity}.defaults')}, {overrides})"
        handle = self.out.facts.bindings.get(arm)
        if isinstance(handle, Local):
            return f"rt.OnChild({self.out.local(handle)})"
        return f"rt.OnSignal({quoted(arm.name.text)})"

    def _fork(self, request: Fork, start: str) -> str:
        settle = ", settle=True" if request.settle else ""
        if request.loop is None:
            after = request.after or {}
            branches = [
                self.branch(strand, after.get(strand.name.rpartition(".")[2], ())) for strand in request.strands
            ]
            return f"rt.fork({', '.join([start, *branches])}{settle})"
        loop = request.loop
        if isinstance(loop.source, s.Range):
            items = f"list({self.out.iterable(loop.source)})"
        else:
            items = self.out.text(loop.source)
        limit = "16" if loop.limit is None else self.out.text(loop.limit)
        turn = self.branch(request.strands[0], ())
        return f"rt.each({start}, {items}, {turn}, limit={limit}{settle})"


def _registers(block: Block | None) -> bool:
    """Whether an undo is registered before anything else is waited for: then it belongs to what just arrived."""
    waiting, seen = [block], set()
    while waiting:
        block = waiting.pop()
        if block is None or block in seen:
            continue
        seen.add(block)
        if any(isinstance(op, Register) for op in block.ops):
            return True
        if not isinstance(block.exit, Suspend):
            waiting += ways_on(block)
    return False
