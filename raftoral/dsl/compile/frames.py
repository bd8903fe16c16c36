"""What frames hold that they had better not: RFT0801 large-frame, RFT0806 frame-grows.

    check_frames(facts, problems, graphs)       for a module without errors

Needs frames, so it stands above the passes: `compile` calls it after all of them. To lower every workflow would cost
more than all checks together, so `graphs` is called only where a local holds `bytes`, or a list grows in a loop.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import CHECKPOINT, Activity, Const, Function, Local, Signal, Workflow
from ..facts.types import (
    BYTES,
    STR,
    ErrorType,
    ListType,
    MapType,
    OneOf,
    OptionalType,
    OutcomeType,
    RecordType,
    TupleType,
    Type,
    UnionType,
)
from ..graph import Graph, Slot
from ..syntax import Node
from ..syntax.literals import duration_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..diagnostics import Problems

LARGE_BYTES = 256 * 1024  # a quarter of what a frame may have in all
FEW = 5  # how many elements a list without a bound is thought to have
SCALAR_BYTES = {"str": 20, "int": 6, "float": 10, "decimal": 8, "bool": 5, "duration": 8, "timestamp": 27, "uuid": 38}


def check_frames(facts: Facts, problems: Problems, graphs: Callable[[], list[Graph]]) -> None:
    """Looks at the frames of a module, if something in it may be worth it."""
    heavy = _heavy_locals(facts)
    growing = _growing(facts)
    if not heavy and not growing:
        return
    decls = [decl for decl in facts.parsed.module.decls if isinstance(decl, s.Workflow)]
    large = {decl: found for decl in decls if heavy and (found := _Large(facts, decl, heavy)).locals}
    turns = [_Turn(facts, decl, node, local) for decl in decls for node, local in growing if _holds(decl, node)]
    worth = [turn for turn in turns if turn.loops]
    if not large and not worth:
        return
    for graph in graphs():
        if graph.decl in large:
            large[graph.decl].check(graph, problems)
        for turn in worth:
            if turn.decl is graph.decl:
                turn.check(graph, problems)


def _holds(outer: Node, inner: Node) -> bool:
    return outer.lo < inner.lo < outer.hi


# --- RFT0801 --------------------------------------------------------------------------------------------------------


def _heavy_locals(facts: Facts) -> set[Local]:
    known: dict[Type, bool] = {}
    found = set()
    for local in facts.targets.values():
        type = local.type
        heavy = known.get(type)
        if heavy is None:
            heavy = known[type] = holds_bytes(type, set())
        if heavy:
            found.add(local)
    return found


def holds_bytes(type: Type, seen: set[Type]) -> bool:
    """Whether a value of the type may hold `bytes`."""
    if type is BYTES:
        return True
    if type in seen:
        return False
    seen.add(type)
    return any(holds_bytes(part, seen) for part in _parts(type))


def _parts(type: Type) -> list[Type]:
    if isinstance(type, ListType | OutcomeType):
        return [type.item]
    if isinstance(type, OptionalType):
        return [type.inner]
    if isinstance(type, MapType):
        return [type.value]
    if isinstance(type, TupleType):
        return list(type.items)
    if isinstance(type, OneOf):
        return list(type.errors)
    if isinstance(type, RecordType | ErrorType):
        return [field.type for field in type.fields.values()]
    if isinstance(type, UnionType):
        return [field.type for variant in type.variants.values() for field in variant.fields.values()]
    return []


def size(type: Type, written: s.TypeExpr | None, seen: frozenset[Type] = frozenset()) -> int | None:
    """About how many bytes a value takes when it is stored; None when it may be anything."""
    bound: s.Token | None = None
    while isinstance(written, s.BoundedType | s.OptionalType):
        bound, written = (
            (written.bound, written.inner) if isinstance(written, s.BoundedType) else (bound, written.inner)
        )
    if isinstance(type, OptionalType):
        type = type.inner
    if type is BYTES:
        return _bytes(bound) if bound is not None else None
    if type is STR and bound is not None:
        return _bytes(bound)
    if type in seen:
        return 0
    inside = seen | {type}
    if isinstance(type, RecordType | ErrorType):
        fields = list(type.fields.values())
        return _sum([size(f.type, getattr(f.node, "type", None), inside) for f in fields], 4 * len(fields) + 2)
    if isinstance(type, UnionType):
        found = [
            _sum([size(f.type, getattr(f.node, "type", None), inside) for f in variant.fields.values()], 12)
            for variant in type.variants.values()
        ]
        return None if None in found else max((each for each in found if each is not None), default=12)
    if isinstance(type, ListType | MapType):
        item = type.item if isinstance(type, ListType) else type.value
        shown = getattr(written, "item", None) or getattr(written, "value", None)
        each = size(item, shown, inside)
        if each is None or (bound is None and holds_bytes(item, set())):
            return None
        return each * (int(bound.text.replace("_", "")) if bound is not None else FEW) + 2
    parts = [size(part, None, inside) for part in _parts(type)]
    return _sum(parts, 2) if parts else SCALAR_BYTES.get(type.name, 12)


def _sum(sizes: list[int | None], more: int) -> int | None:
    total = more
    for each in sizes:
        if each is None:
            return None
        total += each
    return total


def _bytes(bound: s.Token) -> int:
    text = bound.text.replace("_", "")
    for unit, factor in (("kb", 1024), ("mb", 1024**2), ("gb", 1024**3), ("b", 1)):
        if text.endswith(unit) and text.removesuffix(unit).isdigit():
            return int(text.removesuffix(unit)) * factor
    return int(text) if text.isdigit() else LARGE_BYTES + 1


class _Large:
    """The locals of one workflow that may be very large; says RFT0801 of each, where it is kept longest."""

    __slots__ = ("decl", "facts", "locals", "values")

    def __init__(self, facts: Facts, decl: s.Workflow, heavy: set[Local]) -> None:
        self.facts = facts
        self.decl = decl
        self.values: dict[Local, s.Value | s.TypeExpr] = {}
        self._origins()
        own = (local for local in heavy if _holds(decl, local.node))
        self.locals = {local for local in own if (most := self.size_of(local)) is None or most > LARGE_BYTES}

    def check(self, graph: Graph, problems: Problems) -> None:
        """Says it of those that are in a frame."""
        for local in sorted(self.locals, key=lambda each: each.node.lo):
            kept = graph.slots if local.kind == CHECKPOINT else [slot for slot in graph.slots if local in slot.frame]
            if kept:
                self._report(problems, local, max(kept, key=_wait_ms))

    # --- where a local comes from ------------------------------------------------------------------------------

    def _origins(self) -> None:
        """Local -> its type as it is written, or the value that it gets."""
        for param in self.decl.params:
            self.values[self.facts.targets[param.name]] = param.type
        for node in [*self.decl.members, *s.walk(self.decl.body)]:
            if isinstance(node, s.Let | s.Var | s.Checkpoint):
                token = node.target if isinstance(node, s.Let) else node.name
                if isinstance(token, s.Token) and token in self.facts.targets:
                    self.values[self.facts.targets[token]] = node.type or node.value
            elif isinstance(node, s.Branch | s.Step) and isinstance(node.body, s.Do):
                self.values[self.facts.targets[node.name]] = node.body

    def size_of(self, local: Local) -> int | None:
        return size(local.type, self.written(self.values.get(local), 0))

    def written(self, value: Node | None, hops: int) -> s.TypeExpr | None:
        """The type as somebody wrote it, for its bounds."""
        if value is None or hops > 8:
            return None
        if isinstance(value, s.Do):
            callee = self.facts.callees.get(value)
            if isinstance(callee, Activity):
                return callee.decl.result
            return callee.newest.decl.result if isinstance(callee, Workflow) else None
        if isinstance(value, s.Call):
            called = self.facts.callees.get(value)
            return called.decl.result if isinstance(called, Function) else None
        if isinstance(value, s.Wait):
            signal = self.facts.bindings.get(value)
            found = [m.payload for m in self.decl.members if isinstance(m, s.Signal)
                     and isinstance(signal, Signal) and m.name is signal.node]  # fmt: skip
            return found[0] if found else None
        if isinstance(value, s.NameRef):
            local = self.facts.bindings.get(value)
            return self.written(self.values.get(local), hops + 1) if isinstance(local, Local) else None
        if isinstance(value, s.Attr):
            fields = getattr(self.facts.types.get(value.value), "fields", {})
            return getattr(getattr(fields.get(value.name.text), "node", None), "type", None)
        if isinstance(value, s.TypeName | s.PrimType | s.ListType | s.MapType | s.OptionalType | s.BoundedType):
            return value
        return None

    # --- the message -------------------------------------------------------------------------------------------

    def _report(self, problems: Problems, local: Local, slot: Slot) -> None:
        most = self.size_of(local)
        what = "`bytes`" if local.type is BYTES else f"`{local.type}` holds `bytes`"
        bound = "with no declared maximum" if most is None else f"of up to {_shown(most)}"
        frame = [*(each for each in slot.frame), *([local] if local.kind == CHECKPOINT else [])]
        shown = ", ".join(f"{each.name} ({_estimate(self.size_of(each))})" for each in frame if each.name[-2:] != "__")
        problems.add(
            "RFT0801",
            f"`{local.name}` is stored {_how_long(slot)}",
            local.node,
            what + (", " if local.type is BYTES else " ") + bound,
            also=[(_head(slot.node), "live across this suspension, so it is in the frame and in every snapshot")],
            notes=[f"frame at slot `{slot.key}`: {shown}"],
            helps=self._helps(local),
        )

    def _helps(self, local: Local) -> list[str]:
        value = self.values.get(local)
        producer = self.facts.callees.get(value) if isinstance(value, s.Do) else None
        if not isinstance(producer, Activity):
            keep = "keep a reference (a url, a file name), and let the activity that needs the bytes read them"
            return (
                [keep, f"or declare a bound: `{local.name}: {local.type} max 16kb`"] if local.type is BYTES else [keep]
            )
        taker = self._taker(local)
        where = f"in `{taker}`" if taker else "where they are needed"
        helps = [f"return a reference from `{producer.name}` and read the bytes {where}"]
        return [*helps, "or declare a bound: `-> bytes max 16kb`"] if local.type is BYTES else helps

    def _taker(self, local: Local) -> str | None:
        for node in s.walk(self.decl.body):
            if isinstance(node, s.Do):
                for arg in node.args:
                    if self.facts.bindings.get(arg.value) is local:
                        return node.callee.name.text
        return None


def _wait_ms(slot: Slot) -> int:
    """How long a run may rest at a slot: 0 while something runs, very long when nothing ends it."""
    node = slot.node
    if isinstance(node, s.Sleep):
        return _literal_ms(node.value) if not node.until else 10**15
    if isinstance(node, s.Wait):
        return _literal_ms(node.within) if node.within is not None else 10**15 if slot.kind == "signal" else 1
    if isinstance(node, s.Select):
        return min((_literal_ms(arm.delay) for arm in node.arms if isinstance(arm, s.OnTimer)), default=10**15)
    return 0


def _literal_ms(node: s.Expr) -> int:
    if isinstance(node, s.Number) and node.token.type == "DURATION":
        return duration_ms(node.token.text.replace("_", "")) or 10**14
    return 10**14  # known only when it runs


def _how_long(slot: Slot) -> str:
    node, ms = slot.node, _wait_ms(slot)
    if isinstance(node, s.Wait | s.Sleep | s.Select) and 1 < ms < 10**14:
        if isinstance(node, s.Sleep):
            return f"for {_duration(ms)}"
        return f"for up to {_duration(ms)}"
    if ms >= 10**14:
        return f"for as long as this waits at `{slot.key}`"
    return f"while the run rests at `{slot.key}`"


def _duration(ms: int) -> str:
    text = ""
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        if ms >= length:
            text += f"{ms // length}{unit}"
            ms %= length
    return text


def _head(node: Node) -> Node:
    """The first word of what spans many lines."""
    return node if isinstance(node, s.Do | s.Wait | s.Sleep) else Node(node.lo, node.lo + len(_word(node)))


def _estimate(most: int | None) -> str:
    return "unbounded" if most is None else f"~{_shown(most)}"


def _shown(amount: int) -> str:
    for unit, factor in (("MB", 1024**2), ("kB", 1024)):
        if amount >= factor:
            return f"{amount / factor:.3g} {unit}"
    return f"{max(round(amount, -1), 10)} B"


# --- RFT0806 --------------------------------------------------------------------------------------------------------


def _growing(facts: Facts) -> list[tuple[s.Assign, Local]]:
    """Assignments that make a list or map longer, in source order."""
    return [
        (node, local)
        for node, local in facts.bindings.items()
        if node.__class__ is s.Assign
        and isinstance(local, Local)
        and isinstance(local.type, ListType | MapType)
        and _grows(facts, node, local)
    ]


def _grows(facts: Facts, node: s.Assign, local: Local) -> bool:
    if node.op == "+=":
        return True
    value: Node = node.value
    if isinstance(value, s.Call) and isinstance(value.callee, s.Attr) and value.callee.name.text == "with_key":
        return facts.bindings.get(value.callee.value) is local
    while isinstance(value, s.Binary) and value.op == "+":
        if facts.bindings.get(value.right) is local or facts.bindings.get(value.left) is local:
            return True
        value = value.left
    return False


class _Turn:
    """A list or map that may grow with every turn of a `while`: the loops in which nothing says that it ends."""

    __slots__ = ("decl", "facts", "local", "loops", "node")

    def __init__(self, facts: Facts, decl: s.Workflow, node: s.Assign, local: Local) -> None:
        self.facts = facts
        self.decl = decl
        self.node = node
        self.local = local
        around = [loop for loop in s.walk(decl.body) if isinstance(loop, s.While) and _holds(loop, node)]
        outside = [loop for loop in around if local.kind == CHECKPOINT or local.node.lo < loop.lo]
        self.loops = [loop for loop in outside if not self._starts_again(loop) and not self._is_bounded(loop)]

    def check(self, graph: Graph, problems: Problems) -> None:
        """Says RFT0806 if it is stored in one of the loops; the outermost is the one that counts."""
        for loop in self.loops:
            slot = next((each for each in graph.slots if _holds(loop, each.node) and self._is_kept(each)), None)
            if slot is not None:
                self._report(problems, loop, slot)
                return

    def _is_kept(self, slot: Slot) -> bool:
        return self.local.kind == CHECKPOINT or self.local in slot.frame

    def _starts_again(self, loop: s.While) -> bool:
        """Whether the loop itself makes it short again."""
        return any(
            isinstance(part, s.Assign)
            and self.facts.bindings.get(part) is self.local
            and not _grows(self.facts, part, self.local)
            for part in s.walk(loop.body)
        )

    def _is_bounded(self, loop: s.While) -> bool:
        """Whether a number in the text ends the loop, or an `assert` speaks of what ends it."""
        bindings = self.facts.bindings
        mentioned = {bindings.get(part) for part in s.walk(loop.condition) if isinstance(part, s.NameRef)}
        mentioned |= {self.local}
        tests = [loop.condition]
        tests += [part.condition for part in s.walk(self.decl.body) if isinstance(part, s.Assert)]
        for part in (part for test in tests for part in _comparisons(test)):
            said = {bindings.get(each) for each in s.walk(part) if isinstance(each, s.NameRef)} - {None}
            if said & mentioned and any(self._is_fixed(side) for side in (part.left, part.right)):
                return True
        return False

    def _is_fixed(self, node: s.Expr) -> bool:
        return isinstance(node, s.Number) or isinstance(self.facts.bindings.get(node), Const)

    def _limit(self, loop: s.While) -> str | None:
        """What ends the loop: the name that the length is compared with."""
        for part in _comparisons(loop.condition):
            for side in (part.right, part.left):
                if isinstance(side, s.NameRef) and self.facts.bindings.get(side) is not self.local:
                    return side.name.text
        return None

    def _report(self, problems: Problems, loop: s.While, slot: Slot) -> None:
        limit = self._limit(loop)
        is_list = isinstance(self.local.type, ListType)
        noun, one, many = ("list", "element", "elements") if is_list else ("map", "entry", "entries")
        problems.add(
            "RFT0806",
            "the frame grows with every turn of this loop",
            self.node.name,
            f"one {one} more, stored again at every `{_word(slot.node)}`: n turns store n²/2 {many}",
            also=[(Node(loop.lo, loop.lo + len("while")), "this loop")],
            notes=[f"`{limit}` has no known bound"] if limit else [],
            helps=[
                f"keep a count or a summary instead of the {noun}",
                f"or state the bound: `assert {limit or f'len({self.local.name})'} <= 100`",
            ],
        )


def _comparisons(test: s.Expr) -> list[s.Binary]:
    found = [part for part in s.walk(test) if isinstance(part, s.Binary)]
    return [part for part in found if part.op in ("<", "<=", ">", ">=")]


WORDS: dict[type, str] = {
    s.Do: "do", s.Wait: "wait", s.Sleep: "sleep", s.Select: "select", s.Parallel: "parallel", s.ParallelFor: "parallel",
    s.Dag: "dag", s.Try: "try",
}  # fmt: skip


def _word(node: Node) -> str:
    """The word with which a suspension begins."""
    return WORDS[node.__class__]
