"""The test kit: a world in which days take no time, activities are mocks, and processes die when you say so.

    async with raftoral.testing.world([shop.orders], Activities()) as w:
        w.fail("charge_card", CardDeclined(code="51"), times=1)
        w.crash_in("reserve_stock")
        run = await ProcessOrder.start(w, order)
        assert (await run.result()).status == "confirmed"
        assert w.calls("charge_card") == [("ann", Decimal(5)), ("ann", Decimal(5))]

Time stands still until nobody does anything any more; then it jumps to what is due next. `await w.sleep("3d")` moves it
by hand. Everything is durable, in memory: a crash throws away all but what was committed. Never use it for real work.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import wraps
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

from raftoral.errors import UsageError
from raftoral.program.steps import Activity, Definition
from raftoral.runtime.bindings import Bindings, spelled
from raftoral.runtime.core.execution import EPOCH, MICROSECOND
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.edge.clock import Alarm
from raftoral.runtime.edge.effect_runner import EffectRunner
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.local import Local, Source, definitions_of

if TYPE_CHECKING:
    from raftoral.sim.users import Report

T = TypeVar("T")

START = datetime(2026, 1, 1, tzinfo=UTC)
SETTLED_AFTER = 6  # looks at which nobody did anything: longer than any chain of callbacks inside
LOOKS_MAX = 1_000_000
UNITS = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?) *(ms|[smhdw])")


class VirtualClock:
    """Time that moves when it is told to."""

    def __init__(self, start: datetime) -> None:
        self._now = int((start - EPOCH) / MICROSECOND)
        self._alarms: list[_Alarm] = []

    def now(self) -> int:
        return self._now

    def at(self, when: int, ring: Callable[[], None]) -> Alarm:
        alarm = _Alarm(self, when, ring)
        self._alarms.append(alarm)
        return alarm

    @property
    def next(self) -> int | None:
        return min((alarm.when for alarm in self._alarms), default=None)

    def advance(self, to: int) -> None:
        """Time is `to` now; what is due rings."""
        self._now = max(self._now, to)
        for alarm in sorted((a for a in self._alarms if a.when <= self._now), key=lambda alarm: alarm.when):
            alarm.cancel()
            alarm.ring()


class _Alarm:
    def __init__(self, clock: VirtualClock, when: int, ring: Callable[[], None]) -> None:
        self.clock = clock
        self.when = when
        self.ring = ring

    def cancel(self) -> None:
        if self in self.clock._alarms:
            self.clock._alarms.remove(self)


class _Immortal(MemoryStorage):
    """A store that outlives the process that used it."""

    def close(self) -> None:
        pass


_NO_MOCK = object()  # None is a fine mock: of an activity that gives nothing, or finds nothing


class _Called:
    """What is known of one activity: its calls, and what shall become of the next ones."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.plans: list[Any] = []  # exceptions to raise, one for each call
        self.crashes = 0  # calls in which the process dies
        self.mock: Any = _NO_MOCK


class World(Local):
    """A `Local` in which time and luck are yours."""

    def __init__(
        self,
        programs: Iterable[Source],
        activities: Iterable[Any] | Any = (),
        *,
        start: datetime = START,
        skip_time: bool = True,
        **options: Any,
    ) -> None:
        sources = list(programs)
        self.clock = VirtualClock(start)
        self._store = _Immortal()
        self._skip_time = skip_time
        self._skipper: asyncio.Task[None] | None = None
        self._crashing: asyncio.Task[None] | None = None
        self._given = Bindings(activities if isinstance(activities, list | tuple) else [activities])
        self.crashes = 0
        uses = {a.name: a for d in definitions_of(sources) for a in Programs([d]).of(d).uses()}
        self._known = {name: _Called() for name in sorted(uses)}
        wrapped = {name: self._wrapped(activity) for name, activity in uses.items()}
        super().__init__(sources, wrapped, storage=self._store, clock=self.clock, **options)

    async def open(self) -> Self:
        await super().open()
        if self._skip_time and self._skipper is None:
            self._skipper = asyncio.create_task(self._skip())
        return self

    async def close(self) -> None:
        if self._skipper is not None:
            self._skipper.cancel()
            self._skipper = None
        if self._crashing is not None:
            await asyncio.wait([self._crashing])
        await super().close()

    # --- what you arrange ----------------------------------------------------------------------------------

    def mock(self, activity: str, what: Any) -> None:
        """`what` stands for an activity from now on: a value that it gives, an exception, or a function."""
        self._of(activity).mock = what

    def fail(self, activity: str, error: Exception, *, times: int = 1) -> None:
        """The next calls of an activity raise this."""
        self._of(activity).plans += [error] * times

    def crash_in(self, activity: str, *, times: int = 1) -> None:
        """The process dies in the next calls of an activity, and another one takes over."""
        self._of(activity).crashes += times

    def calls(self, activity: str) -> list[tuple[Any, ...]]:
        """With what an activity was called, attempt by attempt."""
        return list(self._of(activity).calls)

    async def crash(self) -> None:
        """The process dies now. What was not committed is gone; another one takes over."""
        if self._engine is None and self._crashing is None:
            raise UsageError("the world is not open: use `async with raftoral.testing.world(...) as w:`")
        # In a task of its own: whoever asks for it may be an activity, which dies too.
        if self._crashing is None:
            await asyncio.shield(self._dying())
        else:
            await asyncio.shield(asyncio.ensure_future(self._die_with(self._runner)))

    async def _die_with(self, runner: EffectRunner | None) -> None:
        """The process dies of a call of this life. It may be asked for while the life is still beginning."""
        if self._crashing is not None:
            await asyncio.wait([self._crashing])
        if self._runner is runner:
            await asyncio.shield(self._dying())

    def _dying(self) -> asyncio.Task[None]:
        """The death of this process. It dies once, however many ask for it meanwhile."""
        if self._crashing is None:
            engine, runner, self._engine = self.engine, self._runner, None
            assert runner is not None
            engine.stop()
            self.crashes += 1
            self._crashing = asyncio.create_task(self._live_again(runner))
        return self._crashing

    async def _live_again(self, runner: EffectRunner) -> None:
        try:
            await runner.close(0.0)
            if self._resources is not None:
                await self._resources.close()
            await Local.open(self)
        finally:
            self._crashing = None

    # --- time ----------------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return EPOCH + MICROSECOND * self.clock.now()

    async def settle(self) -> None:
        """Waits until nobody does anything any more but wait: for time, for signals."""
        quiet = 0
        for _ in range(LOOKS_MAX):
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._crashing is None and self.is_idle() else 0
            if quiet >= SETTLED_AFTER:
                return
        raise UsageError("the world does not come to rest: an activity goes on for ever")

    async def sleep(self, time: str | timedelta | float) -> None:
        """Lets time pass: "3d", "1h30m", seconds, or a timedelta. What is due on the way happens on the way."""
        end = self.clock.now() + _microseconds(time)
        await self.settle()
        while (due := self.clock.next) is not None and due <= end:
            self.clock.advance(due)
            await self.settle()
        self.clock.advance(end)
        await self.settle()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Time does not jump in here: what waits, waits."""
        before, self._skip_time = self._skip_time, False
        try:
            yield
        finally:
            self._skip_time = before

    async def _skip(self) -> None:
        """Jumps to what is due next whenever somebody waits for a result and nothing else happens."""
        while True:
            await asyncio.sleep(0)
            if not self._skip_time or not any(self._waiters.values()):
                await asyncio.sleep(0.001)
                continue
            await self.settle()
            due = self.clock.next
            if due is not None and any(self._waiters.values()):
                self.clock.advance(due)

    # --- activities ----------------------------------------------------------------------------------------

    def _of(self, name: str) -> _Called:
        if name not in self._known:
            known = ", ".join(self._known) or "none"
            raise UsageError(f"no workflow here calls an activity {name!r}; those that are called: {known}")
        return self._known[name]

    def _wrapped(self, activity: Activity[Any]) -> Callable[..., Any]:
        async def performed(*args: Any) -> Any:
            known = self._of(activity.name)
            known.calls.append(args)
            if known.crashes:
                known.crashes -= 1
                death = asyncio.ensure_future(self._die_with(self._runner))
                await asyncio.shield(death)
                await asyncio.Event().wait()  # nothing of this process happens any more
            if known.plans:
                raise known.plans.pop(0)
            return await self._done(activity, known, args)

        performed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(f"a{at}", inspect.Parameter.POSITIONAL_ONLY) for at in range(len(activity.params))]
        )
        return performed

    async def _done(self, activity: Activity[Any], known: _Called, args: tuple[Any, ...]) -> Any:
        what = known.mock
        if what is _NO_MOCK:
            binding = self._given.of(activity)
            if binding is None:
                raise UsageError(f"nobody implements {spelled(activity)}: give it to world(...), or w.mock(...)")
            what = binding.function
        if isinstance(what, BaseException):
            raise what
        value = what(*args) if callable(what) else what
        return await value if inspect.isawaitable(value) else value


def _waits(name: str) -> Callable[..., Any]:
    """A call of `Local` that waits while the process dies and lives again: whoever asks it does not die with it."""
    method = getattr(Local, name)

    @wraps(method)
    async def call(world: World, *args: Any, **named: Any) -> Any:
        if world._crashing is not None:
            await asyncio.wait([world._crashing])
        return await method(world, *args, **named)

    return call


for _name in (
    *("start", "result", "ended", "signal", "query", "status", "describe", "report", "list", "count"),
    *("tree", "cancel", "terminate", "pause", "resume", "tag", "delete", "delete_many", "prune"),
):
    setattr(World, _name, _waits(_name))


class Loaded(NamedTuple):
    """A program as a test needs it."""

    module: ModuleType
    activities: list[Any]


def load(path: str) -> Loaded:
    """The module of an .rft file, and the activities in the .py beside it: what `raftoral run` would run.

    orders, activities = raftoral.testing.load("examples/orders.rft")
    """
    from raftoral.cli.running.sources import activities_beside, module_at

    module = module_at(path)
    return Loaded(module, activities_beside(module))


def world(programs: Iterable[Source], activities: Iterable[Any] | Any = (), **options: Any) -> World:
    """A world for tests: see `World`."""
    return World(programs, activities, **options)


def run(test: Callable[[World], Coroutine[Any, Any, T]], programs: Iterable[Source], *activities: Any) -> T:
    """Runs a coroutine in a world of its own, for tests that are not coroutines themselves."""

    async def inside() -> T:
        async with world(programs, list(activities)) as w:
            return await test(w)

    return asyncio.run(inside())


def _microseconds(time: str | timedelta | float) -> int:
    if isinstance(time, timedelta):
        return int(time / MICROSECOND)
    if isinstance(time, int | float):
        return int(time * 1_000_000)
    parts = _DURATION_PART.findall(time)
    if not parts or "".join(number + unit for number, unit in parts) != time.replace(" ", ""):
        raise UsageError(f"{time!r} is no duration: write it as in the language, '1h30m', '3d'")
    return sum(int(float(number) * UNITS[unit]) for number, unit in parts)


def simulate(programs: Iterable[Source], activities: Any = (), **options: Any) -> Report:
    """Runs workflows on a simulated cluster in which all goes wrong that can, in many worlds, each from a seed; `check`
    is called for each of them. See `raftoral.sim.users.simulate` for the options, and docs/simulation.md.

    raftoral.testing.simulate([shop.orders], Bank, seeds=1000, check=never_two_charges)
    """
    from raftoral.sim.users import simulate as run_worlds

    return run_worlds(programs, activities, **options)


def definitions(*sources: Source) -> Mapping[str, Definition]:
    """The workflows of modules, by name and version: for tests that go through all of them."""
    return {f"{each.name} version {each.version}": each for each in definitions_of(sources)}
