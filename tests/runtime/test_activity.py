"""What an activity sees of its call, and says: `raftoral.activity()`."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

import raftoral
from raftoral.errors import UsageError
from raftoral.runtime.ports import Done, Failed
from tests.runtime.kit import (
    CHARGE,
    Hold,
    World,
    attempt,
    failure,
    on_loop,
)

# --- what an activity sees ---------------------------------------------------------------------------------------


def test_outside_of_an_activity_there_is_no_context():
    with pytest.raises(UsageError, match="outside of an activity"):
        raftoral.activity()


@pytest.mark.parametrize("threaded", [False, True])
@on_loop
async def test_a_context_knows_its_call(threaded):
    seen: list[Any] = []

    def look() -> None:
        ctx = raftoral.activity()
        assert raftoral.activity() is ctx
        seen.append((ctx.id, ctx.run, ctx.workflow, ctx.version, ctx.slot, ctx.activity, ctx.attempt))
        seen.append((ctx.key, ctx.fence, ctx.time_left(), ctx.cancelled, ctx.details))

    async def on_the_loop(customer: str) -> str:
        look()
        await asyncio.create_task(asyncio.to_thread(look))
        return ""

    def in_a_thread(customer: str) -> str:
        look()
        look()
        return ""

    world = World({"charge": in_a_thread if threaded else on_the_loop})
    world.start(attempt(CHARGE, "ann", number=3, deadline=20.0, details=b'{"page":7}'))
    await world.reports.done()
    call = ("order-17", "run-1", "shop.orders.ProcessOrder", 2, "charge_card", "charge", 3)
    assert seen == [call, ("charge-17", 3, 20.0, False, {"page": 7})] * 2
    await world.end()


@on_loop
async def test_the_time_that_is_left():
    contexts: asyncio.Queue[Any] = asyncio.Queue()
    hold = Hold()

    async def charge(customer: str) -> str:
        contexts.put_nowait(raftoral.activity())
        return await hold.charge(customer)

    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann", timeout=300_000.0, deadline=1_000_000.0))
    ctx = await contexts.get()
    assert ctx.time_left() == 300_000.0
    early = ctx.deadline
    assert early.utcoffset() is not None
    world.clock.advance(200_000.0)
    assert ctx.time_left() == 100_000.0
    assert ctx.deadline < early  # two days have passed for the runner, and none on the wall
    world.clock.advance(100_000.0)
    assert ctx.time_left() == 0.0
    await world.reports.failed()
    await world.end()


@on_loop
async def test_heartbeats_are_reported_once_a_second_and_the_last_one_always():
    contexts: asyncio.Queue[Any] = asyncio.Queue()
    hold = Hold()

    async def charge(customer: str) -> str:
        contexts.put_nowait(raftoral.activity())
        return await hold.charge(customer)

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    ctx = await contexts.get()
    ctx.heartbeat({"page": 1})
    beat = await world.reports.beat()
    assert (beat.attempt, beat.details) == (asked, b'{"page":1}')
    ctx.heartbeat({"page": 2})
    ctx.heartbeat()  # says nothing new
    ctx.heartbeat({"page": 3})
    assert world.reports.empty
    world.clock.advance(0.9)
    assert world.reports.empty
    world.clock.advance(0.1)
    assert (await world.reports.beat()).details == b'{"page":3}'
    world.clock.advance(5.0)
    assert world.reports.empty
    ctx.heartbeat([4])
    assert (await world.reports.beat()).details == b"[4]"
    ctx.heartbeat("last")
    hold.go.set()
    assert (await world.reports.beat()).details == b'"last"'
    await world.reports.done()
    ctx.heartbeat("too late")
    await world.end()


@pytest.mark.parametrize("threaded", [False, True])
@on_loop
async def test_a_heartbeat_is_reported_while_the_activity_runs(threaded):
    go, done = threading.Event(), asyncio.Event()

    async def on_the_loop(customer: str) -> str:
        raftoral.activity().heartbeat(1)
        assert not world.reports.empty  # at once
        await done.wait()
        return ""

    def in_a_thread(customer: str) -> str:
        raftoral.activity().heartbeat(1)
        go.wait()
        return ""

    world = World({"charge": in_a_thread if threaded else on_the_loop})
    world.start(attempt(CHARGE, "ann"))
    assert (await world.reports.beat()).details == b"1"
    go.set()
    done.set()
    await world.reports.done()
    await world.end()


@on_loop
async def test_heartbeats_out_of_threads_arrive_in_order():
    def charge(customer: str) -> str:
        for page in range(2_000):
            raftoral.activity().heartbeat(page)
        return ""

    world = World({"charge": charge})
    world.start(*[attempt(CHARGE, "ann") for _ in range(8)])
    last: dict[int, int] = {}
    ended = 0
    while ended < 8:
        report = await world.reports.next()
        op = report.attempt.op
        if isinstance(report, Done):
            assert last[op] == 1_999
            ended += 1
        else:
            details = int((report.details if not isinstance(report, Failed) else b"").decode())
            assert last.get(op, -1) < details
            last[op] = details
    assert len(world.reports.all) <= 8 * 3  # the clock stands still: the first, the last, and the end
    await world.end()


@on_loop
async def test_nothing_is_heard_of_one_that_was_abandoned():
    loop, contexts, go = asyncio.get_running_loop(), asyncio.Queue[Any](), threading.Event()
    spoken = asyncio.Event()

    def charge(customer: str) -> str:
        ctx = raftoral.activity()
        loop.call_soon_threadsafe(contexts.put_nowait, ctx)
        go.wait()
        ctx.heartbeat("still here")
        loop.call_soon_threadsafe(spoken.set)
        return ""

    world = World({"charge": charge}, max_concurrency=1)
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    await contexts.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    await world.reports.failed()
    go.set()
    await spoken.wait()
    await world.ends_alone()


@pytest.mark.parametrize("details", [object(), {1, 2}, float("nan"), "x" * 70_000, "\ud800"])
@on_loop
async def test_details_that_cannot_be_kept_are_refused(details):
    async def charge(customer: str) -> str:
        raftoral.activity().heartbeat(details)
        return ""

    failed = await failure({"charge": charge})
    assert (failed.kind, failed.retryable) == ("UsageError", False)
    assert "heartbeat" in failed.detail


@on_loop
async def test_a_callback_that_fails_is_logged_and_harms_nobody(caplog):
    hold = Hold()
    seen: list[str] = []

    def fail() -> None:
        raise ValueError("in a callback")

    async def charge(customer: str) -> str:
        ctx = raftoral.activity()
        ctx.on_cancel(fail)
        ctx.on_cancel(lambda: seen.append("second"))
        return await hold.charge(customer)

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    await hold.begun.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    assert (await world.reports.failed()).kind == "Stopped"
    assert seen == ["second"]
    assert "in a callback" in caplog.text
    await world.end()


@on_loop
async def test_the_log_knows_the_run(caplog):
    caplog.set_level(logging.INFO)

    async def charge(customer: str) -> str:
        raftoral.activity().log.info("charging %s", customer, extra={"amount": 5})
        return ""

    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann"))
    await world.reports.done()
    [record] = caplog.records
    assert record.getMessage() == "charging ann"
    fields = {
        name: getattr(record, name) for name in ("run_id", "run", "workflow", "version", "slot", "activity", "amount")
    }
    assert fields == {
        "run_id": "order-17",
        "run": "run-1",
        "workflow": "shop.orders.ProcessOrder",
        "version": 2,
        "slot": "charge_card",
        "activity": "charge",
        "amount": 5,
    }
    await world.end()


@on_loop
async def test_without_resources_there_are_none():
    async def charge(customer: str) -> str:
        return str(raftoral.activity().resource("db"))

    failed = await failure({"charge": charge})
    assert (failed.kind, failed.retryable) == ("UsageError", False)
    assert "'db'" in failed.detail
