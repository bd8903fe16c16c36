"""A service that lives on the engine's loop, as one of the caller's: each call goes over, and its answer comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from ..service import JSON, Service
from .engine import HostThread


class Threaded:
    """A service that lives on another thread's loop, as one of this loop. Implements `Service`."""

    def __init__(self, service: Service, thread: HostThread) -> None:
        self._service = service
        self._thread = thread

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self._service, name)

        def call(*args: Any, **named: Any) -> Coroutine[Any, Any, Any]:
            return self._thread.call(lambda: method(*args, **named))

        return call

    async def watch(self, id: str) -> AsyncIterator[JSON]:
        changes = self._service.watch(id)
        try:
            while True:
                change = await self._thread.call(lambda: _next(changes))
                if change is None:
                    return
                yield change
        finally:
            await self._thread.call(lambda: _end(changes))


async def _next(changes: AsyncIterator[JSON]) -> JSON | None:
    return await anext(changes, None)


async def _end(changes: Any) -> None:
    await changes.aclose()
