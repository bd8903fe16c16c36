"""What the tests of the runtime's edge share: a clock that is moved by hand, attempts, and a place for reports."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any, ParamSpec

from raftoral.program import v1 as rt
from raftoral.runtime.edge.effect_runner import EffectRunner
from raftoral.runtime.ports import Attempt, Beat, Done, Failed, Report

P = ParamSpec("P")

HANGS_SECONDS = 60.0  # what a test that waits for ever is given until it fails; none depends on it


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Makes a test of a coroutine."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def guarded() -> None:
            async with asyncio.timeout(HANGS_SECONDS):
                await test(*args, **kwargs)

        asyncio.run(guarded())

    return run


class HandTimer:
    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class HandClock:
    """Time that passes when a test says so, in whole microseconds: so 4.9 and 0.1 make 5."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.timers: list[tuple[float, int, HandTimer, Callable[[], object]]] = []
        self._set = count()

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], object], /) -> HandTimer:
        timer = HandTimer()
        heappush(self.timers, (round(self.now + delay, 6), next(self._set), timer, callback))
        return timer

    def advance(self, seconds: float) -> None:
        """Lets time pass, and every timer of that time ring at its moment."""
        end = round(self.now + seconds, 6)
        while self.timers and self.timers[0][0] <= end:
            when, _, timer, callback = heappop(self.timers)
            self.now = max(self.now, when)
            if not timer.cancelled:
                callback()
        self.now = end

    @property
    def armed(self) -> int:
        """How many timers are set."""
        return sum(not timer.cancelled for _, _, timer, _ in self.timers)


class Reports:
    """Takes reports, in order; a test waits for the next one."""

    def __init__(self) -> None:
        self.all: list[Report] = []
        self._queue: asyncio.Queue[Report] = asyncio.Queue()

    def __call__(self, report: Report) -> None:
        self.all.append(report)
        self._queue.put_nowait(report)

    async def next(self) -> Report:
        return await self._queue.get()

    async def done(self) -> Done:
        report = await self.next()
        assert isinstance(report, Done), report
        return report

    async def failed(self) -> Failed:
        report = await self.next()
        assert isinstance(report, Failed), report
        return report

    async def beat(self) -> Beat:
        report = await self.next()
        assert isinstance(report, Beat), report
        return report

    @property
    def empty(self) -> bool:
        """Nothing came that was not asked for."""
        return self._queue.empty()


class World:
    """A runner with its clock and its reports."""

    def __init__(self, implementations: Any, **limits: Any) -> None:
        self.clock = HandClock()
        self.reports = Reports()
        own = [implementations] if isinstance(implementations, dict) else implementations
        self.runner = EffectRunner([*own, {"after": _after}], report=self.reports, clock=self.clock, **limits)

    def start(self, *attempts: Attempt) -> None:
        self.runner.start(attempts)

    async def ends_alone(self) -> None:
        """Waits until an attempt that was abandoned is gone. For worlds with room for one only: then another begins."""
        self.start(attempt(AFTER))
        await self.reports.done()
        await self.end()

    async def end(self) -> None:
        """Nothing is left, nothing more is said, and no timer is."""
        await self.runner.close()
        assert self.reports.empty, self.reports.all
        assert (self.runner.running, self.runner.waiting, self.runner.abandoned) == (0, 0, 0)
        assert self.clock.armed == 0


def activity(name: str, result: object = str, params: tuple[object, ...] = (), **more: Any) -> rt.Activity[Any]:
    return rt.Activity(name, result=result, params=params, timeout=timedelta(seconds=30), **more)


async def _after() -> None: ...


AFTER = activity("after", None)

_ops = count(1)


def attempt(of: rt.Activity[Any], *args: Any, **more: Any) -> Attempt:
    """An attempt of an activity; every one is of another effect, unless `op` says which."""
    usual: dict[str, Any] = {
        "id": "order-17",
        "run": "run-1",
        "workflow": "shop.orders.ProcessOrder",
        "version": 2,
        "slot": "charge_card",
        "op": next(_ops),
        "number": 1,
        "key": "charge-17",
        "fence": 3,
        "timeout": 30.0,
        "deadline": None,
        "heartbeat": None,
        "grace": 0.0,
        "queue": "default",
        "details": None,
    }
    return Attempt(activity=of, args=args, **{**usual, **more})


# --- activities --------------------------------------------------------------------------------------------------


class CardDeclined(rt.WorkflowError):
    code: str


CHARGE = activity("charge", str, (str,), raises=(CardDeclined,))
NOTHING = activity("nothing", None)


async def failure(implementations: Any, *, of: rt.Activity[Any] = CHARGE) -> Failed:
    """What is reported of the one attempt of a runner."""
    world = World(implementations)
    world.start(attempt(of, *["ann"][: len(of.params)]))
    failed = await world.reports.failed()
    await world.end()
    return failed


class Hold:
    """An activity that waits until the test lets it go on, and says what happens to it."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Event()
        self.cancelled = 0

    async def charge(self, customer: str) -> str:
        self.begun.put_nowait(customer)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return f"charged {customer}"


class ThreadHold:
    """The same in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go = threading.Event()

    def charge(self, customer: str) -> str:
        self.loop.call_soon_threadsafe(self.begun.put_nowait, customer)
        self.go.wait()
        return f"charged {customer}"
