"""A machine on a bench: commands go in by hand, time stands still, and what it promises is checked behind each entry.

    bench = Kit(TEXT).bench()
    bench.start("a", n=3)
    bench.done("hold", "h1")                 the oldest attempt of `hold` that is in flight gives "h1"
    assert bench.result("a") == 4

`bench(crashing=True)` reads the machine again from what was committed behind each entry: every table of a test runs in
both ways. `broken(...)` says which promise does not hold: nothing may ever wait for what nobody does.
"""

from __future__ import annotations

import json
import linecache
import sys
from collections.abc import Iterable
from typing import Any

from raftoral.program.codec import codec_of
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import all_ops
from raftoral.runtime.core.machine import Applied, Halt, Machine, Moved, Perform, Tell
from raftoral.runtime.core.policies import overrides_bytes
from raftoral.runtime.core.programs import Program, Programs, args_bytes
from raftoral.runtime.core.state import Join, Kind, Op, Rest, Run, Strand, Undoing
from raftoral.runtime.core.stored import Reader, _over_bytes
from raftoral.runtime.core.trails import Trails
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Attempt, Changes, Row
from raftoral.runtime.proto import state_pb2 as pb
from tests.runtime.compiled import Both

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3_600 * SECOND, 86_400 * SECOND
START = 1_767_225_600 * SECOND  # 2026-01-01
SETTLED = ("completed", "failed", "cancelled", "terminated")


class Kit:
    """Programs, compiled once. `text` is a module `m`, or there are several files."""

    def __init__(self, text: str | dict[str, str]) -> None:
        files = text if isinstance(text, dict) else {"m.rft": text if text.startswith("rft") else f"rft 1\n{text}"}
        both = Both(files)
        self.both = both
        for path, made in both.texts.items():  # so that faults find their lines
            linecache.cache[f"{path[:-3].replace('/', '.')}.py"] = len(made), None, made.splitlines(True), path
        self.modules = both.modules
        self.definitions = [program.definition for program in both.programs.all().values()]
        self.programs = Programs(self.definitions)

    def bench(self, *, crashing: bool = False, trails: bool = True) -> Bench:
        return Bench(self, crashing=crashing, trails=trails)


class Bench:
    """See the module."""

    def __init__(self, kit: Kit, *, crashing: bool = False, trails: bool = True) -> None:
        self.kit = kit
        self.programs = kit.programs
        self.crashing, self.trails = crashing, trails
        self.storage = MemoryStorage()
        self.now = START
        self.flying: dict[tuple[str, int], Attempt] = {}  # what a runner would be busy with
        self.halted: list[tuple[str, int]] = []
        self.told: list[str] = []
        self.applied = Applied(Changes(), [], [])
        self.machine = Machine(self.programs, self.storage.row, trails=trails)
        self.names = 0

    # --- entries of the log --------------------------------------------------------------------------------

    def apply(self, *commands: c.Command) -> list[c.Refused | None]:
        """One entry: applied, committed, and all promises looked at."""
        sys.modules.update(self.kit.modules)  # another kit may have modules of the same names
        self.applied = applied = self.machine.apply(commands, self.now)
        self.storage.commit(applied.changes)
        for action in applied.actions:
            if isinstance(action, Perform):
                attempt = action.attempt
                self.flying[attempt.run, attempt.op] = attempt
            elif isinstance(action, Halt):
                self.halted.append((action.run, action.op))
            elif isinstance(action, Tell):
                self.told.append(f"{action.level}: {action.message}")
        problem = broken(self.machine, self.storage, self.flying)
        assert not problem, problem
        if self.crashing:
            self.read_again()
        return applied.answers

    def one(self, command: c.Command) -> c.Refused | None:
        (answer,) = self.apply(command)
        return answer

    def read_again(self) -> None:
        """The machine is made anew from what was committed; what is in flight stays in flight."""
        machine = Machine(self.programs, self.storage.row, seq=self.machine.seq, trails=self.trails)
        assert not machine.load(self.storage.live())
        machine.now = max(machine.now, self.machine.now)
        self.machine = machine

    def crash(self, programs: Programs | None = None) -> None:
        """The process dies, with all that was in flight; another one takes over."""
        self.programs = programs or self.programs
        self.flying.clear()
        self.read_again()
        self.apply(c.Recover())

    # --- by name -------------------------------------------------------------------------------------------

    def start(self, id: str = "a", workflow: str = "W", version: int = 0, **args: Any) -> c.Refused | None:
        self.names += 1
        name = workflow if "." in workflow else f"m.{workflow}"
        return self.one(c.StartRun(id, f"run-{self.names}", name, version, self.args(name, version, args)))

    def args(self, name: str, version: int, given: dict[str, Any]) -> bytes:
        """Arguments as they are stored; what is left out takes its default."""
        program = self.programs.get(name, version) if version else self.programs.newest(name)
        if program is None:
            return b"[]"
        cls: Any = program.definition.args
        fields = getattr(cls, "_fields", ())
        defaults = getattr(cls, "_field_defaults", {})
        for field in fields:
            if field not in given:
                given[field] = json.loads(_value_bytes(cls, field, defaults[field]))
        codec = program.args
        return codec.dumps(codec.loads(json.dumps([given[field] for field in fields]).encode()))

    def attempts(self, name: str = "", id: str = "") -> list[Attempt]:
        """What is in flight and wanted, oldest op first."""
        found = [a for a in self.flying.values() if (not name or a.activity.name == name) and (not id or a.id == id)]
        return sorted(filter(self._is_wanted, found), key=lambda a: (a.op, a.id))

    def _is_wanted(self, attempt: Attempt) -> bool:
        run = self.machine.runs.get(attempt.id)
        return run is not None and run.run == attempt.run and run.op(attempt.op) is not None

    def attempt(self, name: str = "", id: str = "") -> Attempt:
        found = self.attempts(name, id)
        assert found, f"no attempt of {name} is in flight; there are {self.attempts()}"
        return found[0]

    def done(self, name: str, value: Any = None, *, id: str = "", attempt: Attempt | None = None) -> None:
        """The oldest attempt of an activity gives a value."""
        it = attempt or self.attempt(name, id)
        self.flying.pop((it.run, it.op), None)
        self.apply(c.Finished(it.id, it.run, it.op, json.dumps(value).encode(), 0.25))

    def fail(
        self,
        name: str,
        kind: str = "OSError",
        detail: str = "refused",
        *,
        error: Any = None,
        retryable: bool = True,
        id: str = "",
        attempt: Attempt | None = None,
    ) -> None:
        """The oldest attempt of an activity raises."""
        it = attempt or self.attempt(name, id)
        if attempt is None:
            del self.flying[it.run, it.op]
        kind = kind if error is None else f"m.{kind}"
        data = None if error is None else json.dumps({"fields": error, "kind": kind}).encode()
        self.apply(c.AttemptFailed(it.id, it.run, it.op, it.number, kind, detail, data, "trace", retryable, 0.5))

    def tick(self, later: int = 0) -> None:
        """Time goes on, and everything that is due by then happens."""
        self.now += later
        self.apply(c.Tick())

    def sleep(self, time: int) -> None:
        """The same, as an engine does it: a tick for each moment at which something is due."""
        end = self.now + time
        while (due := self.machine.deadlines.next) is not None and due <= end:
            self.now = max(self.now, due)
            self.apply(c.Tick())
            if not self.applied.changes:  # of what stands still: a machine that is read again believes in it again
                self.machine.deadlines.due(self.now)
        self.now = end

    def signal(self, id: str, name: str, payload: Any = None) -> c.Refused | None:
        return self.one(c.Signal(id, name, json.dumps(payload).encode()))

    # --- looking -------------------------------------------------------------------------------------------

    def row(self, id: str = "a") -> Row:
        row = self.storage.row(id)
        assert row is not None, f"there is no run {id}"
        return row

    def status(self, id: str = "a") -> str:
        return self.row(id).status

    def run(self, id: str = "a") -> Run:
        return self.machine.runs[id]

    def result(self, id: str = "a") -> Any:
        row = self.row(id)
        assert row.status == "completed", f"{id} is {row.status}: {row.failure!r}"
        return json.loads(row.result or b"null")

    def failure(self, id: str = "a") -> tuple[str, dict[str, Any]]:
        failure = json.loads(self.row(id).failure or b"{}")
        return failure["kind"], failure["fields"]

    def checkpoints(self, id: str = "a") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.row(id).checkpoints)
        return found

    def performed(self) -> list[tuple[str, tuple[Any, ...]]]:
        """What the last entry asked a runner for."""
        return [(a.attempt.activity.name, a.attempt.args) for a in self.applied.actions if isinstance(a, Perform)]

    def moved(self) -> list[tuple[str, str]]:
        return [(a.id, a.status) for a in self.applied.actions if isinstance(a, Moved)]

    def names_in_flight(self, id: str = "") -> list[str]:
        return [attempt.activity.name for attempt in self.attempts(id=id)]


def _value_bytes(cls: Any, field: str, value: Any) -> bytes:
    from raftoral.program.plans import annotations_of

    return codec_of(annotations_of(cls)[field]).dumps(value)


# --- promises ----------------------------------------------------------------------------------------------------


def broken(machine: Machine, storage: MemoryStorage, flying: dict[tuple[str, int], Attempt]) -> str:
    """Which promise does not hold: what is stored is what is in memory, and somebody is at whatever is waited for."""
    live = {row.id: (row, pieces) for row, pieces in storage.live()}
    if live.keys() != machine.runs.keys():
        return f"stored are {sorted(live)}, in memory {sorted(machine.runs)}"
    due = {(when, id, op) for when, id, op in machine.deadlines._heap}
    for run in machine.runs.values():
        row, pieces = live[run.id]
        problem = _stored_otherwise(machine, run, row, pieces) or _waits_for_nobody(machine, run, flying, due)
        if problem:
            return f"{run.id} ({run.status}): {problem}"
    return ""


def _stored_otherwise(machine: Machine, run: Run, row: Row, pieces: dict[str, bytes]) -> str:
    if row._replace(digest="") != machine._row(run)._replace(digest=""):  # a mended program has another one
        return f"its row is {row}, and should be {machine._row(run)}"
    if pieces != run.pieces:
        return f"its pieces are {_keys(pieces)}, in memory {_keys(run.pieces)}"
    again = reread(machine.programs, row, pieces)
    one, two = picture(run), picture(again)
    return _difference(one, two)


def _difference(one: Any, two: Any, where: str = "") -> str:
    """The first place at which two pictures differ."""
    if one == two:
        return ""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        return next(found for key in one if (found := _difference(one[key], two[key], f"{where}.{key}")))
    if isinstance(one, list | tuple) and isinstance(two, list | tuple) and len(one) == len(two):
        pairs = enumerate(zip(one, two, strict=True))
        return next(found for at, pair in pairs if (found := _difference(*pair, f"{where}[{at}]")))
    return f"{where}: in memory {one!r}, read again {two!r}"


def _keys(pieces: dict[str, bytes]) -> list[str]:
    return sorted(pieces)


def reread(programs: Programs, row: Row, pieces: dict[str, bytes]) -> Run:
    """A run from what is stored of it."""
    program = programs.get(row.workflow, row.version)
    assert program is not None
    run = Run(row.id, row.run, program, program.args.loads(row.args))
    run.status, run.parent, run.seq = row.status, row.parent, row.seq
    run.created, run.updated, run.tags = row.created, row.updated, row.tags
    run.body, run.checkpoints, run.pieces = row.body, row.checkpoints.encode(), dict(pieces)
    Reader(run, programs, run.pieces).read(run.body, run.checkpoints)
    Trails(True).read(run)
    return run


def kept_events(run: Run) -> list[pb.Event]:
    """What waits in the inbox, oldest first."""
    keys = sorted((key for key in run.pieces if key[0] == "q"), key=lambda key: int(key[1:]))
    return [pb.Event.FromString(run.pieces[key]) for key in keys]


def _waits_for_nobody(
    machine: Machine, run: Run, flying: dict[tuple[str, int], Attempt], due: set[tuple[int, str, int]]
) -> str:
    arrived = {event.op for event in kept_events(run)}
    ended = {event.name for event in kept_events(run) if event.what == c.What.ENDED}
    for op in all_ops(run):
        if op.number in arrived:
            continue
        if op.kind is Kind.EFFECT:
            attempt = flying.get((run.run, op.number))
            in_flight = attempt is not None and attempt.number == op.attempt
            is_due = bool(op.due) and (
                (op.due, run.id, op.number) in due or (run.status in ("paused", "faulted") and op.due <= machine.now)
            )
            if not in_flight and not is_due and not getattr(op, "stalled", False):
                return f"nobody performs {op}, attempt {op.attempt}; in flight is {attempt}"
        elif op.kind is Kind.TIMER:
            if (op.due, run.id, op.number) not in due:
                return f"nobody rings for {op} at {op.due}"
        elif op.kind is Kind.RUN:
            child = machine.runs.get(op.name)
            if child is None or child.parent != run.id or child.parent_op != op.number:
                return f"no child runs for {op}"
        elif op.kind is Kind.CHILD and op.name not in ended:
            child = machine.runs.get(op.name)
            if child is None or child.parent != run.id:
                return f"no child runs for {op}"
    return ""


# --- a run as plain data -----------------------------------------------------------------------------------------


def picture(run: Run) -> dict[str, Any]:
    """All that decides how a run goes on. Two runs with equal pictures do the same."""
    program = run.program
    signals = program.definition.signals
    return {
        "head": (run.id, run.run, program.name, program.version, run.status, run.parent, run.parent_op, run.seq),
        "counters": (run.steps, run.ops, run.forks, run.position, run.undo_count, run.fence, run.link, run.inbox),
        "why": (run.code, run.reason, run.note),
        "times": (run.created, run.updated, run.tags),
        "args": program.args.dumps(run.args),
        "state": program.state_of(run.state) if run.state is not None else None,
        "body": run.body,
        "checkpoints": run.checkpoints,
        "pieces": sorted(run.pieces.items()),
        "behind": run.behind,
        "waiting": {number: strand.path for number, (strand, _) in sorted(run.waiting.items())},
        "mail": {
            name: [(at, codec_of(signals[name]).dumps(payload)) for at, payload in box]
            for name, box in sorted(run.mail.items())
        },
        "children": {id: _child(child) for id, child in sorted(run.children.items())},
        "undos": [_undo(undo) for undo in run.undos],
        "root": _strand(run.root),
    }


def _child(child: Any) -> Any:
    definition = child.definition
    error = None if child.error is None else codec_of(type(child.error)).dumps(child.error)
    value = codec_of(definition.result).dumps(child.value) if child.ended and child.error is None else None
    return definition.name, definition.version, child.ended, child.position, value, error


def _undo(undo: Any) -> Any:
    args = args_bytes(undo.activity, undo.args) if undo.activity is not None else None
    branch = None if undo.branch is None else _branch(undo.branch)
    return undo.number, undo.scope, undo.path, undo.inner, undo.activity and undo.activity.name, args, branch


def _branch(branch: Any) -> Any:
    return branch.part.key, codec_of(branch.part.captured).dumps(branch.captured), branch.after


def _strand(strand: Strand) -> Any:
    slot, wait = strand.slot, strand.wait
    at = None if slot is None else (slot.number, codec_of(slot.frame).dumps(strand.frame))
    pending = None if strand.pending is None else codec_of(type(strand.pending)).dumps(strand.pending)
    return strand.path, strand.place, strand.undo, at, pending, _wait(wait)


def _wait(wait: Any) -> Any:
    if isinstance(wait, Rest):
        return "rest", wait.mode, [_op(op) for op in wait.ops]
    if isinstance(wait, Join):
        results = {place: _over_bytes(wait, place) for place in sorted(wait.results)}
        live = [_strand(strand) for strand in sorted(wait.live, key=lambda strand: strand.place)]
        branches = [_branch(branch) for branch in wait.branches]
        errors = [repr(error) for error in (wait.failure, wait.cancelled)]
        goes_on = wait.failure is None and wait.cancelled is None
        head = wait.number, wait.settle, wait.limit, goes_on and sorted(wait.started), errors
        return "join", head, branches, results, live
    if isinstance(wait, Undoing):
        strand = None if wait.strand is None else _strand(wait.strand)
        op = None if wait.op is None else _op(wait.op)
        return "undoing", wait.scope, repr(wait.error), op, strand, wait.stuck is not None
    return None


def _op(op: Op) -> Any:
    plain = [getattr(op, name) for name in Op.__slots__ if name not in ("activity", "args", "workflow", "overrides")]
    args = None if op.activity is None else args_bytes(op.activity, op.args)  # a child has got its own
    return plain, op.kind, args, overrides_bytes(op.overrides), op.workflow and (op.workflow.name, op.workflow.version)


# --- changes as bytes --------------------------------------------------------------------------------------------


def spelled(applied: Applied) -> bytes:
    """An entry's outcome as bytes: two machines did the same when these are equal. Orders that the port fixes count."""
    changes = applied.changes
    parts: list[Any] = [
        sorted(changes.deleted),
        [(id, list(row)) for id, row in changes.rows.items()],
        [(id, list(step)) for id, step in changes.steps.items()],
        [(*key, data) for key, data in changes.pieces.items()],
        sorted(changes.meta.items()),
        [_spelled_action(action) for action in applied.actions],
        applied.answers,
    ]
    return repr(parts).encode()


def _spelled_action(action: Any) -> Any:
    if isinstance(action, Perform):
        attempt = action.attempt
        plain = [getattr(attempt, name) for name in Attempt._fields if name not in ("activity", "args")]
        return "perform", attempt.activity.name, args_bytes(attempt.activity, attempt.args), plain
    return type(action).__name__, tuple(action)


def forget(kits: Iterable[Kit]) -> None:
    for kit in kits:
        for name in kit.modules:
            if sys.modules.get(name) is kit.modules[name]:
                del sys.modules[name]


def program_of(kit: Kit, name: str) -> Program:
    found = kit.programs.newest(f"m.{name}")
    assert found is not None
    return found
