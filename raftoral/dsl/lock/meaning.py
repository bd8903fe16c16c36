"""Syntax -> canonical text: what it means, without how it is written.

    let x = a + 1   # one more      ->      (Let $0:int (Binary + $1:int (Number int 1)))

Locals are numbered as they are met, names are resolved, and layout, comments, parentheses, labels and annotations are
gone; what stands for another thing has another text. Functions and constants are numbered too: what they do is
printed after the text that uses them (`digest`). Input: nodes with their `Facts`. Changes nothing.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import CHECKPOINT, Activity, Const, Function, Local, Signal, Workflow
from ..facts.types import (
    Declared,
    EnumType,
    ErrorType,
    Field,
    ListType,
    MapType,
    OneOf,
    OptionalType,
    OutcomeType,
    RecordType,
    TupleType,
    Type,
    Variant,
)
from ..syntax import Node, Token
from ..syntax.literals import duration_ms
from .spelled import named, spell_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# What a node carries and its meaning does not: slots are told by their keys, locals by their types.
LEFT_OUT = frozenset(["label", "lo", "hi", "op_lo"])
BUILT_IN = frozenset(["ActivityFailed", "Cancelled", "Interrupted", "Ok", "Failed"])


class Reached:
    """What a workflow names, directly or not. `modules` are the facts of all modules, by name."""

    __slots__ = ("activities", "externs", "modules", "numbered", "types")

    def __init__(self, modules: dict[str, Facts]) -> None:
        self.modules = modules
        self.types: dict[str, Declared] = {}
        self.activities: dict[str, Activity] = {}
        self.externs: dict[str, Function] = {}
        self.numbered: dict[Function | Const, int] = {}

    def type(self, type: Type) -> str:
        """The name of a type; those with a declaration are noted."""
        self._note(type)
        return spell_type(type)

    def _note(self, type: Type) -> None:
        if isinstance(type, Declared):
            self.types[named(type.module, type.name, "")] = type
        elif isinstance(type, ListType | OutcomeType):
            self._note(type.item)
        elif isinstance(type, OptionalType):
            self._note(type.inner)
        elif isinstance(type, MapType):
            self._note(type.key)
            self._note(type.value)
        elif isinstance(type, TupleType | OneOf):
            for item in type.items if isinstance(type, TupleType) else type.errors:
                self._note(item)

    def activity(self, activity: Activity) -> str:
        name = named(activity.module, activity.name, "")
        self.activities[name] = activity
        return name

    def number(self, meaning: Function | Const) -> str:
        """`fn3`: a function or constant, by the order in which they are met; an extern one by its name."""
        if isinstance(meaning, Function) and meaning.extern is not None:
            name = f"{meaning.extern}.{meaning.name}"
            self.externs[name] = meaning
            return f"extern:{name}"
        number = self.numbered.setdefault(meaning, len(self.numbered))
        return f"{'fn' if isinstance(meaning, Function) else 'const'}{number}"

    def facts_of(self, module: str) -> Facts:
        return self.modules[module]


class Printer:
    """Prints the nodes of one body: a workflow, a function, a constant."""

    __slots__ = ("_imported", "_numbers", "facts", "params_by_name", "reached")

    def __init__(self, facts: Facts, reached: Reached, params_by_name: bool = False) -> None:
        self.facts = facts
        self.reached = reached
        self.params_by_name = params_by_name  # in the policies of an activity, whose parameters are its signature
        self._numbers: dict[Local, int] = {}
        self._imported = _imported_names(facts)

    # --- names ----------------------------------------------------------------------------------------------

    def local(self, local: Local) -> str:
        """`$3`; when it is met first, with its type."""
        if local.kind == CHECKPOINT:
            return f"checkpoint:{local.name}"
        if self.params_by_name:
            return f"param:{local.name}"
        own = self.facts.targets.get(local.node, local)
        if own in self._numbers:
            return f"${self._numbers[own]}"
        number = self._numbers[own] = len(self._numbers)
        return f"${number}:{self.reached.type(own.type)}"

    def token(self, token: Token) -> str:
        local = self.facts.targets.get(token)
        return token.text if local is None else self.local(local)

    def type_name(self, node: s.TypeName) -> str:
        """The full name that a type, error or workflow has where it is declared."""
        written = node.name.text
        if node.module is not None:
            module, name = self._imported.get(node.module.text, (node.module.text, ""))[0], written
        else:
            module, name = self._imported.get(written, (self.facts.interface.module, written))
        facts = self.reached.modules.get(module)
        meaning = facts.interface.names.get(name) if facts is not None else None
        if isinstance(meaning, Declared):
            return self.reached.type(meaning)
        if isinstance(meaning, Variant):
            return f"{self.reached.type(meaning.union)}.{meaning.name}"
        return written if meaning is None and written in BUILT_IN else f"{module}.{name}"

    def meaning(self, meaning: object) -> str:
        """What a binding stands for."""
        if isinstance(meaning, Local):
            return self.local(meaning)
        if isinstance(meaning, Const | Function):
            return self.reached.number(meaning)
        if isinstance(meaning, Variant):
            return f"{self.reached.type(meaning.union)}.{meaning.name}"
        if isinstance(meaning, Declared):
            return self.reached.type(meaning)
        if isinstance(meaning, Activity):
            return self.reached.activity(meaning)
        if isinstance(meaning, Workflow):
            return f"workflow:{named(meaning.module, meaning.name, '')}"
        assert isinstance(meaning, Signal)
        payload = "" if meaning.payload is None else self.reached.type(meaning.payload)
        return f"signal:{meaning.name}({payload})"

    # --- nodes ----------------------------------------------------------------------------------------------

    def print(self, node: object) -> str:
        """Any value of a field of a node."""
        if node is None or node is True or node is False:
            return str(node).lower()
        if isinstance(node, str):
            return quoted(node)
        if isinstance(node, list):
            return "[" + " ".join(self.print(part) for part in node) + "]"
        if isinstance(node, Token):
            return self.token(node)
        assert isinstance(node, Node)
        special = _SPECIAL.get(node.__class__)
        text = special(self, node) if special is not None else self.plain(node)
        wide = self.facts.widened.get(node)
        return text if wide is None else f"(as {self.reached.type(wide)} {text})"

    def plain(self, node: Node) -> str:
        """A node as its name and its fields."""
        names = [name for kind in node.__class__.__mro__ for name in getattr(kind, "__slots__", ())]
        fields = [self.print(getattr(node, name)) for name in names if name not in LEFT_OUT]
        return "(" + " ".join([node.__class__.__name__, *fields]) + ")"

    def args(self, node: Node, args: list[s.Arg]) -> str:
        """Arguments in the order of evaluation, each with the place that it goes to."""
        by_name = not isinstance(self.facts.callees.get(node), Function)
        places: dict[Node, str] = {}
        for index, (field, value) in enumerate(self.facts.calls.get(node, ())):
            if value is not None:
                places[value] = field.name if by_name else str(index)
        shown = []
        for arg in args:
            place = places.get(arg.value) or (arg.name.text if arg.name is not None else "")
            shown.append(f"{'..' if arg.spread else place}={self.print(arg.value)}")
        return "[" + " ".join(shown) + "]"

    def policies(self, policies: list[s.Policy] | None) -> str:
        found = sorted(f"{policy.name.text}={self.print(policy.value)}" for policy in policies or ())
        return "{" + " ".join(found) + "}"

    def body(self, node: s.Block | s.Stmt | s.Pure) -> str:
        """A body is a list of statements, braces or not."""
        return self.print(node.stmts if isinstance(node, s.Block) else [node])

    def fields(self, fields: list[Field], numbered: bool = False) -> str:
        """Parameters or fields with types, bounds and defaults; `numbered`: they are locals of this body."""
        shown = []
        for field in fields:
            node = field.node
            name = field.stored if field.stored == field.name else f"{field.name}/{field.stored}"
            local = self.facts.targets.get(node.name) if numbered and isinstance(node, s.Param) else None
            said = f"{name if local is None else self.local(local)} {self.reached.type(field.type)}"
            said += bounds(getattr(node, "type", None))
            shown.append(said if field.default is None else f"{said} = {self.print(field.default)}")
        return "(" + ", ".join(shown) + ")"


def _imported_names(facts: Facts) -> dict[str, tuple[str, str]]:
    """name here -> (module, name there); of a whole module under an alias -> (module, "")."""
    found: dict[str, tuple[str, str]] = {}
    for line in facts.parsed.module.imports:
        for each in line.names or ():
            found[(each.alias or each.name).text] = (line.path.text, each.name.text)
        if line.alias is not None:
            found[line.alias.text] = (line.path.text, "")
    return found


def quoted(text: str) -> str:
    """Text that ends where it says; not `repr`, which depends on the Unicode tables of this Python."""
    return f"{len(text)}:" + text.encode("unicode_escape").decode("ascii")


def bounds(node: Node | None) -> str:
    """` max 40`, for every bound in a type as it is written."""
    found = [part.bound.text.replace("_", "") for part in s.walk(node) if isinstance(part, s.BoundedType)]
    return "".join(f" max {bound}" for bound in found)


# --- nodes with a meaning that their fields do not say ----------------------------------------------------------------


def _number(printer: Printer, node: s.Number) -> str:
    token = node.token
    text = token.text.replace("_", "")
    if token.type == "DURATION":
        text = f"{duration_ms(text)}ms"
    elif token.type == "INT":
        text = text.lstrip("0") or "0"
    return f"(Number {printer.reached.type(printer.facts.types[node]) if node in printer.facts.types else '-'} {text})"


def _name(printer: Printer, node: s.NameRef) -> str:
    meaning = printer.facts.bindings.get(node)
    return node.name.text if meaning is None else printer.meaning(meaning)


def _type_ref(printer: Printer, node: s.TypeRef | s.TypeAttr) -> str:
    meaning = printer.facts.bindings.get(node)
    if meaning is not None:
        return printer.meaning(meaning)
    type = printer.facts.types.get(node)
    return printer.reached.type(type) if isinstance(type, RecordType | ErrorType | EnumType) else printer.plain(node)


def _attr(printer: Printer, node: s.Attr) -> str:
    meaning = printer.facts.bindings.get(node)
    if meaning is not None:  # a constant of a module that is imported under a name
        return printer.meaning(meaning)
    type = printer.facts.types.get(node)
    if isinstance(node.value, s.TypeRef | s.TypeAttr) and isinstance(type, EnumType):
        return f"{printer.reached.type(type)}.{node.name.text}"
    return f"({'?.' if node.optional else '.'} {printer.print(node.value)} {node.name.text})"


def _call(printer: Printer, node: s.Call) -> str:
    function = printer.facts.callees.get(node)
    if function is not None:
        callee = printer.meaning(function)
    elif isinstance(node.callee, s.NameRef):
        callee = f"std:{node.callee.name.text}"
    else:
        callee = printer.print(node.callee)
    return f"(call {callee} {printer.args(node, node.args)})"


def _do(printer: Printer, node: s.Do) -> str:
    callee = printer.facts.callees.get(node)
    shown = printer.meaning(callee) if callee is not None else node.callee.name.text
    return f"(do {shown} {printer.args(node, node.args)} {printer.policies(node.overrides)})"


def _spawn(printer: Printer, node: s.Spawn) -> str:
    return f"(spawn {printer.type_name(node.workflow)} {printer.args(node, node.args)} {printer.print(node.id)})"


def _send(printer: Printer, node: s.Send) -> str:
    return f"(send {printer.meaning(printer.facts.bindings[node])} {printer.print(node.call)})"


def _continue(printer: Printer, node: s.ContinueAsNew) -> str:
    return f"(again {printer.args(node, node.args)})"


def _wait(printer: Printer, node: s.Wait) -> str:
    return f"(wait {printer.meaning(printer.facts.bindings[node])} {printer.print(node.within)})"


def _on_signal(printer: Printer, node: s.OnSignal) -> str:
    source = printer.meaning(printer.facts.bindings[node])
    return f"(on {source} {printer.print(node.bind)} {printer.body(node.body)})"


def _on_timer(printer: Printer, node: s.OnTimer) -> str:
    return f"(after {printer.print(node.delay)} {printer.body(node.body)})"


def _on_done(printer: Printer, node: s.OnDone) -> str:
    return f"(done {printer.print(node.call)} {printer.print(node.bind)} {printer.body(node.body)})"


def _assign(printer: Printer, node: s.Assign) -> str:
    local = printer.facts.bindings.get(node)
    name = printer.meaning(local) if local is not None else node.name.text
    return f"(set {name} {node.op} {printer.print(node.value)})"


def _let(printer: Printer, node: s.Let) -> str:
    return f"(let {printer.print(node.target)} {printer.print(node.value)} {printer.print(node.compensate)})"


def _var(printer: Printer, node: s.Var) -> str:
    return f"(var {printer.print(node.name)} {printer.print(node.value)} {printer.print(node.compensate)})"


def _if(printer: Printer, node: s.If) -> str:
    orelse = "[]" if node.orelse is None else printer.body(node.orelse)
    return f"(if {printer.print(node.condition)} {printer.body(node.then)} {orelse})"


def _arm(printer: Printer, node: s.MatchArm) -> str:
    return f"(arm {printer.print(node.patterns)} {printer.print(node.guard)} {printer.body(node.body)})"


def _catch(printer: Printer, node: s.Catch) -> str:
    errors = "|".join(sorted(printer.type_name(error) for error in node.errors))
    return f"(catch {errors} {printer.print(node.name)} {printer.body(node.body)})"


def _retry(printer: Printer, node: s.Retry) -> str:
    count = None if node.count is None else node.count.text.replace("_", "").lstrip("0")
    excepts = sorted(printer.type_name(error) for error in node.excepts)
    parts = [printer.print(part) for part in (node.never, node.first, node.most, node.factor, node.step)]
    return " ".join(["(retry", str(count), *parts, *excepts]) + ")"


def _dag(printer: Printer, node: s.Dag) -> str:
    names = {step.name.text: step.name for step in node.steps}
    shown = []
    for step in node.steps:
        after = sorted(printer.token(names[token.text]) for token in step.after if token.text in names)
        inside = f"{printer.print(step.body)} {printer.print(step.compensate)}"
        shown.append(f"(step {printer.token(step.name)} {' '.join(after)} {inside})")
    return f"(dag {' '.join(shown)})"


def _variant(printer: Printer, node: s.VariantPattern) -> str:
    meaning = printer.facts.bindings.get(node)
    name = printer.meaning(meaning) if meaning is not None else node.type.name.text
    return f"(case {name} {printer.print(node.args)})"


_SPECIAL: dict[type, Callable[[Printer, Any], str]] = {
    s.Number: _number, s.NameRef: _name, s.TypeRef: _type_ref, s.TypeAttr: _type_ref, s.Attr: _attr, s.Call: _call,
    s.Do: _do, s.Spawn: _spawn, s.Send: _send, s.ContinueAsNew: _continue, s.Wait: _wait, s.OnSignal: _on_signal,
    s.OnTimer: _on_timer, s.OnDone: _on_done, s.Assign: _assign, s.Let: _let, s.Var: _var, s.If: _if,
    s.MatchArm: _arm, s.Catch: _catch, s.Retry: _retry, s.Dag: _dag, s.VariantPattern: _variant,
    s.TypeName: Printer.type_name, s.Block: Printer.body,
}  # fmt: skip
