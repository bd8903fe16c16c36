"""A version as it stands in the text -> an entry of the lock, and the places that messages point at.

    describe(checked, python) -> [Standing(entry, graph, ...)]      for each version of each workflow of a module

Slots have no numbers yet: they come from the lock (`numbering`). Input: a module without errors. Opens no file:
`python` gives the text of a Python module, for the hashes of extern functions.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Activity, HandleType, Local, Signal
from ..facts.types import (
    POISON,
    UNIT,
    Declared,
    EnumType,
    ErrorType,
    Field,
    RecordType,
    Type,
    UnionType,
)
from ..graph import Await, Call, FirstOf, Fork, Graph, Register, Slot, Suspend, Unwind, blocks_of
from .digest import digest, reach
from .entries import Entry, Fact
from .externs import hash_of
from .meaning import Reached
from .spelled import named, spell_code, spell_field, spell_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..compile import Checked
    from ..effects.python.modules import Files
    from ..graph import Request
    from ..source import Source

HIDDEN_END = "__"  # of the names of locals that the compiler makes: `item_at_3__`


class Standing:
    """One version of a workflow as it stands in the text now."""

    __slots__ = ("checked", "entry", "graph", "modules", "reached")

    def __init__(self, checked: Checked, graph: Graph, entry: Entry, reached: Reached) -> None:
        self.checked = checked
        self.graph = graph
        self.entry = entry
        self.reached = reached
        self.modules = checked.modules

    @property
    def home(self) -> str:
        """The module that it is declared in."""
        return self.graph.facts.interface.module

    @property
    def short(self) -> str:
        """Its name without the module."""
        return self.graph.decl.name.text


def describe(checked: Checked, python: Callable[[str], Source | None]) -> list[Standing]:
    """Every version in a module, in the order of the text."""
    from ..compile import lowered
    from ..effects.python.modules import Files

    files = Files(python)
    return [_standing(checked, graph, files) for graph in lowered(checked.facts)]


def _standing(checked: Checked, graph: Graph, files: Files) -> Standing:
    reached = reach(graph, checked.modules)
    facts = _Facts(graph, reached, files).all()
    entry = Entry(graph.name, graph.version.number, digest(graph, checked.modules), facts)
    return Standing(checked, graph, entry, reached)


class _Facts:
    """Writes the facts of one version."""

    __slots__ = ("files", "found", "graph", "home", "reached", "requests")

    def __init__(self, graph: Graph, reached: Reached, files: Files) -> None:
        self.graph = graph
        self.reached = reached
        self.files = files
        self.home = graph.facts.interface.module
        self.found: list[Fact] = []
        self.requests = _requests(graph)

    def all(self) -> list[Fact]:
        self._header()
        for slot in self.graph.slots:
            self._add("slot", slot.key, self._slot(slot))
        self._undos()
        for activity in self.reached.activities.values():
            self._activity(activity)
        for name, function in self.reached.externs.items():
            assert isinstance(function.decl, s.ExternFn)
            hashed = None if function.decl.trusted else hash_of(self.files, function.extern or "", function.name)
            self._add("extern", name, hashed or "trusted")
        for made in self.reached.types.values():
            if made.module:
                self._add("type", named(made.module, made.name, self.home), self._structure(made))
        return self.found

    def _add(self, word: str, name: str, text: str) -> None:
        self.found.append(Fact(word, name, text))

    def _type(self, type: Type) -> str:
        return spell_type(type, self.home)

    def _errors(self, errors: list[ErrorType]) -> str:
        return "".join(sorted(f" !{self._type(error)}" for error in errors))

    def _fields(self, fields: list[Field], module: str, mark: str = ",") -> str:
        facts = self.reached.modules.get(module)
        return mark.join(spell_field(facts, f, f.stored, self.home) for f in fields)

    # --- what others see of it -------------------------------------------------------------------------------

    def _header(self) -> None:
        graph, version = self.graph, self.graph.version
        if version.params:
            self._add("args", "", self._fields(list(version.params.values()), self.home, " "))
        self._add("result", "", self._type(version.result))
        if version.raises:
            self._add("raises", "", " ".join(sorted(self._type(error) for error in version.raises)))
        for member in graph.decl.members:
            if isinstance(member, s.Checkpoint):
                local = graph.facts.targets[member.name]
                said = f"{self._type(local.type)} = {spell_code(graph.facts, member.value)}"
                self._add("checkpoint", local.name, said)
            elif isinstance(member, s.Query):
                self._add("query", member.name.text, self._query(graph.facts, member))
        for signal in version.signals.values():
            self._add("signal", signal.name, self._type(signal.payload or UNIT))

    def _query(self, facts: Facts, member: s.Query) -> str:
        shown = []
        for param in member.params:
            local = facts.targets[param.name]
            shown.append(f"{local.name}:{self._type(local.type)}" + ("=" if param.default is not None else ""))
        assert not isinstance(member.value, s.QueryWrite)
        result = facts.widened.get(member.value) or facts.types[member.value]
        return f"({','.join(shown)})->{self._type(result)}"

    # --- where it rests ----------------------------------------------------------------------------------------

    def _slot(self, slot: Slot) -> str:
        request, what = self.requests.get(slot), ""
        if isinstance(request, Call):
            what = " " + self._call(request.node)
        elif isinstance(request, Await):
            what = " " + self._await(request)
        elif isinstance(request, FirstOf):
            what = "".join(f" {self._arm(arm)}" for arm in request.arms)
        elif isinstance(request, Fork):
            parts = [] if isinstance(request.node, s.ParallelFor) else _branches(request.node)
            what = "".join(f" {part.name.text}" for part in parts) + (" settle" if request.settle else "")
        elif isinstance(request, Unwind):
            what = f" of {request.scope}"
        frame = "".join(f" {self._kept(local)}" for local in slot.frame)
        return f"{slot.kind}{what} in {','.join(slot.scopes) or '-'} frame{frame or ' -'}"

    def _call(self, node: s.Do) -> str:
        callee = self.graph.facts.callees.get(node)
        given = [field for field, value in self.graph.facts.calls.get(node, ()) if value is not None]
        types = ",".join(self._type(field.type) for field in given)
        name = node.callee.name.text if callee is None else named(callee.module, callee.name, self.home)
        result = self.graph.facts.types.get(node, UNIT)
        errors = self._errors(callee.raises) if isinstance(callee, Activity) else ""
        return f"{name}({types})->{self._type(result)}{errors}"

    def _await(self, request: Await) -> str:
        type = self.graph.facts.types.get(request.node, UNIT)
        if request.handle is not None and isinstance(request.handle.type, HandleType):
            return f"{self._type(request.handle.type)}->{self._type(type)}"
        return f"{request.node.name.text}->{self._type(type)}"

    def _arm(self, arm: s.SelectArm) -> str:
        if isinstance(arm, s.OnTimer):
            return "after"
        if isinstance(arm, s.OnDone):
            return f"do:{self._call(arm.call).replace(' ', '')}"
        meaning = self.graph.facts.bindings.get(arm)
        if isinstance(meaning, Signal):
            return f"on:{meaning.name}({self._type(meaning.payload) if meaning.payload is not None else ''})"
        return f"on:{self._type(meaning.type) if isinstance(meaning, Local) else arm.name.text}"

    def _kept(self, local: Local) -> str:
        name = local.name
        if name.endswith(HIDDEN_END):  # `item_at_3__`: the number depends on what else there is
            name = name.removesuffix(HIDDEN_END).rpartition("_")[0]
        return name if local.type is POISON else f"{name}:{self._type(local.type)}"

    def _undos(self) -> None:
        by_scope: dict[str, list[str]] = {}
        for strand in self.graph.strands():
            for block in blocks_of(strand):
                for op in block.ops:
                    if isinstance(op, Register):
                        call = self._call(op.undo) if isinstance(op.undo, s.Do) else "block"
                        found = by_scope.setdefault(op.scope, [])
                        if call not in found:
                            found.append(call)
        for scope, calls in by_scope.items():
            self._add("undo", scope, " ".join(calls))

    # --- what it reaches -----------------------------------------------------------------------------------------

    def _activity(self, activity: Activity) -> None:
        name = named(activity.module, activity.name, self.home)
        params = self._fields(list(activity.params.values()), activity.module)
        said = f"({params})->{self._type(activity.result)}{self._errors(activity.raises)}"
        self._add("activity", name, said)
        facts = self.reached.facts_of(activity.module)
        for policy in activity.decl.policies:
            self._add("policy", f"{name}.{policy.name.text}", spell_code(facts, policy.value))

    def _structure(self, made: Declared) -> str:
        if isinstance(made, EnumType):
            return "enum{" + " ".join(sorted(made.members)) + "}"
        if isinstance(made, UnionType):
            shown = []
            for name in sorted(made.variants):
                fields = self._fields(list(made.variants[name].fields.values()), made.module)
                shown.append(f"{name}({fields})" if fields else name)
            return "union{" + " ".join(shown) + "}"
        assert isinstance(made, RecordType | ErrorType)
        kind = "record" if isinstance(made, RecordType) else "error"
        return f"{kind}{{{self._fields(list(made.fields.values()), made.module, ' ')}}}"


def _branches(node: s.Parallel | s.Dag) -> list[s.Branch] | list[s.Step]:
    return node.branches if isinstance(node, s.Parallel) else node.steps


def _requests(graph: Graph) -> dict[Slot, Request]:
    """What each slot waits for."""
    return {
        block.exit.slot: block.exit.request
        for strand in graph.strands()
        for block in blocks_of(strand)
        if isinstance(block.exit, Suspend)
    }
