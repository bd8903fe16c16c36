"""What an activity may know about its call, and say while it runs.

    async def charge_card(self, customer: str, amount: Decimal) -> str:
        ctx = raftoral.activity()
        return await ctx.resource("bank").charge(customer, amount, idempotency_key=ctx.key)

Two sides of one attempt: `Call` is the record that its runner keeps, `ActivityContext` what the activity sees of it,
made when it first asks. Both sides may be in different threads; what crosses is one assignment, or under a lock.

In: an `Attempt`. Out: heartbeats, to the runner. Starts nothing and stops nothing: to be cancelled is something that
a context says, and what an activity makes of it is its own business until its runner loses patience.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

from raftoral.errors import UsageError
from raftoral.runtime.alarms import Alarmed, Clock
from raftoral.runtime.edge.telling import fields_of
from raftoral.runtime.ports import Attempt

Json: TypeAlias = "str | int | float | bool | list[Any] | tuple[Any, ...] | dict[str, Any] | None"

DETAILS_BYTES_MAX = 64 * 1024
"""Of a heartbeat, as JSON: every node keeps them while the call runs."""

LOG = logging.getLogger("raftoral.activity")

CALL: ContextVar[Call] = ContextVar("raftoral.activity")
"""The call inside of which this code runs, also in tasks and threads that it started with its context."""

# For the lists of callbacks of all calls: it is held for a moment, and only by those who wait to be cancelled.
_watching = threading.Lock()


class Resources(Protocol):
    """What a context needs of the real ones (`runtime.resources`)."""

    def get(self, name: str, *, run: str | None = None) -> Any: ...


class Home(Protocol):
    """What a call needs of its runner."""

    clock: Clock
    resources: Resources | None

    def heard(self, call: Any, /) -> None:
        """There is something new in `call.said`. May be called from any thread."""


class Call(Alarmed):
    """One attempt while it runs. The attributes of the class are what most calls never change."""

    started: float = 0.0  # these two are moments of the runner's clock
    ends: float = 0.0
    told = False  # nobody wants it any more
    alive: float = 0.0  # its last heartbeat, or its start
    said: bytes | None = None  # the details of its last heartbeat
    context: ActivityContext | None = None
    watchers: list[Callable[[], object]] | None = None

    def __init__(self, attempt: Attempt, home: Home) -> None:
        self.attempt = attempt
        self.home = home

    def tell(self) -> None:
        """Says to the activity that it should come to an end. What a callback raises is logged."""
        with _watching:
            self.told = True
            watchers, self.watchers = self.watchers, None
        for watcher in watchers or ():
            _run(watcher)

    def watch(self, watcher: Callable[[], object]) -> None:
        with _watching:
            if not self.told:
                self.watchers = [*(self.watchers or ()), watcher]
                return
        _run(watcher)

    def unwatch(self, watcher: Callable[[], object]) -> None:
        with _watching:
            if self.watchers is not None and watcher in self.watchers:
                self.watchers.remove(watcher)


def _run(watcher: Callable[[], object]) -> None:
    try:
        watcher()
    except Exception:
        LOG.exception("a callback of ctx.on_cancel() failed")


def activity() -> ActivityContext:
    """The context of the call that this code performs: its key, its deadline, whether it is cancelled, resources."""
    call = CALL.get(None)
    if call is None:
        raise UsageError(
            "raftoral.activity() was called outside of an activity. It works inside of a function that implements one, "
            "and in tasks and threads that this function starts with its context (asyncio.to_thread does)."
        )
    context = call.context
    if context is None:
        context = call.context = ActivityContext(call)
    return context


class ActivityContext:
    """One call of an activity, seen from inside of it. All of it may be used from any thread."""

    __slots__ = ("_call", "_log", "activity", "attempt", "fence", "id", "key", "run", "slot", "version", "workflow")

    def __init__(self, call: Call) -> None:
        of = call.attempt
        self._call = call
        self._log: logging.LoggerAdapter[logging.Logger] | None = None
        self.id: str = of.id
        """The id of the run, as its starter chose it."""
        self.run: str = of.run
        """The run itself: `continue as new` keeps the id, and is another run."""
        self.workflow: str = of.workflow
        self.version: int = of.version
        self.slot: str = of.slot
        self.activity: str = of.activity.name
        self.attempt: int = of.number
        """1 for the first."""
        self.key: str = of.key
        """The same for every attempt of this effect, on every node: for idempotent calls of others."""
        self.fence: int = of.fence
        """Grows whenever the run changes its owner: a store that keeps the highest can refuse one that was replaced."""

    def __repr__(self) -> str:
        return f"<call of {self.activity} by {self.id}, attempt {self.attempt}>"

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants the result any more: look at it between the steps of a long piece of work."""
        return self._call.told

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Calls `callback` when this call is cancelled, in the loop's thread; at once if it already is."""
        self._call.watch(callback)

    async def wait_cancelled(self) -> None:
        """Returns when this call is cancelled."""
        loop = asyncio.get_running_loop()
        there = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(there.set)

        self._call.watch(wake)
        try:
            await there.wait()
        finally:
            self._call.unwatch(wake)

    def time_left(self) -> float:
        """Seconds until this attempt is ended: by its timeout, or by the deadline of all attempts. Never below 0."""
        return max(0.0, self._call.ends - self._call.home.clock.time())

    @property
    def deadline(self) -> datetime:
        """When that will be, by this machine's clock."""
        return datetime.now(UTC) + timedelta(seconds=self.time_left())

    def heartbeat(self, details: Json = None) -> None:
        """Says that the work goes on, and with `details` how far it is: if this attempt fails, the next one has them.

        `details` are whatever JSON can hold, at most 64 KiB of it. The latest are reported, at most once a second.
        """
        call = self._call
        call.alive = call.home.clock.time()
        if details is not None:
            call.said = _packed(details)
            call.home.heard(call)

    @property
    def details(self) -> Any:
        """What the last heartbeat with details of the attempt before said; None if there was none."""
        stored = self._call.attempt.details
        return None if stored is None else json.loads(stored)

    def resource(self, name: str) -> Any:
        """A resource of the node, by its name: a pool of connections, a client."""
        resources = self._call.home.resources
        if resources is None:
            raise UsageError(
                f"There is no resource {name!r}: the node was made without resources=Resources().add(...)."
            )
        return resources.get(name, run=self.run)

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry the run's id, workflow, version and slot, the activity and the attempt."""
        if self._log is None:
            self._log = _Log(LOG, fields_of(self._call.attempt))
        return self._log


class _Log(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Adds our fields to those of the caller: the adapter of the standard library would replace them."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return msg, kwargs


def _packed(details: Json) -> bytes:
    try:
        data = json.dumps(details, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"The details of a heartbeat must be what JSON can hold: {error}.") from error
    if len(data) > DETAILS_BYTES_MAX:
        raise UsageError(
            f"The details of a heartbeat have {len(data):,} bytes, and at most {DETAILS_BYTES_MAX:,} are kept. "
            "Give a position from which the next attempt can go on, and store the rest yourself."
        )
    return data
