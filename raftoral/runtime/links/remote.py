"""A `Service` that is somewhere else, at one of several addresses: each call goes to a node that answers.

    service = Remote(wire, ["10.0.0.1:7001", "10.0.0.2:7001"], timeout=30.0)
    await service.describe("order-17")

In: calls of `Service`. Out: one request each over a `Wire`, and again at the next address while the deadline lasts,
when no node took it, or when it may be done twice: it reads, it starts a run under an id, or it has a key. A call that
may have been done is never repeated without that; it ends with `Unavailable`. Never knows what a request looks like.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from raftoral import errors as e
from raftoral.runtime.service import JSON, Ended, Filters, Page, Source, Start

from .table import OPERATIONS

TIMEOUT = 30.0  # seconds for a call, with all its attempts
OVER = 0.01  # seconds: a call that has no more of them was ended by its own time
ATTEMPT = 10.0  # seconds for one node, when there are others
LONG = frozenset({"deploy"})  # compiles
PATIENCE = 3.0  # seconds while nobody takes a connection
WAIT_MAX = 20.0  # seconds that one request waits for a run's end; then the next one does
PAUSE_FIRST, PAUSE_MOST = 0.05, 1.0  # seconds between rounds over all addresses


class NotSent(Exception):
    """The call did not reach a node, so nothing was done. The text says why."""


class Wire(Protocol):
    """One request to one address."""

    async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        """Raises `NotSent`, or what the node raised; `Unavailable` when nobody knows what became of it."""

    def stream(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> AsyncIterator[JSON]:
        """The same for what gives one thing after the other; `seconds` are for the first one."""

    async def close(self) -> None: ...


class Remote:
    """See the module. Implements `Service`."""

    def __init__(
        self, wire: Wire, addresses: Sequence[str], *, timeout: float = TIMEOUT, patience: float = PATIENCE
    ) -> None:
        if not addresses:
            raise e.UsageError("give at least one address: connect('127.0.0.1:7001')")
        self._wire = wire
        self._addresses = list(addresses)
        self._at = 0
        self._timeout, self._patience = timeout, patience

    async def close(self) -> None:
        await self._wire.close()

    # --- runs ------------------------------------------------------------------------------------------------

    async def start(self, start: Start) -> str:
        given: str = await self._call("start", start=start, again=bool(start.id))
        return given

    async def ended(self, id: str, timeout: float | None) -> Ended:
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        left = timeout
        while True:
            part = WAIT_MAX if left is None else min(WAIT_MAX, left)
            try:
                ended: Ended = await self._call("ended", id=id, timeout=part)
                return ended
            except e.WaitTimeout:
                if timeout == part:
                    raise
                left = None if end is None else end - loop.time()
                if left is not None and left <= 0:
                    now = (await self.describe(id))["status"]
                    raise e.WaitTimeout(f"the run {id!r} is {now} after {timeout:g} s; it goes on") from None

    async def signal(self, id: str, name: str, payload: bytes, key: str = "") -> None:
        await self._call("signal", id=id, name=name, payload=payload, key=key, again=bool(key))

    async def query(self, id: str, name: str, args: bytes) -> bytes:
        given: bytes = await self._call("query" if args == b"[]" else "query-post", id=id, name=name, args=args)
        return given

    async def describe(self, id: str) -> JSON:
        given: JSON = await self._call("describe", id=id)
        return given

    async def report(self, id: str) -> JSON:
        given: JSON = await self._call("report", id=id)
        return given

    async def list(self, filters: Filters) -> Page:
        given: Page = await self._call("list", filters=filters)
        return given

    async def count(self, filters: Filters) -> int:
        given: int = await self._call("count", filters=filters)
        return given

    async def tree(self, id: str) -> JSON:
        given: JSON = await self._call("tree", id=id)
        return given

    async def watch(self, id: str) -> AsyncIterator[JSON]:
        """Goes on at another node when one is lost; what was seen already is left out."""
        last: JSON | None = None
        rounds = _Rounds(self._timeout, self._patience, len(self._addresses))
        while True:
            address = self._addresses[self._at]
            seconds = rounds.left if len(self._addresses) == 1 else min(rounds.left, ATTEMPT)
            changes = self._wire.stream(address, "watch", {"id": id}, seconds)
            try:
                async for change in changes:
                    rounds = _Rounds(self._timeout, self._patience, len(self._addresses))
                    if change != last:
                        yield change
                    last = change
                return
            except (NotSent, e.Unavailable, e.Closed) as error:
                await self._next(address, rounds, error)
            finally:
                await changes.aclose()  # type: ignore[attr-defined]  # a generator: it lets go of its connection

    async def cancel(self, id: str, reason: str, key: str = "") -> None:
        await self._call("cancel", id=id, reason=reason, key=key, again=bool(key))

    async def terminate(self, id: str, reason: str) -> None:
        await self._call("terminate", id=id, reason=reason)

    async def pause(self, id: str) -> None:
        await self._call("pause", id=id)

    async def resume(self, id: str) -> None:
        await self._call("resume", id=id)

    async def tag(self, id: str, tags: Mapping[str, str | None]) -> None:
        await self._call("tag", id=id, tags=tags)

    async def delete(self, id: str, force: bool, cascade: bool) -> int:
        given: int = await self._call("delete", id=id, force=force, cascade=cascade)
        return given

    async def delete_many(self, filters: Filters, force: bool) -> int:
        given: int = await self._call("delete_many", filters=filters, force=force)
        return given

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        given: int = await self._call("prune", older_than=older_than, status=status)
        return given

    # --- programs and the cluster ----------------------------------------------------------------------------

    async def deploy(self, sources: Sequence[Source], dry: bool = False) -> Sequence[JSON]:
        given: Sequence[JSON] = await self._call("deploy", sources=sources, dry=dry)
        return given

    async def programs(self) -> Sequence[JSON]:
        given: Sequence[JSON] = await self._call("programs")
        return given

    async def retire(self, workflow: str, version: int) -> None:
        await self._call("retire", workflow=workflow, version=version)

    async def cluster(self) -> JSON:
        given: JSON = await self._call("cluster")
        return given

    async def discover(self) -> JSON:
        given: JSON = await self._call("discover")
        return given

    async def admit(self, node: str, address: str, token: str) -> JSON:
        given: JSON = await self._call("admit", node=node, address=address, token=token)
        return given

    async def remove(self, node: str) -> None:
        await self._call("remove", node=node)

    async def transfer(self, group: int, node: str) -> None:
        await self._call("transfer", group=group, node=node)

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        given: JSON = await self._call("make_group", members=members)
        return given

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        given: JSON = await self._call("change_group", group=group, node=node, member=member)
        return given

    async def catch_up(self) -> None:
        await self._call("catch_up")

    async def token(self) -> str:
        given: str = await self._call("token")
        return given

    async def health(self) -> JSON:
        given: JSON = await self._call("health")
        return given

    # --- from node to node -----------------------------------------------------------------------------------

    async def _call(self, name: str, /, again: bool = False, **arguments: Any) -> Any:
        rounds = _Rounds(self._timeout + arguments.get("timeout", 0.0), self._patience, len(self._addresses))
        again = again or OPERATIONS[name].again
        # A node that is frozen takes calls and never answers: whoever may ask another one does so in time.
        most = ATTEMPT + arguments.get("timeout", 0.0) if again and name not in LONG else None
        while True:
            address = self._addresses[self._at]
            try:
                seconds = rounds.left if most is None or len(self._addresses) == 1 else min(rounds.left, most)
                return await self._wire.call(address, name, arguments, seconds)
            except NotSent as error:
                await self._next(address, rounds, error)
            except (e.Unavailable, e.Closed) as error:
                if not again:
                    raise
                await self._next(address, rounds, error)

    async def _next(self, address: str, rounds: _Rounds, error: Exception) -> None:
        """The next call goes elsewhere. Others may have moved on already: then theirs is the place to ask."""
        if self._addresses[self._at] == address:
            self._at = (self._at + 1) % len(self._addresses)
        await rounds.next(address, error)


class _Rounds:
    """How often and how long one call is tried."""

    def __init__(self, timeout: float, patience: float, addresses: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._timeout, self._patience, self._addresses = timeout, patience, addresses
        self._tried = 0
        self._reached = False
        self._said: dict[str, str] = {}

    @property
    def left(self) -> float:
        return max(self._begun + self._timeout - self._loop.time(), 0.001)

    async def next(self, address: str, error: Exception) -> None:
        """Waits before the next attempt, or gives up. A node that answered is worth more patience than one that does
        not even take a connection: an election takes a second or two, a wrong address for ever. But all are tried."""
        self._tried += 1
        if (
            address not in self._said or self.left > OVER
        ):  # that the time is over says less than what a node said before
            self._said[address] = str(error)
        self._reached = self._reached or not isinstance(error, NotSent)
        full_rounds, within = divmod(self._tried, self._addresses)
        pause = 0.0
        if within == 0:
            pause = min(PAUSE_FIRST * 2 ** min(full_rounds, 10), PAUSE_MOST) * random.uniform(0.5, 1.0)
        patient = self._reached or self._tried < self._addresses
        most = self._timeout if patient else min(self._timeout, self._patience)
        if self._loop.time() + pause >= self._begun + most:
            said = "; ".join(f"{each}: {words}" for each, words in self._said.items())
            raise e.Unavailable(f"no node could do it: {said}") from error
        await asyncio.sleep(pause)
