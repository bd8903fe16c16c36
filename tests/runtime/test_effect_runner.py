"""The effect runner: what becomes of each attempt. Time is moved by hand; nothing sleeps, nothing is measured."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import subprocess
import sys
import threading
import traceback
import weakref
from collections.abc import Awaitable
from typing import Any

import pytest

import raftoral
from raftoral.errors import UsageError
from raftoral.runtime import activity as activity_room
from raftoral.runtime.edge.effect_runner import ANSWER_SECONDS, EffectRunner
from raftoral.runtime.ports import Done, Failed, Runner
from tests.house import laws
from tests.runtime.kit import (
    CHARGE,
    HANGS_SECONDS,
    NOTHING,
    CardDeclined,
    HandClock,
    Hold,
    Reports,
    ThreadHold,
    World,
    activity,
    attempt,
    failure,
    on_loop,
)

# --- limits ------------------------------------------------------------------------------------------------------


@on_loop
async def test_no_more_than_max_concurrency_run_and_the_others_wait_in_order():
    hold = Hold()
    world = World([hold], max_concurrency=2)
    world.start(*[attempt(CHARGE, str(n)) for n in range(4)])
    assert [await hold.begun.get() for _ in range(2)] == ["0", "1"]
    assert (world.runner.running, world.runner.waiting) == (2, 2)
    hold.go.set()
    assert [(await world.reports.done()).result for _ in range(4)] == [f'"charged {n}"'.encode() for n in range(4)]
    assert [hold.begun.get_nowait() for _ in range(2)] == ["2", "3"]
    await world.end()


@on_loop
async def test_a_queue_has_its_own_limit_and_holds_up_no_other():
    hold = Hold()
    world = World([hold], max_concurrency=3, queues={"mail": 1})
    world.start(*[attempt(CHARGE, f"mail {n}", queue="mail") for n in range(3)])
    world.start(attempt(CHARGE, "other"), attempt(CHARGE, "third", queue="third"))
    assert [await hold.begun.get() for _ in range(3)] == ["mail 0", "other", "third"]
    assert (world.runner.running, world.runner.waiting) == (3, 2)
    hold.go.set()
    await asyncio.gather(*[world.reports.done() for _ in range(5)])
    assert [hold.begun.get_nowait() for _ in range(2)] == ["mail 1", "mail 2"]
    await world.end()


@on_loop
async def test_the_oldest_goes_first_whatever_its_queue():
    hold = Hold()
    world = World([hold], max_concurrency=1, queues={"a": 1, "b": 1})
    world.start(*[attempt(CHARGE, q, queue=q) for q in ("a", "b", "c", "a", "c", "b")])
    hold.go.set()
    await asyncio.gather(*[world.reports.done() for _ in range(6)])
    assert [hold.begun.get_nowait() for _ in range(6)] == ["a", "b", "c", "a", "c", "b"]
    await world.end()


@on_loop
async def test_threads_are_bounded_and_hold_up_only_what_needs_one():
    threads, hold = ThreadHold(), Hold()
    sync = activity("in_thread", str, (str,))
    world = World({"charge": hold.charge, "in_thread": threads.charge}, thread_pool_size=2)
    world.start(*[attempt(sync, str(n)) for n in range(3)], attempt(CHARGE, "ann"))
    assert {await threads.begun.get(), await threads.begun.get()} == {"0", "1"}
    assert await hold.begun.get() == "ann"
    assert (world.runner.running, world.runner.waiting) == (3, 1)
    threads.go.set()
    hold.go.set()
    await asyncio.gather(*[world.reports.done() for _ in range(4)])
    assert await threads.begun.get() == "2"
    await world.end()


@on_loop
async def test_a_thread_that_gave_a_coroutine_is_free_for_others():
    hold, threads = Hold(), ThreadHold()
    sync = activity("in_thread", str, (str,))
    world = World({"charge": lambda customer: hold.charge(customer), "in_thread": threads.charge}, thread_pool_size=1)
    world.start(attempt(CHARGE, "ann"), attempt(sync, "bob"))
    assert await hold.begun.get() == "ann"
    assert await threads.begun.get() == "bob"
    threads.go.set()
    hold.go.set()
    await asyncio.gather(world.reports.done(), world.reports.done())
    await world.end()


@pytest.mark.parametrize(
    "limits", [{"max_concurrency": 0}, {"thread_pool_size": 0}, {"queues": {"mail": 0}}, {"queues": {"mail": 1.5}}]
)
@on_loop
async def test_a_limit_that_lets_nothing_through_is_refused(limits):
    with pytest.raises(UsageError, match="1 or more"):
        World({}, **limits)


def test_a_runner_needs_a_loop():
    with pytest.raises(UsageError, match="coroutine"):
        EffectRunner([], report=lambda report: None)


# --- stop --------------------------------------------------------------------------------------------------------


@on_loop
async def test_one_that_waits_is_stopped_at_once():
    hold = Hold()
    world = World([hold], max_concurrency=1)
    first, second = attempt(CHARGE, "ann"), attempt(CHARGE, "bob")
    world.start(first, second)
    world.runner.stop(second.run, second.op, "the race is over")
    stopped = await world.reports.failed()
    assert (stopped.attempt, stopped.kind, stopped.detail) == (second, "Stopped", "the race is over")
    assert world.runner.waiting == 0
    hold.go.set()
    assert (await world.reports.done()).attempt is first
    world.runner.stop(first.run, first.op, "too late")
    world.runner.stop("nobody", 1, "unknown")
    await world.end()


@on_loop
async def test_an_async_one_without_grace_is_cancelled_at_once():
    hold = Hold()
    world = World([hold])
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    await hold.begun.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    stopped = await world.reports.failed()
    assert (stopped.kind, stopped.detail, stopped.retryable) == ("Stopped", "the race is over", True)
    assert hold.cancelled == 1
    await world.end()


@on_loop
async def test_one_that_is_stopped_before_it_ran_never_runs():
    hold = Hold()
    world = World([hold])
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    world.runner.stop(asked.run, asked.op, "never mind")
    assert (await world.reports.failed()).kind == "Stopped"
    await world.end()


@on_loop
async def test_with_a_grace_it_is_told_first():
    told = asyncio.Event()
    seen: list[object] = []

    async def charge(customer: str) -> str:
        ctx = raftoral.activity()
        ctx.on_cancel(lambda: seen.append("callback"))
        seen.append(ctx.cancelled)
        told.set()
        try:
            await ctx.wait_cancelled()
            seen.append(ctx.cancelled)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return ""

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann", grace=5.0)
    world.start(asked)
    await told.wait()
    world.runner.stop(asked.run, asked.op, "the race is over")
    assert seen == [False, "callback"]
    world.clock.advance(4.9)
    assert world.reports.empty
    world.runner.stop(asked.run, asked.op, "once more")  # a second time gives no more time
    world.clock.advance(0.1)
    stopped = await world.reports.failed()
    assert (stopped.kind, stopped.detail, stopped.seconds) == ("Stopped", "the race is over", 5.0)
    assert seen in ([False, "callback", True, "cancelled"], [False, "callback", "cancelled"])
    await world.end()


@on_loop
async def test_what_it_returns_within_its_grace_is_done():
    async def charge(customer: str) -> str:
        ctx = raftoral.activity()
        begun.set()
        await ctx.wait_cancelled()
        return "rolled back"

    begun = asyncio.Event()
    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann", grace=5.0)
    world.start(asked)
    await begun.wait()
    world.runner.stop(asked.run, asked.op, "the race is over")
    assert (await world.reports.done()).result == b'"rolled back"'
    await world.end()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("in spite of it", Done),
        (CardDeclined(code="stopped"), "CardDeclined"),
        (ValueError("while it cleaned up"), "Stopped"),
        (asyncio.CancelledError(), "Stopped"),
    ],
)
@on_loop
async def test_what_it_answers_to_being_cancelled(answer, expected):
    begun = asyncio.Event()

    async def charge(customer: str) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if isinstance(answer, str):
                return answer
            raise answer from None
        return ""

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann")
    world.start(asked)
    await begun.wait()
    world.runner.stop(asked.run, asked.op, "the race is over")
    report = await world.reports.next()
    if expected is Done:
        assert isinstance(report, Done) and report.result == b'"in spite of it"'
    else:
        assert isinstance(report, Failed) and report.kind == expected
        assert ("while it cleaned up" in report.trace) == isinstance(answer, ValueError)
    await world.end()


@on_loop
async def test_a_task_that_does_not_end_is_abandoned_and_keeps_its_place(caplog):
    begun, go = asyncio.Event(), asyncio.Event()

    async def charge(customer: str) -> str:
        begun.set()
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue
        return "at last"

    world = World({"charge": charge}, queues={"mail": 1})
    asked, second = attempt(CHARGE, "ann", queue="mail"), attempt(CHARGE, "bob", queue="mail")
    world.start(asked, second)
    await begun.wait()
    world.runner.stop(asked.run, asked.op, "the race is over")
    world.clock.advance(ANSWER_SECONDS)
    assert (await world.reports.failed()).kind == "Stopped"
    assert (world.runner.abandoned, world.runner.running, world.runner.waiting) == (1, 1, 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "charge of run order-17" in caplog.text
    go.set()
    assert (await world.reports.done()).attempt is second  # what the first gave was ignored
    await world.end()


@on_loop
async def test_a_thread_has_its_grace_and_its_answer_counts():
    hold = ThreadHold()
    world = World([hold])
    asked = attempt(CHARGE, "ann", grace=5.0)
    world.start(asked)
    await hold.begun.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    world.clock.advance(4.0)
    hold.go.set()
    assert (await world.reports.done()).seconds == 4.0
    await world.end()


@on_loop
async def test_a_thread_that_does_not_end_is_abandoned_and_keeps_its_slot(caplog):
    caplog.set_level(logging.INFO)
    hold = ThreadHold()
    world = World([hold], thread_pool_size=1)
    asked, second = attempt(CHARGE, "ann"), attempt(CHARGE, "bob")
    world.start(asked, second)
    await hold.begun.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    assert (await world.reports.failed()).kind == "Stopped"
    assert (world.runner.abandoned, world.runner.waiting) == (1, 1)
    assert [record.levelname for record in caplog.records] == ["INFO"]  # it had no time to end
    hold.go.set()
    assert (await world.reports.done()).attempt is second
    await world.end()


@on_loop
async def test_a_thread_can_see_that_it_is_cancelled():
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()

    def charge(customer: str) -> str:
        ctx = raftoral.activity()
        there = threading.Event()
        ctx.on_cancel(there.set)
        loop.call_soon_threadsafe(begun.set)
        there.wait()
        assert ctx.cancelled
        ctx.on_cancel(there.clear)  # at once: it is cancelled already
        assert not there.is_set()
        return "rolled back"

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann", grace=5.0)
    world.start(asked)
    await begun.wait()
    world.runner.stop(asked.run, asked.op, "the race is over")
    assert (await world.reports.done()).result == b'"rolled back"'
    await world.end()


@pytest.mark.parametrize("grace", [0.0, 5.0])
@pytest.mark.parametrize("future", [False, True])
@on_loop
async def test_what_a_thread_gives_to_await_when_nobody_wants_it_is_closed(future, grace):
    hold = Hold()
    loop, begun, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    promised: asyncio.Future[str] = loop.create_future()

    def charge(customer: str) -> Any:
        loop.call_soon_threadsafe(begun.set)
        go.wait()
        return promised if future else hold.charge(customer)  # a coroutine that nobody closes is a warning

    world = World({"charge": charge}, thread_pool_size=1, max_concurrency=1)
    world.start(attempt(CHARGE, "ann", timeout=1.0, grace=grace))
    await begun.wait()
    world.clock.advance(1.0)
    go.set()
    assert (await world.reports.failed()).kind == "Timeout"
    await world.ends_alone()
    assert promised.cancelled() == future
    assert hold.begun.empty()


@on_loop
async def test_a_new_attempt_replaces_the_one_before():
    hold = Hold()
    world = World([hold])
    first = attempt(CHARGE, "ann")
    second = attempt(CHARGE, "ann", op=first.op, number=2)
    world.start(first)
    world.start(first)  # the same once more is no other attempt
    assert await hold.begun.get() == "ann"
    world.start(second)
    stopped = await world.reports.failed()
    assert (stopped.attempt, stopped.kind) == (first, "Stopped")
    hold.go.set()
    assert (await world.reports.done()).attempt is second
    await world.end()


@on_loop
async def test_a_waiting_attempt_is_replaced_too():
    hold = Hold()
    world = World([hold], max_concurrency=1)
    other, first = attempt(CHARGE, "ann"), attempt(CHARGE, "bob")
    second = attempt(CHARGE, "bob", op=first.op, fence=4)
    world.start(other, first, second)
    assert (await world.reports.failed()).attempt is first
    world.runner.stop(second.run, second.op, "never mind")
    assert (await world.reports.failed()).attempt is second
    hold.go.set()
    await world.reports.done()
    await world.end()


@on_loop
async def test_one_that_stops_itself_is_stopped():
    async def charge(customer: str) -> str:
        world.runner.stop(asked.run, asked.op, "by itself")
        await asyncio.Event().wait()
        return ""

    def promised(customer: str) -> Awaitable[str]:
        world.runner.stop(asked.run, asked.op, "by itself")
        return hold.charge(customer)

    hold = Hold()
    for function in (charge, promised):
        world = World({"charge": function})
        asked = attempt(CHARGE, "ann")
        world.start(asked)
        assert (await world.reports.failed()).detail == "by itself"
        await world.end()


# --- time --------------------------------------------------------------------------------------------------------


@on_loop
async def test_a_timeout_is_reported_when_the_task_has_answered():
    hold = Hold()
    world = World([hold])
    world.start(attempt(CHARGE, "ann", timeout=10.0, grace=60.0))
    await hold.begun.get()
    world.clock.advance(9.9)
    assert world.reports.empty
    world.clock.advance(0.1)
    failed = await world.reports.failed()  # no time passes any more: it need not use up its grace
    assert (failed.kind, failed.detail, failed.retryable) == ("Timeout", "no answer within 10 s", True)
    assert failed.seconds == 10.0
    assert "await self.go.wait()" in failed.trace  # where it hung
    assert hold.cancelled == 1
    await world.end()


@on_loop
async def test_a_task_may_clean_up_for_its_grace_and_no_longer():
    begun, cleaning, go = asyncio.Event(), asyncio.Event(), asyncio.Event()
    seen: list[bool] = []

    async def charge(customer: str) -> str:
        ctx = raftoral.activity()
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(ctx.cancelled)
            cleaning.set()
            await go.wait()
        return ""

    for cleaned in (True, False):
        begun.clear()
        cleaning.clear()
        go.clear()
        world = World({"charge": charge}, max_concurrency=1)
        world.start(attempt(CHARGE, "ann", timeout=10.0, grace=5.0))
        await begun.wait()
        world.clock.advance(10.0)
        await cleaning.wait()
        assert seen.pop()
        world.clock.advance(4.9)
        assert world.reports.empty
        if cleaned:
            go.set()
        else:
            world.clock.advance(0.1)
        failed = await world.reports.failed()
        assert (failed.kind, failed.retryable) == ("Timeout", True)
        assert world.runner.abandoned == (0 if cleaned else 1)
        go.set()
        await (world.end() if cleaned else world.ends_alone())


@on_loop
async def test_a_thread_that_times_out_has_its_grace():
    hold = ThreadHold()
    world = World([hold], max_concurrency=1)
    world.start(attempt(CHARGE, "ann", timeout=10.0, grace=5.0))
    await hold.begun.get()
    world.clock.advance(14.9)
    assert world.reports.empty
    world.clock.advance(0.1)
    failed = await world.reports.failed()
    assert (failed.kind, failed.seconds, world.runner.abandoned) == ("Timeout", 15.0, 1)
    hold.go.set()
    await world.ends_alone()


@on_loop
async def test_a_timeout_counts_from_when_it_really_starts():
    hold = Hold()
    world = World([hold], max_concurrency=1)
    world.start(attempt(CHARGE, "ann", timeout=100.0), attempt(CHARGE, "bob", timeout=10.0))
    await hold.begun.get()
    world.clock.advance(50.0)
    hold.go.set()
    first, second = await world.reports.done(), await world.reports.done()
    assert (first.seconds, second.seconds) == (50.0, 0.0)
    await world.end()


@on_loop
async def test_a_deadline_is_final():
    hold = Hold()
    world = World([hold])
    world.start(attempt(CHARGE, "ann", timeout=10.0, deadline=4.0))
    await hold.begun.get()
    world.clock.advance(4.0)
    failed = await world.reports.failed()
    assert (failed.kind, failed.retryable) == ("Timeout", False)
    assert "deadline" in failed.detail
    await world.end()


@on_loop
async def test_a_deadline_counts_while_it_waits():
    hold = Hold()
    world = World([hold], max_concurrency=1)
    asked, waits = attempt(CHARGE, "ann", timeout=100.0), attempt(CHARGE, "bob", deadline=4.0)
    world.start(asked, waits, attempt(CHARGE, "cat", deadline=60.0, timeout=50.0))
    await hold.begun.get()
    world.clock.advance(4.0)
    failed = await world.reports.failed()
    assert (failed.attempt, failed.kind, failed.retryable, failed.seconds) == (waits, "Timeout", False, 0.0)
    world.clock.advance(50.0)
    world.runner.stop(asked.run, asked.op, "make room")
    assert (await world.reports.failed()).attempt is asked
    assert await hold.begun.get() == "cat"
    world.clock.advance(6.0)  # of its 50 seconds; but its 60 are over
    assert not (await world.reports.failed()).retryable
    await world.end()


@pytest.mark.parametrize("threaded", [False, True])
@on_loop
async def test_without_a_heartbeat_it_ends(threaded):
    loop = asyncio.get_running_loop()
    beats: asyncio.Queue[Any] = asyncio.Queue()
    go = threading.Event()

    async def on_the_loop(customer: str) -> str:
        beats.put_nowait(raftoral.activity())
        await asyncio.Event().wait()
        return ""

    def in_a_thread(customer: str) -> str:
        loop.call_soon_threadsafe(beats.put_nowait, raftoral.activity())
        go.wait()
        return ""

    world = World({"charge": in_a_thread if threaded else on_the_loop}, max_concurrency=1)
    world.start(attempt(CHARGE, "ann", timeout=100.0, heartbeat=10.0))
    ctx = await beats.get()
    for _ in range(3):
        world.clock.advance(9.0)
        await asyncio.to_thread(ctx.heartbeat)
    assert world.reports.empty
    world.clock.advance(10.0)
    failed = await world.reports.failed()
    assert (failed.kind, failed.detail, failed.retryable) == ("NoHeartbeat", "no heartbeat for 10 s", True)
    assert failed.seconds == 37.0
    go.set()
    await (world.ends_alone() if threaded else world.end())


@on_loop
async def test_heartbeats_do_not_prolong_the_timeout():
    contexts: asyncio.Queue[Any] = asyncio.Queue()

    async def charge(customer: str) -> str:
        contexts.put_nowait(raftoral.activity())
        await asyncio.Event().wait()
        return ""

    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann", timeout=12.0, heartbeat=10.0))
    ctx = await contexts.get()
    world.clock.advance(9.0)
    ctx.heartbeat()
    world.clock.advance(3.0)
    assert (await world.reports.failed()).kind == "Timeout"
    await world.end()


@on_loop
async def test_a_stop_gives_no_more_time_than_the_timeout():
    begun = asyncio.Event()

    async def charge(customer: str) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    world = World({"charge": charge})
    asked = attempt(CHARGE, "ann", timeout=10.0, grace=8.0)
    world.start(asked)
    await begun.wait()
    world.clock.advance(9.0)
    world.runner.stop(asked.run, asked.op, "the race is over")
    world.clock.advance(1.0)
    assert (await world.reports.failed()).kind == "Stopped"
    await world.end()


@on_loop
async def test_one_timer_serves_all():
    hold = Hold()
    world = World([hold])
    world.start(*[attempt(CHARGE, str(n), timeout=10.0 + n) for n in range(500)])
    assert world.clock.armed == 1
    hold.go.set()
    for _ in range(500):
        await world.reports.done()
    assert world.clock.armed == 1
    world.start(attempt(CHARGE, "last"))
    await world.reports.done()
    await world.end()


# --- tasks, contexts, threads ------------------------------------------------------------------------------------


@on_loop
async def test_an_activity_has_a_task_of_its_own():
    async def charge(customer: str) -> str:
        assert asyncio.current_task() is not main
        try:
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out inside"
        return ""

    main = asyncio.current_task()
    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann"))
    assert (await world.reports.done()).result == b'"timed out inside"'
    await world.end()


@on_loop
async def test_a_service_may_have_tasks_of_its_own():
    made: list[Any] = []

    def factory(loop: asyncio.AbstractEventLoop, coro: Any, **more: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **more)
        made.append(task)
        return task

    hold = Hold()
    world = World([hold])
    asyncio.get_running_loop().set_task_factory(factory)
    world.start(attempt(CHARGE, "ann"))
    assert [task.get_coro().__name__ for task in made] == ["charge"]
    hold.go.set()
    await world.reports.done()
    await world.end()


@on_loop
async def test_a_future_of_another_loop_is_an_error_and_no_deadlock():
    other = asyncio.new_event_loop()

    def charge(customer: str) -> Any:
        return other.create_future()

    failed = await failure({"charge": charge})
    assert failed.kind == "RuntimeError"
    other.close()


REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="none")


@pytest.mark.parametrize("threaded", [False, True])
@on_loop
async def test_activities_have_the_context_of_the_node_and_not_of_the_caller(threaded):
    async def on_the_loop(customer: str) -> str:
        before = REQUEST.get()
        REQUEST.set("changed")
        return before

    def in_a_thread(customer: str) -> str:
        before = REQUEST.get()
        REQUEST.set("changed")
        return before

    REQUEST.set("the node's")
    world = World({"charge": in_a_thread if threaded else on_the_loop})
    REQUEST.set("the caller's")
    for _ in range(2):
        world.start(attempt(CHARGE, "ann"))
        assert (await world.reports.done()).result == b'"the node\'s"'
    assert REQUEST.get() == "the caller's"
    await world.end()


@on_loop
async def test_start_and_stop_may_come_from_any_thread():
    hold = Hold()
    world = World([hold])
    asked = attempt(CHARGE, "ann")
    here = threading.get_ident()

    def elsewhere() -> None:
        assert threading.get_ident() != here
        world.runner.start([asked])
        world.runner.stop(asked.run, asked.op, "never mind")

    await asyncio.to_thread(elsewhere)
    assert (await world.reports.failed()).kind == "Stopped"
    await world.end()


@on_loop
async def test_a_report_may_start_the_next_one():
    """A chain of attempts of which each is started by the report of the one before: no stack grows, the loop turns."""
    left = 5_000
    over = asyncio.Event()
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        if not over.is_set():
            asyncio.get_running_loop().call_soon(turn)

    async def charge(customer: str) -> str:
        return customer

    def report(report: Any) -> None:
        nonlocal left
        assert isinstance(report, Done)
        deepest = len(traceback.extract_stack())
        assert deepest < 100
        left -= 1
        if left:
            runner.start([attempt(CHARGE, "ann")])
        else:
            over.set()

    runner = EffectRunner({"charge": charge}, report=report, clock=HandClock(), max_concurrency=1)
    turn()
    runner.start([attempt(CHARGE, "ann")])
    await over.wait()
    assert turns > 1_000
    await runner.close()


@on_loop
async def test_a_report_that_fails_takes_no_place_away(caplog):
    reported: list[Any] = []
    over = asyncio.Event()

    def report(report: Any) -> None:
        reported.append(report)
        if len(reported) == 3:
            over.set()
        raise ValueError("the inbox is broken")

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    runner = EffectRunner({"charge": charge_later}, report=report, clock=HandClock(), max_concurrency=1)
    runner.start([attempt(CHARGE, str(n)) for n in range(3)])
    await over.wait()
    assert [each.result for each in reported] == [b'"0"', b'"1"', b'"2"']
    assert (runner.running, runner.waiting) == (0, 0)
    await runner.close()


async def charge_later(customer: str) -> str:
    await asyncio.sleep(0)  # a turn of the loop, no time
    return customer


# --- close -------------------------------------------------------------------------------------------------------


@on_loop
async def test_close_lets_what_runs_end_within_its_grace():
    hold = Hold()
    world = World([hold], max_concurrency=2)
    world.start(*[attempt(CHARGE, str(n)) for n in range(3)])
    await hold.begun.get()
    closing = asyncio.create_task(world.runner.close(5.0))
    stopped = await world.reports.failed()
    assert (stopped.kind, stopped.detail, stopped.retryable) == ("Stopped", "the node is closing", True)
    world.start(attempt(CHARGE, "late"))
    assert (await world.reports.failed()).detail == "the node is closing"
    hold.go.set()
    assert [(await world.reports.done()).result for _ in range(2)] == [b'"charged 0"', b'"charged 1"']
    await closing
    await world.end()


@on_loop
async def test_close_cancels_after_its_grace_and_abandons_what_does_not_answer():
    hold, threads = Hold(), ThreadHold()
    sync = activity("in_thread", str, (str,))
    world = World({"charge": hold.charge, "in_thread": threads.charge})
    world.start(attempt(CHARGE, "ann"), attempt(sync, "bob"))
    await hold.begun.get()
    await threads.begun.get()
    closing = asyncio.create_task(world.runner.close(5.0))
    await turn()
    world.clock.advance(4.9)
    assert world.reports.empty
    world.clock.advance(0.1)
    assert {(await world.reports.failed()).attempt.activity.name for _ in range(2)} == {"charge", "in_thread"}
    await closing
    assert (world.runner.abandoned, world.reports.empty, world.clock.armed) == (1, True, 0)
    threads.go.set()


@on_loop
async def test_close_shortens_a_grace_that_is_longer():
    hold = ThreadHold()
    world = World([hold])
    asked = attempt(CHARGE, "ann", grace=100.0, timeout=500.0)
    world.start(asked)
    await hold.begun.get()
    world.runner.stop(asked.run, asked.op, "the race is over")
    closing = asyncio.create_task(world.runner.close(5.0))
    await turn()
    world.clock.advance(5.0)
    assert (await world.reports.failed()).detail == "the race is over"
    await closing
    assert (world.runner.abandoned, world.reports.empty, world.clock.armed) == (1, True, 0)
    hold.go.set()


@pytest.mark.parametrize(("grace", "takes"), [(5.0, 5.0), (0.0, ANSWER_SECONDS)])
@on_loop
async def test_close_shortens_the_time_to_clean_up(grace, takes):
    begun, cleaning, go = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def charge(customer: str) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            await go.wait()
        return ""

    world = World({"charge": charge})
    world.start(attempt(CHARGE, "ann", timeout=10.0, grace=100.0))
    await begun.wait()
    world.clock.advance(10.0)
    await cleaning.wait()
    closing = asyncio.create_task(world.runner.close(grace))
    await turn()
    world.clock.advance(takes - 0.1)
    assert world.reports.empty
    world.clock.advance(0.1)
    assert (await world.reports.failed()).kind == "Timeout"
    await closing
    go.set()


@on_loop
async def test_close_waits_for_attempts_that_were_replaced_too():
    hold = Hold()
    world = World([hold])
    first = attempt(CHARGE, "ann", grace=100.0, timeout=500.0)
    second = attempt(CHARGE, "ann", op=first.op, number=2)
    world.start(first, second)
    assert [await hold.begun.get() for _ in range(2)] == ["ann", "ann"]
    closing = asyncio.create_task(world.runner.close(5.0))
    world.runner.stop(second.run, second.op, "never mind")
    assert (await world.reports.failed()).attempt is second
    await turn()
    assert not closing.done()
    world.clock.advance(5.0)
    assert (await world.reports.failed()).attempt is first
    await closing
    await world.end()


@on_loop
async def test_threads_are_used_again():
    used: list[str] = []

    def charge(customer: str) -> Any:
        used.append(threading.current_thread().name)
        return charge_later(customer) if customer == "async" else customer

    world = World({"charge": charge}, thread_pool_size=3)
    for n in range(6):
        world.start(attempt(CHARGE, "async" if n % 2 else "ann"))
        await world.reports.done()
    assert used == ["raftoral-activity-0"] * 6
    await world.end()


class Given:
    def __init__(self, what: str) -> None:
        self.what = what


@pytest.mark.parametrize("what", ["returns", "raises", "waits"])
@on_loop
async def test_an_attempt_leaves_no_garbage(what):
    async def charge(given: Any) -> str:
        raftoral.activity().heartbeat({"page": 1})
        await asyncio.sleep(0)
        if given.what == "raises":
            raise ValueError
        if given.what == "waits":
            await asyncio.Event().wait()
        return ""

    world = World({"charge": charge})
    gc.collect()
    gc.disable()  # so that only what is in no circle goes
    try:
        given = Given(what)
        gone = weakref.ref(given)
        world.start(attempt(CHARGE, given, timeout=10.0))
        del given
        await world.reports.beat()
        world.clock.advance(10.0 if what == "waits" else 0.0)
        await world.reports.next()
        world.reports.all.clear()
        await turn()
        world.clock.advance(30.0)  # else its alarm may still remember it
        assert gone() is None
    finally:
        gc.enable()
    await world.end()


@on_loop
async def test_close_ends_the_threads():
    before = set(threading.enumerate())
    hold = ThreadHold()
    world = World([hold], thread_pool_size=3)
    world.start(*[attempt(CHARGE, str(n)) for n in range(3)])
    for _ in range(3):
        await hold.begun.get()
    ours = set(threading.enumerate()) - before
    assert sorted(thread.name for thread in ours) == [f"raftoral-activity-{n}" for n in range(3)]
    assert all(thread.daemon for thread in ours)
    hold.go.set()
    for _ in range(3):
        await world.reports.done()
    await world.end()
    for thread in ours:
        thread.join(HANGS_SECONDS)
        assert not thread.is_alive()


async def turn() -> None:
    """Lets a task that was just created run up to where it waits."""
    await asyncio.sleep(0)


@on_loop
async def test_close_twice_is_once():
    world = World({"charge": charge_later})
    world.start(attempt(CHARGE, "ann"))
    await world.reports.done()
    await asyncio.gather(world.runner.close(), world.runner.close())
    await world.end()


@on_loop
async def test_it_is_what_the_port_asks_for():
    resources: activity_room.Resources = raftoral.Resources()  # a type checker reads these
    runner: Runner = EffectRunner({}, report=Reports(), resources=resources)
    assert not runner.implements(CHARGE)


@on_loop
async def test_the_loop_of_the_service_is_clock_enough():
    reports = Reports()
    runner = EffectRunner({"charge": charge_later, "nothing": hang}, report=reports)
    runner.start([attempt(CHARGE, "ann")])
    assert (await reports.done()).result == b'"ann"'
    runner.start([attempt(NOTHING, timeout=0.0)])
    assert (await reports.failed()).kind == "Timeout"
    await runner.close()


async def hang() -> None:
    await asyncio.Event().wait()


HANGING = """
import asyncio, threading
from tests.runtime.kit import CHARGE, Reports, attempt
from raftoral.runtime.edge.effect_runner import EffectRunner

async def main():
    def charge(customer):
        loop.call_soon_threadsafe(begun.set)
        threading.Event().wait()

    loop, begun, reports = asyncio.get_running_loop(), asyncio.Event(), Reports()
    runner = EffectRunner({"charge": charge}, report=reports)
    runner.start([attempt(CHARGE, "ann")])
    await begun.wait()
    await runner.close()
    print((await reports.failed()).kind, runner.abandoned)

asyncio.run(main())
"""


@pytest.mark.slow
def test_a_thread_that_hangs_does_not_keep_the_process():
    ended = subprocess.run(
        [sys.executable, "-c", HANGING], cwd=laws.ROOT, capture_output=True, text=True, timeout=HANGS_SECONDS
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Stopped 1\n", "")
