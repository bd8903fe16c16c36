"""What activities share: pools of connections, clients, whatever is made once and closed at the end.

    resources = Resources().add("db", open_pool, health=ping).add("bank", lambda r: Bank(r.get("db")))
    async with resources:                                 # makes them, in this order
        raftoral.activity().resource("bank")              # inside of an activity
                                                          # and closes them, the last one first

A factory is an ordinary or an async function, of nothing or of the `Resources`. What it gives is the resource; if that
is a context manager and there is no `close`, it is entered, and what it gives then is. All of it happens on the loop,
and everything of one resource in one task that lives as long as it: scopes of anyio and task groups want it so.

In: factories. Out: their values, by name. Checks the health of those that can tell, and makes them anew, together with
what was made of them, when it is bad. Never makes one behind the back of an activity: what is not there is said to be.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, Self

from raftoral.errors import ResourceFailed, UsageError
from raftoral.runtime.alarms import Clock, Timer

HEALTH_SECONDS = 30.0
"""Between two checks, and what one check may take."""

RUNS_MAX = 10_000
"""Runs of which accesses are counted. The one that was counted first is forgotten when there are more."""

LOG = logging.getLogger("raftoral.resources")

Factory = Callable[[], Any] | Callable[["Resources"], Any]


class _Life:
    """One value of a resource: its task makes it, waits until it is to end, and closes it."""

    __slots__ = ("born", "end", "resource", "task", "value")

    def __init__(self, resource: _Resource, value: asyncio.Future[Any]) -> None:
        self.resource = resource
        self.value = value
        self.end = asyncio.Event()
        self.born = 0.0
        self.task: asyncio.Task[None]

    async def over(self) -> None:
        """Ends it, and waits until it has ended."""
        self.end.set()
        await asyncio.wait([self.task])


@dataclass(eq=False, slots=True)
class _Resource:
    """A resource as it was added, and its life at the moment."""

    name: str
    factory: Factory
    wants_others: bool
    health: Callable[[Any], Any] | None
    close: Callable[[Any], Any] | None
    every: float
    needs: set[str] = field(default_factory=set)  # what its factory asked for
    life: _Life | None = None
    stale: bool = False  # it was made of something that is no more
    timer: Timer | None = None


# The life that a factory is about to make in this context: what it asks for is what its resource needs.
_MAKING: ContextVar[_Life | None] = ContextVar("raftoral.resource", default=None)


class Resources:
    """A registry of resources, for one node."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock
        self._all: dict[str, _Resource] = {}
        self._made: list[_Life] = []  # in the order in which they were made
        self._lives: set[_Life] = set()  # all that have a task: asyncio alone would forget it
        self._checks: set[asyncio.Task[None]] = set()
        self._counting = Lock()
        self._counts: OrderedDict[str, dict[str, int]] = OrderedDict()

    def add(
        self,
        name: str,
        factory: Factory,
        *,
        health: Callable[[Any], Any] | None = None,
        close: Callable[[Any], Any] | None = None,
        health_every: float = HEALTH_SECONDS,
    ) -> Self:
        """Says how a resource is made. `health` and `close` take its value, and may be async. A health that raises, or
        gives something false but None, is bad. Where leaving a `with` does not close (as in sqlite3), give `close`.

        Gives the registry back, so that calls can be chained.
        """
        if not isinstance(name, str) or not name:
            raise UsageError(f"The name of a resource is a text, not {name!r}.")
        if name in self._all:
            raise UsageError(f"There are two resources {name!r}: give one of them another name.")
        for what, function in (("factory", factory), ("health", health), ("close", close)):
            if not callable(function) and (what == "factory" or function is not None):
                raise UsageError(f"The {what} of the resource {name!r} cannot be called: {function!r}.")
        if not health_every > 0:
            raise UsageError(f"health_every of the resource {name!r} is {health_every!r}; it is some seconds.")
        self._all[name] = _Resource(name, factory, _takes_one(name, factory), health, close, float(health_every))
        return self

    async def open(self) -> None:
        """Makes all that are not there yet, in the order in which they were added. When one fails, those that were made
        are closed."""
        try:
            for name in list(self._all):
                await self.use(name)
        except BaseException:
            await self.close()
            raise

    async def use(self, name: str) -> Any:
        """A resource, made now if it is not there yet: for factories that need others, and for code of the service."""
        resource = self._named(name)
        self._note(resource)
        life = resource.life
        if life is None:
            life = resource.life = self._begin(resource)  # others that want it wait for this one
        await asyncio.wait([life.value])
        return life.value.result()

    def get(self, name: str, *, run: str | None = None) -> Any:
        """A resource that is there. With a `run`, its access is counted. May be called from any thread."""
        resource = self._named(name)
        self._note(resource)
        life = resource.life
        if life is None or not life.value.done():
            maker = _maker()
            if maker is not None:
                raise UsageError(
                    f"the resource {maker.resource.name!r} needs {name!r}, which is not there yet: "
                    f"add it before, or write `await resources.use({name!r})` in an async factory"
                )
            raise UsageError(f"The resource {name!r} is not there yet: `await resources.open()` makes all of them.")
        if run is not None:
            self._count(run, name)
        return life.value.result()

    async def check(self, name: str) -> bool:
        """Asks a resource for its health now. When it is bad, makes it and what was made of it anew."""
        resource = self._named(name)
        if resource.life is None or not resource.life.value.done():
            return False
        why = await self._complaint(resource, resource.life)
        if why:
            LOG.warning("the resource %s is made anew: %s", name, why)
            await self._make_anew(resource)
        elif resource.health is not None:
            self._check_in(resource, resource.every)
        return not why

    async def close(self) -> None:
        """Closes all, the one that was made last first. What goes wrong is logged, and stops nothing."""
        for check in list(self._checks):
            check.cancel()
        for resource in self._all.values():
            resource.life, resource.stale = None, False
            if resource.timer is not None:
                resource.timer.cancel()
        while self._made:
            await self._made.pop().over()
        for life in list(self._lives):  # what is only being made
            life.task.cancel()
            await asyncio.wait([life.task])

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    # --- accesses ------------------------------------------------------------------------------------------------

    def accesses(self, run: str) -> dict[str, int]:
        """How often a run has asked for each resource."""
        with self._counting:
            return dict(self._counts.get(run, {}))

    def forget(self, run: str) -> None:
        """Nobody will ask for the accesses of this run any more."""
        with self._counting:
            self._counts.pop(run, None)

    def _count(self, run: str, name: str) -> None:
        with self._counting:
            counts = self._counts.get(run)
            if counts is None:
                counts = self._counts[run] = {}
                if len(self._counts) > RUNS_MAX:
                    self._counts.popitem(last=False)
            counts[name] = counts.get(name, 0) + 1

    # --- making --------------------------------------------------------------------------------------------------

    def _named(self, name: str) -> _Resource:
        resource = self._all.get(name)
        if resource is None:
            there = ", ".join(map(repr, self._all)) or "none"
            raise UsageError(f"There is no resource {name!r}. There are: {there}.")
        return resource

    def _note(self, resource: _Resource) -> None:
        """Remembers who needs whom. A circle would wait for ever."""
        life = _maker()
        if life is not None:
            maker = life.resource
            maker.needs.add(resource.name)
            if maker in self._below(resource):
                raise UsageError(f"the resource {maker.name!r} needs {resource.name!r}, which needs {maker.name!r}")

    def _below(self, resource: _Resource) -> set[_Resource]:
        """A resource and all that it needs, also through others."""
        found, waiting = {resource}, [resource]
        while waiting:
            more = {self._all[name] for name in waiting.pop().needs} - found
            found |= more
            waiting += more
        return found

    def _begin(self, resource: _Resource) -> _Life:
        life = _Life(resource, asyncio.get_running_loop().create_future())
        life.task = asyncio.create_task(self._live(life), name=f"resource {resource.name}")
        self._lives.add(life)
        life.task.add_done_callback(lambda _: self._lives.discard(life))
        return life

    async def _live(self, life: _Life) -> None:
        """The task of a life."""
        _MAKING.set(life)
        try:
            await self._make_and_close(life)
        except BaseException as error:
            if not life.value.done():
                self._failed(life, error)
            elif not life.end.is_set() and not isinstance(error, asyncio.CancelledError):
                LOG.error("the resource %s has ended by itself", life.resource.name, exc_info=error)
                self._check_in(life.resource, max(0.0, life.born + life.resource.every - self._time().time()))
            elif isinstance(error, Exception):
                LOG.error("the resource %s could not be closed", life.resource.name, exc_info=error)
            if not isinstance(error, Exception):
                raise

    async def _make_and_close(self, life: _Life) -> None:
        resource = life.resource
        made = await _settled(resource.factory(self) if resource.wants_others else resource.factory())  # type: ignore[call-arg]
        if resource.close is not None:
            await self._there(life, made)
            await _settled(resource.close(made))
        elif isinstance(made, AbstractAsyncContextManager):
            async with made as entered:
                await self._there(life, entered)
        elif isinstance(made, AbstractContextManager):
            with made as entered:
                await self._there(life, entered)
        elif inspect.isasyncgen(made) or inspect.isgenerator(made):
            raise UsageError("its factory yields: put @asynccontextmanager or @contextmanager above it")
        else:
            await self._there(life, made)

    async def _there(self, life: _Life, made: Any) -> None:
        """It is made: who waits for it goes on, and it stays until its end."""
        life.value.set_result(made)
        life.born = self._time().time()
        self._made.append(life)
        if life.resource.health is not None:
            self._check_in(life.resource, life.resource.every)
        await life.end.wait()

    def _failed(self, life: _Life, error: BaseException) -> None:
        """It could not be made. The next one who wants it tries again."""
        resource = life.resource
        if resource.life is life:
            resource.life = None
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        failed = ResourceFailed(f"The resource {resource.name!r} cannot be made: {said}")
        failed.__cause__ = error
        life.value.set_exception(failed)
        life.value.exception()  # if nobody waits any more, asyncio need not complain

    # --- health --------------------------------------------------------------------------------------------------

    async def _complaint(self, resource: _Resource, life: _Life) -> str:
        """What is wrong with a resource; nothing when it is well."""
        if life.task.done():
            return "it has ended by itself"
        if resource.stale:
            return "what it was made of was made anew"
        if resource.health is None:
            return ""
        asking = asyncio.ensure_future(_asked(resource.health, life.value.result()))
        timer = self._time().call_later(resource.every, asking.cancel)
        try:
            well = await asking
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if here is not None and here.cancelling():
                raise
            return f"its health check did not answer within {resource.every:g} s"
        except Exception as error:
            return f"its health check raised {type(error).__name__}: {error}"
        finally:
            timer.cancel()
        return "" if well is None or well else "its health check says no"

    async def _make_anew(self, resource: _Resource) -> None:
        """Replaces a resource, and then what was made of it. Activities have the old one until the new one is there;
        then it is closed. What cannot be made stays as it is, until its next check."""
        old: list[_Life] = []
        for each in [life.resource for life in self._made if resource in self._below(life.resource)]:
            needed, each.needs = each.needs, set()
            life = self._begin(each)
            await asyncio.wait([life.value])
            error = life.value.exception()
            if error is not None:
                LOG.error("%s", error, exc_info=error)
                each.needs |= needed
                self._check_in(each, each.every)
                if each is resource:
                    return
                each.stale = True
            elif each.life is None:
                return  # closed meanwhile, with the new life too
            else:
                old.append(each.life)
                each.life, each.stale = life, False
        for life in reversed(old):
            self._made.remove(life)
            await life.over()

    def _check_in(self, resource: _Resource, seconds: float) -> None:
        if resource.timer is not None:
            resource.timer.cancel()
        resource.timer = self._time().call_later(seconds, partial(self._check_now, resource))

    def _check_now(self, resource: _Resource) -> None:
        check = asyncio.ensure_future(self._checked(resource))
        self._checks.add(check)
        check.add_done_callback(self._checks.discard)

    async def _checked(self, resource: _Resource) -> None:
        await self.check(resource.name)

    def _time(self) -> Clock:
        return self._clock if self._clock is not None else asyncio.get_running_loop()


def _maker() -> _Life | None:
    """The life that is being made in this context. Once it is there, tasks of its own may ask as anybody may."""
    life = _MAKING.get()
    return life if life is not None and not life.value.done() else None


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _asked(health: Callable[[Any], Any], value: Any) -> Any:
    return await _settled(health(value))


def _takes_one(name: str, factory: Factory) -> bool:
    """Whether a factory wants the other resources. What it could take and need not, it does not get."""
    try:
        params = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return False  # written in C, without a signature
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in params if each.default is each.empty and each.kind in by_place]
    if len(needed) > 1:
        raise UsageError(
            f"The factory of the resource {name!r} takes nothing, or the other resources; "
            f"this one needs {', '.join(each.name for each in needed)}."
        )
    return bool(needed)
