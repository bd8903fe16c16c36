"""The life of runs: they begin, something happens to them, they start others, they end.

    self._deliver(run, Event(What.DONE, op=3, value=b'"hold-17"'))

A turn counts as a whole or not at all. If the workflow has a bug, the run is *faulted*: it is again what it was before
the turn, and the event waits in its inbox until somebody resumes it. What one run causes in another follows in the same
entry of the log, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from raftoral.notes import note_source
from raftoral.program.codec import codec_of
from raftoral.program.faults import Fault, Misfit, StepBudget, fault_of
from raftoral.program.steps import Definition
from raftoral.program.values import ActivityFailed, Cancelled, WorkflowError

from ..ports import LIVE, Attempt, Changes, Row, Step
from ..proto import state_pb2 as pb
from .attempts import attempt_of, own_key
from .commands import Event, What, words
from .deadlines import Deadlines
from .execution import Do, Over, Say, Send, Start, Stop, Turn
from .programs import Program, Programs, error_bytes
from .state import Kind, Op, Run
from .stored import (
    MAILBOX_MAX,
    VALUE_BYTES_MAX,
    Reader,
    body_bytes,
    bounded,
    checkpoint_bytes,
    mail_bytes,
    part_bytes,
    written,
)
from .trails import Trails

INBOX_MAX = 10_000
LINKS_MAX = 1_000  # of `continue as new` of one run by one command
FOLLOWING_MAX = 100_000  # what one command may cause in other runs
CHILD_ID_MAX = 1_000  # characters; the id of a child that is waited for has that of its parent in it
NOTE_MAX = 4_000


class Perform(NamedTuple):
    """Call an activity. Only the owner of the run does."""

    attempt: Attempt
    owner: str


class Halt(NamedTuple):
    """Nobody wants this effect any more."""

    run: str
    op: int
    reason: str


class Tell(NamedTuple):
    """Write a line to the log. `event` says which of ours it is; without one it is what the workflow itself says."""

    id: str
    run: str
    workflow: str
    version: int
    level: str
    message: str
    owner: str = ""
    event: str = ""
    slot: str = ""


class Moved(NamedTuple):
    """A run is not what it was: whoever watches it may look. With its row, if all of it is new: it began, or ended."""

    id: str
    status: str
    row: Row | None = None
    owner: str = ""


Action = Perform | Halt | Tell | Moved


class Ending(NamedTuple):
    """How a run ended, encoded."""

    status: str
    result: bytes | None
    failure: bytes | None


class Lifecycle:
    """Runs in memory. `ended` finds the row of one that is there no more."""

    def __init__(
        self, programs: Programs, ended: Callable[[str], Row | None], *, seq: int = 0, trails: bool = True
    ) -> None:
        self.programs = programs
        self.runs: dict[str, Run] = {}
        self.deadlines = Deadlines(lambda due, id, op: self.due_op(due, id, op) is not None)
        self.seq = seq  # that the last start got
        self.now = 0  # log time
        self._ended = ended
        self._trails = Trails(trails)
        self._changes = Changes()
        self._actions: list[Action] = []
        self._fresh: set[str] = set()  # whose whole row is to be written
        self._touched: dict[str, Run] = {}
        self._following: deque[Callable[[], None]] = deque()
        self._links: dict[str, int] = {}  # of each run that this command continued as new
        self._caused = 0  # in other runs, by this command

    def load(self, rows: Iterable[tuple[Row, Mapping[str, bytes]]]) -> list[Row]:
        """Reads what a store holds; gives back the runs whose program is not known."""
        unknown = []
        for row, pieces in rows:
            self.now = max(self.now, row.updated)
            program = self.programs.get(row.workflow, row.version)
            if program is None:
                unknown.append(row)
                continue
            run = Run(row.id, row.run, program, program.args.loads(row.args))
            run.status, run.parent, run.seq = row.status, row.parent, row.seq
            run.created, run.updated, run.tags = row.created, row.updated, row.tags
            run.body, run.checkpoints, run.pieces = row.body, row.checkpoints.encode(), dict(pieces)
            Reader(run, self.programs, run.pieces).read(run.body, run.checkpoints)
            self._trails.read(run)
            self.runs[row.id] = run
            for op in all_ops(run):
                if op.due and op.number not in run.arrived:
                    self.deadlines.add(op.due, run.id, op.number)
        return unknown

    def due_op(self, due: int, id: str, number: int) -> tuple[Run, Op] | None:
        """What a deadline is for, if it is still waited for."""
        run = self.runs.get(id)
        op = run.op(number) if run is not None and number not in run.arrived else None
        return (run, op) if run is not None and op is not None and op.due == due else None

    def _follow(self) -> None:
        """What a command caused in other runs: children, their ends, signals."""
        while self._following:
            self._following.popleft()()
        self._links.clear()
        self._caused = 0

    def _known(self, id: str) -> Row | None:
        """A run as a row, whether it has ended or not."""
        run = self.runs.get(id)
        if run is not None:
            return self._row(run)
        row = self._changes.rows.get(id)
        if row is not None or id in self._changes.deleted:
            return row
        return self._ended(id)

    def _begin(
        self,
        id: str,
        name: str,
        program: Program,
        args: Any,
        *,
        tags: str = "{}",
        parent: tuple[str, int] | None = None,
        owner: str = "",
    ) -> None:
        run = self.runs[id] = Run(id, name, program, args)
        run.owner = owner
        self.seq += 1
        run.seq, run.created, run.tags = self.seq, self.now, tags
        if parent is not None:
            run.parent, run.parent_op = parent
        run.body = body_bytes(run)
        self._fresh.add(id)
        self._deliver(run, Event(What.BEGIN))

    # --- something happens ---------------------------------------------------------------------------------

    def _deliver(self, run: Run, event: Event) -> None:
        """Applies an event, or keeps it until the run can go on."""
        if run.status in ("paused", "faulted"):
            self._keep(run, event)
            return
        turn, ending = Turn(run, self.now), None
        try:
            _EVENTS[event.what](self, turn, event)
            if turn.over:
                ending, checkpoints = ending_of(turn), checkpoint_bytes(run)
            else:
                body, checkpoints, pieces = written(turn)
            given = self._given(run, turn)
        except Exception as error:
            self._fault(run, event, error)
            return
        run.checkpoints = checkpoints
        if not turn.over:
            run.body = body
            for key, data in pieces.items():
                self._piece(run, key, data)
        run.updated = self.now
        self._touched[run.id] = run
        self._grant(run, turn, given)
        if ending is not None:
            self._end(run, ending)
        elif turn.stuck is not None:
            self._undo_failed(run, turn.stuck)
        elif run.status == "stalled" and not still_stalls(run):
            run.status, run.code, run.reason = "running", "", ""
            self._rewrite(run)

    def _keep(self, run: Run, event: Event) -> None:
        """The run stands still: what arrives waits in its inbox. There is room for what ends of what it began; only
        messages of its parent may be too many, since clients were told that it is full."""
        if run.inbox >= INBOX_MAX and event.what is What.ARRIVED:
            self._tell(
                run, "error", f"its inbox is full: a message of the signal {event.name} was dropped", "mail_dropped"
            )
            return
        run.inbox += 1
        run.arrived.add(event.op)
        message = pb.Event(what=event.what, op=event.op, name=event.name, value=event.value, error=event.error)
        self._piece(run, f"q{run.inbox}", message.SerializeToString())
        self._rewrite(run)

    def _fault(self, run: Run, event: Event, error: Exception) -> None:
        """The turn is taken back: the run is as it was before, at its slot, and the event is kept."""
        fault: Fault = fault_of(error)
        note_source(error)
        fresh = Run(run.id, run.run, run.program, run.args)
        kept = "parent seq created updated tags body checkpoints pieces trails near behind"
        for name in kept.split():
            setattr(fresh, name, getattr(run, name))
        Reader(fresh, self.programs, fresh.pieces).read(fresh.body, fresh.checkpoints)
        self.runs[run.id] = fresh
        fresh.status, fresh.code, fresh.reason = "faulted", fault.code, fault.message
        fresh.note = "\n".join(getattr(error, "__notes__", ()))[:NOTE_MAX]
        shown = "".join(f"\n    {line}" for line in fresh.note.splitlines())
        op = fresh.op(event.op)
        slot = op.step if op is not None else ""
        self._tell(fresh, "error", f"faulted: {fault.message}{shown}", "run_faulted", slot)
        self._keep(fresh, event)

    def _undo_failed(self, run: Run, error: WorkflowError) -> None:
        run.status, run.code = "faulted", "undo-failed"
        run.reason = f"an undo gave up: {error}"
        self._tell(run, "error", run.reason, "run_faulted")
        self._rewrite(run)

    # --- what a turn makes of an event -------------------------------------------------------------------------

    def _on_begin(self, turn: Turn, event: Event) -> None:
        turn.begin()

    def _on_done(self, turn: Turn, event: Event) -> None:
        op = turn.run.op(event.op)
        if op is None:
            return
        value = None
        if op.activity is not None:
            value = codec_of(op.activity.result).loads(event.value)
        elif op.workflow is not None:
            value = codec_of(op.workflow.result).loads(event.value)
        turn.arrived(event.op, value)

    def _on_broke(self, turn: Turn, event: Event) -> None:
        turn.broke(event.op, self._error(turn.run, event.error))

    def _on_arrived(self, turn: Turn, event: Event) -> None:
        signals = turn.run.program.definition.signals
        try:
            if event.name not in signals:
                raise Misfit("there is no such signal any more")
            payload = codec_of(signals[event.name]).loads(event.value)
        except Misfit as misfit:  # it lay in the inbox, and the program is another one now
            what = f"a message of the signal {event.name} is dropped: {misfit.message}"
            self._tell(turn.run, "warn", what, "mail_dropped")
            return
        turn.signalled(event.name, payload)

    def _on_ended(self, turn: Turn, event: Event) -> None:
        child = turn.run.children.get(event.name)
        if child is None:
            return
        if event.error:
            turn.child_ended(event.name, None, self._error(turn.run, event.error))
        else:
            turn.child_ended(event.name, codec_of(child.definition.result).loads(event.value), None)

    def _on_cancelled(self, turn: Turn, event: Event) -> None:
        turn.cancel(event.name)

    def _on_again(self, turn: Turn, event: Event) -> None:
        turn.again()

    def _error(self, run: Run, data: bytes) -> WorkflowError:
        try:
            return run.program.error(data)
        except Misfit:  # of a child whose errors are others now
            return ActivityFailed(activity="", detail=data.decode(errors="replace")[:NOTE_MAX], attempts=0)

    # --- what a turn wished for ------------------------------------------------------------------------------

    def _given(self, run: Run, turn: Turn) -> dict[int, bytes]:
        """What others get of a turn, by the place of its wish: encoded as long as the turn may be taken back."""
        given: dict[int, bytes] = {}
        for at, wish in enumerate(turn.wishes):
            if isinstance(wish, Do):
                activity = wish.op.activity
                if activity is None:
                    if wish.op.workflow is not None:
                        given[at] = self._child_args(wish.op.workflow, wish.op.args)
                elif activity.key is not None:
                    own_key(run, wish.op)
            elif isinstance(wish, Start):
                given[at] = self._child_args(wish.spawned.workflow, wish.spawned.workflow.args(*wish.spawned.args))
            elif isinstance(wish, Send):
                signals = run.children[wish.sent.run_id].definition.signals
                data = codec_of(signals[wish.sent.signal]).dumps(wish.sent.payload)
                given[at] = bounded(data, "a message", VALUE_BYTES_MAX)
        if given:
            self._caused += len(given)
            if self._caused > FOLLOWING_MAX:
                raise StepBudget(f"one entry of the log started or told more than {FOLLOWING_MAX:,} children")
        return given

    def _child_args(self, definition: Definition, args: Any) -> bytes:
        return bounded(self.programs.of(definition).args.dumps(args), "the arguments of a child", VALUE_BYTES_MAX)

    def _grant(self, run: Run, turn: Turn, given: Mapping[int, bytes]) -> None:
        for at, wish in enumerate(turn.wishes):
            if isinstance(wish, Do):
                self._ask(run, wish.op, given.get(at, b""))
            elif isinstance(wish, Stop):
                self._stop(run, wish.op)
            elif isinstance(wish, Say):
                self._tell(run, wish.level, wish.message, slot=wish.slot)
            elif isinstance(wish, Start):
                self._child_later(run.id, wish.spawned.run_id, wish.spawned.workflow, given[at], 0)
            elif isinstance(wish, Send):
                self._arrive_later(run.id, wish.sent.run_id, wish.sent.signal, given[at])
            elif wish.status == "continued":
                self._continue(run, wish.value)

    def _ask(self, run: Run, op: Op, data: bytes) -> None:
        if op.number not in run.waiting:
            return  # it was cancelled in the same turn
        if op.activity is not None:
            self._actions.append(Perform(attempt_of(run, op, self.now), run.owner))
        elif op.kind is Kind.TIMER:
            self.deadlines.add(op.due, run.id, op.number)
        else:
            assert op.workflow is not None
            self._child_later(run.id, op.name, op.workflow, data, op.number)

    def _stop(self, run: Run, op: Op) -> None:
        if op.kind is Kind.EFFECT:
            self._actions.append(Halt(run.run, op.number, "the run needs it no longer"))
        elif op.kind is Kind.RUN:
            self._following.append(lambda: self._cancel_child(op.name, run.id))

    def _cancel_child(self, id: str, parent: str) -> None:
        child = self.runs.get(id)
        if child is not None and child.parent == parent:
            self._deliver(child, Event(What.CANCELLED, name=f"its parent {parent} needs it no longer"))

    def _child_later(self, parent: str, id: str, definition: Definition, data: bytes, op: int) -> None:
        program = self.programs.of(definition)
        self._following.append(lambda: self._child(parent, id, program, data, op))

    def _child(self, parent: str, id: str, program: Program, data: bytes, op: int) -> None:
        """Starts a child. An id that is taken makes it fail, as a child that failed does. A parent that was continued
        as new finds again the child that it spawned before, as long as that lives."""
        known = self._known(id)
        if len(id) > CHILD_ID_MAX:
            why = f"runs are nested too deeply: the id of this one would have {len(id):,} characters"
            self._child_failed(parent, op, id, program, why)
        elif known is None:
            # A number in the name: keys and reports are for this run, not for another one that had its id before.
            args, home = program.args.loads(data), self.runs.get(parent)
            owner = home.owner if home is not None else ""
            self._begin(id, f"{id}#{self.seq + 1}", program, args, parent=(parent, op), owner=owner)
        elif op or known.status not in LIVE or (known.parent, known.workflow) != (parent, program.name):
            self._child_failed(parent, op, id, program, f"there is a run {id!r} already")

    def _child_failed(self, parent: str, op: int, id: str, program: Program, why: str) -> None:
        error = error_bytes(ActivityFailed(activity=program.name, detail=why, attempts=0))
        self._tell_parent(parent, op, id, b"", error)

    def _arrive_later(self, parent: str, id: str, name: str, data: bytes) -> None:
        self._following.append(lambda: self._arrive(parent, id, name, data))

    def _arrive(self, parent: str, id: str, name: str, data: bytes) -> None:
        """A message for a child. One that has ended, or never was one, reads no mail."""
        child = self.runs.get(id)
        if child is None or child.parent != parent or name not in child.program.definition.signals:
            return
        if len(child.mail.get(name, ())) >= MAILBOX_MAX:
            what = f"its mailbox {name} is full: a message of its parent was dropped"
            self._tell(child, "error", what, "mail_dropped")
            return
        self._deliver(child, Event(What.ARRIVED, name=name, value=data))

    # --- ends ----------------------------------------------------------------------------------------------

    def _end(self, run: Run, ending: Ending) -> None:
        """The run leaves memory; its row stays, with what a report needs."""
        run.status, run.body = ending.status, b""
        for key in run.pieces:  # those that are stored go with the row that says that it has ended
            self._changes.pieces.pop((run.id, key), None)
        self._touched.pop(run.id, None)
        del self.runs[run.id]
        if not self.runs:
            self.deadlines.clear()
        row = self._row(run)._replace(
            updated=self.now,
            ended=self.now,
            result=ending.result,
            failure=ending.failure,
            report=self._trails.ended(run),
        )
        self._changes.rows[run.id] = row
        self._actions.append(Moved(run.id, run.status, row, run.owner))
        if run.parent is not None:
            parent, op, id = run.parent, run.parent_op, run.id
            value, error = ending.result or b"", self._as_child_failed(run, ending)
            self._following.append(lambda: self._tell_parent(parent, op, id, value, error))

    def _as_child_failed(self, run: Run, ending: Ending) -> bytes:
        """What the parent sees of a failure. It was not cancelled itself, so a child that was is one that failed."""
        if ending.failure is None or ending.status == "failed":
            return ending.failure or b""
        why = getattr(run.program.error(ending.failure), "reason", "")
        detail = f"the child {run.id} was {ending.status}: {why}"
        return error_bytes(ActivityFailed(activity=run.program.name, detail=words(detail), attempts=0))

    def _tell_parent(self, parent: str, op: int, id: str, value: bytes, error: bytes) -> None:
        run = self.runs.get(parent)
        if run is None:
            return
        if not op:
            self._deliver(run, Event(What.ENDED, name=id, value=value, error=error))
        elif (waiting := run.op(op)) is not None and waiting.kind is Kind.RUN and waiting.name == id:
            self._deliver(run, Event(What.BROKE if error else What.DONE, op=op, name=id, value=value, error=error))

    def _continue(self, run: Run, args: Any) -> None:
        """`continue as new`: under the same id, on the newest version, with an empty frame. Mail carries over."""
        program, args = self._newest(run, args)
        links = self._links[run.id] = self._links.get(run.id, 0) + 1
        first = run.run.rpartition("~")[0] if run.link else run.run
        new = Run(run.id, f"{first}~{run.link + 1}", program, args)
        new.link, new.fence, new.seq, new.created, new.tags = run.link + 1, run.fence, run.seq, run.created, run.tags
        new.parent, new.parent_op, new.pieces, new.owner = run.parent, run.parent_op, run.pieces, run.owner
        new.trails, new.near, new.behind = run.trails, run.near, run.behind
        for key in sorted(key for key in new.pieces if not key.startswith("t")):
            self._piece(new, key, None)
        mail = [(at, name, payload) for name, box in run.mail.items() for at, payload in box]
        for _, name, payload in sorted(mail, key=lambda each: each[0]):
            self._carry(run, new, name, payload)
        new.body = body_bytes(new)
        self.runs[run.id] = new
        self._fresh.add(run.id)
        self._touch(new)
        if links > LINKS_MAX:
            self._fault(new, Event(What.BEGIN), StepBudget("it was continued as new again and again without a rest"))
        else:  # before anything else may happen to it
            self._following.appendleft(lambda: self._deliver(new, Event(What.BEGIN)))

    def _newest(self, run: Run, args: Any) -> tuple[Program, Any]:
        """The newest version with the same arguments, by their names; or the run's own, if they do not fit it."""
        own = run.program
        newest = self.programs.newest(own.name) or own
        if newest is own:
            return own, args
        cls: Any = newest.definition.args
        named = {name: getattr(args, name) for name in cls._fields if hasattr(args, name)}
        try:
            return newest, newest.args.loads(newest.args.dumps(cls(**named)))
        except (Fault, TypeError, AttributeError) as why:
            said = why.message if isinstance(why, Fault) else "it takes others"
            what = f"it stays on version {own.version}: version {newest.version} cannot take over: {said}"
            self._tell(run, "warn", what, "version_kept")
            return own, args

    def _carry(self, old: Run, new: Run, name: str, payload: Any) -> None:
        """A message that nobody read goes to the next link, if that still knows such a signal."""
        signals = new.program.definition.signals
        try:
            if name not in signals:
                raise Misfit(f"version {new.program.version} has no such signal")
            data = codec_of(old.program.definition.signals[name]).dumps(payload)
            value = codec_of(signals[name]).loads(data)
        except Fault as fault:
            self._tell(new, "warn", f"a message of the signal {name} is dropped: {fault.message}", "mail_dropped")
            return
        new.position += 1
        new.mail.setdefault(name, []).append((new.position, value))
        self._piece(new, f"m{new.position}", mail_bytes(new, name, new.position))

    # --- writing -------------------------------------------------------------------------------------------

    def _touch(self, run: Run) -> None:
        run.updated = self.now
        self._touched[run.id] = run

    def _rewrite(self, run: Run, op: Op | None = None) -> None:
        """Something changed outside of a turn: of the run, or of what one of its strands waits for."""
        found = run.waiting.get(op.number) if op is not None else None
        if found is not None and found[0].path:
            self._piece(run, f"s{found[0].path}", part_bytes(run, found[0]))
        else:
            run.body = body_bytes(run)
        self._touch(run)

    def _piece(self, run: Run, key: str, data: bytes | None) -> None:
        if data is not None:
            run.pieces[key] = data
        elif run.pieces.pop(key, None) is None:
            return
        self._changes.pieces[run.id, key] = data

    def _write(self) -> None:
        """All runs that an entry of the log touched: once each."""
        for run in self._touched.values():
            if self.runs.get(run.id) is not run:
                continue
            behind = self._trails.write(run, self._piece)
            row = None
            if run.id in self._fresh:
                row = self._changes.rows[run.id] = self._row(run)
            else:
                body = run.body + behind
                self._changes.steps[run.id] = Step(run.status, run.updated, run.checkpoints.decode(), body, run.id)
            self._actions.append(Moved(run.id, run.status, row, run.owner))
        self._touched.clear()
        self._fresh.clear()

    def _row(self, run: Run) -> Row:
        program = run.program
        return Row(
            id=run.id,
            seq=run.seq,
            run=run.run,
            workflow=program.name,
            version=program.version,
            digest=program.definition.digest,
            status=run.status,
            parent=run.parent,
            created=run.created,
            updated=run.updated,
            ended=None,
            tags=run.tags,
            args=program.args.dumps(run.args),
            checkpoints=run.checkpoints.decode(),
            body=run.body and run.body + (run.behind or b""),  # none when it has ended
            result=None,
            failure=None,
        )

    def _tell(self, run: Run, level: str, message: str, event: str = "", slot: str = "") -> None:
        name, version = run.program.name, run.program.version
        self._actions.append(Tell(run.id, run.run, name, version, level, message, run.owner, event, slot))


def all_ops(run: Run) -> list[Op]:
    """Everything that a run waits for, oldest first."""
    return [run.waiting[number][1] for number in sorted(run.waiting)]


def ending_of(turn: Turn) -> Ending | None:
    """How the run ended, in bytes: a result that does not fit is a fault of the workflow."""
    over = turn.wishes[-1]
    assert isinstance(over, Over)
    if over.status == "completed":
        result = turn.run.program.result.dumps(over.value)
        return Ending(over.status, bounded(result, "the result", VALUE_BYTES_MAX), None)
    if over.status == "continued":
        bounded(turn.run.program.args.dumps(over.value), "the arguments", VALUE_BYTES_MAX)
        return None
    return Ending(over.status, None, bounded(error_bytes(over.value), "the error", VALUE_BYTES_MAX))


def still_stalls(run: Run) -> bool:
    return any(op.stalled for op in all_ops(run))


def terminated(reason: str) -> Ending:
    return Ending("terminated", None, error_bytes(Cancelled(reason=reason)))


_EVENTS: dict[What, Callable[[Lifecycle, Turn, Event], None]] = {
    What.BEGIN: Lifecycle._on_begin,
    What.DONE: Lifecycle._on_done,
    What.FIRED: Lifecycle._on_done,
    What.BROKE: Lifecycle._on_broke,
    What.ARRIVED: Lifecycle._on_arrived,
    What.ENDED: Lifecycle._on_ended,
    What.CANCELLED: Lifecycle._on_cancelled,
    What.AGAIN: Lifecycle._on_again,
}
