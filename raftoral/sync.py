"""The same, for code that blocks: scripts, threads, frameworks without a loop.

    with raftoral.sync.local(programs=[shop.orders], activities=[Activities()], data="./data") as here:
        run = here.start(ProcessOrder, order, id="order-17")
        print(run.result(timeout=30))

    with raftoral.sync.connect("127.0.0.1:7001") as client:
        print(client.get(ProcessOrder, "order-17").status())
        client.start("orders.ProcessOrder", order={...}, id="order-18")             by name, with what JSON can write

The runtime lives on a loop in a thread of its own. Every call waits for its answer there. Never to be called from a
coroutine: that would block the loop that it runs on.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from raftoral.errors import UsageError
from raftoral.program.clients import Run
from raftoral.runtime.calls.client import Client
from raftoral.runtime.links.connect import connect as make_client
from raftoral.runtime.local import Local

T = TypeVar("T")


class SyncRun:
    """A run, from blocking code. Has what its typed handle has, without `await`."""

    def __init__(self, run: Run[Any], call: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._run = run
        self._call = call

    @property
    def id(self) -> str:
        return self._run.id

    def __repr__(self) -> str:
        return f"{type(self._run).__name__}({self._run.id!r})"

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._run, name)
        if inspect.iscoroutinefunction(value):
            return lambda *args, **named: self._call(value(*args, **named))
        return value

    def watch(self) -> Iterator[Any]:
        """Where it rests, now and whenever that changes."""
        return _walked(self._run.watch(), self._call)


Surface = TypeVar("Surface", bound=Local | Client)


class SyncSurface(Generic[Surface]):
    """`Local` or `Client`, from blocking code."""

    HOW = "raftoral.sync.local(...) as here"

    def __init__(self, make: Callable[[], Surface]) -> None:
        self._make = make
        self._local: Surface | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> Self:
        if self._loop is not None:
            return self
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="raftoral", daemon=True)
        self._thread.start()
        try:
            self._local = self._call(self._opened())
        except BaseException:
            self.close()
            raise
        return self

    async def _opened(self) -> Surface:
        surface = self._make()
        await surface.open()
        return surface

    def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self._local is not None:
            asyncio.run_coroutine_threadsafe(self._local.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        assert self._thread is not None
        self._thread.join()
        loop.close()

    def start(self, workflow: Any, *args: Any, id: str | None = None, **named: Any) -> SyncRun:
        """Starts a run of a generated workflow class: `start(ProcessOrder, order, id="order-17")`."""
        return SyncRun(self._call(workflow.start(self._opened_local, *args, id=id, **named)), self._call)

    def get(self, workflow: Any, id: str) -> SyncRun:
        """A run that was started before."""
        return SyncRun(workflow.get(self._opened_local, id), self._call)

    def watch(self, id: str) -> Iterator[Any]:
        """Where a run rests, now and whenever that changes; ends with it."""
        return _walked(self._opened_local.watch(id), self._call)

    def __getattr__(self, name: str) -> Any:
        """Everything else that there is: `list`, `describe`, `cancel`, `delete_many`, ..."""
        value = getattr(self._opened_local, name)
        if inspect.isasyncgenfunction(value):
            return lambda *args, **named: _walked(value(*args, **named), self._call)
        if inspect.iscoroutinefunction(value):
            return lambda *args, **named: self._call(value(*args, **named))
        return value

    @property
    def _opened_local(self) -> Surface:
        if self._local is None:
            raise UsageError(f"it is not open: use `with {self.HOW}:`")
        return self._local

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None:
            coroutine.close()
            raise UsageError(f"it is not open: use `with {self.HOW}:`")
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise UsageError("this blocks the loop that it waits for: use raftoral.local in coroutines")
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


def _walked(changes: Any, call: Callable[[Coroutine[Any, Any, Any]], Any]) -> Iterator[Any]:
    """An asynchronous iterator, step by step. Whoever stops early lets go of it."""
    try:
        while True:
            try:
                yield call(_next(changes))
            except StopAsyncIteration:
                return
    finally:
        with suppress(UsageError):  # it was closed meanwhile
            call(_close(changes))


async def _next(changes: Any) -> Any:
    found: Awaitable[Any] = anext(changes)
    return await found


async def _close(changes: Any) -> None:
    await changes.aclose()


class SyncLocal(SyncSurface[Local]):
    """`Local`, from blocking code."""


class SyncClient(SyncSurface[Client]):
    """`Client`, from blocking code."""

    HOW = "raftoral.sync.connect(...) as client"

    def start(self, workflow: Any, *args: Any, id: str | None = None, **named: Any) -> SyncRun:
        """Starts a run of a generated class, or by the name of a workflow with what JSON can write."""
        if not isinstance(workflow, str):
            return super().start(workflow, *args, id=id, **named)
        if args and named:
            raise UsageError("give the arguments of a workflow all by name, or all by place")
        client = self._opened_local
        return self.run(self._call(client.start(workflow, id, named or args)))

    def run(self, id: str) -> SyncRun:
        """A run of which no more than the id is known: what it takes and gives is plain JSON."""
        return SyncRun(self._opened_local.run(id), self._call)


class SyncNode(SyncClient):
    """`Node`, from blocking code. Its async activities run on the loop of this surface, sync ones in threads."""

    HOW = "raftoral.sync.node(...) as node"


def local(programs: Iterable[Any], activities: Iterable[Any] | Any = (), **options: Any) -> SyncLocal:
    """Durable workflows in this process, for blocking code: see `raftoral.local`."""
    return SyncLocal(lambda: Local(programs, activities, **options))


def connect(*addresses: str, **options: Any) -> SyncClient:
    """A client of nodes that run elsewhere, for blocking code: see `raftoral.connect`."""
    return SyncClient(lambda: make_client(*addresses, **options))


def node(**options: Any) -> SyncNode:
    """A node of a cluster, embedded in a service that blocks: see `raftoral.Node`."""

    def made() -> Client:
        from raftoral.runtime.cluster.node import Node

        return Node(**options)

    return SyncNode(made)
