"""Looking at runs and operating them: what a local runtime and a group of a cluster have in common.

    await desk.describe("order-17"); await desk.cancel("order-17", "not needed")

In: ids and filters. Out: views, which are data; and commands for the engine. It waits for what the engine's machine
does (`moved`), and never changes a run by itself.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from raftoral import errors as e
from raftoral.program.codec import codec_of
from raftoral.program.context import Cx
from raftoral.program.faults import fault_of
from raftoral.program.scalars import transition_context
from raftoral.program.std import Stream
from raftoral.program.steps import Definition

from .calls.filters import PAGE_MAX, checked_statuses, filters_of, store_query
from .calls.values import check_query, checked_changes, query_of
from .core import commands as c
from .core.execution import EPOCH, MICROSECOND
from .core.machine import Machine
from .core.programs import Program, Programs
from .core.state import Run
from .edge.clock import Clock
from .ports import LIVE, Query, Row, Storage
from .proto import state_pb2 as pb
from .resources import Resources
from .service import Filters
from .views import Branch as Branch, Change as Change, Description, RunReport, Summary, description, report, summary

WATCH_MAX = 1_000  # changes that a slow watcher may be behind; older ones are left out

_REFUSALS: dict[str, type[e.RaftoralError]] = {
    c.NOT_FOUND: e.NotFound,
    c.ALREADY_EXISTS: e.AlreadyExists,
    c.ENDED: e.RunEnded,
    c.STILL_RUNNING: e.StillRunning,
    c.NO_PROGRAM: e.UnknownProgram,
    c.NO_SIGNAL: e.UnknownSignal,
    c.WRONG_INPUT: e.WrongInput,
    c.TOO_LARGE: e.WrongInput,
    c.FULL: e.Full,
    c.IN_USE: e.InUse,
}


class Runs(Protocol):
    """What a desk needs of whoever has the runs: an engine, or a replica."""

    @property
    def machine(self) -> Machine: ...

    @property
    def storage(self) -> Storage: ...

    async def submit(self, command: c.Command, key: str = "") -> c.Refused | None: ...

    async def settled(self) -> None: ...


class Desk(ABC):
    """See the module. Lives on one loop."""

    def __init__(self, programs: Programs, clock: Clock, resources: Resources | None = None) -> None:
        self._programs = programs
        self._clock = clock
        self._resources = resources
        self._waiters: dict[str, list[asyncio.Future[Row | None]]] = {}
        self._watchers: dict[str, list[asyncio.Queue[Change | e.RaftoralError]]] = {}

    @property
    @abstractmethod
    def engine(self) -> Runs:
        """Whoever has the runs; raises when it cannot be asked."""

    @property
    def programs(self) -> Programs:
        """The workflows that are known here."""
        return self._programs

    # --- looking -------------------------------------------------------------------------------------------

    async def query(self, workflow: Definition | None, id: str, name: str, args: Sequence[Any] = ()) -> Any:
        """Answers a query from the checkpoints of a run, whether it has ended or not."""
        await self.engine.settled()
        run, program = self.engine.machine.runs.get(id), self.program_of(id)
        query = query_of(program, name)
        check_query(program, name, args)
        row = self._row(id) if run is None or run.state is None else None
        now = EPOCH + MICROSECOND * self._clock.now()
        try:
            with transition_context():
                if row is not None:
                    given = program.args.loads(row.args)
                    state, own = program.state_from(row.checkpoints.encode(), given), row.run
                else:
                    assert run is not None
                    state, given, own = run.state, run.args, run.run
                cx = Cx(id, own, program.version, 1, now, Stream(b"query"))
                answer = query.answer(cx, state, given, *args)
                return codec_of(query.result).loads(codec_of(query.result).dumps(answer))
        except Exception as error:
            why = fault_of(error).message
            raise e.QueryFailed(f"the query {name} of {program.name}: {why}") from error

    async def status(self, id: str) -> str:
        """`running`, `paused`, `stalled`, `faulted`, or how it ended."""
        await self.engine.settled()
        run = self.engine.machine.runs.get(id)
        return run.status if run is not None else self._row(id).status

    async def describe(self, id: str) -> Description:
        """Everything that is known of a run: what it waits for, where, since when; why it stands still."""
        await self.engine.settled()
        row, run = self._row(id), self.engine.machine.runs.get(id)
        program = self.programs.get(row.workflow, row.version)
        fields = getattr(program.definition.args, "_fields", ()) if program is not None else ()
        shown = description(row, run, tuple(fields))
        if program is None and row.status in LIVE:
            reason = f"{row.workflow} version {row.version} is not among programs="
            return Description(**{**_fields(shown), "status": "stalled", "code": "no-program", "reason": reason})
        return shown

    async def report(self, id: str) -> RunReport:
        """What became of each step of a run, with durations: S2.5."""
        await self.engine.settled()
        row, run = self._row(id), self.engine.machine.runs.get(id)
        if run is not None:
            trails: dict[str, pb.Trail] = dict(run.trails)
        else:
            trails = {trail.step: trail for trail in pb.Trails.FromString(row.report or b"").steps}
        counts = self._resources.accesses(row.run) if self._resources is not None else {}
        return report(row, trails, self._clock.now(), counts)

    async def list(
        self,
        *,
        workflow: str | Definition | None = None,
        version: int | None = None,
        status: str | Sequence[str] | None = None,
        parent: str | None = None,
        prefix: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        where: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[Summary]:
        """Runs, newest start first. `where` compares checkpoints; the next page begins `before` the last `seq`."""
        query = make_query(
            workflow=workflow,
            version=version,
            status=status,
            parent=parent,
            prefix=prefix,
            since=since,
            until=until,
            where=where,
            tags=tags,
            limit=limit,
            before=before,
        )
        return [summary(row) for row in self.engine.storage.rows(query)]

    async def count(self, **filters: Any) -> int:
        """How many runs there are; the filters of `list`."""
        return self.engine.storage.count(make_query(**filters))

    async def tree(self, id: str) -> Branch:
        """A run with the runs that it started, and theirs."""
        return self._branch(self._row(id))

    def _branch(self, row: Row) -> Branch:
        return Branch(summary(row), tuple(self._branch(child) for child in self._children_of(row.id)))

    def _children_of(self, id: str) -> Sequence[Row]:
        """The runs that a run started, oldest first."""
        found: list[Row] = []
        before: int | None = None
        while True:
            page = self.engine.storage.rows(Query(parent=id, limit=PAGE_MAX, before=before))
            found += page
            if len(page) < PAGE_MAX:
                return found[::-1]
            before = page[-1].seq

    async def watch(self, id: str) -> AsyncIterator[Change]:
        """Where a run rests, now and whenever that changes; ends with it."""
        self._row(id)
        changes: asyncio.Queue[Change | e.RaftoralError] = asyncio.Queue(WATCH_MAX)
        self._watchers.setdefault(id, []).append(changes)
        try:
            change: Change | e.RaftoralError = self._change(id, "")
            while True:
                if not isinstance(change, Change):
                    raise change
                yield change
                if change.status not in LIVE:
                    return
                change = await changes.get()
        finally:
            watchers = self._watchers.get(id, [])
            if changes in watchers:
                watchers.remove(changes)
            if not watchers:
                self._watchers.pop(id, None)

    def _change(self, id: str, status: str) -> Change:
        """Where a run is now; one that was deleted at once is there no more, and has only its last status."""
        engine = self.engine
        run, row = engine.machine.runs.get(id), engine.storage.row(id)
        if row is None:
            return Change(id, status, (), EPOCH + MICROSECOND * engine.machine.now)
        steps = tuple(wait.step for wait in description(row, run, ()).waits)
        return Change(id, row.status, steps, EPOCH + MICROSECOND * row.updated)

    # --- operating -----------------------------------------------------------------------------------------

    async def cancel(self, id: str, reason: str = "cancelled by a client") -> None:
        """Raises `Cancelled` wherever the run rests: `catch`, undos and `finally` run."""
        raise_refused(await self.engine.submit(c.Cancel(id, reason)))

    async def terminate(self, id: str, reason: str = "terminated by a client") -> None:
        """Ends a run at once. Nothing of it runs any more: no undo either."""
        raise_refused(await self.engine.submit(c.Terminate(id, reason)))

    async def pause(self, id: str) -> None:
        """Effects in flight end, and nothing new begins."""
        raise_refused(await self.engine.submit(c.Pause(id)))

    async def resume(self, id: str) -> None:
        """A paused run goes on; a faulted one tries again."""
        raise_refused(await self.engine.submit(c.Resume(id)))

    async def tag(self, id: str, /, **tags: str | None) -> None:
        """Sets tags of a run; None takes one away."""
        raise_refused(await self.engine.submit(c.Tag(id, json.dumps(checked_changes(tags)))))

    async def delete(self, id: str, *, force: bool = False, cascade: bool = True) -> int:
        """Takes a run away, with the runs that it started; gives how many. Never one that lives, unless forced."""
        await self.engine.settled()
        rows = [self._row(id)]
        for row in rows if cascade else ():
            rows += self._children_of(row.id)
        living = [row.id for row in rows if row.status in LIVE]
        if living and not force:
            raise e.StillRunning(f"{living[0]!r} lives: cancel it first, or force it")
        # Parents first: one that lives must not see its children fail, and start others.
        answers = await asyncio.gather(*(self.engine.submit(c.Delete(row.id, force)) for row in rows))
        for refused in answers:
            if refused is not None and refused.code != c.NOT_FOUND:
                raise_refused(refused)
        return len(rows)

    async def delete_many(self, *, force: bool = False, **filters: Any) -> int:
        """Takes away all runs that `list` would show; those that live only if forced. Gives how many."""
        return await self.delete_all(filters_of(**filters), force)

    async def delete_all(self, filters: Filters, force: bool) -> int:
        """The same, for filters that came from elsewhere."""
        query = replace(store_query(filters), limit=PAGE_MAX, before=None)
        deleted = 0
        while True:
            rows = self.engine.storage.rows(query)
            if not rows:
                return deleted
            query = replace(query, before=rows[-1].seq)
            doomed = [row.id for row in rows if force or row.status not in LIVE]
            answers = await asyncio.gather(*(self.engine.submit(c.Delete(id, force)) for id in doomed))
            deleted += sum(answer is None for answer in answers)

    async def prune(self, older_than: timedelta, *, status: str | Sequence[str] | None = None) -> int:
        """Takes away runs that ended longer ago than that. Gives how many."""
        until = self._clock.now() - int(older_than / MICROSECOND)
        deleted, before = 0, None
        while True:
            page = Query(statuses=checked_statuses(status), limit=PAGE_MAX, before=before)
            rows = self.engine.storage.rows(page)
            if not rows:
                return deleted
            before = rows[-1].seq
            old = [row.id for row in rows if row.ended is not None and row.ended <= until]
            await asyncio.gather(*(self.engine.submit(c.Delete(id)) for id in old))
            deleted += len(old)

    # --- inside ---

    def _moved(self, id: str, status: str, row: Row | None = None) -> None:
        """A run changed: wakes those who wait for its end, tells those who watch. `row` is the whole of it, if that
        was just written."""
        if status not in LIVE:
            for future in self._waiters.pop(id, ()):
                if not future.done():
                    future.set_result(row)
        if self._watchers and (watchers := self._watchers.get(id)):
            change = self._change(id, status)
            for changes in watchers:
                _put(changes, change)

    async def ended(self, id: str, timeout: float | None) -> Row:
        """Waits for a run to end, and gives its row; `WaitTimeout` when it has not in time."""
        engine = self.engine
        if id in engine.machine.runs or self._row(id).status in LIVE:
            future: asyncio.Future[Row | None] = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(id, []).append(future)
            try:
                async with asyncio.timeout(timeout) if timeout is not None else nullcontext():
                    row = await future
                if row is not None and row.ended is not None:  # else its id is another run's by now, or nobody's
                    return row
            except TimeoutError:
                now = await self.status(id)
                raise e.WaitTimeout(f"the run {id!r} is {now} after {timeout:g} s; it goes on") from None
            finally:
                waiters = self._waiters.get(id)
                if waiters is not None and future in waiters:
                    waiters.remove(future)
        return self._row(id)

    def _row(self, id: str) -> Row:
        row = self.engine.storage.row(id)
        if row is None:
            raise e.NotFound(f"there is no run {id!r}")
        return row

    def program_of(self, id: str) -> Program:
        """The program of a run, whether it has ended or not."""
        run: Run | None = self.engine.machine.runs.get(id)
        if run is not None:
            return run.program
        row = self._row(id)
        program = self.programs.get(row.workflow, row.version)
        if program is None:
            raise e.UnknownProgram(f"{row.workflow} version {row.version} is not among programs=")
        return program

    def _stopped(self, error: e.RaftoralError) -> None:
        """Nothing moves here any more: says so to all who wait."""
        waiters = [future for futures in self._waiters.values() for future in futures]
        watchers = [changes for queues in self._watchers.values() for changes in queues]
        self._waiters.clear()
        for future in waiters:
            if not future.done():
                future.set_exception(error)
        for changes in watchers:
            _put(changes, error)


# --- small things ---


def make_query(**filters: Any) -> Query:
    """The filters of `list`, as a store understands them."""
    return store_query(filters_of(**filters))


def raise_refused(refused: c.Refused | None) -> None:
    if refused is not None:
        raise _REFUSALS.get(refused.code, e.RaftoralError)(refused.message)


def _fields(value: Description) -> dict[str, Any]:
    return {name: getattr(value, name) for name in inspect.signature(Description).parameters}


def _put(changes: asyncio.Queue[Change | e.RaftoralError], change: Change | e.RaftoralError) -> None:
    """For a watcher; one that is slow misses the oldest."""
    if changes.full():
        changes.get_nowait()
    changes.put_nowait(change)
