"""A run as bytes, and back. Only what a turn touched is written again.

    written(turn) == body, checkpoints, {"s0.1": b"...", "m7": None}
    read(Head(id, run, args), program, body, checkpoints, pieces)      the run as it was

`body` has the counters and the root strand: all of most runs. What may grow lies beside it in pieces, so that writing
costs what changed and not what is there:

| key | one piece for each |
|---|---|
| `s<path>` | strand of a fork, also one that is over and whose result waits for the others |
| `m<position>` | message in a mailbox |
| `u<number>` | registered undo |
| `c<id>` | child that was spawned |
| `q<number>` | event that waits until the run goes on |
| `t<step>` | what a report says of a step: see `trails`, which puts a little of it behind the body |

Writing is where a value that is too large is found: a fault of the workflow, before anything is kept.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from raftoral.program.codec import codec_of
from raftoral.program.faults import TooLarge
from raftoral.program.steps import Branch
from raftoral.program.values import Cancelled, Failed, Ok, WorkflowError

from ..proto import state_pb2 as pb
from .execution import Turn
from .policies import overrides_bytes, overrides_from
from .programs import Program, Programs, args_bytes, args_from, error_bytes
from .state import Child, Join, Kind, Mode, Op, Rest, Run, Strand, Undo, Undoing

FRAME_BYTES_MAX = 1 << 20
VALUE_BYTES_MAX = 1 << 20
MAILBOX_MAX = 10_000


def written(turn: Turn) -> tuple[bytes, bytes, dict[str, bytes | None]]:
    """What a turn changes of a stored run: its body, its checkpoints and pieces. A piece that is None is taken away.
    A fault when something is larger than it may be."""
    run = turn.run
    pieces: dict[str, bytes | None] = {}
    for path, strand in turn.strands.items():
        if path:
            pieces[f"s{path}"] = None if strand is None else part_bytes(run, strand)
    for position, signal in turn.mail.items():
        pieces[f"m{position}"] = None if signal is None else mail_bytes(run, signal, position)
    if turn.undone:
        for number in sorted(turn.undone):
            pieces[f"u{number}"] = None
    if run.undo_count > turn.undos_before:
        for undo in run.undos:
            if undo.number > turn.undos_before:
                pieces[f"u{undo.number}"] = _undo_bytes(undo)
    if turn.children:
        for id in sorted(turn.children):
            pieces[f"c{id}"] = _child_bytes(run.children[id])
    return body_bytes(run, "" in turn.strands), checkpoint_bytes(run), pieces


def checkpoint_bytes(run: Run) -> bytes:
    if run.state is None or not run.program.kept:
        return run.checkpoints
    return bounded(run.program.state_of(run.state), "all checkpoints together", FRAME_BYTES_MAX)


def body_bytes(run: Run, moved: bool = True) -> bytes:
    """The root strand with the counters of the run. A fork stays as it is while its parts go on, and may be large: its
    bytes are kept, and the counters put behind them, which protobuf reads as one message."""
    join, fork = run.root.wait, b""
    if isinstance(join, Join):
        fork = join.stored = join.stored if join.stored and not moved else _strand(run, run.root).SerializeToString()
        message = pb.Strand()
    else:
        message = _strand(run, run.root)
    message.steps, message.op_count, message.position = run.steps, run.ops, run.position
    if run.undo_count or run.forks:
        message.undo_count, message.forks = run.undo_count, run.forks
    if run.fence or run.parent_op or run.link or run.inbox:
        message.fence, message.parent_op, message.link, message.inbox = run.fence, run.parent_op, run.link, run.inbox
    if run.owner:
        message.owner = run.owner
    if run.code:
        message.code, message.reason, message.note = run.code, run.reason, run.note
    return fork + message.SerializeToString()


# --- strands -----------------------------------------------------------------------------------------------------


def part_bytes(run: Run, strand: Strand) -> bytes:
    """The piece of a strand. Its frame and what it waits for have their bounds one by one."""
    parent = strand.parent
    join = parent.wait if parent is not None else None
    if isinstance(join, Join) and strand.place in join.results:
        return _over_bytes(join, strand.place)
    return _strand(run, strand).SerializeToString()


def _over_bytes(join: Join, place: int) -> bytes:
    """A part that ended: its result waits for the others."""
    result = join.results[place]
    message = pb.Strand(mode=Mode.OVER)
    if isinstance(result, Failed) and join.settle:
        message.failed = to_json([result.error, result.detail])
    else:
        value = result.value if join.settle else result
        message.result = _value_bytes(join.part(place).result, value)
    return message.SerializeToString()


def _strand(run: Run, strand: Strand) -> pb.Strand:
    slot, wait = strand.slot, strand.wait
    number, frame = 0, b""
    if slot is not None:
        number, frame = slot.number, codec_of(slot.frame).dumps(strand.frame)
        if len(frame) > FRAME_BYTES_MAX:
            bounded(frame, "a frame", FRAME_BYTES_MAX)
    if isinstance(wait, Rest):
        ops = wait.ops
        if len(ops) == 1:
            message = _waiting(ops[0], wait.mode, number, frame)
        else:
            message = pb.Strand(mode=wait.mode, slot=number, frame=frame, ops=[_op(op) for op in ops])
    elif isinstance(wait, Join):
        message = pb.Strand(mode=Mode.JOIN, slot=number, frame=frame, join=_join(wait))
    elif isinstance(wait, Undoing):
        ops = [] if wait.op is None else [wait.op]
        message = pb.Strand(mode=Mode.UNDOING, slot=number, frame=frame, undoing=_undoing(wait))
        message.ops.extend([_op(op) for op in ops])
    else:
        message = pb.Strand(slot=number, frame=frame)
    if strand.pending is not None:
        message.pending = error_bytes(strand.pending)
    return message


def _waiting(op: Op, mode: Mode, slot: int, frame: bytes) -> pb.Strand:
    """A strand that waits for one thing, which is what nearly all do. Field by field takes less than by keywords."""
    message = pb.Strand()
    message.slot, message.frame = slot, frame
    message.op, message.name, message.args = op.number, _name(op), _args(op)
    message.attempt, message.asked = op.attempt, op.asked
    if mode or op.kind or op.due:
        message.mode, message.kind, message.due = mode, op.kind, op.due
    _rest_of(op, message)
    return message


def _op(op: Op) -> pb.Op:
    message = pb.Op(
        op=op.number, kind=op.kind, name=_name(op), args=_args(op), due=op.due, attempt=op.attempt, asked=op.asked
    )
    _rest_of(op, message)
    return message


def _name(op: Op) -> str:
    return op.name if op.activity is None else op.activity.full_name


def _args(op: Op) -> bytes:
    if op.activity is None:
        return b""
    data = args_bytes(op.activity, op.args)
    return data if len(data) <= VALUE_BYTES_MAX else bounded(data, "the arguments of a call", VALUE_BYTES_MAX)


def _rest_of(op: Op, message: pb.Strand | pb.Op) -> None:
    """What few ops have."""
    if op.overrides:
        message.overrides = overrides_bytes(op.overrides)
    if op.failures or op.stopping or op.details:
        message.failures, message.stopping, message.details = op.failures, op.stopping, op.details or b""
    if op.stalled:
        message.stalled = True
    if op.workflow is not None:
        message.workflow, message.version = op.workflow.name, op.workflow.version


def _join(join: Join) -> pb.Join:
    message = pb.Join(settle=join.settle, limit=join.limit, number=join.number)
    for branch in join.branches:
        captured = codec_of(branch.part.captured).dumps(branch.captured)
        message.branches.append(pb.Branch(part=branch.part.key, captured=captured, after=branch.after))
    if join.items is not None:
        message.each = True
        items = codec_of(list[join.branches[0].part.given[0]]).dumps(join.items)  # type: ignore[misc]
        message.items = bounded(items, "the items of a `parallel for`", FRAME_BYTES_MAX)
    if join.failure is not None:
        message.failure = error_bytes(join.failure)
    if join.cancelled is not None:
        message.cancelled = error_bytes(join.cancelled)
    return message


def _undoing(wait: Undoing) -> pb.Undoing:
    message = pb.Undoing(all=wait.scope is None, scope=wait.scope or "", stuck=wait.stuck is not None)
    if wait.error is not None:
        message.error = error_bytes(wait.error)
    return message


# --- what lies beside strands --------------------------------------------------------------------------------------


def mail_bytes(run: Run, signal: str, position: int) -> bytes:
    box = run.mail[signal]
    if len(box) > MAILBOX_MAX:
        raise TooLarge(f"the mailbox of {signal} holds {MAILBOX_MAX:,} messages, and no more")
    payload = next(payload for place, payload in reversed(box) if place == position)
    type_ = run.program.definition.signals[signal]
    return pb.Mail(position=position, signal=signal, payload=codec_of(type_).dumps(payload)).SerializeToString()


def _undo_bytes(undo: Undo) -> bytes:
    message = pb.Undo(scope=undo.scope, path=undo.path)
    if undo.activity is not None:
        message.activity = undo.activity.full_name
        message.args = args_bytes(undo.activity, undo.args)
    elif undo.branch is not None:
        message.part = undo.branch.part.key
        message.captured = codec_of(undo.branch.part.captured).dumps(undo.branch.captured)
    return message.SerializeToString()


def _child_bytes(child: Child) -> bytes:
    definition = child.definition
    message = pb.Child(workflow=definition.name, version=definition.version, position=child.position)
    message.ended = child.ended
    if child.error is not None:
        message.error = error_bytes(child.error)
    elif child.ended:
        message.value = _value_bytes(definition.result, child.value)
    return message.SerializeToString()


def _value_bytes(type_: object, value: Any) -> bytes:
    return bounded(codec_of(type_).dumps(value), "a value", VALUE_BYTES_MAX)


def bounded(data: bytes, what: str, most: int) -> bytes:
    if len(data) > most:
        raise TooLarge(f"{what}: {len(data):,} bytes; {most:,} are the most")
    return data


# --- reading -----------------------------------------------------------------------------------------------------


class Reader:
    """Reads one run from its bytes."""

    def __init__(self, run: Run, programs: Programs, pieces: dict[str, bytes]) -> None:
        self.run = run
        self.program: Program = run.program
        self.programs = programs
        self.pieces = pieces

    def read(self, body: bytes, checkpoints: bytes) -> None:
        run, message = self.run, pb.Strand.FromString(body)
        run.steps, run.ops, run.position = message.steps, message.op_count, message.position
        run.undo_count, run.fence, run.parent_op = message.undo_count, message.fence, message.parent_op
        run.forks = message.forks
        run.code, run.reason, run.note, run.link = message.code, message.reason, message.note, message.link
        run.inbox, run.owner = message.inbox, message.owner
        if message.trails:
            run.near = {trail.step: trail.SerializeToString() for trail in message.trails}
        if message.steps:  # it has begun
            run.state = self.program.state_from(checkpoints, run.args)
        for key, data in sorted(self.pieces.items(), key=lambda piece: _order(piece[0])):
            if key[0] == "m":
                self._mail(data)
            elif key[0] == "u":
                self._undo(int(key[1:]), data)
            elif key[0] == "c":
                self._child(key[1:], data)
            elif key[0] == "q":
                run.arrived.add(pb.Event.FromString(data).op)
        self._strand(run.root, message)

    def _strand(self, strand: Strand, message: pb.Strand) -> None:
        if message.slot:
            strand.slot = self.program.slots[message.slot]
            strand.frame = codec_of(strand.slot.frame).loads(message.frame)
        if message.pending:
            strand.pending = self.program.error(message.pending)
        if message.mode == Mode.JOIN:
            self._join(strand, message.join)
        elif message.mode == Mode.UNDOING:
            self._undoing(strand, message)
        elif message.op:
            strand.wait = Rest(Mode(message.mode), [self._op(strand, message)])
        elif message.ops:
            strand.wait = Rest(Mode(message.mode), [self._op(strand, op) for op in message.ops])

    def _op(self, strand: Strand, message: pb.Strand | pb.Op, undo: bool = False) -> Op:
        op = Op(Kind(message.kind), message.name)
        op.number, op.due, op.attempt, op.asked = message.op, message.due, message.attempt, message.asked
        op.stopping, op.details = message.stopping, message.details or None
        op.failures, op.stalled = message.failures, message.stalled
        op.undo = undo or strand.undo
        if op.kind is Kind.EFFECT:
            op.activity = self.program.activity(message.name)
            op.name = op.activity.name
            op.args = args_from(op.activity, message.args)
            op.overrides = overrides_from(message.overrides, op.activity)
        elif op.kind is Kind.RUN:
            program = self.programs.get(message.workflow, message.version)
            assert program is not None, f"{message.workflow} version {message.version} is not known"
            op.workflow = program.definition
        self.run.waiting[op.number] = strand, op
        op.step = f"undo.{op.name}" if undo or strand.slot is None else strand.slot.key
        return op

    def _join(self, strand: Strand, message: pb.Join) -> None:
        branches = tuple(self._branch(each.part, each.captured, *each.after) for each in message.branches)
        items = None
        if message.each:
            items = codec_of(list[branches[0].part.given[0]]).loads(message.items)  # type: ignore[misc]
        join = strand.wait = Join(branches, items, message.limit, message.settle)
        join.number = message.number
        if message.failure:
            join.failure = self.program.error(message.failure)
        if message.cancelled:
            join.cancelled = self.program.error(message.cancelled)
        for place in range(join.count):
            data = self.pieces.get(f"s{strand.below(join.number, place)}")
            if data is not None:
                join.started.add(place)
                self._part(strand, join, place, pb.Strand.FromString(data))

    def _part(self, parent: Strand, join: Join, place: int, message: pb.Strand) -> None:
        if message.mode != Mode.OVER:
            strand = Strand(parent.below(join.number, place), parent, place)
            join.live.append(strand)
            self._strand(strand, message)
        elif message.failed:
            join.results[place] = Failed(*from_json(message.failed))
        else:
            value = codec_of(join.part(place).result).loads(message.result)
            join.results[place] = Ok(value) if join.settle else value

    def _undoing(self, strand: Strand, message: pb.Strand) -> None:
        said = message.undoing
        wait = strand.wait = Undoing(None if said.all else said.scope)
        if said.error:
            wait.error = self.program.error(said.error)
        if message.ops:
            wait.op = self._op(strand, message.ops[0], undo=True)
        data = self.pieces.get(f"s{strand.undo_path}")
        if data is not None:
            wait.strand = Strand(strand.undo_path, strand, -1)
            self._strand(wait.strand, pb.Strand.FromString(data))
        if said.stuck:
            wait.stuck = Cancelled(reason="an undo gave up")

    def _branch(self, key: str, captured: bytes, *after: str) -> Branch:
        part = self.program.parts[key]
        return Branch(part, codec_of(part.captured).loads(captured), *after)

    def _mail(self, data: bytes) -> None:
        message = pb.Mail.FromString(data)
        payload = codec_of(self.program.definition.signals[message.signal]).loads(message.payload)
        self.run.mail.setdefault(message.signal, []).append((message.position, payload))

    def _undo(self, number: int, data: bytes) -> None:
        message = pb.Undo.FromString(data)
        undo = Undo(number, message.scope, message.path)
        if message.activity:
            undo.activity = self.program.activity(message.activity)
            undo.args = args_from(undo.activity, message.args)
        else:
            undo.branch = self._branch(message.part, message.captured)
        self.run.undos.append(undo)

    def _child(self, id: str, data: bytes) -> None:
        message = pb.Child.FromString(data)
        program = self.programs.get(message.workflow, message.version)
        assert program is not None, f"{message.workflow} version {message.version} is not known"
        child = self.run.children[id] = Child(program.definition)
        child.ended, child.position = message.ended, message.position
        if message.error:
            child.error = program.error(message.error)
        elif message.ended:
            child.value = program.result.loads(message.value)


def _order(key: str) -> tuple[str, int]:
    """Numbered pieces in the order of their numbers."""
    rest = key[1:]
    return key[0], int(rest) if rest.isdigit() else 0


__all__ = ["Reader", "WorkflowError", "body_bytes", "bounded", "written"]
