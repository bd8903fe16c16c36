"""One group of a node as a service of its own: what another node asks of it, which is no member of the group.

    service = GroupService(node_service, group, fresh=True)
    await service.describe("order-17")          as new as anything that was answered before the call

In: operations on the runs of one group, and what of the cluster concerns it. Out: the same as from the whole node.
Nothing is passed on from here: whoever asks has found a member, or asks the next one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, NoReturn

from raftoral import errors as e

from ...calls.plain import DeskService
from ...service import JSON, Ended, Filters, Page, Source, Start
from .desks import Misplaced

if TYPE_CHECKING:
    from .service import NodeService


class GroupService(DeskService):
    """Implements `Service`. `fresh`: what is read is no older than the call; who asks cannot see how old it is."""

    def __init__(self, node: NodeService, group: int, *, fresh: bool) -> None:
        super().__init__(node.desk(group)[0])
        self._group_desk = node.desk(group)[0]
        self._node = node
        self._group = group
        self._fresh = fresh

    async def _catch_up(self, id: str | None = None) -> None:
        """With an id: only if the run is not here."""
        if self._fresh and (id is None or not self._group_desk.has(id)):
            await self._group_desk.catch_up()

    # --- runs ------------------------------------------------------------------------------------------------

    async def start(self, start: Start) -> str:
        if self._node.shutting:
            raise e.Unavailable(self._node.shutting)
        try:
            return await super().start(start)
        except Misplaced:
            if not self._fresh:
                raise
        return await self._node.start(start)  # who asked does not know yet of a group that this node will soon know

    async def ended(self, id: str, timeout: float | None) -> Ended:
        await self._catch_up(id)
        return await super().ended(id, timeout)

    async def signal(self, id: str, name: str, payload: bytes, key: str = "") -> None:
        await self._catch_up(id)
        await super().signal(id, name, payload, key)

    async def query(self, id: str, name: str, args: bytes) -> bytes:
        await self._catch_up()
        return await super().query(id, name, args)

    async def describe(self, id: str) -> JSON:
        await self._catch_up()
        return await super().describe(id)

    async def report(self, id: str) -> JSON:
        await self._catch_up()
        return await super().report(id)

    async def list(self, filters: Filters) -> Page:
        await self._catch_up()
        return await super().list(filters)

    async def count(self, filters: Filters) -> int:
        await self._catch_up()
        return await super().count(filters)

    async def tree(self, id: str) -> JSON:
        await self._catch_up()
        return await super().tree(id)

    async def watch(self, id: str) -> AsyncIterator[JSON]:
        await self._catch_up(id)
        changes = super().watch(id)
        try:
            async for change in changes:
                yield change
        finally:
            await changes.aclose()  # type: ignore[attr-defined]  # a generator, which forgets its watcher then

    async def cancel(self, id: str, reason: str, key: str = "") -> None:
        await self._catch_up(id)
        await super().cancel(id, reason, key)

    async def terminate(self, id: str, reason: str) -> None:
        await self._catch_up(id)
        await super().terminate(id, reason)

    async def pause(self, id: str) -> None:
        await self._catch_up(id)
        await super().pause(id)

    async def resume(self, id: str) -> None:
        await self._catch_up(id)
        await super().resume(id)

    async def tag(self, id: str, tags: Mapping[str, str | None]) -> None:
        await self._catch_up(id)
        await super().tag(id, tags)

    async def delete(self, id: str, force: bool, cascade: bool) -> int:
        await self._catch_up(id)
        return await super().delete(id, force, cascade)

    async def delete_many(self, filters: Filters, force: bool) -> int:
        await self._catch_up()
        return await super().delete_many(filters, force)

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        await self._catch_up()
        return await super().prune(older_than, status)

    # --- what of the cluster concerns the group --------------------------------------------------------------

    async def programs(self) -> Sequence[JSON]:
        await self._catch_up()
        return self._node.programs_here(self._group)

    async def cluster(self) -> JSON:
        return {"groups": [self._node.group_here(self._group)]}

    async def transfer(self, group: int, node: str) -> None:
        await self._node.transfer(group, node)

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        return await self._node.make_group(members)

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        return await self._node.change_group(group, node, member)

    async def catch_up(self) -> None:
        await self._group_desk.catch_up()

    async def health(self) -> JSON:
        return await self._node.health()

    # --- what does not ---------------------------------------------------------------------------------------

    async def deploy(self, sources: Sequence[Source], dry: bool = False) -> Sequence[JSON]:
        self._refuse()

    async def retire(self, workflow: str, version: int) -> None:
        self._refuse()

    async def discover(self) -> JSON:
        self._refuse()

    async def admit(self, node: str, address: str, token: str) -> JSON:
        self._refuse()

    async def remove(self, node: str) -> None:
        self._refuse()

    async def token(self) -> str:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise e.UsageError(f"group {self._group} alone was asked, and this is a matter of the whole cluster")
