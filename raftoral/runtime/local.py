"""Durable workflows in one process, without a cluster: `raftoral.local`.

    async with raftoral.local(programs=[shop.orders], activities=[Activities()], data="./data") as here:
        run = await ProcessOrder.start(here, order, id="order-17")
        print(await run.result())

With `data` it survives crashes: what a call returned is on disk. Without, everything is in memory. Two processes cannot
share a directory; runs go on when the next one opens it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from os import urandom
from types import ModuleType, TracebackType
from typing import Any, NamedTuple, Self, cast

from pydantic_core import to_json

from raftoral import errors as e
from raftoral.program.codec import codec_of
from raftoral.program.context import Cx
from raftoral.program.faults import Fault, fault_of
from raftoral.program.plans import known_errors
from raftoral.program.scalars import transition_context
from raftoral.program.std import Stream
from raftoral.program.steps import Definition, Query as AQuery
from raftoral.program.values import WorkflowError

from .bindings import Bindings
from .core import commands as c
from .core.execution import EPOCH, MICROSECOND
from .core.programs import Program, Programs
from .core.state import Run
from .edge.clock import Clock, SystemClock
from .edge.effect_runner import EffectRunner
from .edge.storage_memory import MemoryStorage
from .engine import Engine
from .ports import LIVE, Query, Report, Row, Storage
from .proto import state_pb2 as pb
from .resources import Resources
from .views import Description, RunReport, Summary, description, report, summary

log = logging.getLogger("raftoral")

ID_MAX = 200  # characters
PAGE_MAX = 1_000
WATCH_MAX = 1_000  # changes that a slow watcher may be behind; older ones are left out
DEFAULT_GRACE = 5.0  # seconds that activities have to end when the runtime is closed

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
}

Source = ModuleType | type | Definition


class Change(NamedTuple):
    """What a watcher sees: where a run rests now."""

    id: str
    status: str
    steps: tuple[str, ...]
    updated: datetime


class Branch(NamedTuple):
    """A run with the runs that it started."""

    run: Summary
    children: tuple[Branch, ...]


def definitions_of(sources: Iterable[Source]) -> list[Definition]:
    """The workflows of generated modules, and of the modules that they start children of, and so on."""
    found: dict[int, Definition] = {}
    for source in sources:
        values: list[Any] = [source] if isinstance(source, type | Definition) else list(vars(source).values())
        made = _definitions_among(values)
        if not made:
            raise e.UsageError(
                f"programs: {getattr(source, '__name__', source)!r} has no workflow; give a module that `raftoral "
                "compile` made, or one of its workflows"
            )
        while made:
            definition = made.pop(0)
            if id(definition) not in found:
                found[id(definition)] = definition
                made += _definitions_among(definition.begin.__globals__.values())
    return list(found.values())


def _definitions_among(values: Iterable[Any]) -> list[Definition]:
    held = [value if isinstance(value, Definition) else getattr(value, "DEFINITION", None) for value in values]
    return [each for each in held if isinstance(each, Definition)]


class Local:
    """See the module. Made by `raftoral.local(...)`; it is the `node` of generated modules."""

    def __init__(
        self,
        programs: Iterable[Source],
        activities: Iterable[Any] | Any = (),
        *,
        data: str | None = None,
        storage: Storage | None = None,
        resources: Resources | None = None,
        clock: Clock | None = None,
        max_concurrency: int = 1_000,
        thread_pool_size: int | None = None,
        queues: Mapping[str, int] | None = None,
        profile: bool = True,
        retention: timedelta | None = None,
        grace: float = DEFAULT_GRACE,
    ) -> None:
        if data is not None and storage is not None:
            raise e.UsageError("give either data= or storage=, not both")
        self._sources = list(programs)
        self._programs = Programs(definitions_of(self._sources))
        self._implementations = _listed(activities)
        self._data, self._storage, self._resources = data, storage, resources
        self._clock = clock or SystemClock()
        self._max_concurrency, self._threads, self._queues = max_concurrency, thread_pool_size, queues
        self._profile, self._retention, self._grace = profile, retention, grace
        self._waiters: dict[str, list[asyncio.Future[Row | None]]] = {}
        self._watchers: dict[str, list[asyncio.Queue[Change | e.RaftoralError]]] = {}
        self._engine: Engine | None = None
        self._runner: EffectRunner | None = None
        self._pruner: Any = None
        self._pruning: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> Self:
        """Reads what is stored, and goes on with it."""
        if self._engine is not None:
            return self
        storage = self._storage if self._storage is not None else self._opened()
        try:
            if self._resources is not None:
                await self._resources.open()  # what was in flight is called again at once, and may need them
            self._runner = self._made_runner()
            self._engine = Engine(
                self._programs,
                storage,
                self._runner,
                self._clock,
                trails=self._profile,
                moved=self._moved,
                stopped=self._stopped,
            )
            await self._engine.open()
        except BaseException:
            self._engine = None
            storage.close()
            if self._resources is not None:
                await self._resources.close()
            raise
        if self._retention is not None:
            self._prune_later()
        return self

    def _made_runner(self) -> EffectRunner:
        runner = EffectRunner(
            Bindings(self._implementations),
            report=self._report,
            resources=self._resources,
            max_concurrency=self._max_concurrency,
            thread_pool_size=self._threads,
            queues=self._queues,
        )
        for program in self._programs.all().values():
            for activity in program.uses():
                runner.implements(
                    activity
                )  # an activity that two could perform is said now, not in the middle of a run
        return runner

    def _opened(self) -> Storage:
        if self._data is None or self._data == ":memory:":
            return MemoryStorage()
        from .edge.storage_sqlite import SqliteStorage

        return SqliteStorage(self._data)

    async def close(self) -> None:
        """Stops: activities get their grace, runs go on when the data is opened again."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        if self._pruner is not None:
            self._pruner.cancel()
        await engine.close()
        if self._runner is not None:
            await self._runner.close(self._grace)
        engine.storage.close()
        if self._resources is not None:
            await self._resources.close()
        self._stopped(e.Closed("the runtime was closed; the run goes on when it is opened again"))

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

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise e.UsageError("it is not open: use `async with raftoral.local(...) as here:`")
        if self._engine.broken is not None:
            raise self._engine.broken
        return self._engine

    # --- what generated modules call -------------------------------------------------------------------------

    async def start(
        self,
        workflow: Definition,
        id: str | None,
        args: Sequence[Any],
        *,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Starts a run; gives its id. When it returns, the run is on disk. The same start again is the same run."""
        engine = self.engine
        program = self._program(workflow)
        fresh = id is None
        id = urandom(16).hex() if id is None else checked_id(id)  # a `uuid4` costs four times as much
        try:
            given = args if isinstance(args, workflow.args) else workflow.args(*args)
            data = program.args.dumps(given)
        except TypeError:
            fields = ", ".join(getattr(workflow.args, "_fields", ())) or "no arguments"
            raise e.WrongInput(f"the input of {program.name}: it takes {fields}, and got {len(args)}") from None
        except Fault as fault:
            raise e.WrongInput(f"the input of {program.name}: {_named(program, fault.message)}") from None
        command = c.StartRun(id, urandom(16).hex(), program.name, program.version, data, _tags(tags), fresh)
        _raise(await engine.submit(command))
        return id

    async def result(self, workflow: Definition | None, id: str, timeout: float | None = None) -> Any:
        """What a run ended with, when it has; raises `RunFailed` when it failed."""
        row = await self._ended(id, timeout)
        program = self._programs.get(row.workflow, row.version)
        if row.status == "completed":
            assert row.result is not None
            return program.result.loads(row.result) if program is not None else json.loads(row.result)
        raise failure_of(row, program)

    async def signal(self, workflow: Definition | None, id: str, name: str, payload: Any = None) -> None:
        """Puts a message into a mailbox of a run. When it returns, the message is on disk."""
        program = self._program_of(id)
        signals = program.definition.signals
        if name not in signals:
            known = ", ".join(sorted(signals)) or "none"
            raise e.UnknownSignal(f"{program.name} has no signal {name!r}; it has: {known}")
        try:
            data = codec_of(signals[name]).dumps(payload)
        except Fault as fault:
            raise e.WrongInput(f"the signal {name} of {program.name}: {fault.message}") from None
        _raise(await self.engine.submit(c.Signal(id, name, data)))

    async def query(self, workflow: Definition | None, id: str, name: str, args: Sequence[Any] = ()) -> Any:
        """Answers a query from the checkpoints of a run, whether it has ended or not."""
        await self.engine.settled()
        run, program = self.engine.machine.runs.get(id), self._program_of(id)
        query = program.definition.queries.get(name)
        if query is None:
            known = ", ".join(sorted(program.definition.queries)) or "none"
            raise e.UnknownSignal(f"{program.name} has no query {name!r}; it has: {known}")
        _check_query(f"the query {name} of {program.name}", query, args)
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

    # --- looking -------------------------------------------------------------------------------------------

    async def status(self, id: str) -> str:
        """`running`, `paused`, `stalled`, `faulted`, or how it ended."""
        await self.engine.settled()
        run = self.engine.machine.runs.get(id)
        return run.status if run is not None else self._row(id).status

    async def describe(self, id: str) -> Description:
        """Everything that is known of a run: what it waits for, where, since when; why it stands still."""
        await self.engine.settled()
        row, run = self._row(id), self.engine.machine.runs.get(id)
        program = self._programs.get(row.workflow, row.version)
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
        _raise(await self.engine.submit(c.Cancel(id, reason)))

    async def terminate(self, id: str, reason: str = "terminated by a client") -> None:
        """Ends a run at once. Nothing of it runs any more: no undo either."""
        _raise(await self.engine.submit(c.Terminate(id, reason)))

    async def pause(self, id: str) -> None:
        """Effects in flight end, and nothing new begins."""
        _raise(await self.engine.submit(c.Pause(id)))

    async def resume(self, id: str) -> None:
        """A paused run goes on; a faulted one tries again."""
        _raise(await self.engine.submit(c.Resume(id)))

    async def tag(self, id: str, /, **tags: str | None) -> None:
        """Sets tags of a run; None takes one away."""
        if not all(value is None or isinstance(value, str) for value in tags.values()):
            raise e.WrongInput("tags are texts by name; None takes one away")
        _raise(await self.engine.submit(c.Tag(id, json.dumps(tags))))

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
                _raise(refused)
        return len(rows)

    async def delete_many(self, *, force: bool = False, **filters: Any) -> int:
        """Takes away all runs that `list` would show; those that live only if forced. Gives how many."""
        deleted = 0
        before: int | None = None
        while True:
            rows = self.engine.storage.rows(make_query(**{**filters, "limit": PAGE_MAX, "before": before}))
            if not rows:
                return deleted
            before = rows[-1].seq
            doomed = [row.id for row in rows if force or row.status not in LIVE]
            answers = await asyncio.gather(*(self.engine.submit(c.Delete(id, force)) for id in doomed))
            deleted += sum(answer is None for answer in answers)

    async def prune(self, older_than: timedelta, *, status: str | Sequence[str] | None = None) -> int:
        """Takes away runs that ended longer ago than that. Gives how many."""
        until = self._clock.now() - int(older_than / MICROSECOND)
        deleted, before = 0, None
        while True:
            page = Query(statuses=_statuses(status), limit=PAGE_MAX, before=before)
            rows = self.engine.storage.rows(page)
            if not rows:
                return deleted
            before = rows[-1].seq
            old = [row.id for row in rows if row.ended is not None and row.ended <= until]
            await asyncio.gather(*(self.engine.submit(c.Delete(id)) for id in old))
            deleted += len(old)

    def is_idle(self) -> bool:
        """Whether nothing is in flight: no activity runs, no command waits."""
        runner, engine = self._runner, self._engine
        if runner is None or engine is None:
            return False
        return runner.running == runner.abandoned and not runner.waiting and engine.is_idle

    def missing_activities(self, workflow: Definition) -> Sequence[str]:
        """The activities that a workflow may call, and nobody here implements."""
        uses = self._program(workflow).uses()
        return [each.name for each in uses if self._runner and not self._runner.implements(each)]

    # --- inside --------------------------------------------------------------------------------------------

    def _report(self, report: Report) -> None:
        if self._engine is not None:  # what ends while we close is called again by whoever opens the data next
            self._engine.report(report)

    def _moved(self, id: str, status: str, row: Row | None) -> None:
        """A run changed: wakes those who wait for its end, tells those who watch. Its whole row, if that was written."""
        if status not in LIVE:
            for future in self._waiters.pop(id, ()):
                if not future.done():
                    future.set_result(row)
        if self._watchers and (watchers := self._watchers.get(id)):
            change = self._change(id, status)
            for changes in watchers:
                _put(changes, change)

    async def _ended(self, id: str, timeout: float | None) -> Row:
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

    def _program(self, workflow: Definition) -> Program:
        program = self._programs.get(workflow.name, workflow.version)
        if program is None or program.definition is not workflow:
            known = ", ".join(sorted({name for name, _ in self._programs.all()})) or "none"
            raise e.UnknownProgram(f"{workflow.name} is not among programs=; known are: {known}")
        return program

    def _program_of(self, id: str) -> Program:
        run: Run | None = self.engine.machine.runs.get(id)
        if run is not None:
            return run.program
        row = self._row(id)
        program = self._programs.get(row.workflow, row.version)
        if program is None:
            raise e.UnknownProgram(f"{row.workflow} version {row.version} is not among programs=")
        return program

    def _prune_later(self) -> None:
        every = max(1_000_000, min(int(cast(timedelta, self._retention) / MICROSECOND) // 10, 3_600_000_000))
        self._pruner = self._clock.at(self._clock.now() + every, self._prune_now)

    def _prune_now(self) -> None:
        if self._engine is not None:
            self._pruning = asyncio.ensure_future(self._prune_once())

    async def _prune_once(self) -> None:
        try:
            await self.prune(cast(timedelta, self._retention))
        except e.RaftoralError as error:
            log.warning("runs that are over could not be pruned, and will be later: %s", error)
        if self._engine is not None:
            self._prune_later()


def local(programs: Iterable[Source], activities: Iterable[Any] | Any = (), **options: Any) -> Local:
    """Durable workflows in this process: see `Local`."""
    return Local(programs, activities, **options)


# --- small things ------------------------------------------------------------------------------------------------


def checked_id(id: str) -> str:
    if not isinstance(id, str) or not id or len(id) > ID_MAX or not id.isprintable():
        raise e.UsageError(f"an id is a printable text of 1 to {ID_MAX} characters, not {id!r}")
    return id


def make_query(
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
) -> Query:
    """The filters of `list`, as a store understands them."""
    return Query(
        workflow=workflow.name if isinstance(workflow, Definition) else workflow,
        version=version,
        statuses=_statuses(status),
        parent=parent,
        prefix=prefix,
        since=_us(since),
        until=_us(until),
        where={name: _json(value) for name, value in (where or {}).items()},
        tags=dict(tags or {}),
        before=before,
        limit=min(limit, PAGE_MAX),
    )


STATUSES = (*sorted(LIVE), "completed", "failed", "cancelled", "terminated")


def _statuses(status: str | Sequence[str] | None) -> tuple[str, ...]:
    found = (status,) if isinstance(status, str) else tuple(status or ())
    for each in found:
        if each not in STATUSES:
            raise e.UsageError(f"there is no status {each!r}; there are: {', '.join(STATUSES)}")
    return found


def _us(when: datetime | None) -> int | None:
    if when is None:
        return None
    aware = when if when.tzinfo is not None else when.astimezone(UTC)
    return int((aware - EPOCH) / MICROSECOND)


def _json(value: Any) -> str:
    return str(to_json(value), "utf-8")


def _tags(tags: Mapping[str, str] | None) -> str:
    if not tags:
        return "{}"
    if not all(isinstance(name, str) and isinstance(value, str) for name, value in tags.items()):
        raise e.UsageError("tags are texts by name")
    return json.dumps(dict(sorted(tags.items())), ensure_ascii=False)


def _listed(activities: Iterable[Any] | Any) -> list[Any]:
    if isinstance(activities, list | tuple | set | frozenset):
        return list(activities)
    return [activities]


def _named(program: Program, message: str) -> str:
    """`[0].items`: arguments are fields for people, and places for the codec."""
    fields = getattr(program.definition.args, "_fields", ())
    for place, name in enumerate(fields):
        if message.startswith(f"[{place}]"):
            return str(name) + message[len(f"[{place}]") :]
    return message


def _raise(refused: c.Refused | None) -> None:
    if refused is not None:
        raise _REFUSALS.get(refused.code, e.RaftoralError)(refused.message)


def _fields(value: Description) -> dict[str, Any]:
    return {name: getattr(value, name) for name in inspect.signature(Description).parameters}


def _put(changes: asyncio.Queue[Change | e.RaftoralError], change: Change | e.RaftoralError) -> None:
    """For a watcher; one that is slow misses the oldest."""
    if changes.full():
        changes.get_nowait()
    changes.put_nowait(change)


def _check_query(what: str, query: AQuery, args: Sequence[Any]) -> None:
    """Refuses arguments that do not fit."""
    if len(args) > len(query.params):
        raise e.WrongInput(f"{what}: it takes {len(query.params)} arguments, and got {len(args)}")
    try:
        inspect.signature(query.answer).bind(None, None, None, *args)
    except TypeError:
        raise e.WrongInput(f"{what}: it takes {len(query.params)} arguments, and got {len(args)}") from None
    for place, (type_, value) in enumerate(zip(query.params, args, strict=False), 1):
        try:
            codec_of(type_).dumps(value)
        except Fault as fault:
            raise e.WrongInput(f"{what}: argument {place}: {fault.message}") from None


def failure_of(row: Row, program: Program | None) -> e.RunFailed:
    """The exception for a run that ended without a result."""
    error: WorkflowError | None = None
    if row.failure is not None and program is not None:
        kind = str(json.loads(row.failure).get("kind"))
        if kind in known_errors(program.module):
            error = program.error(row.failure)
    kinds = {"cancelled": e.RunCancelled, "terminated": e.RunTerminated}
    shown = str(error) if error is not None else (row.failure or b"").decode()
    how = row.status
    if row.status in kinds:
        how, shown = f"was {row.status}", getattr(error, "reason", shown)
    failed = kinds.get(row.status, e.RunFailed)(row.id, row.status, error, f"the run {row.id!r} {how}: {shown}")
    failed.__cause__ = error
    return failed
