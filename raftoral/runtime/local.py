"""Durable workflows in one process, without a cluster: `raftoral.local`.

    async with raftoral.local(programs=[shop.orders], activities=[Activities()], data="./data") as here:
        run = await ProcessOrder.start(here, order, id="order-17")
        print(await run.result())

With `data` it survives crashes: what a call returned is on disk. Without, everything is in memory. Two processes cannot
share a directory; runs go on when the next one opens it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from types import ModuleType, TracebackType
from typing import Any, Self, cast
from uuid import uuid4

from raftoral import errors as e
from raftoral.program.steps import Definition

from .bindings import Bindings
from .calls.values import arguments_bytes, checked_id, definitions_among, failure_of, result_of, signal_bytes, tags_text
from .core import commands as c
from .core.execution import MICROSECOND
from .core.programs import Program, Programs
from .desk import Branch as Branch, Change as Change, Desk, raise_refused
from .edge.clock import Clock, SystemClock
from .edge.effect_runner import EffectRunner
from .edge.observe import Inside, Observer, Observers, observers_of
from .edge.storage_memory import MemoryStorage
from .engine import Engine
from .ports import Report, Storage
from .resources import Resources

log = logging.getLogger("raftoral")

DEFAULT_GRACE = 5.0  # seconds that activities have to end when the runtime is closed

Source = ModuleType | type | Definition


def definitions_of(sources: Iterable[Source]) -> list[Definition]:
    """The workflows of generated modules, and of the modules that they start children of, and so on."""
    found: dict[int, Definition] = {}
    for source in sources:
        values: list[Any] = [source] if isinstance(source, type | Definition) else list(vars(source).values())
        made = definitions_among(values)
        if not made:
            raise e.UsageError(
                f"programs: {getattr(source, '__name__', source)!r} has no workflow; give a module that `raftoral "
                "compile` made, or one of its workflows"
            )
        while made:
            definition = made.pop(0)
            if id(definition) not in found:
                found[id(definition)] = definition
                made += definitions_among(definition.begin.__globals__.values())
    return list(found.values())


class Local(Desk):
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
        metrics: Observer | None = None,
        tracing: Observer | None = None,
    ) -> None:
        if data is not None and storage is not None:
            raise e.UsageError("give either data= or storage=, not both")
        self._sources = list(programs)
        super().__init__(Programs(definitions_of(self._sources)), clock or SystemClock(), resources)
        self._implementations = _listed(activities)
        self._data, self._storage = data, storage
        self._max_concurrency, self._threads, self._queues = max_concurrency, thread_pool_size, queues
        self._profile, self._retention, self._grace = profile, retention, grace
        self._engine: Engine | None = None
        self._runner: EffectRunner | None = None
        observers = observers_of(metrics=metrics, tracing=tracing)
        inside = Inside(lambda: [self._engine] if self._engine else [], lambda: self._runner)
        self._observers = Observers(observers, inside) if observers else None
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
                observers=self._observers,
            )
            await self._engine.open()
        except BaseException:
            self._engine = None
            storage.close()
            if self._resources is not None:
                await self._resources.close()
            raise
        if self._observers is not None:
            self._observers.opened()
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
            observers=self._observers,
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
        if self._observers is not None:
            self._observers.closed()
        if self._pruner is not None:
            self._pruner.cancel()
        await engine.close()
        if self._runner is not None:
            await self._runner.close(self._grace)
        engine.storage.close()
        if self._resources is not None:
            await self._resources.close()
        self._stopped(e.Closed("the runtime was closed; the run goes on when it is opened again"))

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
        id = uuid4().hex if id is None else checked_id(id)
        data = arguments_bytes(program, args)
        command = c.StartRun(id, uuid4().hex, program.name, program.version, data, tags_text(tags), fresh)
        if self._observers is None:
            raise_refused(await engine.submit(command))
        else:
            with self._observers.starting(program.name, program.version, id) as more:
                raise_refused(await engine.submit(command._replace(tags=tags_text({**more, **(tags or {})}))))
        return id

    async def result(self, workflow: Definition | None, id: str, timeout: float | None = None) -> Any:
        """What a run ended with, when it has; raises `RunFailed` when it failed."""
        row = await self.ended(id, timeout)
        program = self._programs.get(row.workflow, row.version)
        if row.status == "completed":
            assert row.result is not None
            return result_of(program, row.result)
        raise failure_of(row.id, row.status, row.failure, program)

    async def signal(self, workflow: Definition | None, id: str, name: str, payload: Any = None) -> None:
        """Puts a message into a mailbox of a run. When it returns, the message is on disk."""
        data = signal_bytes(self.program_of(id), name, payload)
        raise_refused(await self.engine.submit(c.Signal(id, name, data)))

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

    def _program(self, workflow: Definition) -> Program:
        program = self._programs.get(workflow.name, workflow.version)
        if program is None or program.definition is not workflow:
            known = ", ".join(sorted({name for name, _ in self._programs.all()})) or "none"
            raise e.UnknownProgram(f"{workflow.name} is not among programs=; known are: {known}")
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


def _listed(activities: Iterable[Any] | Any) -> list[Any]:
    if isinstance(activities, list | tuple | set | frozenset):
        return list(activities)
    return [activities]
