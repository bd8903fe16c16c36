"""One run takes one step: an entry of the log comes in, strands go on until all of them rest, wishes come out.

    turn = Turn(run, now)
    turn.arrived(op=3, value="hold-17")      the strand at slot `reserve_stock` goes on, to its next slot
    turn.wishes == [Do(op 4, charge_card)]

A wish is something that the machine does once the turn is kept: an effect to run, a child to start. If a turn faults,
nothing of it counts: whoever called it throws the run away and reads it again from its bytes. What the language leaves
open about order is answered in `tests/reference/README.md`, and `tests/runtime/test_differential.py` compares.

Strands nest as Python calls do, but the stack does not grow with what a strand does: `_go` is a loop.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from raftoral.program.context import Cx, Registered, Sent, Settled, Spawned
from raftoral.program.faults import OutOfRange, StepBudget, TooLarge
from raftoral.program.scalars import microseconds
from raftoral.program.std import Stream, loops
from raftoral.program.steps import (
    AsNew,
    Branch,
    Call,
    Each,
    Fork,
    Go,
    OnChild,
    OnDone,
    OnRun,
    OnSignal,
    OnTimer,
    Raise,
    Return,
    RunChild,
    Select,
    Sleep,
    Slot,
    Step,
    Unwind,
    Wait,
    WaitChild,
    Won,
)
from raftoral.program.values import Cancelled, Failed, Ok, WorkflowError, text

from .state import Child, Join, Kind, Mode, Op, Rest, Run, Strand, Undo, Undoing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SIBLING_FAILED = "a branch beside this one failed"

STEPS_MAX = 100_000  # functions entered in one turn
STRANDS_MAX = 10_000  # of one run
UNDOS_MAX = 10_000  # registered in one run
LIMIT_MAX = 10_000  # of a `parallel for`

# How a strand goes on: a function of the generated module, and what it gets beside the context and the checkpoints.
On = tuple[Callable[..., Step], tuple[Any, ...]]


# --- wishes ------------------------------------------------------------------------------------------------------


class Do(NamedTuple):
    """Perform an effect, or start a child for it; or arm a timer."""

    op: Op


class Stop(NamedTuple):
    """Nobody wants that effect or child any more."""

    op: Op


class Say(NamedTuple):
    level: str
    message: str
    slot: str = ""  # behind which it was said


class Start(NamedTuple):
    """Start a spawned child."""

    spawned: Spawned


class Send(NamedTuple):
    """Send a signal to a spawned child."""

    sent: Sent


class Over(NamedTuple):
    """The run ended: completed, failed, cancelled, or continued with new arguments."""

    status: str
    value: Any


Wish = Do | Stop | Say | Start | Send | Over


class _Context(Cx):
    """The context of a turn: most never ask what time it is, nor draw."""

    __slots__ = ("_now", "_of", "_stream")

    def __init__(self, run: Run, now: int) -> None:
        self.id = run.id
        self.run = run.run
        self.version = run.program.version
        self.attempt = 1
        self.said = []
        self.children = 0
        self._now, self._of = now, run
        self._stream: Stream | None = None

    @property
    def now(self) -> datetime:  # type: ignore[override]
        return EPOCH + MICROSECOND * self._now

    @property
    def stream(self) -> Stream:  # type: ignore[override]
        if self._stream is None:
            self._stream = Stream.of(self.run, 0, self._of.steps)
        return self._stream


class Turn:
    """One entry of the log, applied to one run. What it touched is for `stored`, which writes no more than that."""

    __slots__ = (
        *("_budget", "_cx", "_strands", "children", "mail", "now", "over", "run", "strands", "stuck", "undone"),
        *("undos_before", "wishes"),
    )

    def __init__(self, run: Run, now: int) -> None:
        self.run = run
        self.now = now  # microseconds since 1970
        self.wishes: list[Wish] = []
        self.strands: dict[str, Strand | None] = {}  # those that changed, by path; None: nothing of it is kept
        self.mail: dict[int, str | None] = {}  # position -> the signal that now lies in its mailbox; None: it was taken
        self.children: set[str] = set()  # that were spawned, or ended
        self.undone: set[int] = set()  # numbers of undos that are registered no longer
        self.undos_before = run.undo_count
        self.over = False
        self.stuck: WorkflowError | None = None
        self._budget = STEPS_MAX
        self._strands = 0
        self._cx = _Context(run, now)
        run.position += 1
        loops.begin()

    # --- what may happen -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """The run begins."""
        self.run.state = self.run.program.definition.state(self.run.args)
        self._go(self.run.root, self.run.program.definition.begin, (self.run.args,))

    def arrived(self, number: int, value: Any) -> bool:
        """What an op waited for is there. False: nobody waits for it any more."""
        found = self.run.waiting.pop(number, None)
        if found is None:
            return False
        strand, op = found
        wait = strand.wait
        if isinstance(wait, Undoing):
            self._undo_done(strand, wait)
            return True
        assert isinstance(wait, Rest)
        place = wait.ops.index(op)
        if len(wait.ops) > 1:
            self._drop([other for other in wait.ops if other is not op])
        self._go(strand, *self._resumed(strand, wait.mode, place, op, value))
        return True

    def broke(self, number: int, error: WorkflowError) -> bool:
        """It failed for good. An effect that was told to stop and did not succeed leaves the cancellation."""
        found = self.run.waiting.pop(number, None)
        if found is None:
            return False
        strand, op = found
        wait = strand.wait
        if isinstance(wait, Undoing):
            wait.op = None
            self._give_up(strand, wait, error)
            return True
        assert isinstance(wait, Rest) and strand.slot is not None
        if strand.pending is not None:
            error, strand.pending = strand.pending, None
        self._drop([other for other in wait.ops if other is not op])
        self._on(strand, (strand.slot.failed, (strand.frame, error)))
        return True

    def signalled(self, signal: str, payload: Any) -> bool:
        """A signal came. False: nobody waits for it, and it lies in its mailbox."""
        run = self.run
        for number in sorted(run.waiting) if len(run.waiting) > 1 else run.waiting:
            op = run.op(number)
            if op is not None and op.kind is Kind.SIGNAL and op.name == signal:
                return self.arrived(number, payload)
        run.mail.setdefault(signal, []).append((run.position, payload))
        self.mail[run.position] = signal
        return False

    def child_ended(self, id: str, value: Any, error: WorkflowError | None) -> None:
        """A spawned child ended. Its result is kept: it may be waited for later, and more than once. All who wait for
        it now go on, in the order in which they asked."""
        child = self.run.children[id]
        child.ended, child.position, child.value, child.error = True, self.run.position, value, error
        self.children.add(id)
        for number in sorted(self.run.waiting):
            op = self.run.op(number)
            if op is not None and op.kind is Kind.CHILD and op.name == id and not self.over:
                _ = self.arrived(number, value) if error is None else self.broke(number, error)

    def cancel(self, reason: str) -> None:
        """Somebody cancels the run: `Cancelled` is raised wherever it rests."""
        self._cancel(self.run.root, Cancelled(reason=reason))

    def again(self) -> None:
        """Tries undos that gave up once more."""
        waiting = [self.run.root]
        while waiting:
            strand = waiting.pop()
            wait = strand.wait
            if isinstance(wait, Join):
                waiting += sorted(wait.live, key=lambda strand: strand.place)
            elif isinstance(wait, Undoing) and wait.stuck is not None:
                wait.stuck = None
                self.strands[strand.path] = strand
                self._on(strand, self._unwind(strand, wait))
            elif isinstance(wait, Undoing) and wait.strand is not None:
                waiting.append(wait.strand)

    # --- a strand goes on ----------------------------------------------------------------------------------

    def _on(self, strand: Strand, on: On | None) -> None:
        if on is not None:
            self._go(strand, *on)

    def _go(self, strand: Strand, function: Callable[..., Step], args: tuple[Any, ...]) -> None:
        """Lets a strand go on until it rests or ends."""
        run, cx = self.run, self._cx
        state, said = run.state, cx.said
        strand.wait = None
        self.strands[strand.path] = strand
        while True:
            run.steps += 1
            self._budget -= 1
            if self._budget < 0:
                raise StepBudget(f"a transition entered more than {STEPS_MAX:,} functions without a rest")
            cx._stream = None  # what a function draws is its own
            step = function(cx, state, *args)
            if said:
                self._listen(strand)
            if step.__class__ is Go:
                function, args = step.function, step.args
                continue
            on = _EXITS[step.__class__](self, strand, step)
            if on is None:
                return
            function, args = on

    def _listen(self, strand: Strand) -> None:
        """Takes what the transition said to the outside."""
        for said in self._cx.said:
            if isinstance(said, Registered):
                self._register(strand, said)
            elif isinstance(said, Settled):
                self._forget(strand, said.scope)
            elif isinstance(said, Spawned):
                self._spawned(said)
            elif isinstance(said, Sent):
                self.wishes.append(Send(said))
            else:
                slot = strand.slot.key if strand.slot is not None else ""
                self.wishes.append(Say(said.level, said.message, slot))
        self._cx.said.clear()

    def _spawned(self, said: Spawned) -> None:
        """A child begins. One that this run has spawned already, under this id, is that child."""
        known = self.run.children.get(said.run_id)
        if known is None:
            self.run.children[said.run_id] = Child(said.workflow)
            self.children.add(said.run_id)
            self.wishes.append(Start(said))
        elif known.definition.name != said.workflow.name:
            raise OutOfRange(f"{said.run_id} is the id of a child of another workflow")

    def _resumed(self, strand: Strand, mode: Mode, place: int, op: Op, value: Any) -> On:
        slot = strand.slot
        assert slot is not None
        if mode is Mode.SELECT:
            value = Won(place, value)
        elif mode is Mode.WITHIN:
            value = None if place else self._there_or_true(op, value)
        return slot.then, (strand.frame, value)

    def _there_or_true(self, op: Op, value: Any) -> Any:
        """`wait s within d` of what carries nothing is not none when it came."""
        if value is not None:
            return value
        if op.kind is Kind.SIGNAL:
            return True if self.run.program.definition.signals[op.name] is None else None
        return True if self.run.children[op.name].definition.result is None else None

    # --- exits: where a strand rests from now on, or how it goes on at once -------------------------------------

    def _rest(self, strand: Strand, step: Any, mode: Mode, ops: list[Op]) -> On | None:
        slot: Slot[Any, Any, Any] = step.slot
        if strand.pending is not None:
            error, strand.pending = strand.pending, None
            return slot.failed, (step.frame, error)
        strand.slot, strand.frame = slot, step.frame
        there = self._there(ops) if len(ops) > 1 or ops[0].activity is None else None
        if there is not None:
            place, op, value, problem = there
            if problem is not None:
                return slot.failed, (step.frame, problem)
            return self._resumed(strand, mode, place, op, value)
        for op in ops:
            self._ask(strand, op, slot.key)
        strand.wait = Rest(mode, ops)
        return None

    def _ask(self, strand: Strand, op: Op, step: str) -> None:
        self.run.ops += 1
        op.number, op.asked, op.step = self.run.ops, self.now, step
        self.run.waiting[op.number] = strand, op
        if op.workflow is not None:
            home = f"{self.run.id}~{self.run.link}" if self.run.link else self.run.id
            op.name = f"{home}/{op.workflow.name.rpartition('.')[2]}.{op.number}"
        if op.activity is not None or op.kind is Kind.RUN or op.kind is Kind.TIMER:
            op.undo = op.undo or strand.undo
            self.wishes.append(Do(op))

    def _there(self, ops: list[Op]) -> tuple[int, Op, Any, WorkflowError | None] | None:
        """What came before it was waited for; of several, what is earliest in the log."""
        best: tuple[int, int, Op, Any, WorkflowError | None] | None = None
        for place, op in enumerate(ops):
            if op.kind is Kind.SIGNAL and self.run.mail.get(op.name):
                position, payload = self.run.mail[op.name][0]
                if best is None or position < best[0]:
                    best = position, place, op, payload, None
            elif op.kind is Kind.CHILD:
                child = self.run.children.get(op.name)
                if child is None:
                    raise OutOfRange(f"{op.name} is no child of this run")
                if child.ended and (best is None or child.position < best[0]):
                    best = child.position, place, op, child.value, child.error
        if best is None:
            return None
        if best[2].kind is Kind.SIGNAL:
            box = self.run.mail[best[2].name]
            self.mail[box.pop(0)[0]] = None
            if not box:
                del self.run.mail[best[2].name]
        return best[1:]

    def _call(self, strand: Strand, step: Call) -> On | None:
        return self._rest(strand, step, Mode.PLAIN, [_effect(step.activity, step.args, step.overrides)])

    def _run_child(self, strand: Strand, step: RunChild) -> On | None:
        return self._rest(strand, step, Mode.PLAIN, [_child_run(step.workflow, step.args)])

    def _wait(self, strand: Strand, step: Wait) -> On | None:
        return self._bounded(strand, step, Op(Kind.SIGNAL, step.signal), step.within)

    def _wait_child(self, strand: Strand, step: WaitChild) -> On | None:
        return self._bounded(strand, step, Op(Kind.CHILD, step.run_id), step.within)

    def _bounded(self, strand: Strand, step: Any, op: Op, within: timedelta | None) -> On | None:
        if within is None:
            return self._rest(strand, step, Mode.PLAIN, [op])
        return self._rest(strand, step, Mode.WITHIN, [op, self._timer(within)])

    def _sleep(self, strand: Strand, step: Sleep) -> On | None:
        op = Op(Kind.TIMER, "")
        op.due = max(1, microseconds(step.until - EPOCH))  # 0 is no time; what is over is over
        return self._rest(strand, step, Mode.PLAIN, [op])

    def _timer(self, delay: timedelta) -> Op:
        op = Op(Kind.TIMER, "")
        op.due = max(1, self.now + microseconds(delay))
        return op

    def _select(self, strand: Strand, step: Select) -> On | None:
        ops = []
        for arm in step.arms:
            if isinstance(arm, OnSignal):
                ops.append(Op(Kind.SIGNAL, arm.signal))
            elif isinstance(arm, OnTimer):
                ops.append(self._timer(arm.delay))
            elif isinstance(arm, OnDone):
                ops.append(_effect(arm.activity, arm.args, arm.overrides))
            elif isinstance(arm, OnChild):
                ops.append(Op(Kind.CHILD, arm.run_id))
            else:
                assert isinstance(arm, OnRun)
                ops.append(_child_run(arm.workflow, arm.args))
        return self._rest(strand, step, Mode.SELECT, ops)

    def _fork(self, strand: Strand, step: Fork) -> On | None:
        return self._join(strand, step, Join(step.branches, None, len(step.branches), step.settle))

    def _each(self, strand: Strand, step: Each) -> On | None:
        if not 1 <= step.limit <= LIMIT_MAX:
            raise OutOfRange(f"a limit is from 1 to {LIMIT_MAX:,}")
        return self._join(strand, step, Join((step.turn,), list(step.items), step.limit, step.settle))

    def _join(self, strand: Strand, step: Fork | Each, join: Join) -> On | None:
        if strand.pending is not None:
            error, strand.pending = strand.pending, None
            return step.slot.failed, (step.frame, error)
        self._strands += join.count
        if self._strands > STRANDS_MAX:
            raise TooLarge(f"a run may have {STRANDS_MAX:,} branches and turns at once")
        self.run.forks += 1
        join.number = self.run.forks
        strand.slot, strand.frame, strand.wait = step.slot, step.frame, join
        self._start(strand, join)
        return self._joined(strand, join)

    def _return(self, strand: Strand, step: Return) -> On | None:
        self._end(strand, step.value, None)
        return None

    def _raise(self, strand: Strand, step: Raise) -> On | None:
        return self._fail(strand, step.error)

    def _as_new(self, strand: Strand, step: AsNew) -> On | None:
        self._finish("continued", self.run.program.definition.args(*step.args))
        return None

    def _unwound(self, strand: Strand, step: Unwind) -> On | None:
        strand.slot, strand.frame = step.slot, step.frame
        wait = strand.wait = Undoing(step.scope)
        return self._unwind(strand, wait)

    # --- undos ---------------------------------------------------------------------------------------------

    def _register(self, strand: Strand, said: Registered) -> None:
        run = self.run
        if len(run.undos) >= UNDOS_MAX:
            raise TooLarge(f"a run may have {UNDOS_MAX:,} undos")
        run.undo_count += 1
        undo = Undo(run.undo_count, said.scope, strand.path)
        undo.activity, undo.args, undo.branch = said.activity, said.args, said.strand
        run.undos.append(undo)

    def _forget(self, strand: Strand, scope: str) -> None:
        """A `try` ended well: the point of no return."""
        self._remove([undo for undo in self.run.undos if self._is_of(undo, strand, scope)])

    def _remove(self, undos: list[Undo]) -> None:
        if undos:
            self.undone.update(undo.number for undo in undos)
            self.run.undos = [undo for undo in self.run.undos if undo.number not in self.undone]

    def _is_of(self, undo: Undo, strand: Strand, scope: str | None) -> bool:
        """Undos belong to the `try` around them, in their own strand or in one that forked it."""
        if undo.inner and not strand.undo:
            return False
        return (scope is None or undo.scope == scope) and strand.is_around(undo.path)

    def _unwind(self, strand: Strand, wait: Undoing) -> On | None:
        """The next undo; or what comes after the last."""
        while True:
            undo = next((each for each in reversed(self.run.undos) if self._is_of(each, strand, wait.scope)), None)
            if undo is None:
                break
            if undo.activity is not None:
                op = wait.op = _effect(undo.activity, undo.args, {})
                op.undo = True
                self._ask(strand, op, f"undo.{op.name}")
                self.strands[strand.path] = strand
                return None
            assert undo.branch is not None
            inner = wait.strand = Strand(strand.undo_path, strand, -1)
            wait.busy = True
            self._go(inner, undo.branch.part.start, (undo.branch.captured,))
            wait.busy = False
            if wait.rests:
                return None
        if wait.error is None:
            assert strand.slot is not None
            strand.wait = None
            return strand.slot.then, (strand.frame, None)
        self._end(strand, None, wait.error)
        return None

    def _undo_done(self, strand: Strand, wait: Undoing) -> None:
        """The undo that was running ended well: it is forgotten, and the next one is its turn."""
        wait.op = None
        self._undo_gone(strand, wait)
        self._on(strand, self._unwind(strand, wait))

    def _undo_gone(self, strand: Strand, wait: Undoing) -> None:
        done = next(each for each in reversed(self.run.undos) if self._is_of(each, strand, wait.scope))
        self._remove([done])
        self.strands[strand.path] = strand

    def _give_up(self, strand: Strand, wait: Undoing, error: WorkflowError) -> None:
        """An undo gave up: the run stands still there, and nothing is lost."""
        wait.stuck = self.stuck = error
        self.strands[strand.path] = strand

    # --- ends ----------------------------------------------------------------------------------------------

    def _fail(self, strand: Strand, error: WorkflowError) -> On | None:
        """An error leaves a strand. The root undoes what is left first; so does a failed part of a `settle`."""
        join = strand.parent.wait if strand.parent is not None and strand.place >= 0 else None
        alone = isinstance(join, Join) and join.settle and join.cancelled is None
        if (strand.parent is None or alone) and any(self._is_of(undo, strand, None) for undo in self.run.undos):
            wait = strand.wait = Undoing(None, error)
            return self._unwind(strand, wait)
        self._end(strand, None, error)
        return None

    def _end(self, strand: Strand, value: Any, error: WorkflowError | None) -> None:
        """A strand is over."""
        strand.wait = None
        parent = strand.parent
        if parent is None:
            status = "completed" if error is None else "cancelled" if isinstance(error, Cancelled) else "failed"
            self._finish(status, value if error is None else error)
        elif isinstance(parent.wait, Undoing):
            self._undo_ended(strand, parent, parent.wait, error)
        else:
            assert isinstance(parent.wait, Join)
            self._part_ended(strand, parent, parent.wait, value, error)

    def _undo_ended(self, strand: Strand, parent: Strand, wait: Undoing, error: WorkflowError | None) -> None:
        self.strands[strand.path] = None
        self._remove([undo for undo in self.run.undos if undo.inner and strand.is_around(undo.path)])
        wait.strand = None
        if error is not None:
            self._give_up(parent, wait, error)
            return
        self._undo_gone(parent, wait)
        if not wait.busy:
            self._on(parent, self._unwind(parent, wait))

    def _part_ended(self, strand: Strand, parent: Strand, join: Join, value: Any, error: WorkflowError | None) -> None:
        join.live.remove(strand)
        collects = join.settle and join.cancelled is None
        if error is None:
            join.results[strand.place] = Ok(value) if join.settle else value
        elif collects:
            join.results[strand.place] = Failed(type(error).__name__, text(error))
        else:
            self.strands[strand.path] = None
        if error is not None and not collects and join.failure is None and join.cancelled is None:
            join.failure = error
            self.strands[parent.path] = parent
            self._cancel_all(join, Cancelled(reason=SIBLING_FAILED))
        self._close(parent, join)

    def _finish(self, status: str, value: Any) -> None:
        """The run is over."""
        self.over = True
        self.wishes.append(Over(status, value))

    # --- joins ---------------------------------------------------------------------------------------------

    def _start(self, parent: Strand, join: Join) -> None:
        """Starts the parts that may start now, as written; each runs up to its first rest."""
        join.busy = True
        while not self.over and self.stuck is None and (place := self._next(join)) is not None:
            join.started.add(place)
            strand = Strand(parent.below(join.number, place), parent, place)
            join.live.append(strand)
            part, branch = join.part(place), join.branches[0 if join.items is not None else place]
            self._go(strand, part.start, (branch.captured, *self._given(join, place)))
        join.busy = False

    def _next(self, join: Join) -> int | None:
        """The first part, as written, that may start now."""
        if join.failure is not None or join.cancelled is not None or len(join.live) >= join.limit:
            return None
        while join.next in join.started:
            join.next += 1
        for place in range(join.next, join.count):
            if join.needs is None:
                return place
            if place not in join.started and all(need in join.results for need in join.needs[place]):
                return place
        return None

    def _given(self, join: Join, place: int) -> tuple[Any, ...]:
        if join.items is not None:
            return (join.items[place],)
        if join.needs is None:
            return ()
        return tuple(join.results[need] for need in sorted(join.needs[place]))

    def _close(self, parent: Strand, join: Join) -> None:
        if not join.busy:
            self._start(parent, join)
            self._on(parent, self._joined(parent, join))

    def _joined(self, parent: Strand, join: Join) -> On | None:
        """How the parent goes on once all parts have come to rest."""
        if join.live or self.over:
            return None
        slot = parent.slot
        assert slot is not None
        error = join.cancelled or join.failure
        if error is None and len(join.results) < join.count:
            return None
        for place in sorted(join.started):
            self.strands[parent.below(join.number, place)] = None
        parent.wait = None
        if error is not None:
            return slot.failed, (parent.frame, error)
        results = [join.results[place] for place in range(join.count)]
        return slot.then, (parent.frame, results if join.items is not None else tuple(results))

    # --- cancelling ----------------------------------------------------------------------------------------

    def _cancel(self, strand: Strand, error: WorkflowError) -> None:
        """Raises `Cancelled` where a strand rests: in its parts first, then in itself."""
        wait = strand.wait
        if isinstance(wait, Undoing):
            strand.pending = strand.pending or error  # an undo is not cancelled
            self.strands[strand.path] = strand
        elif isinstance(wait, Join):
            wait.cancelled = wait.cancelled or error
            self.strands[strand.path] = strand
            self._cancel_all(wait, error)
            self._close(strand, wait)
        elif isinstance(wait, Rest):
            self._cancel_rest(strand, wait, error)

    def _cancel_rest(self, strand: Strand, wait: Rest, error: WorkflowError) -> None:
        assert strand.slot is not None
        op = wait.ops[0]
        if not strand.slot.undo or op.due or op.never_ran:  # between two attempts nothing is in flight
            self._drop(wait.ops)
            self._on(strand, (strand.slot.failed, (strand.frame, error)))
            return
        # It may have succeeded, and then its undo is needed: wait and see.
        self.strands[strand.path] = strand
        if not op.stopping:
            op.stopping = True
            self.wishes.append(Stop(op))
        strand.pending = strand.pending or error

    def _cancel_all(self, join: Join, error: WorkflowError) -> None:
        was_busy, join.busy = join.busy, True
        for strand in sorted(join.live, key=lambda strand: strand.place):
            if strand in join.live:
                self._cancel(strand, error)
        join.busy = was_busy

    # --- ops -----------------------------------------------------------------------------------------------

    def _drop(self, ops: list[Op]) -> None:
        for op in ops:
            self.run.waiting.pop(op.number, None)
            if op.kind is Kind.EFFECT or op.kind is Kind.RUN or op.kind is Kind.TIMER:
                self.wishes.append(Stop(op))


def _effect(activity: Any, args: tuple[Any, ...], overrides: Any) -> Op:
    missing = len(activity.params) - len(args)
    op = Op(Kind.EFFECT, activity.name, (*args, *activity.defaults[-missing:]) if missing else args)
    op.activity = activity
    op.overrides = overrides or None
    return op


def _child_run(workflow: Any, args: tuple[Any, ...]) -> Op:
    op = Op(Kind.RUN, "", workflow.args(*args))
    op.workflow = workflow
    return op


_EXITS: dict[type, Callable[[Turn, Strand, Any], On | None]] = {
    Call: Turn._call,
    RunChild: Turn._run_child,
    Wait: Turn._wait,
    WaitChild: Turn._wait_child,
    Sleep: Turn._sleep,
    Select: Turn._select,
    Fork: Turn._fork,
    Each: Turn._each,
    Unwind: Turn._unwound,
    Return: Turn._return,
    Raise: Turn._raise,
    AsNew: Turn._as_new,
}

__all__ = ["Branch", "Do", "Over", "Say", "Send", "Start", "Stop", "Turn", "Wish"]
