"""The digest of a version: SHA-256 over a canonical text of what it means.

    digest(graph, modules) -> "5b0e61c2..."        meaning(graph, modules) -> the text, for tests and the curious

The text has the workflow as it was checked (`meaning`), its slots with their keys, kinds, scopes and frames, and all
that it reaches: functions, constants, types, activities with their policies, signals, queries, checkpoints. How the
graph is cut into blocks is not in it: the same program must keep its digest when a later compiler cuts otherwise.

`since` is an entry of the lock. What was added to a type or an activity since, and leaves all that was there before as
it is (a field or parameter with a default, a member of an enum), is then left out: such changes have rules of their
own (`shared`), and would otherwise be impossible for as long as a released version stands in the text.
"""

from __future__ import annotations

import hashlib

from ..facts import Facts
from ..facts.symbols import Activity, Const, Function
from ..facts.types import Declared, EnumType, ErrorType, Field, RecordType, UnionType
from ..graph import Fork, Graph, Register, Slot, Strand, Suspend, blocks_of
from ..syntax import Checkpoint, ExternFn, Fn, Query, QueryWrite
from .entries import Entry
from .known import Known
from .meaning import Printer, Reached, bounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..facts.symbols import Local


def digest(graph: Graph, modules: dict[str, Facts], since: Entry | None = None) -> str:
    """The digest of one version, as 64 hexadecimal digits."""
    return hashlib.sha256(meaning(graph, modules, since).encode("ascii", "backslashreplace")).hexdigest()


def meaning(graph: Graph, modules: dict[str, Facts], since: Entry | None = None) -> str:
    """The canonical text."""
    reached = Reached(modules)
    known = Known(since, graph.facts.interface.module) if since is not None else None
    rows = [*_workflow(graph, reached), *_reached(reached, known)]
    return "\n".join(rows) + "\n"


def reach(graph: Graph, modules: dict[str, Facts]) -> Reached:
    """What a version reaches."""
    reached = Reached(modules)
    _workflow(graph, reached)
    _reached(reached, None)
    return reached


def _workflow(graph: Graph, reached: Reached) -> list[str]:
    decl, version = graph.decl, graph.version
    printer = Printer(graph.facts, reached)
    params = list(version.params.values())
    raises = sorted(reached.type(error) for error in version.raises)
    rows = [
        f"workflow {graph.name}@{version.number} {printer.fields(params)} -> {reached.type(version.result)} {raises}",
        "params " + " ".join(printer.token(param.name) for param in decl.params),
    ]
    for member in decl.members:
        if isinstance(member, Checkpoint):
            local = graph.facts.targets[member.name]
            rows.append(f"checkpoint {local.name} {reached.type(local.type)} {printer.print(member.value)}")
    for name in sorted(version.signals):
        rows.append(printer.meaning(version.signals[name]))
    queries = {member.name.text: member for member in decl.members if isinstance(member, Query)}
    for name in sorted(queries):
        rows.append(_query(queries[name], printer))
    rows.append("body " + printer.body(decl.body))
    rows += [_slot(slot, printer) for slot in graph.slots]
    rows += [row for strand in graph.strands() for row in _strand(strand, printer)]
    return rows


def _query(member: Query, printer: Printer) -> str:
    assert not isinstance(member.value, QueryWrite)
    shown = []
    for param in member.params:
        default = "" if param.default is None else f" = {printer.print(param.default)}"
        shown.append(f"{param.name.text}/{printer.token(param.name)}{bounds(param.type)}{default}")
    result = printer.facts.widened.get(member.value) or printer.facts.types[member.value]
    return f"query {member.name.text} ({', '.join(shown)}) {printer.reached.type(result)} {printer.print(member.value)}"


def _slot(slot: Slot, printer: Printer) -> str:
    frame = " ".join(printer.local(local) for local in slot.frame)
    result = printer.reached.type(slot.result)
    return f"slot {slot.key} {slot.kind} {result} in {','.join(slot.scopes)} frame {frame}"


def _strand(strand: Strand, printer: Printer) -> list[str]:
    """What a branch is given, and where undos are registered."""
    rows = []
    if strand.parent is not None:
        rows.append(f"strand {_locals(strand.params, printer)} takes {_locals(strand.captured, printer)}")
    for block in blocks_of(strand):
        rows += [f"undo in {op.scope}" for op in block.ops if isinstance(op, Register)]
        if isinstance(block.exit, Suspend) and isinstance(block.exit.request, Fork) and block.exit.request.settle:
            rows.append("settle")
    return rows


def _locals(locals: list[Local], printer: Printer) -> str:
    return " ".join(printer.local(local) for local in locals)


# --- what it reaches ------------------------------------------------------------------------------------------------


def _reached(reached: Reached, known: Known | None) -> list[str]:
    """What is reached, and what that reaches. Functions in the order in which they are met, the rest by name."""
    bodies: list[str] = []
    structures: dict[str, str] = {}
    grown = True
    while grown:
        grown = False
        for meaning in list(reached.numbered)[len(bodies) :]:
            bodies.append(_body(meaning, reached))
            grown = True
        found: list[tuple[str, Declared | Activity | Function]] = [*reached.types.items()]
        found += [*reached.activities.items(), *reached.externs.items()]
        for name, each in found:
            key = f"{name} {each.__class__.__name__}"
            if key not in structures:
                structures[key] = _structure(name, each, reached, known)
                grown = True
    return [*bodies, *(structures[name] for name in sorted(structures))]


def _body(meaning: Function | Const, reached: Reached) -> str:
    printer = Printer(reached.facts_of(meaning.module), reached)
    name = reached.number(meaning)
    if isinstance(meaning, Const):
        return f"{name} {reached.type(meaning.type)} {printer.print(meaning.decl.value)}"
    assert isinstance(meaning.decl, Fn)
    params = printer.fields(list(meaning.params.values()), numbered=True)
    return f"{name} {params} -> {reached.type(meaning.result)} {printer.body(meaning.decl.body)}"


def _structure(name: str, made: Declared | Activity | Function, reached: Reached, known: Known | None) -> str:
    if isinstance(made, Activity):
        return _activity(name, made, reached, known)
    if isinstance(made, Function):
        assert isinstance(made.decl, ExternFn)
        printer = Printer(reached.facts_of(made.module), reached)
        return f"extern {name} {printer.fields(list(made.params.values()))} -> {reached.type(made.result)}"
    if isinstance(made, EnumType):
        members = [member for member in made.members if known is None or known.is_old(name, member)]
        return f"enum {name} {sorted(members)}"
    if isinstance(made, UnionType):
        shown = []
        for variant in sorted(made.variants):
            if known is None or known.is_old(name, variant):
                fields = list(made.variants[variant].fields.values())
                shown.append(variant + _fields(made, fields, f"{name}.{variant}", reached, known))
        return f"union {name} {' '.join(shown)}"
    assert isinstance(made, RecordType | ErrorType)
    kind = "record" if isinstance(made, RecordType) else "error"
    return f"{kind} {name} {_fields(made, list(made.fields.values()), name, reached, known)}"


def _fields(made: Declared, fields: list[Field], owner: str, reached: Reached, known: Known | None) -> str:
    if not made.module:  # what every program has
        return ""
    kept = [f for f in fields if known is None or f.default is None or known.is_old(owner, f.stored)]
    return Printer(reached.facts_of(made.module), reached).fields(kept)


def _activity(name: str, activity: Activity, reached: Reached, known: Known | None) -> str:
    printer = Printer(reached.facts_of(activity.module), reached, params_by_name=True)
    params = [p for p in activity.params.values() if known is None or p.default is None or known.is_old(name, p.name)]
    raises = sorted(reached.type(error) for error in activity.raises)
    result = reached.type(activity.result) + bounds(activity.decl.result)
    return f"activity {name} {printer.fields(params)} -> {result} {raises} {printer.policies(activity.decl.policies)}"
