"""Plays the events of a reference run on the compiled module, with a crash and a resume from bytes behind each of them.

reference, module = both({"m.rft": text})
twin = Twin(reference_run, programs, namespaces)
twin.deliver(event)          the reference first, then the compiled module; `differences` says what is not the same
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

from raftoral.cli import templates
from raftoral.dsl.compile import check
from raftoral.dsl.compile.modules import compile_modules
from raftoral.dsl.source import Source
from raftoral.program import v1 as rt
from raftoral.program.faults import Fault, fault_of
from raftoral.program.plans import error_fields, record_fields
from raftoral.program.scalars import microseconds, transition_context
from raftoral.runtime.core.execution import EPOCH, Do, Over, Say, Send, Start, Stop, Turn
from raftoral.runtime.core.lifecycle import ending_of
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.core.state import Kind, Run
from raftoral.runtime.core.stored import Reader, written
from tests.reference import interpreter as ref
from tests.reference.values import Arrive, Broke, Cancel, Done, Ended, Event, Fire, Gone, Handle, Member, Rec

Module = types.ModuleType
PREFIX = "differential_"


class Both:
    """A program, for both: checked once, compiled and imported once."""

    def __init__(
        self, files: dict[str, str], externs: dict[str, Callable[..., Any]] | None = None, *, laid_out: bool = False
    ) -> None:
        sources = [Source(path, text) for path, text in files.items() if path.endswith(".rft")]
        checked = check(sources, ref.World(files))
        errors = [f"{c.source.path}: {p.code} {p.headline}" for c in checked for p in c.problems if p.is_error]
        assert not errors, "\n".join(errors)
        self.reference = ref.Program(checked, externs or {})
        self.texts = compile_modules(checked, "0.0.0", templates.read, lay_out=None if laid_out else str)
        self.modules: dict[str, Module] = {}
        self._import()
        self.programs = Programs(
            value.DEFINITION
            for module in self.modules.values()
            for value in vars(module).values()
            if hasattr(value, "DEFINITION") and hasattr(value, "start")
        )

    def _import(self) -> None:
        """In the order in which they need each other: the names of imported modules must be there."""
        for extern in self.reference.externs:
            self.modules[extern.partition(".")[0]] = types.ModuleType(extern.partition(".")[0])
        for extern, function in self.reference.externs.items():
            home, _, name = extern.partition(".")
            setattr(self.modules[home], name, function)
            sys.modules[home] = self.modules[home]
        names = {path.removesuffix(".py").replace("/", "."): text for path, text in self.texts.items()}
        waiting = dict(names)
        while waiting:
            ready = [
                name for name in waiting if not any(f"\nfrom {other} import" in waiting[name] for other in waiting)
            ]
            for name in ready:
                module = self.modules[name] = types.ModuleType(name)
                before, sys.modules[name] = sys.modules.get(name), module
                code = compile(waiting.pop(name), f"{name}.py", "exec", dont_inherit=True)
                exec(code, vars(module))
                assert before is None or before.__name__ == name

    def forget(self) -> None:
        for name in self.modules:
            sys.modules.pop(name, None)

    # --- values --------------------------------------------------------------------------------------------

    def cls(self, name: str, module: str) -> type[Any]:
        found = getattr(self.modules.get(module), name, None)
        for other in self.modules.values():
            found = found or getattr(other, name, None)
        found = found or getattr(rt, name)
        assert isinstance(found, type)
        return found

    def given(self, value: Any, module: str) -> Any:
        """A value of the reference, as the module has it."""
        if isinstance(value, Rec):
            if value.name == "Ok":
                return rt.Ok(self.given(value.fields["value"], module))
            if value.name == "Failed":
                return rt.Failed(value.fields["error"], value.fields["detail"])
            cls = self.cls(value.name, value.module or module)
            fields = error_fields(cls) if issubclass(cls, rt.WorkflowError) else record_fields(cls)
            made = {f.name: self.given(value.fields[f.stored], module) for f in fields if f.stored in value.fields}
            return cls(**made)
        if isinstance(value, Member):
            return self.cls(value.enum, module)(value.name)
        if isinstance(value, list):
            return [self.given(item, module) for item in value]
        if isinstance(value, tuple):
            return tuple(self.given(item, module) for item in value)
        if isinstance(value, dict):
            return {self.given(key, module): self.given(item, module) for key, item in value.items()}
        return value


def seen(value: Any) -> Any:
    """A value of a module, as the reference has it."""
    if isinstance(value, rt.Ok):
        return Rec("Ok", {"value": seen(value.value)})
    if isinstance(value, rt.Failed):
        return Rec("Failed", {"error": value.error, "detail": value.detail})
    if isinstance(value, rt.WorkflowError):
        return Rec(type(value).__name__, {f.stored: seen(getattr(value, f.name)) for f in error_fields(type(value))})
    if isinstance(value, rt.Record):
        fields = [f for f in record_fields(type(value)) if not (isinstance(value, rt.Variant) and f.name == "kind")]
        return Rec(type(value).__name__, {f.stored: seen(getattr(value, f.name)) for f in fields})
    if isinstance(value, Enum):
        return Member(type(value).__name__, value.value)
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, tuple):
        return tuple(seen(item) for item in value)
    if isinstance(value, dict):
        return {seen(key): seen(item) for key, item in value.items()}
    return value


class Twin:
    """A reference run and a compiled run that get the same events."""

    def __init__(self, both: Both, run: ref.Run, args: Mapping[str, Any] | list[Any], *, crash: bool = True) -> None:
        self.both, self.ref, self.crash = both, run, crash
        self.module = run.version_.module if hasattr(run.version_, "module") else run.facts.interface.module
        program = both.programs.get(f"{self.module}.{run.version_.decl.name.text}", run.version)
        assert program is not None
        values = [run._root.env[param.name] for param in run.version_.decl.params]
        self.program = program
        made = program.definition.args(*[both.given(value, self.module) for value in values])
        self.run = Run("run-1", "run-1", program, made)
        self.trace: list[tuple[Any, ...]] = []
        self.status: str | None = None
        self.value: Any = None
        self.pieces: dict[str, bytes] = {}
        self.body = self.checkpoints = b""
        self.children: list[str] = []
        self.why = ""
        self._turn(lambda turn: turn.begin())

    def deliver(self, event: Event) -> None:
        act = self._act(event)
        self.ref.deliver(event)
        self._turn(act)

    def _act(self, event: Event) -> Callable[[Turn], object]:
        """What the event means to the compiled run; the reference says which op it is for."""
        give = lambda value: self.both.given(value, self.module)  # noqa: E731
        if isinstance(event, Cancel):
            return lambda turn: turn.cancel(event.reason)
        if isinstance(event, Arrive):
            return lambda turn: turn.signalled(event.signal, give(event.value))
        if isinstance(event, Ended):
            id = self.children[event.child - 1]
            if event.failed:
                return lambda turn: turn.child_ended(id, None, give(event.value))
            return lambda turn: turn.child_ended(id, give(event.value), None)
        waiter = self.ref._waiter(lambda op: self.ref._is_meant(event, op))
        assert waiter is not None
        number = waiter[1].number
        if isinstance(event, Done):
            return lambda turn: turn.arrived(number, give(event.value))
        if isinstance(event, Fire):
            return lambda turn: turn.arrived(number, None)
        if isinstance(event, Broke):
            return lambda turn: turn.broke(number, give(event.error))
        assert isinstance(event, Gone)
        return lambda turn: turn.broke(number, rt.Cancelled(reason="it stopped"))

    def _turn(self, act: Callable[[Turn], object]) -> None:
        now = microseconds(self.ref.now - EPOCH)
        turn = Turn(self.run, now)
        before = len(self.trace)
        try:
            with transition_context():
                act(turn)
                self._keep(turn)
        except Exception as error:
            fault: Fault = fault_of(error)
            if fault.code == "crashed":
                raise
            del self.trace[before:]
            self.status, self.why = "faulted", fault.message
            if self.body:
                self._read()
            return
        if turn.stuck is not None:
            self.status, self.value = "stuck", seen(turn.stuck)
        if self.crash and not turn.over:
            self._read()

    def _keep(self, turn: Turn) -> None:
        for wish in turn.wishes:
            self._note(wish)
        if turn.over:
            ending_of(turn)
            self.program.state_of(self.run.state)
        else:
            self.body, self.checkpoints, pieces = written(turn)
            for key, data in pieces.items():
                if data is None:
                    self.pieces.pop(key, None)
                else:
                    self.pieces[key] = data

    def _note(self, wish: Any) -> None:
        if isinstance(wish, Do) and wish.op.kind is not Kind.TIMER:
            args = seen(tuple(wish.op.args))
            self.trace.append(("undo" if wish.op.undo else "do", wish.op.number, self._named(wish.op), args))
        elif isinstance(wish, Stop) and wish.op.kind is not Kind.TIMER:
            self.trace.append(("cancel", wish.op.number, self._named(wish.op)))
        elif isinstance(wish, Say):
            self.trace.append(("log", wish.level, wish.message))
        elif isinstance(wish, Start):
            said = wish.spawned
            self.children.append(said.run_id)
            name = said.workflow.name.rpartition(".")[2]
            self.trace.append(("spawn", len(self.children), name, seen(tuple(said.workflow.args(*said.args)))))
        elif isinstance(wish, Send):
            sent = wish.sent
            payload = () if sent.payload is None else (seen(sent.payload),)
            self.trace.append(("send", self.children.index(sent.run_id) + 1, sent.signal, *payload))
        elif isinstance(wish, Over):
            self.status = wish.status
            self.value = seen(wish.value)

    def _named(self, op: Any) -> str:
        return op.workflow.name.rpartition(".")[2] if op.workflow is not None else str(op.name)

    def _read(self) -> None:
        """The process died here: all that goes on is what was written."""
        args = self.run.args
        run = Run(self.run.id, self.run.run, self.program, args)
        Reader(run, self.both.programs, self.pieces).read(self.body, self.checkpoints)
        self.run = run

    # --- comparing -----------------------------------------------------------------------------------------

    def difference(self) -> str:
        """What is not the same, in words; nothing when all is."""
        theirs = [_comparable(entry) for entry in self.ref.trace]
        if theirs != self.trace:
            pairs = [*zip(theirs, self.trace, strict=False)]
            at = next((place for place, (one, two) in enumerate(pairs) if one != two), len(pairs))
            ours = f"{self.trace[at : at + 4]} {self.status or 'rests'} {self.why}"
            return f"trace differs at {at}:\n  reference {theirs[at : at + 4]}\n  compiled  {ours}"
        outcome = self.ref.outcome
        if (outcome.status if outcome else None) != self.status:
            return f"the reference is {outcome}, the module is {self.status} ({self.why}) {self.value}"
        if outcome is not None and outcome.status in ("completed", "failed", "cancelled", "continued", "stuck"):
            want = outcome.value
            if outcome.status == "continued":
                want = tuple(want)
            if want != self.value:
                return f"value: the reference has {want!r}, the module has {self.value!r}"
        if self.status in (None, "completed", "failed"):
            mine = {name: seen(getattr(self.run.state, attribute)) for name, attribute in self.program.kept}
            if mine != self.ref.state():
                return f"checkpoints: the reference has {self.ref.state()}, the module has {mine}"
        return ""


def _comparable(entry: tuple[Any, ...]) -> tuple[Any, ...]:
    if entry[0] == "spawn":
        return entry[:4]
    if entry[0] in ("do", "undo"):
        return (*entry[:3], tuple(entry[3]))
    return entry


__all__ = ["Both", "Handle", "Twin", "timedelta"]
