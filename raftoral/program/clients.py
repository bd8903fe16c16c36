"""How a generated module reaches a run from outside: `Node` is whatever can start and ask runs; `Run` one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar, cast

from .steps import Definition

T = TypeVar("T")
Q = TypeVar("Q")


class Node(Protocol):
    """A node, a local runtime or a client: whatever the service holds."""

    async def start(self, workflow: Definition, id: str | None, args: tuple[Any, ...]) -> str: ...

    async def result(self, workflow: Definition, id: str, timeout: float | None) -> Any: ...

    async def signal(self, workflow: Definition, id: str, name: str, payload: Any) -> None: ...

    async def query(self, workflow: Definition, id: str, name: str, args: tuple[Any, ...]) -> Any: ...

    async def status(self, id: str) -> str: ...

    async def describe(self, id: str) -> Any: ...

    async def report(self, id: str) -> Any: ...

    def watch(self, id: str) -> AsyncIterator[Any]: ...

    async def cancel(self, id: str, reason: str) -> None: ...

    async def terminate(self, id: str, reason: str) -> None: ...

    async def pause(self, id: str) -> None: ...

    async def resume(self, id: str) -> None: ...

    async def tag(self, id: str, /, **tags: str | None) -> None: ...

    async def delete(self, id: str, *, force: bool = False) -> int: ...


class Run(Generic[T]):
    """A run, by its id. Generated subclasses add its signals and queries; one that has the name of a method here has
    an underscore behind it."""

    DEFINITION: ClassVar[Definition]

    def __init__(self, node: Node, id: str) -> None:
        self.node = node
        self.id = id

    @classmethod
    async def begin(cls, node: Node, args: tuple[Any, ...], id: str | None) -> Self:
        """Starts a run; without an id, it gets one."""
        return cls(node, await node.start(cls.DEFINITION, id, args))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    async def result(self, timeout: float | None = None) -> T:
        """Waits for the run to end; raises `RunFailed` with its error when it failed."""
        return cast(T, await self.node.result(self.DEFINITION, self.id, timeout))

    async def send(self, signal: str, payload: Any) -> None:
        """Puts a message into a signal's mailbox."""
        await self.node.signal(self.DEFINITION, self.id, signal, payload)

    async def ask(self, query: str, args: tuple[Any, ...]) -> Q:
        """Asks a query."""
        return cast(Q, await self.node.query(self.DEFINITION, self.id, query, args))

    async def status(self) -> str:
        """`running`, `paused`, `stalled`, `faulted`, or how it ended."""
        return await self.node.status(self.id)

    async def describe(self) -> Any:
        """What it waits for, where, since when; why it stands still."""
        return await self.node.describe(self.id)

    async def report(self) -> Any:
        """What became of each step, with durations."""
        return await self.node.report(self.id)

    def watch(self) -> AsyncIterator[Any]:
        """Where it rests, now and whenever that changes."""
        return self.node.watch(self.id)

    async def cancel(self, reason: str = "cancelled by a client") -> None:
        """Raises `Cancelled` wherever it rests: `catch`, undos and `finally` run."""
        await self.node.cancel(self.id, reason)

    async def terminate(self, reason: str = "terminated by a client") -> None:
        """Ends it at once. Nothing of it runs any more: no undo either."""
        await self.node.terminate(self.id, reason)

    async def pause(self) -> None:
        """Effects in flight end, and nothing new begins."""
        await self.node.pause(self.id)

    async def resume(self) -> None:
        """Paused, it goes on; faulted, it tries again."""
        await self.node.resume(self.id)

    async def tag(self, **tags: str | None) -> None:
        """Sets tags; None takes one away."""
        await self.node.tag(self.id, **tags)

    async def delete(self, *, force: bool = False) -> int:
        """Takes it away, with the runs that it started; gives how many."""
        return await self.node.delete(self.id, force=force)
