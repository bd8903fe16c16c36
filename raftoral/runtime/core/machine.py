"""All runs of a group, and what each command does to them.

    applied = machine.apply([StartRun("order-1", ...)], now)
    applied.changes     what to make durable, before anything else is done with it
    applied.actions     what the world is asked for then: Perform(attempt), Halt(...), Tell(...), Moved(...)
    applied.answers     for each command: None, or why it was refused

Pure: the same commands at the same log time leave the same runs, on every node. `apply` never raises for what a
workflow, an activity or a client did. `lifecycle` has what happens inside of runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from raftoral.program.codec import codec_of
from raftoral.program.faults import Misfit
from raftoral.program.scalars import transition_context
from raftoral.program.std import Stream, loops

from ..ports import LIVE, Changes, Row
from ..proto import state_pb2 as pb
from . import commands as c
from .attempts import next_attempt
from .commands import Event, Refused, What
from .library import Library
from .lifecycle import INBOX_MAX, Action, Halt, Moved, Perform, Tell, all_ops, terminated
from .programs import Program, error_bytes
from .state import Kind, Run
from .stored import MAILBOX_MAX, VALUE_BYTES_MAX


class Applied(NamedTuple):
    changes: Changes
    actions: list[Action]
    answers: list[Refused | None]


class Machine(Library):
    """See the module."""

    def apply(self, commands: Sequence[c.Command], now: int) -> Applied:
        """One entry of the log. Log time never goes back, whatever a clock says."""
        self.now = max(self.now, now)
        self._changes, self._actions = Changes(), []
        answers: list[Refused | None] = []
        with transition_context():
            for command in commands:
                answers.append(_HANDLERS[command.__class__](self, command))
                if self._following or self._caused:
                    self._follow()
            self._write()
        loops.end()
        return Applied(self._changes, self._actions, answers)

    # --- clients -------------------------------------------------------------------------------------------

    def _start(self, command: c.StartRun) -> Refused | None:
        name, version = command.workflow, command.version
        program = self._startable(name, version)
        if program is None:
            return Refused(c.NO_PROGRAM, self._no_program(name, version))
        if not command.fresh or command.id in self.runs:
            known = self._known(command.id)
            if known is not None:
                return _again(known, program, command)
        if len(command.args) > VALUE_BYTES_MAX:
            return _too_large(f"the input of {program.name}", command.args)
        try:
            args = program.args.loads(command.args)
        except Misfit as misfit:
            return Refused(c.WRONG_INPUT, f"the input of {program.name}: {misfit.message}")
        if _tags_in(command.tags) is None:
            return Refused(c.WRONG_INPUT, NO_TAGS)
        owner = self._owner_of_start(command.owner)
        self._begin(command.id, command.run, program, args, tags=command.tags, owner=owner)
        return None

    def _no_program(self, workflow: str, version: int) -> str:
        versions = sorted(number for name, number in self.programs.all() if name == workflow)
        if (workflow, version or max(versions, default=0)) in self.retired:
            which = f"{workflow} version {version or versions[-1]}"
            return f"{which} was retired: no new runs of it. Deploy it again to bring it back"
        if versions:
            return f"{workflow} has no version {version} here; there are {', '.join(map(str, versions))}"
        known = ", ".join(sorted({name for name, _ in self.programs.all()})) or "none"
        return f"the workflow {workflow} is not known here; known are: {known}"

    def _signal(self, command: c.Signal) -> Refused | None:
        run = self.runs.get(command.id)
        if run is None:
            return self._not_live(command.id, f"the signal {command.name} was not delivered")
        signals = run.program.definition.signals
        if command.name not in signals:
            known = ", ".join(sorted(signals)) or "none"
            return Refused(c.NO_SIGNAL, f"{run.program.name} has no signal {command.name!r}; it has: {known}")
        if len(command.payload) > VALUE_BYTES_MAX:
            return _too_large(f"the signal {command.name} of {run.program.name}", command.payload)
        try:
            codec_of(signals[command.name]).loads(command.payload)
        except Misfit as misfit:
            return Refused(c.WRONG_INPUT, f"the signal {command.name} of {run.program.name}: {misfit.message}")
        if len(run.mail.get(command.name, ())) >= MAILBOX_MAX:
            what = f"the mailbox {command.name} of the run {run.id!r}"
            return Refused(c.FULL, f"{what} holds {MAILBOX_MAX:,} messages that nobody has read, and no more")
        if run.inbox >= INBOX_MAX:
            return _inbox_full(run)
        self._deliver(run, Event(What.ARRIVED, name=command.name, value=command.payload))
        return None

    def _not_live(self, id: str, what: str) -> Refused:
        row = self._known(id)
        if row is None:
            return Refused(c.NOT_FOUND, f"there is no run {id!r}")
        if row.status in LIVE:
            return Refused(c.NO_PROGRAM, f"the run {id!r} waits for its program: " + self._no_program(*row[3:5]))
        return Refused(c.ENDED, f"the run {id!r} is {row.status} already: {what}")

    def _cancel(self, command: c.Cancel) -> Refused | None:
        run = self.runs.get(command.id)
        if run is None:
            return self._not_live(command.id, "there is nothing to cancel")
        if run.inbox >= INBOX_MAX:
            return _inbox_full(run)
        self._deliver(run, Event(What.CANCELLED, name=c.words(command.reason)))
        return None

    def _terminate(self, command: c.Terminate) -> Refused | None:
        run = self.runs.get(command.id)
        if run is None:
            return self._not_live(command.id, "there is nothing to terminate")
        self._terminate_run(run, c.words(command.reason))
        return None

    def _terminate_run(self, run: Run, reason: str) -> None:
        """Ends a run at once: no `catch`, no undo. Children that it waits for end with it."""
        doomed = [(run, reason)]
        while doomed:
            run, reason = doomed.pop()
            for op in all_ops(run):
                if op.kind is Kind.EFFECT:
                    self._actions.append(Halt(run.run, op.number, f"the run was terminated: {reason}"))
                    continue
                child = self.runs.get(op.name) if op.kind is Kind.RUN else None
                if child is not None and (child.parent, child.parent_op) == (run.id, op.number):
                    doomed.append((child, f"its parent {run.id} was terminated"))
            self._end(run, terminated(reason))

    def _pause(self, command: c.Pause) -> Refused | None:
        run = self.runs.get(command.id)
        if run is None:
            return self._not_live(command.id, "there is nothing to pause")
        if run.status in ("running", "stalled"):
            run.status = "paused"
            self._rewrite(run)
        return None

    def _resume(self, command: c.Resume) -> Refused | None:
        run = self.runs.get(command.id)
        if run is None:
            return self._not_live(command.id, "there is nothing to resume")
        if run.status not in ("paused", "faulted"):
            return None
        kept = sorted(int(key[1:]) for key in run.pieces if key[0] == "q")
        events = [_event_from(run.pieces[f"q{number}"]) for number in kept]
        for number in kept:
            self._piece(run, f"q{number}", None)
        if run.code == "undo-failed":
            events.insert(0, Event(What.AGAIN))
        run.status, run.code, run.reason, run.note, run.inbox = "running", "", "", "", 0
        arrived, run.arrived = run.arrived, set()
        self._rewrite(run)
        for op in all_ops(run):
            is_due = op.stalled or (op.due and op.due <= self.now)
            if op.kind is Kind.EFFECT and is_due and op.number not in arrived:
                self._perform_again(run, op)
        for event in events:
            current = self.runs.get(run.id)
            if current is None:
                break
            # One that was continued as new meanwhile gets what is for its id, and not what an op of the old one got.
            if current.run == run.run or event.what in (What.ARRIVED, What.CANCELLED):
                self._deliver(current, event)
                self._follow()
        return None

    def _tag(self, command: c.Tag) -> Refused | None:
        row, run = self._known(command.id), self.runs.get(command.id)
        if row is None:
            return Refused(c.NOT_FOUND, f"there is no run {command.id!r}")
        given = _tags_in(command.tags)
        if given is None:
            return Refused(c.WRONG_INPUT, NO_TAGS)
        tags = {**json.loads(row.tags), **given}
        text = json.dumps({name: tags[name] for name in sorted(tags) if tags[name] is not None}, ensure_ascii=False)
        if run is None:
            self._changes.rows[command.id] = row._replace(tags=text)
            return None
        run.tags = text
        self._fresh.add(run.id)
        self._touch(run)
        return None

    def _delete(self, command: c.Delete) -> Refused | None:
        run = self.runs.get(command.id)
        if run is not None and not command.force:
            return Refused(c.STILL_RUNNING, f"the run {command.id!r} is {run.status}: cancel it first, or force it")
        row = self._known(command.id)
        if row is None:
            return Refused(c.NOT_FOUND, f"there is no run {command.id!r}")
        if run is not None:
            self._terminate_run(run, "it was deleted")
            self._follow()
        elif row.status in LIVE and not command.force:
            return Refused(c.STILL_RUNNING, f"the run {command.id!r} waits for its program: force it, if it must go")
        changes = self._changes
        changes.rows.pop(command.id, None)
        for key in [key for key in changes.pieces if key[0] == command.id]:
            del changes.pieces[key]
        changes.deleted.add(command.id)
        changes.meta[SEQ] = b"%d" % self.seq  # when the newest is gone, the store does not know how many there were
        return None

    # --- effects and time ----------------------------------------------------------------------------------

    def _finished(self, command: c.Finished) -> Refused | None:
        found = self._waiting(command.id, command.run, command.op)
        if found is not None:
            run, op = found
            self._trails.done(run, op, command.result, command.seconds, self.now)
            self._deliver(run, Event(DONE, command.op, "", command.result))
        return None

    def _attempt_failed(self, command: c.AttemptFailed) -> Refused | None:
        found = self._waiting(command.id, command.run, command.op)
        if found is None or found[1].attempt != command.attempt:
            return None
        run, op = found
        self._trails.failed(run, op, command, self.now)
        draw = Stream.of(run.run, op.number, op.attempt).random()
        final, due = next_attempt(op, command, self.now, draw)
        if final is not None:
            self._deliver(run, Event(What.BROKE, op=op.number, error=error_bytes(final)))
            return None
        op.failures += 1
        op.attempt += 1
        op.due = due
        self.deadlines.add(due, run.id, op.number)
        self._rewrite(run, op)
        return None

    def _progress(self, command: c.Progress) -> Refused | None:
        found = self._waiting(command.id, command.run, command.op)
        if found is not None:
            found[1].details = command.details
            self._rewrite(*found)
        return None

    def _tick(self, command: c.Tick) -> Refused | None:
        """Everything that is due, in order."""
        for due, id, number in self.deadlines.due(self.now):
            found = self.due_op(due, id, number)
            if found is None:
                continue
            run, op = found
            if op.kind is Kind.TIMER:
                self._deliver(run, Event(What.FIRED, op=number))
                self._follow()
            elif run.status not in ("paused", "faulted"):
                self._perform_again(run, op)
        return None


def _again(known: Row, program: Program, command: c.StartRun) -> Refused | None:
    """A second start under one id is the same run, when it asks for the same."""
    same_args = known.args == command.args
    if known.workflow == program.name and known.version == program.version and same_args:
        return None
    other = " with other arguments" if known.workflow == program.name and not same_args else ""
    return Refused(
        c.ALREADY_EXISTS,
        f"there is a run {command.id!r} already, of {known.workflow} version {known.version}{other}; "
        "take another id, or get that run by its id",
    )


def _inbox_full(run: Run) -> Refused:
    what = f"the inbox of the run {run.id!r}, which is {run.status}"
    return Refused(c.FULL, f"{what}, holds {INBOX_MAX:,} events, and no more: resume it first")


def _too_large(what: str, data: bytes) -> Refused:
    return Refused(c.TOO_LARGE, f"{what} has {len(data):,} bytes; {VALUE_BYTES_MAX:,} are the most")


DONE = What.DONE  # a member of an enum is looked up ten times as slowly as a global name

SEQ = "seq"  # the fact under which a store knows the number of the last start

NO_TAGS = "tags are texts by name, as a JSON object"


def _tags_in(text: str) -> dict[str, str | None] | None:
    """The tags that a client gave; None if they are none."""
    if text == "{}":
        return {}
    try:
        tags = json.loads(text)
        json.dumps(tags, ensure_ascii=False).encode()  # no halves of surrogate pairs
    except (ValueError, RecursionError):
        return None
    fits = isinstance(tags, dict) and all(value is None or isinstance(value, str) for value in tags.values())
    return tags if fits else None


def _event_from(data: bytes) -> Event:
    message = pb.Event.FromString(data)
    return Event(What(message.what), message.op, message.name, message.value, message.error)


_HANDLERS: dict[type, Callable[[Machine, Any], Refused | None]] = {
    c.StartRun: Machine._start,
    c.Finished: Machine._finished,
    c.AttemptFailed: Machine._attempt_failed,
    c.Progress: Machine._progress,
    c.Signal: Machine._signal,
    c.Cancel: Machine._cancel,
    c.Terminate: Machine._terminate,
    c.Pause: Machine._pause,
    c.Resume: Machine._resume,
    c.Stalled: Machine._stalled,
    c.Tag: Machine._tag,
    c.Delete: Machine._delete,
    c.Tick: Machine._tick,
    c.Recover: Machine._recover,
    c.NodeUp: Machine._node_up,
    c.NodeDown: Machine._node_down,
    c.Deploy: Machine._deploy,
    c.Retire: Machine._retire,
}

__all__ = ["Action", "Applied", "Halt", "Machine", "Moved", "Perform", "Tell"]
