"""One process's machine, made durable: commands in, one commit for all that wait, then answers and effects.

    refused = await engine.submit(StartRun(...))

The order of one step is the whole promise: apply, commit, *then* answer clients and call activities. What a client was
told is on disk; what is not on disk was never told, nor begun. All that came in while a commit ran shares the next
one. On a quick disk the commit runs on the loop, which saves the way to a thread and back; on a slow one in a thread,
so that the service's loop goes on meanwhile; whoever looks at runs waits for the commit that is under way. If a commit
fails, memory is thrown away and read again from the store: clients get the error, results of activities wait until
the store is well.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping

from raftoral.errors import Closed, RaftoralError, StorageFailed

from .bindings import method_of
from .core import commands as c
from .core.lifecycle import Action, Halt, Moved, Perform
from .core.machine import SEQ, Applied, Machine
from .core.programs import Programs
from .edge.clock import Alarm, Clock
from .edge.observe import Life, Observers
from .edge.telling import tell, tell_failed
from .ports import Attempt, Beat, Changes, Done, Query, Report, Row, Runner, Storage

log = logging.getLogger("raftoral")

BATCH_MAX = 1_000  # commands in one commit
RETRY_US = 1_000_000  # between attempts to write to a store that is ill
SLOW_SECONDS = 0.001  # a commit that takes longer, on the average, is not for the loop

Waiting = tuple[c.Command, "asyncio.Future[c.Refused | None] | None"]


class Engine:
    """See the module. Lives on one loop; everything that is called here is called there."""

    def __init__(
        self,
        programs: Programs,
        storage: Storage,
        runner: Runner,
        clock: Clock,
        *,
        trails: bool,
        moved: Callable[[str, str, Row | None], None],
        stopped: Callable[[RaftoralError], None] = lambda error: None,
        observers: Observers | None = None,
    ) -> None:
        self.programs = programs
        self.storage = storage
        self.runner = runner
        self.clock = clock
        self.commits = 0
        self.commands = 0
        self._trails = trails
        self._moved = moved
        self._stopped = stopped
        self._observers = observers
        self._queue: list[Waiting] = []
        self._scheduled = False
        self._alarm: Alarm | None = None
        self._rings: int | None = None
        self._stalled: set[tuple[str, int]] = set()
        self._broken: RaftoralError | None = None
        self._unread = False  # the store could not be read: memory is not what is stored
        self._seconds = 0.0  # that a commit takes, on the average of late
        self._took = 0.0  # the last one
        self._committing: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.unknown: list[Row] = []
        self.machine = self._read()
        self._life = Life(self.machine.seq, observers)

    def _read(self) -> Machine:
        newest = self.storage.rows(Query(limit=1))
        seq = max(newest[0].seq if newest else 0, int(self.storage.meta().get(SEQ, b"0")))
        machine = Machine(self.programs, self.storage.row, seq=seq, trails=self._trails)
        self.unknown = machine.load(self.storage.live())
        return machine

    async def open(self) -> None:
        """Takes over what an earlier process left."""
        await self.submit(c.Recover())

    async def submit(self, command: c.Command, key: str = "") -> c.Refused | None:
        """Applies a command; returns when what it did is durable. Here it is never lost on its way and sent again, so
        the key that names it does not matter."""
        if self._broken is not None:
            raise self._broken
        future: asyncio.Future[c.Refused | None] = self._loop.create_future()
        self._queue.append((command, future))
        self._kick()
        return await future

    def post(self, command: c.Command) -> None:
        """The same, for whom nobody waits."""
        if self._broken is not None:
            return
        self._queue.append((command, None))
        self._kick()

    def report(self, report: Report) -> None:
        """What a runner has to say. Called on the loop."""
        self.post(command_of(report))

    @property
    def broken(self) -> RaftoralError | None:
        """Why no command is taken any more."""
        return self._broken

    @property
    def is_idle(self) -> bool:
        return not self._queue and not self._scheduled and self._committing is None

    @property
    def waiting(self) -> int:
        """How many commands are in no commit yet."""
        return len(self._queue)

    async def close(self) -> None:
        """No command is taken any more; those that wait are told so. What is being written is written first."""
        await self.settled()
        self.stop()

    def stop(self) -> None:
        """The same at once: what is being written may be there afterwards, or not."""
        self._broken = self._broken or Closed("the runtime was closed: open it again to go on")
        if self._alarm is not None:
            self._alarm.cancel()
        for _, future in self._queue:
            if future is not None and not future.done():
                future.set_exception(self._broken)
        self._queue.clear()

    # --- a step --------------------------------------------------------------------------------------------

    def _kick(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        self._scheduled = False
        if self._broken is not None or not self._queue or self._committing is not None or self._unread:
            return
        batch, self._queue = self._queue[:BATCH_MAX], self._queue[BATCH_MAX:]
        try:
            applied = self.machine.apply([command for command, _ in batch], self.clock.now())
        except Exception as error:  # a bug of ours: nothing is written, and nothing goes on half-way
            self._break(batch, error)
            return
        if not applied.changes:
            self._committed(batch, applied, None)
        elif self._seconds < SLOW_SECONDS:
            self._committed(batch, applied, self._commit(applied.changes))
        else:
            self._committing = self._loop.create_future()
            writing = self._loop.run_in_executor(None, self._commit, applied.changes)
            writing.add_done_callback(lambda done: self._committed(batch, applied, done.result()))

    def _commit(self, changes: Changes) -> Exception | None:
        """Makes changes durable; gives what went wrong. On the loop or in a thread."""
        start = time.perf_counter()
        try:
            self.storage.commit(changes)
        except Exception as error:
            return error
        self._took = time.perf_counter() - start
        self._seconds += (self._took - self._seconds) / 8
        self.commits += 1
        return None

    def _committed(self, batch: list[Waiting], applied: Applied, error: Exception | None) -> None:
        """What was applied is on disk, or it is not."""
        committing, self._committing = self._committing, None
        if committing is not None:
            committing.set_result(None)
        if isinstance(error, StorageFailed):
            self._ill(batch, error)
            return
        if error is not None:
            self._break(batch, error)
            return
        if self._observers is not None and applied.changes:
            self._observers.committed(len(batch), self._took)
        if self.unknown and applied.changes.deleted:
            self.unknown = [row for row in self.unknown if row.id not in applied.changes.deleted]
        if self._broken is not None:  # closed meanwhile; it is on disk, so say so
            self._answer(batch, applied)
            return
        self._answer(batch, applied)
        self._act(applied.actions, applied.changes.rows)
        self._arm()
        if self._queue:
            self._kick()

    def _answer(self, batch: list[Waiting], applied: Applied) -> None:
        self.commands += len(batch)
        for (_, future), answer in zip(batch, applied.answers, strict=True):
            if future is not None and not future.done():
                future.set_result(answer)

    async def settled(self) -> None:
        """Waits until what memory says is also on disk."""
        while self._committing is not None:
            await asyncio.shield(self._committing)

    def _act(self, actions: Iterable[Action], rows: Mapping[str, Row]) -> None:
        """What was wished for is on disk now: do it."""
        attempts: list[Attempt] = []
        implements, moved = self.runner.implements, self._moved
        for action in actions:
            if isinstance(action, Perform):
                if implements(action.attempt.activity):
                    attempts.append(action.attempt)
                else:
                    self._stall(action.attempt)
            elif isinstance(action, Moved):
                if action.row is not None:
                    self._life.tell(action.row)
                moved(action.id, action.status, rows.get(action.id))  # none when it was deleted at once
            elif isinstance(action, Halt):
                self.runner.stop(action.run, action.op, action.reason)
            else:
                tell(action)
        self._life.seq = self.machine.seq
        if attempts:
            self.runner.start(attempts)

    def _stall(self, attempt: Attempt) -> None:
        name, method = attempt.activity.name, method_of(attempt.activity)
        reason = f"nobody here implements the activity {name}: give activities= an object with a method {method}"
        self.post(c.Stalled(attempt.id, attempt.op, reason, attempt.run, attempt.fence))

    def _arm(self) -> None:
        """Rings when the next thing is due."""
        due = self.machine.deadlines.next
        if due is None or (self._rings is not None and self._rings <= due):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings = due
        self._alarm = self.clock.at(due, self._ring)

    def _ring(self) -> None:
        self._rings = self._alarm = None
        due = self.machine.deadlines.next
        if due is not None and due <= self.clock.now():
            self.post(c.Tick())
        else:
            self._arm()

    # --- when it goes wrong ----------------------------------------------------------------------------------

    def _ill(self, batch: list[Waiting], error: StorageFailed) -> None:
        """The store took nothing of it: memory goes back to what is stored."""
        self._tell_ill("write", "written", error)
        for _, future in batch:
            if future is not None and not future.done():
                future.set_exception(error)
        self._queue[:0] = [(command, None) for command, future in batch if future is None]
        self._read_again()

    def _read_again(self) -> None:
        """Memory as the store has it. A store that cannot even be read is asked again until it can."""
        try:
            self.machine = self._read()
        except StorageFailed as error:
            self._tell_ill("read", "read", error)
            self._unread = True
            self.clock.at(self.clock.now() + RETRY_US, self._read_again)
            return
        self._unread = False
        self.clock.at(self.clock.now() + RETRY_US, self._kick)

    def _tell_ill(self, operation: str, done: str, error: StorageFailed) -> None:
        log.error("nothing can be %s: %s", done, error, extra={"event": "storage_failed", "operation": operation})
        if self._observers is not None:
            self._observers.storage_failed(operation)

    def _break(self, batch: list[Waiting], error: Exception) -> None:
        said = "the machine stops: %s (a bug of raftoral; nothing was written)"
        log.critical(said, error, exc_info=error, extra={"event": "machine_stopped"})
        self._broken = RaftoralError(f"the machine has stopped: {type(error).__name__}: {error}")
        for _, future in [*batch, *self._queue]:
            if future is not None and not future.done():
                future.set_exception(self._broken)
        self._queue.clear()
        self._stopped(self._broken)


def command_of(report: Report) -> c.Command:
    """What a runner has to say, as an entry of the log."""
    attempt = report.attempt
    id, run, op = attempt.id, attempt.run, attempt.op
    if isinstance(report, Done):
        return c.Finished(id, run, op, report.result, report.seconds)
    if isinstance(report, Beat):
        return c.Progress(id, run, op, report.details)
    tell_failed(report)
    _, kind, detail, error, trace, retryable, seconds = report
    return c.AttemptFailed(id, run, op, attempt.number, kind, detail, error, trace, retryable, seconds)


__all__ = ["Engine", "command_of", "tell"]
