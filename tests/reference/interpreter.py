"""The executable specification: runs a checked workflow on its tree, one event of the log at a time.

    program = load({"m.rft": text})
    run = Run(program, "m", "W", {"n": 3})
    run.deliver(Done("count", 7))            # run.pending() says what is waited for
    run.trace, run.rests, run.outcome

There are no frames and no graph: a strand is a Python generator. What the language leaves open is decided in README.md.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from raftoral.dsl import syntax as s
from raftoral.dsl.compile import Checked, check
from raftoral.dsl.facts import Facts
from raftoral.dsl.facts.symbols import Const, Function, Workflow
from raftoral.dsl.scope import BUILTIN_ERRORS
from raftoral.dsl.source import Source

from . import std
from .expressions import Mind
from .statements import Body, finished
from .strands import Fork, Part, Rest, Strand
from .values import (
    Arrive,
    AsNewOut,
    Broke,
    Cancel,
    Done,
    Ended,
    Event,
    Fault,
    Fire,
    Gone,
    Handle,
    Op,
    Outcome,
    Raised,
    Rec,
    ReturnOut,
    Stuck,
    shaped,
)

START = datetime(2026, 1, 1, tzinfo=std.EPOCH.tzinfo)
SIBLING_FAILED = Rec("Cancelled", {"reason": "a branch beside this one failed"})
Out = tuple[str, Any] | None  # ("send", value) or ("throw", error): how a strand goes on; None: it rests


class World:
    """The modules of a program, in memory: path -> text."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def module(self, name: str, root: str) -> Source | None:
        return self._read(name, ".rft")

    def python(self, name: str, root: str) -> Source | None:
        return self._read(name, ".py")

    def _read(self, name: str, ending: str) -> Source | None:
        path = name.replace(".", "/") + ending
        return Source(path, self.files[path]) if path in self.files else None

    def modules(self, root: str) -> list[str]:
        return sorted(path[:-4].replace("/", ".") for path in self.files if path.endswith(".rft"))


def load(files: dict[str, str], externs: dict[str, Callable[..., Any]] | None = None) -> Program:
    """Checks all files; a program with an error is nothing to run."""
    checked = check([Source(path, text) for path, text in files.items() if path.endswith(".rft")], World(files))
    errors = [f"{c.source.path}: {p.code} {p.headline}" for c in checked for p in c.problems if p.is_error]
    assert not errors, "\n".join(errors)
    return Program(checked, externs or {})


class Program:
    """Checked modules by name. `externs`: "module.function" -> the Python behind it."""

    def __init__(self, checked: list[Checked], externs: dict[str, Callable[..., Any]]) -> None:
        self.modules = {each.name: each.facts for each in checked}
        self.externs = externs
        self._consts: dict[Const, Any] = {}

    def facts(self, module: str) -> Facts:
        return self.modules[module]

    def const(self, const: Const) -> Any:
        if const not in self._consts:
            mind = Mind(self, self.modules[const.module], {}, None)
            self._consts[const] = shaped(mind.expr(const.decl.value), const.type)
        return self._consts[const]

    def call(self, function: Function, args: Sequence[Any]) -> Any:
        """The value of a pure function."""
        if function.extern is not None:
            value = std.guarded(self.externs[f"{function.extern}.{function.name}"], *args)
            return shaped(value, function.result)
        decl = function.decl
        assert isinstance(decl, s.Fn)
        body = Body(self, self.modules[function.module], {}, None)
        body.env.update(zip((param.name for param in decl.params), args, strict=True))
        if isinstance(decl.body, s.Pure):
            return shaped(body.expr(decl.body.value), function.result)
        try:
            finished(body.block(decl.body))
        except ReturnOut as out:
            return shaped(out.value, function.result)
        raise AssertionError(f"{function.name} returns nothing")

    def named(self, facts: Facts, name: s.TypeName) -> Any:
        """What an upper-case name stands for in a module."""
        own, text = facts.interface.names, name.name.text
        if name.module is not None:
            for line in facts.parsed.module.imports:
                if line.alias is not None and line.alias.text == name.module.text:
                    return self.modules[line.path.text].interface.names[text]
        if text in own:
            return own[text]
        for line in facts.parsed.module.imports:
            for taken in line.names or ():
                if (taken.alias or taken.name).text == text:
                    return self.modules[line.path.text].interface.names[taken.name.text]
        return BUILTIN_ERRORS[text]


class Join:
    """Where a strand waits for the parts that it forked."""

    def __init__(self, parent: Strand, request: Fork) -> None:
        self.parent = parent
        self.request = request
        self.live: list[Strand] = []
        self.started = [False] * len(request.parts)
        self.results: dict[int, Any] = {}
        self.failure: Rec | None = None  # the first, by log order
        self.cancelled: Rec | None = None
        self.busy = False

    def next_part(self) -> int | None:
        """The first part, as written, that may start now."""
        if self.failure or self.cancelled or len(self.live) >= self.request.limit:
            return None
        for index, part in enumerate(self.request.parts):
            if not self.started[index] and part.needs <= self.results.keys():
                return index
        return None

    def over(self) -> Out:
        """How the parent goes on, once all have come to rest."""
        if self.live:
            return None
        if self.cancelled or self.failure:
            return "throw", self.cancelled or self.failure
        if len(self.results) < len(self.started):
            return None
        return "send", [self.results[index] for index in range(len(self.started))]


class Run:
    """One run of a workflow."""

    def __init__(
        self,
        program: Program,
        module: str,
        workflow: str,
        args: dict[str, Any] | Sequence[Any],
        version: int | None = None,
        id: str = "run-1",
        mail: dict[str, list[Any]] | None = None,
    ) -> None:
        meaning = program.facts(module).interface.names[workflow]
        assert isinstance(meaning, Workflow)
        self.program, self.facts = program, program.facts(module)
        self.version_ = meaning.versions[version] if version is not None else meaning.newest
        self.id, self.run, self.version, self.attempt = id, id, self.version_.number, 1
        self.now = START
        self.trace: list[tuple[Any, ...]] = []
        self.rests: list[dict[str, Any]] = []
        self.outcome: Outcome | None = None
        self.checkpoints: dict[s.Token, Any] = {}
        self._mail = {name: [(0, value) for value in values] for name, values in (mail or {}).items()}
        self._ended: dict[int, tuple[int, str, Any]] = {}
        self._live: list[Strand] = []
        self._position = 0  # in the log
        self._spawned: dict[int, Workflow] = {}
        self._numbers, self._drawn = itertools.count(1), itertools.count(1)
        self._root = Strand(self, {}, [], None, None)
        self._transition(lambda: self._begin(args))

    def _begin(self, args: dict[str, Any] | Sequence[Any]) -> None:
        decl, root = self.version_.decl, self._root
        given = args if isinstance(args, dict) else dict(zip(self.version_.params, args, strict=False))
        for param, field in zip(decl.params, self.version_.params.values(), strict=True):
            if field.name in given:
                value = given[field.name]
            else:
                assert field.default is not None
                value = root.expr(field.default)
            root.env[param.name] = shaped(value, field.type)
        for member in decl.members:
            if isinstance(member, s.Checkpoint):
                root.write(self.facts.targets[member.name], root.expr(member.value))
        root.steps = root.as_root(decl.body)
        self._live.append(root)
        self._advance(root, "send", None)

    # --- what the outside sees

    def pending(self) -> list[Op]:
        """What is waited for, oldest wish first. A timer can fire, a signal arrive, an effect end."""
        ops = [op for strand in self._live if isinstance(strand.waiting, Rest) for op in strand.waiting.ops]
        return sorted(ops, key=lambda op: op.number)

    def children(self) -> list[tuple[int, Workflow]]:
        """The spawned children that have not ended."""
        return [(number, workflow) for number, workflow in self._spawned.items() if number not in self._ended]

    def state(self) -> dict[str, Any]:
        return {token.text: value for token, value in self.checkpoints.items()}

    def query(self, name: str, *args: Any) -> Any:
        """Answers a query."""
        for member in self.version_.decl.members:
            if isinstance(member, s.Query) and member.name.text == name:
                values = dict(zip((param.name for param in member.params), args, strict=False))
                mind = Mind(self.program, self.facts, {**self._root.env, **values}, self)
                for param in member.params[len(args) :]:
                    mind.env[param.name] = mind.expr(param.default)  # type: ignore[arg-type]
                return mind.expr(member.value)
        raise KeyError(name)

    def mail(self) -> dict[str, list[Any]]:
        return {name: [value for _, value in values] for name, values in self._mail.items() if values}

    def deliver(self, event: Event) -> None:
        """Applies the next entry of the log."""
        assert self.outcome is None, f"the run is over: {self.outcome}"
        self._transition(lambda: self._apply(event))

    # --- what strands say

    def note(self, *entry: Any) -> None:
        self.trace.append(entry)

    def spawned(self, workflow: Workflow, args: tuple[Any, ...], id: str | None) -> Handle:
        handle = Handle(len(self._spawned) + 1, workflow.name, id)
        self._spawned[handle.number] = workflow
        self.note("spawn", handle.number, workflow.name, args, id)
        return handle

    def given(self, name: str, args: list[Any]) -> Any:
        """`now()`; and what is drawn: here only a count, so that nobody relies on it."""
        if name == "now":
            return self.now
        number = next(self._drawn)
        if name == "new_uuid":
            return UUID(int=number)
        if name == "random":
            return number % 10 / 10
        return args[0] + number % (args[1] - args[0] + 1) if name == "random_int" else args[0][::-1]

    # --- one transition

    def _transition(self, work: Callable[[], None]) -> None:
        """All that one entry causes, until every strand rests. A fault takes all of it back."""
        marks = len(self.trace), dict(self.checkpoints)
        self._position += 1
        try:
            work()
        except Fault as why:
            del self.trace[marks[0] :]
            self.checkpoints = marks[1]
            self.outcome = Outcome("faulted", str(why))
        except Stuck as why:
            self.outcome = Outcome("stuck", why.error)
        except AsNewOut as out:
            self.outcome = Outcome("continued", out.value)
        self.rests.append(self.state())

    def _apply(self, event: Event) -> None:
        if isinstance(event, Cancel):
            self._cancel(self._root, Rec("Cancelled", {"reason": event.reason}))
        elif isinstance(event, Arrive):
            waiter = self._waiter(lambda op: op.kind == "signal" and op.name == event.signal)
            if waiter is not None:
                self._arrived(*waiter, "send", event.value)
            else:
                self._mail.setdefault(event.signal, []).append((self._position, event.value))
        elif isinstance(event, Ended):
            how = "throw" if event.failed else "send"
            self._ended[event.child] = self._position, how, event.value
            # All who wait for it, in the order in which they asked: its result is there for everybody.
            while not self.outcome and (
                waiter := self._waiter(lambda op: op.kind == "handle" and op.child == event.child)
            ):
                self._arrived(*waiter, how, event.value)
        else:
            waiter = self._waiter(lambda op: self._is_meant(event, op))
            assert waiter is not None, f"nothing waits for {event}"
            strand, op = waiter
            if isinstance(event, Fire):
                self.now = max(self.now, op.due) + timedelta(seconds=event.late)
            how, value = self._brought(event, strand)
            self._arrived(strand, op, how, value)

    def _is_meant(self, event: Done | Broke | Gone | Fire, op: Op) -> bool:
        if isinstance(event, Fire) != (op.kind == "timer") or op.kind in ("signal", "handle"):
            return False
        if event.op is None:
            return op is min((o for o in self.pending() if o.kind == "timer"), key=lambda o: (o.due, o.number))
        return event.op in (op.number, op.name)

    def _brought(self, event: Done | Broke | Gone | Fire, strand: Strand) -> tuple[str, Any]:
        """An effect that was told to stop and did not succeed leaves the cancellation, whatever it says itself."""
        if isinstance(event, Done | Fire):
            return "send", event.value if isinstance(event, Done) else None
        if strand.pending is not None and not strand.shield:
            error, strand.pending = strand.pending, None
            return "throw", error
        assert isinstance(event, Broke)
        return "throw", event.error

    def _waiter(self, wanted: Callable[[Op], bool]) -> tuple[Strand, Op] | None:
        found = [
            (op.number, strand, op)
            for strand in self._live
            if isinstance(strand.waiting, Rest)
            for op in strand.waiting.ops
            if wanted(op)
        ]
        return min(found, key=lambda each: each[0])[1:] if found else None

    def _arrived(self, strand: Strand, op: Op, how: str, value: Any) -> None:
        assert isinstance(strand.waiting, Rest)
        index = strand.waiting.ops.index(op)
        self._drop([other for other in strand.waiting.ops if other is not op])
        self._advance(strand, how, (index, shaped(value, op.type)) if how == "send" else value)

    def _drop(self, ops: list[Op]) -> None:
        for op in ops:
            if op.kind in ("activity", "child"):
                self.note("cancel", op.number, op.name)

    # --- strands

    def _advance(self, strand: Strand, how: str, value: Any) -> None:
        """Lets a strand go on until it rests or ends."""
        out: Out = (how, value)
        while out is not None:
            strand.waiting = None
            try:
                request = strand.steps.send(out[1]) if out[0] == "send" else strand.steps.throw(Raised(out[1]))
            except StopIteration as end:
                return self._over(strand, "send", end.value)
            except Raised as problem:
                return self._over(strand, "throw", problem.error)
            out = self._rest(strand, request)
        return None

    def _rest(self, strand: Strand, request: Rest | Fork) -> Out:
        """What a strand waits for from now on; or how it goes on at once."""
        if strand.pending is not None and not strand.shield:
            error, strand.pending = strand.pending, None
            return "throw", error
        if isinstance(request, Fork):
            join = strand.waiting = Join(strand, request)
            self._start(join)
            return join.over()
        there = [found for index, op in enumerate(request.ops) if (found := self._there(index, op)) is not None]
        if there:
            _, index, op, how, value = min(there, key=lambda each: each[:2])
            if op.kind == "signal":
                self._mail[op.name].pop(0)
            return how, (index, value) if how == "send" else value
        for op in request.ops:
            op.number, op.undo = next(self._numbers), strand.undoing or strand.shield > 0
            if op.kind in ("activity", "child"):
                self.note("undo" if op.undo else "do", op.number, op.name, op.args)
        strand.waiting = request
        return None

    def _there(self, index: int, op: Op) -> tuple[int, int, Op, str, Any] | None:
        """What came before it was waited for, with its place in the log."""
        if op.kind == "signal" and self._mail.get(op.name):
            position, value = self._mail[op.name][0]
            return position, index, op, "send", value
        if op.kind == "handle" and op.child in self._ended:
            position, how, value = self._ended[op.child]
            return position, index, op, how, value
        return None

    def _start(self, join: Join) -> None:
        join.busy = True
        while (index := join.next_part()) is not None:
            part, parent = join.request.parts[index], join.parent
            results = {join.request.parts[i].name: join.results[i] for i in part.needs}
            strand = Strand(self, {**parent.env, **results, **part.env}, parent.scope, parent, join)  # type: ignore[dict-item]
            strand.place = index
            join.started[index] = True
            strand.steps = self._numbered(strand, part, index)
            join.live.append(strand)
            self._live.append(strand)
            self._advance(strand, "send", None)
        join.busy = False

    def _numbered(self, strand: Strand, part: Part, index: int) -> Any:
        """What a part comes to, with its place; in a `settle`, as an outcome."""
        join = strand.join
        assert join is not None
        try:
            value = yield from strand.as_part(part)
        except Raised as problem:
            if not join.request.settle or join.cancelled is not None:
                raise
            return index, Rec("Failed", {"error": problem.error.name, "detail": std.text(problem.error)})
        return index, Rec("Ok", {"value": value}) if join.request.settle else value

    def _over(self, strand: Strand, how: str, value: Any) -> None:
        """A strand ended."""
        self._live.remove(strand)
        join = strand.join
        if join is None:
            self._finish(how, value)
            return
        join.live.remove(strand)
        if how == "send":
            join.results[value[0]] = value[1]
        elif join.failure is None and join.cancelled is None:
            join.failure = value
            self._cancel_all(join, SIBLING_FAILED)
        self._close(join)

    def _close(self, join: Join) -> None:
        if join.busy:
            return
        self._start(join)
        out = join.over()
        if out is not None:
            self._advance(join.parent, *out)

    def _finish(self, how: str, value: Any) -> None:
        if how == "send":
            self.outcome = Outcome("completed", shaped(value, self.version_.result))
        else:
            self.outcome = Outcome("cancelled" if value.name == "Cancelled" else "failed", value)

    # --- cancelling

    def _cancel(self, strand: Strand, error: Rec) -> None:
        """Raises Cancelled where a strand rests: in its parts first, then in itself. See README 2 to 6."""
        waiting = strand.waiting
        if strand.shield:
            strand.pending = strand.pending or error
        elif isinstance(waiting, Join):
            waiting.cancelled = waiting.cancelled or error
            self._cancel_all(waiting, error)
            self._close(waiting)
        elif isinstance(waiting, Rest):
            self._drop([op for op in waiting.ops if strand.pending is None])
            if any(op.has_undo for op in waiting.ops):
                waiting.ops[0].stopping = True
                strand.pending = strand.pending or error
            else:
                self._advance(strand, "throw", error)

    def _cancel_all(self, join: Join, error: Rec) -> None:
        was_busy, join.busy = join.busy, True
        for strand in sorted(join.live, key=lambda strand: strand.place):
            if strand in join.live:
                self._cancel(strand, error)
        join.busy = was_busy
