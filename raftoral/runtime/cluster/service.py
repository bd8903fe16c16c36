"""What a node offers, over all groups: requests find their group, and the cluster's own operations stand here.

In: the operations of `runtime.service`, on the engine's loop. Out: the same answers from any node. For runs of a group
that is not here its members are asked (`away`). A run that is not known is looked for again once this node has caught
up: it may have been started at another one a moment ago.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from raftoral import __version__, errors as e
from raftoral.program.probes import determinism_digest
from raftoral.program.steps import Definition

from ..calls.plain import DeskService
from ..calls.values import drawn_id
from ..core import commands as c
from ..core.wire import command_bytes
from ..desk import raise_refused
from ..edge.clock import Clock
from ..proto import peer_pb2 as pb
from ..resources import Resources
from ..service import JSON, Ended, Filters, Page, Service, Source, Start
from .desks import ANSWER_S, Answer, GroupDesk, Misplaced, host_of
from .directory import DENIED, MEMBERS_MAX, USUAL_SIZE, Directory
from .engine import HostThread
from .host import BRING, READ, REMOVE, TRANSFER, Host
from .packages import ABI, Module, package_of
from .placing import home
from .replica import HARMLESS, PLACES, groups_data
from .within import GroupService

log = logging.getLogger("raftoral")

PRUNE_LEAST_S, PRUNE_MOST_S = 0.1, 3600.0  # between two looks for runs that are too old
TOKEN_S = 3600
BRING_S = 60.0
TEND_S = 0.25  # between two looks whether groups have their members
AWAY_S = 2.0  # for members of a group to say how it is
FOUNDERS = 3  # of a group, in a cluster with many nodes
LOOK_S = 0.02  # between two looks whether another node leads
ALIVE_S = 1.0  # a node that was heard of in this time lives


class Away(Service, Protocol):
    """What other nodes have of a group. It holds connections."""

    async def close(self) -> None: ...


class NodeService:
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
        self._thread = thread
        self._away = away  # what the nodes at these addresses offer of a group
        self._aways: dict[int, tuple[frozenset[str], Away]] = {}
        self._clock = clock
        self._resources = resources
        self._compiled = compiled
        self._needs_token = needs_token
        self._desks: dict[int, tuple[GroupDesk, DeskService]] = {}
        self._left: list[Away] = []
        self._tending: asyncio.Task[None] | None = None
        self._pruning: asyncio.Task[None] | None = None
        self.shutting = ""  # why this node takes nothing new

    # --- which group -----------------------------------------------------------------------------------------

    def desk(self, group: int) -> tuple[GroupDesk, DeskService]:
        """The desk of a group, and the plain service over it."""
        known = self._desks.get(group)
        if known is None:
            desk = GroupDesk(self._thread, group, self._clock, self._resources)
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
        tasks = [each for each in (self._tending, self._pruning) if each is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in (*self._left, *(service for _, service in self._aways.values())):
            await each.close()

    def look_again(self) -> None:
        """States may have been replaced: by a snapshot, or read anew from the disk."""
        for desk, _ in self._desks.values():
            desk.look_again()

    @property
    def host(self) -> Host:
        return host_of(self._thread)

    @property
    def directory(self) -> Directory:
        """What this node knows of the cluster."""
        directory = self.host.directory
        if directory is None or not directory.cluster:
            raise e.Unavailable("this node does not know its cluster yet: it waits to be let in")
        return directory

    def groups(self) -> Sequence[int]:
        """The execution groups of the cluster."""
        return self.directory.open_groups

    def here(self) -> Sequence[int]:
        """Those of which this node is a member."""
        return [group for group in self.groups() if self.host.holds(group)]

    def of(self, group: int) -> Service:
        """What is offered of one group: by this node, or by its members."""
        if self.host.holds(group):
            return GroupService(self, group, fresh=False)
        directory = self.directory
        nodes = directory.nodes
        members = [name for name in sorted(directory.members(group)) if name in nodes and name != self.host.node]
        alive = [name for name in members if self._lives(self.host, name)]
        at = frozenset(nodes[name] for name in alive or members)
        if not at:
            raise e.Unavailable(f"group {group} is not on {self.host.node}, and it knows no member of it")
        known = self._aways.get(group)
        if known is None or known[0] != at:
            if known is not None:
                self._left.append(known[1])  # it may be in use
            known = self._aways[group] = at, self._away(group, sorted(at))
        return known[1]

    def within(self, group: int) -> Service:
        """What this node says of a group to one that is no member of it."""
        if not self.host.holds(group):
            raise e.Unavailable(f"{self.host.node} is no member of group {group}: ask another node")
        return GroupService(self, group, fresh=True)

    async def _find(self, id: str) -> DeskService | Service:
        """The group that has a run. Who is no member of a group asks one, unless it is the only one left."""
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
            await self._ask(0, READ, "", ANSWER_S)

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
            except Misplaced:  # there is a group that this node does not know yet
                if self.host.now > deadline:
                    raise
            await asyncio.sleep(LOOK_S)

    async def _earlier(self, id: str, groups: Sequence[int]) -> int:
        """The group that has a run under this id already, though it would belong to another one: since there were fewer
        groups then, or, as far as this node sees, as a child of another run. 0: none has."""
        before = {home(id, groups[:count]) for count in range(1, len(groups))} - {home(id, groups)}
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
                raise_refused(await self._propose(group, c.Deploy(package)))
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
            raise_refused(await self._propose(group, c.Retire(workflow, version)))

    async def _propose(self, group: int, command: c.Command) -> c.Refused | None:
        """To a group, whether it is here or not."""
        return await self._ask(group, pb.Request.PROPOSE, "", ANSWER_S, command_bytes(command))

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
                    "up": known[name].up if name in known else self._is_up(host, name),
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
        host, directory = self.host, self.directory
        node = node or f"n-{secrets.token_hex(3)}"
        known = directory.nodes.get(node)
        was_here = token == moving_proof(directory.state.secret, node, address)
        if known is not None and was_here:
            token = ""
        elif known is not None and known != address and self._lives(host, node):
            why = f"a node {node} lives at {known}: two nodes of one name would vote twice. Take another --node-id"
            raise e.AlreadyExists(why)
        elif self._needs_token and (not token or known is not None):
            why = "a join token is needed" if known is None else f"the name {node} is taken, by a node at {known}"
            raise e.Denied(f"{why}: make one with `raftoral cluster token`")
        decree = pb.Decree(admitted=pb.Admitted(node=node, address=address, token=_digest(token) if token else b""))
        refused = await self._decree(decree)
        if refused is not None and refused.code == DENIED and was_here:
            raise e.Denied(removed_text(node))  # the log says so, and not only what this node knows of it yet
        if refused is not None:
            raise (e.Denied if refused.code == DENIED else e.UsageError)(refused.message)
        nodes = {**directory.nodes, node: address}
        lacking = [
            group
            for group in (0, *sorted(directory.groups))
            if node in (members := directory.members(group)) or len(members) < directory.size(group)
        ]
        return {
            **await self.discover(),
            "nodes": nodes,
            "node": node,
            "secret": directory.state.secret.hex(),
            "groups": lacking,
        }

    def _is_up(self, host: Host, node: str) -> bool:
        """Also of a node from which this one hears nothing, as they have no group in common: there is a link to it."""
        return node == host.node or node in host.linked or self._lives(host, node)

    def _lives(self, host: Host, node: str) -> bool:
        return host.now - host.heard.get(node, float("-inf")) < ALIVE_S

    def tend(self) -> None:
        """Sees to it that groups have their members, while this node leads group 0."""
        self._tending = asyncio.ensure_future(self._tend_on())

    async def _tend_on(self) -> None:
        while True:
            await asyncio.sleep(TEND_S)
            host = self._thread.host
            directory = host.directory if host is not None else None
            if host is None or directory is None or not host.leads(0):
                continue
            left, self._left = self._left, []
            for each in left:
                await each.close()
            for group in (0, *sorted(directory.groups)):
                node = self._wanted(host, directory, group) if directory.lacks(group) else ""
                if not node:
                    continue
                try:
                    await self._ask(group, BRING, node, BRING_S)
                except e.RaftoralError as error:
                    log.info("%s is not a member of group %s yet: %s", node, group, error)

    def _wanted(self, host: Host, directory: Directory, group: int) -> str:
        """Who is brought into a group that has too few members: of the nodes that live, one in the fewest groups."""
        members = directory.members(group)
        able = [name for name in directory.staying if name not in members and self._lives(host, name)]
        held = Counter(name for each in (0, *directory.groups) for name in directory.members(each))
        return min(able, key=lambda name: (held[name], name), default="")

    async def remove(self, node: str) -> None:
        directory = self.directory
        if node not in directory.nodes:
            raise e.NotFound(f"there is no node {node!r}")
        if len(directory.nodes) == 1:
            raise e.UsageError(f"{node} is the last node: stop it, and take its data away")
        raise_refused(await self._decree(pb.Decree(leaving=pb.Leaving(node=node))))
        for group in (*sorted(directory.groups), 0):
            await self._take_out(group, node)
        raise_refused(await self._decree(pb.Decree(left=pb.Left(node=node))))

    async def _take_out(self, group: int, node: str) -> None:
        """From one group: its runs there go to others, and so does the lead."""
        host = self.host
        here = host.holds(group)
        members = host.logs[group].status().members if here else self.directory.members(group)
        if node not in members:
            return
        if here and group:
            await self.hand_over(group, node)
        if here and host.leader(group) == node:
            await self.transfer(group, "")
        await self._ask(group, REMOVE, node, ANSWER_S)

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        directory = self.directory
        if group not in directory.groups:
            there = ", ".join(map(str, sorted(directory.groups)))
            raise e.NotFound(f"there is no group {group} of runs; there are: {there}")
        if node not in directory.nodes:
            raise e.NotFound(f"there is no node {node!r}")
        if not self.host.holds(group):  # who the members are is known to them at once, to others a moment later
            return await self.of(group).change_group(group, node, member)
        members = self.host.logs[group].status().members
        after = members | {node} if member else members - {node}
        if after != members:
            if not after:
                raise e.UsageError(f"{node} is the last member of group {group}: add another one first")
            if len(after) > MEMBERS_MAX:
                raise e.UsageError(f"group {group} has {len(members)} members, and {MEMBERS_MAX} are the most")
            # A group never looks too small meanwhile: another node would be brought in.
            size = max(directory.size(group), len(after)) if member else len(after)
            sized = pb.Decree(group_sized=pb.GroupSized(group=group, size=size))
            if member:
                await self._ask(group, BRING, node, BRING_S)
                await self._until_said(group, node)
            raise_refused(await self._decree(sized))
            if not member:
                await self._take_out(group, node)
        return {"group": group, "members": sorted(after)}

    async def _until_said(self, group: int, node: str) -> None:
        """A group's leader says in the directory that a node is a member now."""
        deadline = self.host.now + ANSWER_S
        while node not in self.directory.members(group) and self.host.now < deadline:
            await asyncio.sleep(LOOK_S)

    async def hand_over(self, group: int, node: str) -> None:
        """The runs of a node go to others, and so does the lead."""
        known = self.host.replicas[group].machine.nodes.get(node)
        if known is not None and known.up:
            raise_refused(await self._propose(group, c.NodeDown(node, known.life)))

    async def transfer(self, group: int, node: str) -> None:
        host = self.host
        if group != 0 and group not in self.directory.groups:
            raise e.NotFound(f"there is no group {group}")
        if not host.holds(group):
            return await self.of(group).transfer(group, node)
        members = host.logs[group].status().members
        leader = host.leader(group)
        if node and node not in members:
            raise e.NotFound(f"{node!r} is no member of group {group}: {', '.join(sorted(members))}")
        alive = [name for name in sorted(members - {leader}) if self._lives(host, name)]
        for target in [node] if node else alive:
            host.request(group, TRANSFER, node=target, timeout=ALIVE_S)
            self._thread.wake()
            for _ in range(100):
                await asyncio.sleep(LOOK_S)
                if self.host.leader(group) == target:
                    return None
        if leader != node:
            raise e.Unavailable(f"group {group} is still led by {self.host.leader(group) or 'nobody'}: try again")
        return None

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        directory = self.directory
        groups, here = self.groups(), self.here()
        if not here:  # the programs that a new group begins with are on others
            return await self.of(groups[0]).make_group(members)
        members = self._founders(directory, members)
        # One that was made and never opened is ended, and not left behind.
        left = [group for group in sorted(directory.groups) if group not in groups]
        number = left[0] if left else max(directory.groups) + 1
        # Its size with it: a group that is smaller than usual would be given others, until that is said.
        size = 0 if len(members) in (USUAL_SIZE, len(directory.staying)) else len(members)
        made = pb.GroupMade(group=number, members=members, size=size)
        if not left:
            raise_refused(await self._decree(pb.Decree(group_made=made)))
        known = self.host.replicas[here[0]]
        try:
            for package in known.packages():
                raise_refused(await self._propose(number, c.Deploy(package)))
            for name, version in sorted(known.machine.retired):
                raise_refused(await self._propose(number, c.Retire(name, version)))
        except e.Unavailable as error:
            raise e.Unavailable(f"group {number} was made, and is not ready yet: ask for it again ({error})") from None
        # Before anybody places a run there, all others must refuse it.
        for group in (*groups, number):
            data = groups_data((*groups, number))
            raise_refused(await self._ask(group, pb.Request.PROPOSE, "", ANSWER_S, data, sort=PLACES))
        made.open = True
        raise_refused(await self._decree(pb.Decree(group_made=made)))
        return {"group": number, "members": sorted(directory.members(number) or members)}

    def _founders(self, directory: Directory, wanted: Sequence[str]) -> Sequence[str]:
        """The first members of a group: those that are wanted; else all, or, where there are many, few of those that
        have the least to do."""
        unknown = sorted(set(wanted) - set(directory.nodes))
        if unknown:
            raise e.NotFound(f"there is no node {unknown[0]!r}")
        if len(wanted) > MEMBERS_MAX:
            raise e.UsageError(f"a group has 1 to {MEMBERS_MAX} members, not {len(wanted)}")
        if wanted:
            return sorted(set(wanted))
        staying = directory.staying
        if len(staying) <= USUAL_SIZE:
            return staying
        held = Counter(name for group in directory.groups for name in directory.members(group))
        alive = [name for name in staying if self._is_up(self.host, name)]
        return sorted(sorted(alive, key=lambda name: (held[name], name))[:FOUNDERS])

    async def catch_up(self) -> None:
        """What members say of groups that are not here is always new."""
        await asyncio.gather(*(self.desk(group)[0].catch_up() for group in self.here()))

    async def token(self) -> str:
        token = secrets.token_urlsafe(24)
        directory = self.host.directory
        now = directory.now if directory is not None else 0
        until = max(now, self._clock.now()) + TOKEN_S * 1_000_000
        raise_refused(await self._decree(pb.Decree(token_made=pb.TokenMade(token=_digest(token), until=until))))
        return token

    async def health(self) -> JSON:
        why = self.shutting or self._unready()
        return {"ready": not why, "why": why}

    def _unready(self) -> str:
        host = self._thread.host
        if host is None:
            return self._thread.broken or "it has not begun"
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

    async def _decree(self, decree: pb.Decree) -> c.Refused | None:
        return await self._ask(0, pb.Request.PROPOSE, "", ANSWER_S, decree.SerializeToString())

    async def _ask(
        self,
        group: int,
        kind: pb.Request.Kind,
        node: str,
        timeout: float,
        data: bytes = b"",
        sort: bytes = HARMLESS,
    ) -> c.Refused | None:
        answer = Answer()
        self.host.request(group, kind, data, answer.put, node=node, timeout=timeout, sort=sort)
        self._thread.wake()
        return await answer.get()


async def _has(service: Service, id: str) -> bool:
    try:
        await service.describe(id)
    except e.NotFound:
        return False
    return True


def removed_text(node: str) -> str:
    return f"{node} was removed from the cluster: to join it anew, take another directory"


def moving_proof(secret: bytes, node: str, address: str) -> str:
    """With this, a node that is known says that it listens somewhere else now."""
    return "moved:" + hmac.new(secret, f"{node} {address}".encode(), "sha256").hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
