"""The thread in which a host lives: its loop, its clock, its links, its disk.

    thread = HostThread(make_host, ...); thread.start()
    await thread.call(lambda: ...)          from the service's loop: runs on this one

All of consensus and state runs here, so that nothing the service does on its own loop, however long it blocks, costs a
leadership. What goes to the service (effects to perform, lines to log) is handed over in one go for each step, and what
comes back from it too.

A step is: what came, what is due, one sync, then everything that depended on it. Between two steps nothing waits but
for messages, requests and the next deadline. When the journal fails, the host is dropped and made anew from the disk.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from raftoral.errors import Closed, RaftoralError, StorageFailed, UsageError

from ..faults import PeerError
from .crossing import Crossing, across
from .host import Host, Step
from .states import Snapshot

log = logging.getLogger("raftoral")

T = TypeVar("T")

REBUILD_S = 1.0  # before a host whose journal failed is made anew
SLOW_S = 0.5  # a step that takes longer is worth a line in the log
CLOSE_S = 10.0


class HostThread:
    def __init__(
        self,
        make_host: Callable[[], Host],
        send: Callable[[str, bytes], None],
        came: Callable[[Step, float], None],
    ) -> None:
        self.host: Host | None = None
        self.broken: str = ""  # why there is no host just now
        self.steps = 0
        self.step_seconds = 0.0  # of late, on the average: mostly the sync of the journal
        self._make_host = make_host
        self._send = send
        self._came = came
        self._loop: asyncio.AbstractEventLoop | None = None
        self._crossing: Crossing | None = None
        self._last_back: Crossing | None = None
        self._thread: threading.Thread | None = None
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._ready = threading.Event()
        self._jobs: set[asyncio.Task[None]] = set()

    # --- the thread ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins the thread; `call` can be used from now on."""
        self._thread = threading.Thread(target=self._run, name="raftoral-engine", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        loop = _new_loop()
        asyncio.set_event_loop(loop)
        self._loop = loop
        self._crossing = Crossing(loop)
        loop.call_soon(self._ready.set)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of this thread."""
        if self._loop is None or self._closed:
            raise Closed("the node was closed")
        return self._loop

    async def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs a coroutine on this thread's loop; awaited on another one."""
        assert self.loop is not None and self._crossing is not None
        return await across(self._crossing, self._back(asyncio.get_running_loop()), work)

    def _back(self, loop: asyncio.AbstractEventLoop) -> Crossing:
        """The way to the loop of whoever calls: mostly that of the service."""
        back = self._last_back
        if back is None or back.loop is not loop:
            back = self._last_back = Crossing(loop)
        return back

    def post(self, work: Callable[[], object]) -> None:
        """Has something done on this thread, soon. From any thread."""
        if not self._closed and self._crossing is not None:
            self._crossing.post(work)

    async def close(self) -> None:
        """Stops the thread, after the step that is under way. Awaited on another loop."""
        if self._closed or self._loop is None or self._thread is None:
            return
        loop, thread = self._loop, self._thread
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._shut(), loop))
        self._closed = True
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.get_running_loop().run_in_executor(None, thread.join, CLOSE_S)

    async def _shut(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        host, self.host = self.host, None
        if host is not None:
            host.close(Closed("the node was closed"))

    # --- on the thread ---------------------------------------------------------------------------------------

    def open(self) -> Host:
        """Makes the host. On the thread."""
        self.host = host = self._make_host()
        host.open(time.monotonic())
        self.wake()
        return host

    def received(self, peer: str, data: bytes) -> None:
        """A parcel of a peer; `PeerError`: its link is to be dropped."""
        host = self.host
        if host is None:
            return
        host.now = max(host.now, time.monotonic())
        try:
            host.receive(peer, data)
        except PeerError:
            raise
        except Exception as error:
            self._dropped(host, error)
        self.wake()

    def linked(self, peer: str, up: bool) -> None:
        """A link stands, or broke."""
        if self.host is not None:
            self.host.link(peer, up)
            self.wake()

    def wake(self) -> None:
        """Something came: a step is due. What else comes until then shares it."""
        if not self._scheduled and self._loop is not None:
            self._scheduled = True
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        self._scheduled = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        host = self.host
        if host is None:
            return
        began = time.monotonic()
        try:
            for peer, parcel in host.advance(began, time.time_ns() // 1000).items():
                self._send(peer, parcel)
            step = host.settle()
        except Exception as error:
            self._dropped(host, error)
            return
        ended = time.monotonic()
        if step.performs:  # they are waited for; what followers are told of it now is not
            self._came(step, ended - began)
        for peer, parcel in step.parcels.items():
            self._send(peer, parcel)
        self.steps += 1
        self.step_seconds += (ended - began - self.step_seconds) / 16
        if ended - began > SLOW_S:
            log.warning("a step of the node took %.1f s: is its disk slow?", ended - began)
        if not step.performs:
            self._came(step, ended - began)
        self._do_jobs(host)
        due = host.deadline()
        if due <= ended:
            self.wake()
        elif self._loop is not None and not self._scheduled:
            self._timer = self._loop.call_later(due - ended, self.wake)

    def _dropped(self, host: Host, error: Exception) -> None:
        """A host that raised is not used on: what it holds in memory may not be what is on the disk."""
        if self.host is not host:
            return
        self.host = None
        self.broken = f"{type(error).__name__}: {error}"
        if isinstance(error, StorageFailed):
            log.error("the node stands still, and begins anew from its disk: %s", error)
        else:
            log.critical("the node stands still, and begins anew from its disk (a bug of raftoral)", exc_info=error)
        host.close(error if isinstance(error, RaftoralError) else StorageFailed(self.broken))
        if self._loop is not None:
            self._loop.call_later(REBUILD_S, self._rebuild)

    def _rebuild(self) -> None:
        if self._closed or self.host is not None:
            return
        try:
            self.open()
            self.broken = ""
            log.warning("the node is back")
        except Exception as error:
            self.host = None
            why = f"{type(error).__name__}: {error}"
            if why != self.broken:
                log.error("the node cannot begin anew: %s", why)
            self.broken = why
            if self._loop is not None:
                self._loop.call_later(REBUILD_S, self._rebuild)

    # --- long work -------------------------------------------------------------------------------------------

    def _do_jobs(self, host: Host) -> None:
        jobs, host.jobs = host.jobs, []
        for kind, group in jobs:
            work = self._save(host, group) if kind == "save" else self._sync(host, group)
            task = asyncio.ensure_future(work)
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)

    async def _sync(self, host: Host, group: int) -> None:
        state = host.state(group)
        if state is None or group in host.syncing:
            return
        kept = state.kept
        host.syncing.add(group)
        try:
            await _in_thread(lambda: host.states.sync(group))
        except (RaftoralError, OSError) as error:
            log.warning("the state of group %s cannot be synced: %s", group, error)
        else:
            if self.host is host and host.state(group) is state:
                host.duties.synced(group, kept)
        finally:
            host.syncing.discard(group)

    async def _save(self, host: Host, group: int) -> None:
        snapshot: Snapshot | None = None
        try:
            snapshot = await _in_thread(lambda: host.states.save(group))
        except (RaftoralError, OSError, UsageError) as error:
            log.warning("no snapshot of group %s can be made: %s", group, error)
        if self.host is host:
            host.saved(group, snapshot)
            self.wake()


def _in_thread(work: Callable[[], T]) -> Awaitable[T]:
    return asyncio.get_running_loop().run_in_executor(None, work)


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
