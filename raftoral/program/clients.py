"""How a generated module reaches a run from outside: `Node` is whatever can start and ask runs; `Run` one of them."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from .steps import Definition

T = TypeVar("T")
Q = TypeVar("Q")


class Node(Protocol):
    """A node, a local runtime or a client: whatever the service holds."""

    async def start(self, workflow: Definition, id: str | None, args: tuple[Any, ...]) -> str: ...

    async def result(self, workflow: Definition, id: str, timeout: float | None) -> Any: ...

    async def signal(self, workflow: Definition, id: str, name: str, payload: Any) -> None: ...

    async def query(self, workflow: Definition, id: str, name: str, args: tuple[Any, ...]) -> Any: ...


class Run(Generic[T]):
    """A run, by its id. Generated subclasses add its signals and queries."""

    DEFINITION: ClassVar[Definition]

    def __init__(self, node: Node, id: str) -> None:
        self.node = node
        self.id = id

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r})"

    async def result(self, timeout: float | None = None) -> T:
        """Waits for the run to end; raises its error when it failed."""
        return cast(T, await self.node.result(self.DEFINITION, self.id, timeout))

    async def send(self, signal: str, payload: Any) -> None:
        """Puts a message into a signal's mailbox."""
        await self.node.signal(self.DEFINITION, self.id, signal, payload)

    async def ask(self, query: str, args: tuple[Any, ...]) -> Any:
        """Asks a query."""
        return await self.node.query(self.DEFINITION, self.id, query, args)
