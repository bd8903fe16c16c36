"""Work that goes from one thread's loop to another's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from raftoral.runtime.cluster.crossing import Crossing, across
from tests.runtime.kit import on_loop


@pytest.fixture
def there() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_what_is_posted_in_one_moment_wakes_once(there: asyncio.AbstractEventLoop) -> None:
    crossing, done, held = Crossing(there), [], threading.Event()
    woken: list[Any] = []
    wake = there.call_soon_threadsafe
    there.call_soon_threadsafe(held.wait)
    there.call_soon_threadsafe = lambda *words: woken.append(words) or wake(*words)  # type: ignore[method-assign, func-returns-value]
    over = threading.Event()
    for n in range(100):
        crossing.post(lambda n=n: done.append(n))  # type: ignore[misc]
    crossing.post(over.set)
    held.set()
    assert over.wait(20)
    assert (done, len(woken)) == (list(range(100)), 1)


def test_many_threads_post_and_nothing_is_lost(there: asyncio.AbstractEventLoop) -> None:
    crossing, over = Crossing(there), threading.Event()
    done: list[int] = []

    def came() -> None:
        done.append(1)
        if len(done) == 2000:
            over.set()

    def post() -> None:
        for _ in range(500):
            crossing.post(came)

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert over.wait(20), len(done)


def test_what_raises_does_not_hold_up_the_rest(there: asyncio.AbstractEventLoop) -> None:
    crossing, told, over = Crossing(there), [], threading.Event()
    there.set_exception_handler(lambda loop, context: told.append(str(context["exception"])))

    def wrong() -> None:
        raise ValueError("no")

    crossing.post(wrong)
    crossing.post(over.set)
    assert over.wait(20)
    assert told == ["no"]


def test_a_loop_that_is_closed_is_said_each_time() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    crossing = Crossing(loop)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed"):
            crossing.post(int)


@on_loop
async def _answers(there: asyncio.AbstractEventLoop) -> None:
    way, back = Crossing(there), Crossing(asyncio.get_running_loop())
    begun, ended = asyncio.Event(), threading.Event()

    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    async def wrong() -> int:
        raise LookupError("nothing there")

    async def hang() -> int:
        back.post(begun.set)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 1

    assert await asyncio.gather(*(across(way, back, partial(double, n)) for n in range(20))) == [*range(0, 40, 2)]
    with pytest.raises(LookupError, match="nothing there"):
        await across(way, back, wrong)
    waiting = asyncio.ensure_future(across(way, back, hang))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.wait(20), "what nobody waits for any more is cancelled there too"


def test_answers_errors_and_cancelling_go_across(there: asyncio.AbstractEventLoop) -> None:
    _answers(there)
