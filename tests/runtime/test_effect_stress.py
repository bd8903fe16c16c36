"""Thousands of attempts of every kind, stopped and timed out at random: each is reported exactly once."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from typing import Any

import pytest

import raftoral
from raftoral.program import v1 as rt
from raftoral.runtime.ports import Attempt, Beat, Done, Failed
from tests.runtime.kit import World, activity, attempt, on_loop

ATTEMPTS = 4_000


class Declared(rt.WorkflowError):
    code: int


KINDS = ("quick", "turns", "waits", "raises", "stubborn", "sloppy", "beats", "thread", "thread_raises", "through")
ACTIVITIES = {name: activity(name, int, (int,), raises=(Declared,)) for name in KINDS}


class Everything:
    """One activity of each kind. `wake` is what some of them wait for: it happens now and then."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()

    async def quick(self, n: int) -> int:
        return n

    async def turns(self, n: int) -> int:
        for _ in range(n % 7):
            await asyncio.sleep(0)
        return n

    async def waits(self, n: int) -> int:
        await self.wake.wait()
        return n

    async def raises(self, n: int) -> int:
        await asyncio.sleep(0)
        if n % 2:
            raise Declared(code=n)
        raise ValueError(n)

    async def stubborn(self, n: int) -> int:
        """Does not want to be cancelled; how long it resists depends on who it is."""
        for _ in range(n % 5):
            try:
                await self.wake.wait()
                break
            except asyncio.CancelledError:
                continue
        return n

    async def sloppy(self, n: int) -> Any:
        await asyncio.sleep(0)
        return str(n) if n % 2 else n

    async def beats(self, n: int) -> int:
        ctx = raftoral.activity()
        for step in range(n % 4):
            ctx.heartbeat({"step": step})
            await asyncio.sleep(0)
        return n

    def thread(self, n: int) -> int:
        raftoral.activity().heartbeat(n)
        return n

    def thread_raises(self, n: int) -> int:
        raise Declared(code=n)

    def through(self, n: int) -> Any:
        """An ordinary function that gives a coroutine."""
        return self.waits(n)


def any_attempt(chance: random.Random, n: int) -> Attempt:
    return attempt(
        ACTIVITIES[chance.choice(KINDS)],
        n,
        op=n,
        timeout=chance.choice([0.5, 2.0, 10.0, 1000.0]),
        deadline=chance.choice([None, None, 1.0, 20.0]),
        heartbeat=chance.choice([None, None, 0.3]),
        grace=chance.choice([0.0, 0.0, 1.5]),
        queue=chance.choice(["default", "mail", "bank"]),
    )


@pytest.mark.parametrize("seed", range(3))
@on_loop
async def test_each_attempt_is_reported_exactly_once(seed, caplog):
    caplog.set_level(logging.CRITICAL, "raftoral.effects")  # many are abandoned, as time passes in jumps
    chance = random.Random(seed)
    everything = Everything()
    world = World([everything], max_concurrency=50, thread_pool_size=4, queues={"mail": 5, "bank": 20})
    started: list[Attempt] = []
    while len(started) < ATTEMPTS:
        batch = [any_attempt(chance, len(started) + more) for more in range(chance.randrange(1, 40))]
        started += batch
        world.start(*batch)
        for _ in range(chance.randrange(12)):
            one = chance.choice(started[-200:])
            world.runner.stop(one.run, one.op, "at random")
        if chance.random() < 0.1:
            again = chance.choice(batch)  # a second attempt of an effect, the first perhaps on its way
            second = attempt(again.activity, *again.args, op=again.op, number=2)
            started.append(second)
            world.start(second)
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        world.clock.advance(chance.choice([0.0, 0.1, 0.7, 3.0]))
        if chance.random() < 0.3:
            everything.wake.set()
            await asyncio.sleep(0)
            everything.wake.clear()
        assert world.runner.running <= 50
    closing = asyncio.create_task(world.runner.close(1.0))
    while not closing.done():  # the loop turns as threads report, and time passes
        world.clock.advance(0.5)
        await asyncio.sleep(0)
    reported = Counter((report.attempt.op, report.attempt.number) for report in ends(world))
    assert reported == Counter((each.op, each.number) for each in started)
    assert not beats_after_the_end(world)
    kinds = {report.kind for report in ends(world) if isinstance(report, Failed)}
    assert {"Stopped", "Timeout", "NoHeartbeat", "Declared", "ValueError", "WrongResult"} <= kinds
    everything.wake.set()


def ends(world: World) -> list[Done | Failed]:
    return [report for report in world.reports.all if not isinstance(report, Beat)]


def beats_after_the_end(world: World) -> list[Beat]:
    over: set[tuple[int, int]] = set()
    late: list[Beat] = []
    for report in world.reports.all:
        name = (report.attempt.op, report.attempt.number)
        if isinstance(report, Beat):
            late += [report] if name in over else []
        else:
            over.add(name)
    return late
