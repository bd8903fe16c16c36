"""From one thread's loop to another's: work that is posted in one moment wakes the other loop once.

    crossing = Crossing(loop); crossing.post(work); crossing.post(more)        one wake, both are done there, in order

A wake is a system call and a switch of threads, dearer than most of what is posted. In: work, from any thread. Out: the
same, called on the loop. A piece that raises is told to the loop's handler of exceptions, and the next ones are done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class Crossing:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._waiting: deque[Callable[[], object]] = deque()  # its ends may be used by two threads at a time
        self._woken = False

    def post(self, work: Callable[[], object]) -> None:
        """Has something done on the loop, soon. `RuntimeError`: it is closed."""
        self._waiting.append(work)
        if not self._woken:
            self._woken = True
            try:
                self.loop.call_soon_threadsafe(self._do)
            except RuntimeError:
                self._woken = False
                raise

    def _do(self) -> None:
        self._woken = False  # first: what is posted from now on wakes again, or is seen below
        while self._waiting:
            work = self._waiting.popleft()
            try:
                work()
            except Exception as error:
                self.loop.call_exception_handler({"message": "work that came from another thread", "exception": error})


async def across(there: Crossing, back: Crossing, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine on another loop; awaited on the loop of `back`. Cancelled here, it is cancelled there."""
    answer: asyncio.Future[T] = back.loop.create_future()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        if not answer.cancelled():
            task = there.loop.create_task(work())
            tasks.append(task)
            task.add_done_callback(ended)

    def ended(task: asyncio.Task[T]) -> None:
        back.post(partial(_settle, answer, task))

    there.post(begin)
    try:
        return await answer
    except asyncio.CancelledError:
        there.post(lambda: [task.cancel() for task in tasks])
        raise


def _settle(answer: asyncio.Future[T], task: asyncio.Task[T]) -> None:
    if answer.done():
        if not task.cancelled():
            task.exception()  # nobody asks for it any more
    elif task.cancelled():
        answer.cancel()
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())
