"""Performs effects: calls the service's functions, and reports what became of each attempt.

    runner = EffectRunner([Activities()], report=inbox.append, resources=resources)
    runner.start([attempt])        ->   report(Done(attempt, b'"ch_1"', 0.012))

An async function runs as one task of the loop on which the runner was made, any other in a thread. An attempt goes

    waiting -> running -> (told ->) cancelled -> over
                                              -> abandoned, ... over

and is reported once, on its way to `over` or to `abandoned`. *Told*: `ctx.cancelled` is true and its grace runs.
*Cancelled*: its task was cancelled, or, as no thread can be, its own grace after a timeout runs. *Abandoned*: it did
not end, so what it still does is ignored; but it is there, and keeps its places (thread, queue, concurrency) until it
ends: limits say how much happens at once, and it may still be talking to what they protect. `abandoned` counts them.

In: attempts, from any thread. Out: reports, on the loop; `start` and `stop` may report before they return. Decides
nothing about a run: a retry is another attempt, and whether one is wanted is the machine's business.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from threading import get_ident
from typing import Any, TypeAlias

from raftoral.errors import UsageError
from raftoral.program.steps import Activity
from raftoral.runtime.activity import CALL, Resources
from raftoral.runtime.alarms import Alarms, Clock
from raftoral.runtime.bindings import Bindings
from raftoral.runtime.edge.effects.going import ABANDONED, CANCELLED, OVER, RUNNING, TOLD, WAITING, Going
from raftoral.runtime.edge.effects.heartbeats import Heartbeats
from raftoral.runtime.edge.effects.lanes import Lanes
from raftoral.runtime.edge.effects.outcomes import Ending, Performer, ended, text_of
from raftoral.runtime.edge.effects.threads import Threads
from raftoral.runtime.edge.observe import Observers
from raftoral.runtime.edge.telling import fields_of
from raftoral.runtime.ports import Attempt, Done, Failed, Report

ANSWER_SECONDS = 1.0
"""What a cancelled task has at least, to clean up and to end."""

LOG = logging.getLogger("raftoral.effects")

Outcome: TypeAlias = Done | Failed


class EffectRunner:
    """A `Runner` on the running loop. See the module for what becomes of an attempt."""

    def __init__(
        self,
        implementations: Bindings | Iterable[object] | Mapping[str, Callable[..., Any]],
        *,
        report: Callable[[Report], None],
        resources: Resources | None = None,
        max_concurrency: int = 1000,
        thread_pool_size: int | None = None,
        queues: Mapping[str, int] | None = None,
        clock: Clock | None = None,
        observers: Observers | None = None,
    ) -> None:
        threads = min(32, (os.cpu_count() or 1) + 4) if thread_pool_size is None else thread_pool_size
        _check_limits(max_concurrency, threads, queues or {})
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise UsageError("An EffectRunner lives on the loop that runs: make it inside of a coroutine.") from None
        self.clock: Clock = clock if clock is not None else self._loop
        self.resources = resources
        self._bindings = implementations if isinstance(implementations, Bindings) else Bindings(implementations)
        self._performers: dict[int, Performer] = {}
        self._report = report
        self._observers = observers
        self._thread = get_ident()
        # We work with the context variables of the one who made the runner, not of whoever started a run: theirs would
        # live as long as our timers, and turn up in the activities of others.
        self._context = copy_context()
        self._alarms: Alarms[Going] = Alarms(self.clock, self._ring)
        self._lanes: Lanes[Going] = Lanes(max_concurrency, threads, queues or {})
        self._most = max_concurrency
        self._threads = Threads(threads)
        self._heartbeats = Heartbeats(self._loop, self.clock, report)
        self.heard = self._heartbeats.heard  # what a call's context needs of us
        self._going: dict[tuple[str, int], Going] = {}  # what is not reported yet
        self._replaced: set[Going] = set()  # likewise, of effects that have a newer attempt
        self._abandoned: set[Going] = set()  # asyncio alone would forget tasks that nobody holds
        self._inside = False
        self._admitting = False
        self._closing: str = ""
        self._empty: asyncio.Event | None = None

    # --- the port ------------------------------------------------------------------------------------------------

    def start(self, attempts: Sequence[Attempt]) -> None:
        """Begins these attempts, as far as limits allow; the others wait."""
        if get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.start, tuple(attempts))
            return
        self._context.copy().run(self._start, attempts)

    def _start(self, attempts: Sequence[Attempt]) -> None:
        # A task that is started eagerly may end at once, its report may start another attempt, and so on: only the
        # first of such a chain is eager, so that neither the stack nor the loop's patience runs out.
        outermost, self._inside = not self._inside, True
        eager = _EAGER and outermost
        try:
            for attempt in attempts:
                self._accept(attempt, eager)
        finally:
            if outermost:
                self._inside = False

    def stop(self, run: str, op: int, reason: str) -> None:
        """Tells the attempt of an effect to end. One that waits is reported at once."""
        if get_ident() != self._thread:
            self._loop.call_soon_threadsafe(self.stop, run, op, reason)
            return
        going = self._going.get((run, op))
        if going is not None:
            self._context.copy().run(self._stop, going, Ending("Stopped", reason), going.attempt.grace)

    def implements(self, activity: Activity[Any]) -> bool:
        """Whether somebody here can perform it. Raises `UsageError` when two could, or one that takes other arguments:
        ask at the start, for every activity of every program."""
        return self._bindings.of(activity) is not None

    async def close(self, grace: float = 0.0) -> None:
        """Ends everything: what waits at once; what runs is told, and has `grace` seconds before it is cancelled, or
        abandoned where that is not possible. Returns when every attempt was reported. What is started later is stopped.
        """
        self._closing = self._closing or "the node is closing"
        for going in [*self._going.values(), *self._replaced]:
            self._stop(going, Ending("Stopped", self._closing), grace)
        if self._going or self._replaced:
            self._empty = self._empty or asyncio.Event()
            await self._empty.wait()
        self._alarms.close()
        self._threads.close()

    @property
    def running(self) -> int:
        """How many attempts have a place: those that run, and those that were abandoned."""
        return self._most - self._lanes.free

    @property
    def waiting(self) -> int:
        """How many attempts wait for one."""
        return self._lanes.waiting

    @property
    def abandoned(self) -> int:
        """How many were reported and have not ended: each keeps its places, and a thread if it is in one."""
        return len(self._abandoned)

    # --- beginning -----------------------------------------------------------------------------------------------

    def _accept(self, attempt: Attempt, eager: bool) -> None:
        effect = (attempt.run, attempt.op)
        before = self._going.get(effect)
        if before is not None:
            if (before.attempt.number, before.attempt.fence) == (attempt.number, attempt.fence):
                return  # the same once more
            self._replaced.add(before)
        going = self._going[effect] = Going(attempt, self)
        going.arrived = going.started = self.clock.time()
        try:
            performer = self._performers.get(id(attempt.activity)) or self._performer(attempt.activity)
        except Exception as error:  # a node that was asked before whether it implements it does not come here
            self._answer(going, Failed(attempt, type(error).__name__, text_of(error), None, "", True, 0.0))
        else:
            self._enter(going, performer, eager)
        if before is not None:
            # Whoever wants a new attempt has given the one before up, perhaps before its grace is over.
            self._stop(before, Ending("Stopped", "another attempt was started"), before.attempt.grace)

    def _performer(self, activity: Activity[Any]) -> Performer:
        binding = self._bindings.of(activity)
        if binding is None:
            raise UsageError(f"Nothing here performs the activity {activity.name}.")
        performer = self._performers[id(activity)] = Performer(binding)  # which holds the activity: its id stays
        return performer

    def _enter(self, going: Going, performer: Performer, eager: bool) -> None:
        """Begins one if it may, and else lets it wait."""
        attempt = going.attempt
        if self._closing:
            self._answer(going, ended(attempt, Ending("Stopped", self._closing), 0.0))
            return
        going.performer = performer
        going.threaded = performer.threaded
        if self._lanes.enter(going, attempt.queue):
            self._begin(going, eager)
        elif attempt.deadline is not None:
            self._alarms.set(going, going.arrived + attempt.deadline)

    def _begin(self, going: Going, eager: bool) -> None:
        """Starts one that has its places."""
        attempt, performer = going.attempt, going.performer
        going.phase = RUNNING
        ends = going.started + attempt.timeout
        if attempt.deadline is not None:
            ends = min(ends, going.arrived + attempt.deadline)
        going.ends, going.alive = ends, going.started
        if attempt.heartbeat is not None:
            ends = min(ends, going.started + attempt.heartbeat)
        self._alarms.set(going, ends)
        context = self._context.copy()
        context.run(CALL.set, going)
        if self._observers is not None:
            context.run(self._observers.attempt_begins, attempt)
        task: asyncio.Future[Any]
        try:
            if performer.threaded:
                self._threads.run(partial(self._perform, going, context))
                return
            if performer.coroutine:
                task = self._task(performer.function(*attempt.args), context, eager)
            else:
                task = self._future(context.run(performer.function, *attempt.args), context)
        except BaseException as error:  # there is no task that could have it
            self._end(going, self._raised(going, error))
            if isinstance(error, KeyboardInterrupt | SystemExit):
                # It must end the process: from the loop, as it would from a task, and not from under a `start`.
                self._loop.call_soon(_throw, error)
            return
        self._follow(going, task, eager)

    def _task(self, work: Any, context: Context, eager: bool) -> asyncio.Task[Any]:
        """A task that is the coroutine's own, with nothing of ours around it: that is what `asyncio.timeout`, anyio
        and readers of tracebacks expect."""
        if self._loop.get_task_factory() is not None:
            return self._loop.create_task(work, context=context)  # the service wants tasks of its own
        if eager:
            return _eager_task(work, loop=self._loop, context=context)
        return _make_task(work, loop=self._loop, context=context)

    def _future(self, work: Any, context: Context) -> asyncio.Future[Any]:
        """The same for whatever an ordinary function gave."""
        if inspect.iscoroutine(work):
            return self._task(work, context, False)
        if asyncio.isfuture(work) and work.get_loop() is self._loop:
            return work
        if inspect.isawaitable(work):
            return self._task(_awaited(work), context, False)
        future: asyncio.Future[Any] = self._loop.create_future()
        future.set_result(work)
        return future

    def _follow(self, going: Going, task: asyncio.Future[Any], eager: bool) -> None:
        going.task = task
        if going.phase >= CANCELLED:
            task.cancel()  # it was stopped by what it did before it had a task
        if eager and task.done():
            self._task_done(going, task)
        else:
            task.add_done_callback(partial(self._task_done, going))

    def _admit(self) -> None:
        """Begins those that waited for what became free."""
        if self._admitting:
            return  # the one that admits is below us on the stack, and goes on
        self._admitting = True
        try:
            while (going := self._lanes.next()) is not None:
                going.started = self.clock.time()
                self._begin(going, False)
        finally:
            self._admitting = False

    # --- ending by itself ----------------------------------------------------------------------------------------

    def _task_done(self, going: Going, task: asyncio.Future[Any]) -> None:
        going.task = None  # as its context holds us
        # Not by `result`: it would raise from here, and put us, who hold the task, into the traceback that it holds.
        error = task.exception() if not task.cancelled() else _how_it_was_cancelled(task)
        if error is None:
            seconds = self.clock.time() - going.started
            self._end(going, going.performer.gave(going.attempt, task.result(), seconds))
        else:
            self._end(going, self._raised(going, error))  # asyncio itself passes on what must end the process

    def _perform(self, going: Going, context: Context) -> None:
        """In a thread: the call, and its report."""
        value: Any = None
        outcome: Outcome | None = None
        fatal: BaseException | None = None
        try:
            value = context.run(going.performer.function, *going.attempt.args)
            if not inspect.isawaitable(value):
                outcome = going.performer.gave(going.attempt, value, self.clock.time() - going.started)
        except BaseException as error:
            outcome = self._raised(going, error)
            fatal = error if isinstance(error, KeyboardInterrupt | SystemExit) else None
        with suppress(RuntimeError):  # the loop is closed: there is nobody to tell
            if outcome is not None:
                self._loop.call_soon_threadsafe(self._thread_done, going, outcome, fatal)
            else:
                self._loop.call_soon_threadsafe(self._go_on, going, value, context)

    def _thread_done(self, going: Going, outcome: Outcome, fatal: BaseException | None) -> None:
        self._threads.free()
        self._end(going, outcome)
        if fatal is not None:
            raise fatal

    def _go_on(self, going: Going, value: Awaitable[Any], context: Context) -> None:
        """An ordinary function gave something to await: it is an async one after all, and needs no thread any more."""
        self._threads.free()
        self._lanes.leave_thread(going)
        if going.phase < CANCELLED:
            self._follow(going, self._future(value, context), False)
        else:
            if inspect.iscoroutine(value):
                value.close()
            elif asyncio.isfuture(value):
                value.cancel()
            self._end(going, self._ended(going))
        self._admit()

    # --- ending from outside -------------------------------------------------------------------------------------

    def _ring(self, going: Going, now: float) -> None:
        """The alarm of an attempt: a limit of time is reached, or a grace is over."""
        attempt = going.attempt
        if going.phase == TOLD:
            self._insist(going, now, 0.0)
        elif going.phase == CANCELLED:
            self._abandon(going)
        elif attempt.deadline is not None and now >= going.arrived + attempt.deadline:
            what = f"its deadline is over, {attempt.deadline:g} s after attempt {attempt.number} was asked for"
            self._time_out(going, Ending("Timeout", what, retryable=False), now)
        elif now >= going.ends:
            self._time_out(going, Ending("Timeout", f"no answer within {attempt.timeout:g} s"), now)
        elif attempt.heartbeat is not None and now >= going.alive + attempt.heartbeat:
            self._time_out(going, Ending("NoHeartbeat", f"no heartbeat for {attempt.heartbeat:g} s"), now)
        elif attempt.heartbeat is not None:  # it was heard of since the alarm was set
            self._alarms.set(going, min(going.alive + attempt.heartbeat, going.ends))

    def _time_out(self, going: Going, ending: Ending, now: float) -> None:
        """Its time is over: there is nothing to wait for before it is cancelled, only for its answer."""
        if going.phase == WAITING:
            self._drop(going, ending)
            return
        going.ending = ending
        going.phase = TOLD
        going.tell()
        self._insist(going, now, going.attempt.grace)

    def _stop(self, going: Going, ending: Ending, grace: float) -> None:
        if going.phase == WAITING:
            self._drop(going, ending)
        elif going.phase == RUNNING:
            going.ending = ending
            going.phase = TOLD
            now = self.clock.time()
            if grace > 0.0:
                self._alarms.set(going, min(now + grace, going.ends))  # a grace is no way to get more time
            going.tell()
            if grace <= 0.0:
                self._insist(going, now, 0.0)
        elif going.phase == TOLD:
            self._alarms.set(going, min(going.alarm, self.clock.time() + grace))
        elif going.phase == CANCELLED:
            self._alarms.set(going, min(going.alarm, self.clock.time() + max(grace, ANSWER_SECONDS)))

    def _insist(self, going: Going, now: float, grace: float) -> None:
        """Cancels what can be cancelled, and gives it time to answer. A thread has its grace, or is abandoned."""
        if going.phase != TOLD:
            return  # a callback of its context has ended it
        going.phase = CANCELLED
        if not going.threaded:
            grace = max(grace, ANSWER_SECONDS)
        if going.task is not None:
            going.task.cancel()
        if grace > 0.0:
            self._alarms.set(going, now + grace)
        else:
            self._abandon(going)

    def _drop(self, going: Going, ending: Ending) -> None:
        """Ends one that never began."""
        self._lanes.give_up(going)
        self._answer(going, ended(going.attempt, ending, 0.0))

    def _abandon(self, going: Going) -> None:
        """Its time to answer is over. It is reported, and what it still does is ignored."""
        going.phase = ABANDONED
        self._abandoned.add(going)
        attempt = going.attempt
        had_time = attempt.grace > 0.0 or not going.threaded
        LOG.log(
            logging.WARNING if had_time else logging.INFO,
            "the activity %s of run %s (attempt %d, slot %s) did not end when it was told to. What it still does is "
            "ignored, but it keeps its place until it ends. Abandoned at the moment: %d",
            *(attempt.activity.name, attempt.id, attempt.number, attempt.slot, len(self._abandoned)),
            extra={**fields_of(attempt), "event": "attempt_abandoned"},
        )
        self._answer(going, self._ended(going))

    # --- reporting -----------------------------------------------------------------------------------------------

    def _end(self, going: Going, outcome: Outcome) -> None:
        """One that ran has ended: others may have its places, and it is reported, unless it was abandoned before."""
        abandoned = going.phase == ABANDONED
        going.phase = OVER
        self._lanes.leave(going)
        if self._lanes.waiting:
            self._admit()
        if abandoned:
            self._abandoned.discard(going)
        else:
            self._answer(going, outcome)

    def _answer(self, going: Going, outcome: Outcome) -> None:
        """Reports an attempt, for the first and last time."""
        if going.phase == WAITING:
            going.phase = OVER
        self._alarms.take_back(going)
        effect = (going.attempt.run, going.attempt.op)
        if self._going.get(effect) is going:
            del self._going[effect]
        else:
            self._replaced.discard(going)
        if self._empty is not None and not self._going and not self._replaced:
            self._empty.set()
        if going.said is not None:
            self._heartbeats.flush(going)
        going.answered = True
        going.context = None  # it holds us: no work for the garbage collector
        if self._observers is not None:
            self._observers.attempt_ended(outcome)
        self._report(outcome)

    def _raised(self, going: Going, error: BaseException) -> Failed:
        seconds = self.clock.time() - going.started
        if going.ending is not None and going.ending.kind == "Stopped" and isinstance(error, asyncio.CancelledError):
            return ended(going.attempt, going.ending, seconds)  # many losers of races: where they were interests nobody
        return going.performer.raised(going.attempt, error, going.ending, seconds)

    def _ended(self, going: Going) -> Failed:
        assert going.ending is not None
        return ended(going.attempt, going.ending, self.clock.time() - going.started)


def _how_it_was_cancelled(task: asyncio.Future[Any]) -> asyncio.CancelledError:
    """With the traceback of where the task was, and without our own frame on top of it."""
    try:
        task.result()
    except asyncio.CancelledError as error:
        return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)
    raise AssertionError("a cancelled task has no result")


async def _awaited(value: Any) -> Any:
    return await value


def _throw(error: BaseException) -> None:
    raise error


def _check_limits(most: int, threads: int, queues: Mapping[str, int]) -> None:
    limits = {"max_concurrency": most, "thread_pool_size": threads, **{f"queues[{q!r}]": n for q, n in queues.items()}}
    for name, limit in limits.items():
        if not isinstance(limit, int) or limit < 1:
            raise UsageError(f"{name} is {limit!r}; it says how many may run at once, and that is 1 or more.")


_EAGER = sys.version_info >= (3, 12)
"""Whether a task can run at once, up to where it first waits: one that never does costs no turn of the loop."""

_make_task: Callable[..., asyncio.Task[Any]] = asyncio.Task
_eager_task = partial(_make_task, eager_start=True)
