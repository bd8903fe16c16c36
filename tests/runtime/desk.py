"""A `Local` whose time and activities are in the hands of a test, without a thread, a sleep or a second of real time.

desk = Desk()
async with desk.local(module) as here:
    run = await module.W.start(here, 3)
    await desk.settle()
    desk.give("get", 5)                  the oldest call of `get` that is waiting gives 5
    await desk.pass_(HOUR)
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from raftoral.program.steps import Activity
from raftoral.runtime.activity import activity
from raftoral.runtime.local import Local
from raftoral.testing import START, VirtualClock

TEXT = """
enum Stage { begun, paid }
record Item { sku: str, qty: int = 1 }
error Bad { code: int }
activity get(k: str) -> int raises Bad { timeout: 10s, retry: 2 times backoff 10s except Bad }
activity put(k: str) { timeout: 10s, retry: never }

workflow W version 1 (n: int, items: list[Item] = [], name: str = "ann") -> int raises Bad {
  checkpoint stage = Stage.begun
  checkpoint total = n
  checkpoint who: str? = name
  signal say(str)
  signal go
  query now_at() -> Stage = stage
  query left(of: int) -> int = of - total
  query share(parts: int) -> int = total // parts
  query said() -> str? = who
  let m = do get(name)
  total += m
  stage = Stage.paid
  let text = wait say within 1d
  if text == "fault" { total = total // (m - m) }
  if text == "fail" { fail Bad(code: m) }
  return total + len(items)
}

workflow Kid version 1 (n: int) -> int {
  do put("kid ${n}")
  return n
}

workflow Parent version 1 (n: int) -> int {
  let a = do Kid(n)
  let kid = spawn Kid(n + 1) id "${workflow.id}-kid"
  let b = wait kid
  return a + b
}

workflow Quick version 1 (n: int) -> int {
  return n * 2
}

workflow Plain version 1 () {
  do put("plain")
}
"""

LOOKS = 8  # turns of the loop at which nobody does anything: longer than any chain of callbacks inside


class Call:
    """A call of an activity that waits for the test."""

    def __init__(self, name: str, args: tuple[Any, ...]) -> None:
        self.name, self.args = name, args
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        context = activity()
        self.key, self.attempt, self.fence, self.id = context.key, context.attempt, context.fence, context.id

    def __repr__(self) -> str:
        return f"<{self.name}{self.args} of {self.id}, attempt {self.attempt}>"


class Desk:
    """See the module."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.calls: list[Call] = []  # all that were ever made
        self.here: Local | None = None

    def local(self, *modules: Any, missing: tuple[str, ...] = (), **options: Any) -> Local:
        """A `Local` on this desk's clock. All activities of the modules wait here, except those that are missing."""
        sys.modules.update({module.__name__: module for module in modules})  # other tests have some of the same names
        activities = {
            value.name: self._performed(value)
            for module in modules
            for value in vars(module).values()
            if isinstance(value, Activity) and value.name not in missing
        }
        activities |= options.pop("activities", {})
        options = {"clock": self.clock, "grace": 0.0, **options}
        self.here = Local(list(modules), activities, **options)
        return self.here

    def _performed(self, declared: Activity[Any]) -> Callable[..., Awaitable[Any]]:
        async def performed(*args: Any) -> Any:
            call = Call(declared.name, args)
            self.calls.append(call)
            return await call.answer

        places = [inspect.Parameter(f"a{at}", inspect.Parameter.POSITIONAL_ONLY) for at in range(len(declared.params))]
        performed.__signature__ = inspect.Signature(places)  # type: ignore[attr-defined]
        return performed

    # --- answers -------------------------------------------------------------------------------------------

    def waiting(self, name: str = "") -> list[Call]:
        return [call for call in self.calls if not call.answer.done() and name in ("", call.name)]

    def give(self, name: str, value: Any = None) -> Call:
        call = self._oldest(name)
        call.answer.set_result(value)
        return call

    def fail(self, name: str, error: Exception) -> Call:
        call = self._oldest(name)
        call.answer.set_exception(error)
        return call

    def _oldest(self, name: str) -> Call:
        found = self.waiting(name)
        assert found, f"nobody waits in {name}; there are {self.waiting()}"
        return found[0]

    # --- time ----------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Until nobody does anything any more but wait for the test."""
        quiet = 0
        while quiet < LOOKS:
            await asyncio.sleep(0)
            engine = self.here._engine if self.here is not None else None
            quiet = quiet + 1 if engine is None or engine.is_idle else 0

    async def pass_(self, us: int) -> None:
        """Time goes on; what is due on the way happens on the way."""
        end = self.clock.now() + us
        await self.settle()
        while (due := self.clock.next) is not None and due <= end:
            self.clock.advance(due)
            await self.settle()
        self.clock.advance(end)
        await self.settle()


def on_a_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs a test that is a coroutine. What goes wrong in a callback of the loop fails it too."""

    def run(*args: Any, **named: Any) -> None:
        async def inside() -> None:
            wrong: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: wrong.append(context))
            await asyncio.wait_for(test(*args, **named), 60)  # only so that a test that hangs says which one it is
            await asyncio.sleep(0)
            # grpcio has one poller for the process; it may still call for a loop of an earlier test, which is closed.
            others = [each for each in wrong if "PollerCompletionQueue" not in str(each.get("message"))]
            assert not others, others

        asyncio.run(inside())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    return run


__all__ = ["TEXT", "Call", "Desk", "on_a_loop"]
