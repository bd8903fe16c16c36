"""What a node offers, over all groups: requests find their group; what is asked of the cluster goes to `membership`.

In: the operations of `runtime.service`, on the engine's loop. Out: the same answers from any node. For runs of a group
that is not here its members are asked (`away`). A run that is not known is looked for again once this node has caught
up: it may have been started at another one a moment ago.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from raftoral import __version__, errors as e
from raftoral.program.probes import determinism_digest
from raftoral.program.steps import Definition

from ...calls.plain import DeskService
from ...calls.values import drawn_id
from ...core import commands as c
from ...desk import raise_refused
from ...edge.clock import Clock
from ...resources import Resources
from ...service import JSON, Ended, Filters, Page, Service, Source, Start
from ..engine import HostThread
from ..host import READ, Host
from ..packages import ABI, Module, package_of
from ..placing import home, homes
from .asks import Asks
from .desks import ANSWER_S, GroupDesk, Misplaced
from .membership import Membership
from .within import GroupService

log = logging.getLogger("raftoral")

PRUNE_LEAST_S, PRUNE_MOST_S = 0.1, 3600.0  # between two looks for runs that are too old
AWAY_S = 2.0  # for members of a group to say how it is
LOOK_S = 0.02  # between two looks whether another node leads


class Away(Service, Protocol):
    """What other nodes have of a group. It holds connections."""

    async def close(self) -> None: ...


class NodeService(Asks):
    """See the module. Implements `Service`."""

    def __init__(
        self,
        thread: HostThread,
        clock: Clock,
        resources: Resources | None,
        compiled: Callable[[Sequence[Source]], Awaitable[tuple[Sequence[Module], Sequence[Definition]]]],
        away: Callable[[int, Sequence[str]], Away],
        *,
        needs_token: bool,
    ) -> None:
        super().__init__(thread)
        self.membership = Membership(self, self.of, self.discover, clock, needs_token=needs_token)
        self._away = away  # what the nodes at these addresses offer of a group
        self._aways: dict[int, tuple[frozenset[str], Away]] = {}
        self._clock = clock
        self._resources = resources
        self._compiled = compiled
        self._desks: dict[int, tuple[GroupDesk, DeskService]] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._pruning: asyncio.Task[None] | None = None
        self.shutting = ""  # why this node takes nothing new

    # --- which group -----------------------------------------------------------------------------------------

    def desk(self, group: int) -> tuple[GroupDesk, DeskService]:
        """The desk of a group, and the plain service over it."""
        known = self._desks.get(group)
        if known is None:
            desk = GroupDesk(self.thread, group, self._clock, self._resources)
            known = self._desks[group] = desk, DeskService(desk)
        return known

    def moved(self, group: int, id: str, status: str) -> None:
        """A run changed."""
        self.desk(group)[0].moved(id, status)

    def prune_every(self, older_than: float) -> None:
        """Takes away runs that ended longer ago than that, in the groups that this node leads, now and then."""
        self._pruning = asyncio.ensure_future(self._prune_on(older_than))

    async def _prune_on(self, older_than: float) -> None:
        while True:
            await asyncio.sleep(max(PRUNE_LEAST_S, min(older_than / 10, PRUNE_MOST_S)))
            try:
                for group in self.groups():
                    if self.host.leads(group):
                        await self.desk(group)[1].prune(older_than, ())
            except e.RaftoralError as error:
                log.warning("runs that are over could not be pruned, and will be later: %s", error)

    async def close(self) -> None:
        """Ends what this node does on its own, and for others that join."""
        await self.membership.close()
        if self._pruning is not None:
            self._pruning.cancel()
            await asyncio.gather(self._pruning, return_exceptions=True)
        for _, service in self._aways.values():
            await service.close()

    def look_again(self) -> None:
        """States may have been replaced: by a snapshot, or read anew from the disk."""
        for desk, _ in self._desks.values():
            desk.look_again()

    def of(self, group: int) -> Service:
        """What is offered of one group: by this node, or by its members."""
        if self.host.holds(group):
            return GroupService(self, group, fresh=False)
        directory = self.directory
        nodes = directory.nodes
        members = [name for name in sorted(directory.members(group)) if name in nodes and name != self.host.node]
        alive = [name for name in members if self.lives(name)]
        at = frozenset(nodes[name] for name in alive or members)
        if not at:
            raise e.Unavailable(f"group {group} is not on {self.host.node}, and it knows no member of it")
        known = self._aways.get(group)
        if known is None or known[0] != at:
            if known is not None:  # calls that it is at go on; it keeps no connections for others
                closing = asyncio.ensure_future(known[1].close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)
            known = self._aways[group] = at, self._away(group, sorted(at))
        return known[1]

    def within(self, group: int) -> Service:
        """What this node says of a group to one that is no member of it."""
        if not self.host.holds(group):
            raise e.Unavailable(f"{self.host.node} is no member of group {group}: ask another node")
        return GroupService(self, group, fresh=True)

    async def _find(self, id: str) -> DeskService | Service:
        """The group that has a run. Of groups that are not here, a member is asked."""
        for attempt in range(2):
            groups = self.groups()
            first = home(id, groups)
            ordered = [first, *(group for group in groups if group != first)]
            for group in ordered:
                if self.host.holds(group) and self.desk(group)[0].has(id):
                    return self.desk(group)[1]
            away = [group for group in ordered if not self.host.holds(group)]
            for group in away:
                service = self.of(group)
                if await _has(service, id):
                    return service
            if attempt == 0:
                await self._catch_up_with(first)
        raise e.NotFound(f"there is no run {id!r}")

    async def _catch_up_with(self, group: int) -> None:
        """A run may have been started a moment ago: here, or in a group that this node did not know."""
        if self.host.holds(group):
            await self.desk(group)[0].catch_up()
        if len(self.directory.nodes) > 1:
            await self.ask(0, READ)

    # --- runs ------------------------------------------------------------------------------------------------

    async def start(self, start: Start) -> str:
        if self.shutting:
            raise e.Unavailable(self.shutting)
        given = bool(start.id)
        start = start if given else replace(start, id=drawn_id())
        deadline = self.host.now + ANSWER_S
        while True:
            groups = self.groups()
            at = await self._earlier(start.id, groups) if given and len(groups) > 1 else 0
            try:
                return await self.of(at or home(start.id, groups)).start(start)
            except Misplaced as misplaced:  # there is a group that this node does not know yet
                if self.host.now > deadline:
                    raise e.Unavailable(str(misplaced)) from None
            await asyncio.sleep(LOOK_S)

    async def _earlier(self, id: str, groups: Sequence[int]) -> int:
        """The group that has a run under this id already, though it would belong to another one: since there were fewer
        groups then, or, as far as this node sees, as a child of another run. 0: none has."""
        before = homes(id, groups)[:-1]
        for group in groups:
            if self.host.holds(group):
                if group in before and len(self.host.replicas[group].groups) < len(groups):
                    await self.desk(group)[0].catch_up()  # runs may begin there that are not seen here yet
                if self.desk(group)[0].has(id):
                    return group
            elif group in before and await _has(self.of(group), id):
                return group
        return 0

    async def ended(self, id: str, timeout: float | None) -> Ended:
        return await (await self._find(id)).ended(id, timeout)

    async def signal(self, id: str, name: str, payload: bytes, key: str = "") -> None:
        await (await self._find(id)).signal(id, name, payload, key or drawn_id())

    async def query(self, id: str, name: str, args: bytes) -> bytes:
        return await (await self._find(id)).query(id, name, args)

    async def describe(self, id: str) -> JSON:
        return await (await self._find(id)).describe(id)

    async def report(self, id: str) -> JSON:
        return await (await self._find(id)).report(id)

    async def tree(self, id: str) -> JSON:
        return await (await self._find(id)).tree(id)

    async def watch(self, id: str) -> AsyncIterator[JSON]:
        changes = (await self._find(id)).watch(id)
        try:
            async for change in changes:
                yield change
        finally:
            await changes.aclose()  # type: ignore[attr-defined]  # a generator, which forgets its watcher then

    async def cancel(self, id: str, reason: str, key: str = "") -> None:
        await (await self._find(id)).cancel(id, reason, key or drawn_id())

    async def terminate(self, id: str, reason: str) -> None:
        await (await self._find(id)).terminate(id, reason)

    async def pause(self, id: str) -> None:
        await (await self._find(id)).pause(id)

    async def resume(self, id: str) -> None:
        await (await self._find(id)).resume(id)

    async def tag(self, id: str, tags: Mapping[str, str | None]) -> None:
        await (await self._find(id)).tag(id, tags)

    async def delete(self, id: str, force: bool, cascade: bool) -> int:
        return await (await self._find(id)).delete(id, force, cascade)

    async def list(self, filters: Filters) -> Page:
        groups = self.groups()
        if len(groups) == 1:
            return await self.of(groups[0]).list(filters)
        return await self._merged(groups, filters)

    async def _merged(self, groups: Sequence[int], filters: Filters) -> Page:
        """A page over several groups: what each would show next, newest first."""
        try:
            begins: dict[str, str | None] = json.loads(filters.before) if filters.before else {}
        except ValueError:
            raise e.UsageError("before: give what the page before gave for the next one") from None
        found = []
        more: dict[int, str] = {}
        for group in groups:
            before = begins.get(str(group), "")
            if before is None:
                continue
            page = await self.of(group).list(replace(filters, before=before))
            found += [(run["created"], group, run) for run in page.runs]
            more[group] = page.next
        found.sort(key=lambda each: (each[0], each[1], each[2]["seq"]), reverse=True)
        shown = found[: filters.limit]
        left = {group for _, group, _ in found[filters.limit :]} | {group for group, after in more.items() if after}
        ends: dict[str, str | None] = {str(group): None for group in groups if group not in left}
        for group in left:
            last = [run["seq"] for _, at, run in shown if at == group]
            ends[str(group)] = str(last[-1]) if last else begins.get(str(group), "") or ""
        return Page([run for _, _, run in shown], json.dumps(ends) if left else "")

    async def count(self, filters: Filters) -> int:
        return sum([await self.of(group).count(filters) for group in self.groups()])

    async def delete_many(self, filters: Filters, force: bool) -> int:
        return sum([await self.of(group).delete_many(filters, force) for group in self.groups()])

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        return sum([await self.of(group).prune(older_than, status) for group in self.groups()])

    # --- programs --------------------------------------------------------------------------------------------

    async def deploy(self, sources: Sequence[Source], dry: bool = False) -> Sequence[JSON]:
        modules, definitions = await self._compiled(sources)
        return await self.install(modules, definitions, dry=dry)

    async def install(
        self, modules: Sequence[Module], definitions: Sequence[Definition], *, dry: bool = False
    ) -> Sequence[JSON]:
        """Makes programs known to all groups that lack them."""
        package = package_of(modules, definitions)
        new = set()
        for group in self.groups():
            known = {(each["workflow"], each["version"]): each for each in await self._programs_of(group)}
            lacking = [
                (each.name, each.version)
                for each in definitions
                if (found := known.get((each.name, each.version))) is None
                or found["digest"] != each.digest
                or found["retired"]
            ]
            new |= set(lacking)
            if lacking and not dry:
                raise_refused(await self.propose(group, c.Deploy(package)))
        return [
            {
                "workflow": each.name,
                "version": each.version,
                "digest": each.digest,
                "new": (each.name, each.version) in new,
            }
            for each in sorted(definitions, key=lambda each: (each.name, each.version))
        ]

    async def programs(self) -> Sequence[JSON]:
        shown: dict[tuple[str, int], JSON] = {}
        for group in self.groups():
            for each in await self._programs_of(group):
                known = shown.setdefault((each["workflow"], each["version"]), {**each, "live": 0, "nodes": []})
                known["live"] += each["live"]
                known["nodes"] = sorted({*known["nodes"], *each["nodes"]})
        return [shown[key] for key in sorted(shown)]

    async def _programs_of(self, group: int) -> Sequence[JSON]:
        return await self.of(group).programs()

    def programs_here(self, group: int) -> Sequence[JSON]:
        """What a group of this node knows."""
        machine = self.desk(group)[0].engine.machine
        found = []
        for (name, version), program in sorted(machine.programs.all().items()):
            needs = {activity.full_name for activity in program.uses()}
            able = sorted(node for node, each in machine.nodes.items() if each.up and needs <= each.activities)
            found.append(
                {
                    "workflow": name,
                    "version": version,
                    "digest": program.definition.digest,
                    "live": machine.live_of(name, version),
                    "nodes": able,
                    "retired": (name, version) in machine.retired,
                }
            )
        return found

    async def retire(self, workflow: str, version: int) -> None:
        for group in self.groups():
            raise_refused(await self.propose(group, c.Retire(workflow, version)))

    # --- the cluster -----------------------------------------------------------------------------------------

    async def cluster(self) -> JSON:
        host = self.host
        directory = host.directory
        nodes = directory.nodes if directory is not None else {}
        machine = next((replica.machine for _, replica in sorted(host.replicas.items())), None)
        known = machine.nodes if machine is not None else {}
        owners = Counter(run.owner for replica in host.replicas.values() for run in replica.machine.runs.values())
        groups = [self._group(host, group) for group in sorted({*host.logs, *host.broken}) if host.holds(group)]
        shown = {each["group"] for each in groups}
        away = [group for group in (0, *(directory.groups if directory is not None else ())) if group not in shown]
        groups += await asyncio.gather(*(self._group_away(group) for group in away))
        return {
            "cluster": directory.cluster if directory is not None else "",
            "node": host.node,
            "version": __version__,
            "nodes": [
                {
                    "node": name,
                    "address": nodes[name],
                    "up": known[name].up if name in known else self.is_up(name),
                    "here": name == host.node,
                    "activities": sorted(known[name].activities) if name in known else [],
                    "owned": owners[name],
                }
                for name in sorted(nodes)
            ],
            "groups": sorted(groups, key=lambda each: int(each["group"])),
        }

    async def _group_away(self, group: int) -> JSON:
        """A group of others: what they say of it, or what the directory knows."""
        try:
            async with asyncio.timeout(AWAY_S):
                found = await self.of(group).cluster()
            return {**found["groups"][0], "role": "none", "owned": 0}
        except (e.RaftoralError, TimeoutError, LookupError):
            directory = self.directory
            members = sorted(directory.members(group))
            none = dict.fromkeys(("term", "commit", "applied", "first", "last", "waiting", "runs", "owned"), 0)
            return {"group": group, "role": "none", "leader": "", "members": members, "digest": "", **none}

    def group_here(self, group: int) -> JSON:
        """What this node knows of one of its groups."""
        return self._group(self.host, group)

    def _group(self, host: Host, group: int) -> JSON:
        log = host.logs.get(group)
        if log is None:
            return {"group": group, "broken": host.broken.get(group, "")}
        status = log.status()
        replica = host.replicas.get(group)
        runs = replica.machine.runs.values() if replica is not None else ()
        return {
            "group": group,
            "role": status.role,
            "leader": host.leader(group),
            "term": status.term,
            "members": sorted(status.members),
            "commit": status.commit,
            "applied": status.applied,
            "first": status.base + 1,
            "last": status.last,
            "waiting": status.open,
            "runs": len(runs),
            "owned": sum(run.owner == host.node for run in runs),
            "digest": replica.digest.hex() if replica is not None else "",
        }

    async def discover(self) -> JSON:
        host = self.host
        directory = host.directory
        if directory is None or not directory.cluster:
            raise e.Unavailable("this node belongs to no cluster yet")
        return {
            "cluster": directory.cluster,
            "node": host.node,
            "abi": ABI,
            "version": __version__,
            "digest": determinism_digest(),
            "nodes": directory.nodes,
            "groups": [0, *sorted(directory.groups)],
        }

    async def admit(self, node: str, address: str, token: str) -> JSON:
        return await self.membership.admit(node, address, token)

    async def remove(self, node: str) -> None:
        await self.membership.remove(node)

    async def transfer(self, group: int, node: str) -> None:
        await self.membership.transfer(group, node)

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        return await self.membership.make_group(members)

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        return await self.membership.change_group(group, node, member)

    async def token(self) -> str:
        return await self.membership.token()

    async def catch_up(self) -> None:
        """What members say of groups that are not here is always new."""
        await asyncio.gather(*(self.desk(group)[0].catch_up() for group in self.here()))

    async def health(self) -> JSON:
        why = self.shutting or self._unready()
        return {"ready": not why, "why": why}

    def _unready(self) -> str:
        host = self.thread.host
        if host is None:
            return self.thread.broken or "it has not begun"
        if host.broken:
            return "; ".join(f"group {group}: {why}" for group, why in sorted(host.broken.items()))
        directory = host.directory
        if directory is None or not directory.cluster:
            return "it waits to be let into a cluster"
        if host.node not in directory.nodes:
            return "the cluster does not know it yet"
        for group in [0, *directory.open_groups]:
            member = host.node in directory.members(group)
            if not host.holds(group):
                if member or (host.is_awaited(group) and directory.lacks(group)):
                    return (
                        f"it is no member of group {group} yet"
                        if group in host.logs
                        else f"group {group} is not here yet"
                    )
                continue
            if not host.leader(group):
                return f"group {group} has no leader"
            if host.node not in host.logs[group].status().members:
                return f"it is no member of group {group} yet"
            if group and not host.is_known(group):
                return f"group {group} does not know yet that it is there"
        return ""


async def _has(service: Service, id: str) -> bool:
    try:
        await service.describe(id)
    except e.NotFound:
        return False
    return True
