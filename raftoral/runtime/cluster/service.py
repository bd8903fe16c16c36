"""What a node offers, over all its groups: requests find their group, and the cluster's own operations stand here.

In: the operations of `runtime.service`, on the engine's loop. Out: the same answers from any node. A run that is not
known here is looked for again once this node has caught up: it may have been started at another one a moment ago.
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

from raftoral import __version__, errors as e
from raftoral.program.probes import determinism_digest
from raftoral.program.steps import Definition

from ..calls.plain import DeskService
from ..calls.values import drawn_id
from ..core import commands as c
from ..desk import raise_refused
from ..edge.clock import Clock
from ..proto import peer_pb2 as pb
from ..resources import Resources
from ..service import JSON, Ended, Filters, Page, Source, Start
from .desks import ANSWER_S, Answer, GroupDesk, host_of
from .directory import DENIED
from .engine import HostThread
from .host import BRING, REMOVE, TRANSFER, Host
from .packages import ABI, Module, package_of
from .placing import home

log = logging.getLogger("raftoral")

PRUNE_LEAST_S, PRUNE_MOST_S = 0.1, 3600.0  # between two looks for runs that are too old
TOKEN_S = 3600
BRING_S = 60.0
LOOK_S = 0.02  # between two looks whether another node leads
ALIVE_S = 1.0  # a node that was heard of in this time lives


class NodeService:
    """See the module. Implements `Service`."""

    def __init__(
        self,
        thread: HostThread,
        clock: Clock,
        resources: Resources | None,
        compiled: Callable[[Sequence[Source]], Awaitable[tuple[Sequence[Module], Sequence[Definition]]]],
        *,
        needs_token: bool,
    ) -> None:
        self._thread = thread
        self._clock = clock
        self._resources = resources
        self._compiled = compiled
        self._needs_token = needs_token
        self._desks: dict[int, tuple[GroupDesk, DeskService]] = {}
        self._bringing: dict[str, asyncio.Task[None]] = {}
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
        tasks = [*self._bringing.values(), *([self._pruning] if self._pruning is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def look_again(self) -> None:
        """States may have been replaced: by a snapshot, or read anew from the disk."""
        for desk, _ in self._desks.values():
            desk.look_again()

    @property
    def host(self) -> Host:
        return host_of(self._thread)

    def groups(self) -> Sequence[int]:
        """The execution groups of the cluster."""
        directory = self.host.directory
        groups = directory.open_groups if directory is not None else []
        if not groups:
            raise e.Unavailable("this node does not know its cluster yet: it waits to be let in")
        return groups

    async def _find(self, id: str) -> DeskService:
        """The group that has a run."""
        groups = self.groups()
        first = home(id, groups)
        ordered = [first, *(group for group in groups if group != first)]
        for attempt in range(2):
            for group in ordered:
                desk, plain = self.desk(group)
                if desk.has(id):
                    return plain
            if attempt == 0:
                await self.desk(first)[0].catch_up()
        raise e.NotFound(f"there is no run {id!r}")

    # --- runs ------------------------------------------------------------------------------------------------

    async def start(self, start: Start) -> str:
        if self.shutting:
            raise e.Unavailable(self.shutting)
        start = start if start.id else replace(start, id=drawn_id())
        groups = self.groups()
        at = home(start.id, groups)
        # It may be there already: since before there were so many groups, or as a child of another run.
        known = [group for group in groups if group != at and self.desk(group)[0].has(start.id)]
        return await self.desk(known[0] if known else at)[1].start(start)

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
            return await self.desk(groups[0])[1].list(filters)
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
            page = await self.desk(group)[1].list(replace(filters, before=before))
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
        return sum([await self.desk(group)[1].count(filters) for group in self.groups()])

    async def delete_many(self, filters: Filters, force: bool) -> int:
        return sum([await self.desk(group)[1].delete_many(filters, force) for group in self.groups()])

    async def prune(self, older_than: float, status: Sequence[str]) -> int:
        return sum([await self.desk(group)[1].prune(older_than, status) for group in self.groups()])

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
            programs = self.desk(group)[0].programs
            retired = self.host.replicas[group].machine.retired
            lacking = [
                each
                for each in definitions
                if (known := programs.get(each.name, each.version)) is None
                or known.definition.digest != each.digest
                or (each.name, each.version) in retired
            ]
            new |= {(each.name, each.version) for each in lacking}
            if lacking and not dry:
                raise_refused(await self._submit(group, c.Deploy(package)))
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
            machine = self.desk(group)[0].engine.machine
            for (name, version), program in machine.programs.all().items():
                entry = shown.setdefault(
                    (name, version),
                    {
                        "workflow": name,
                        "version": version,
                        "digest": program.definition.digest,
                        "live": 0,
                        "nodes": [],
                        "retired": (name, version) in machine.retired,
                    },
                )
                entry["live"] += machine.live_of(name, version)
                needs = {activity.full_name for activity in program.uses()}
                entry["nodes"] = sorted(
                    node for node, each in machine.nodes.items() if each.up and needs <= each.activities
                )
        return [shown[key] for key in sorted(shown)]

    async def retire(self, workflow: str, version: int) -> None:
        for group in self.groups():
            raise_refused(await self._submit(group, c.Retire(workflow, version)))

    async def _submit(self, group: int, command: c.Command) -> c.Refused | None:
        return await self.desk(group)[0].engine.submit(command)

    # --- the cluster -----------------------------------------------------------------------------------------

    async def cluster(self) -> JSON:
        host = self.host
        directory = host.directory
        nodes = directory.nodes if directory is not None else {}
        machine = next((replica.machine for _, replica in sorted(host.replicas.items())), None)
        known = machine.nodes if machine is not None else {}
        owners = Counter(run.owner for replica in host.replicas.values() for run in replica.machine.runs.values())
        return {
            "cluster": directory.cluster if directory is not None else "",
            "node": host.node,
            "version": __version__,
            "nodes": [
                {
                    "node": name,
                    "address": nodes[name],
                    "up": name in known and known[name].up,
                    "here": name == host.node,
                    "activities": sorted(known[name].activities) if name in known else [],
                    "owned": owners[name],
                }
                for name in sorted(nodes)
            ],
            "groups": [self._group(host, group) for group in sorted({*host.logs, *host.broken})],
        }

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
        host = self.host
        directory = host.directory
        if directory is None or not directory.cluster:
            raise e.Unavailable("this node belongs to no cluster yet: ask another one")
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
        if node not in self._bringing:
            task = asyncio.ensure_future(self._bring(node))
            self._bringing[node] = task
            task.add_done_callback(lambda _: self._bringing.pop(node, None))
        return {
            **await self.discover(),
            "node": node,
            "secret": directory.state.secret.hex(),
        }

    def _lives(self, host: Host, node: str) -> bool:
        return host.now - host.heard.get(node, float("-inf")) < ALIVE_S

    async def _bring(self, node: str) -> None:
        """Makes a new node a member of all groups: once it listens, has the state, and says so."""
        for group in [0, *self.groups()]:
            try:
                await self._ask(group, BRING, node, BRING_S)
            except e.RaftoralError:
                return  # it asks again, here or at another node

    async def remove(self, node: str) -> None:
        directory = self.host.directory
        if directory is None or node not in directory.nodes:
            raise e.NotFound(f"there is no node {node!r}")
        if len(directory.nodes) == 1:
            raise e.UsageError(f"{node} is the last node: stop it, and take its data away")
        for group in self.groups():
            await self.hand_over(group, node)
        for group in [*self.groups(), 0]:
            await self._ask(group, REMOVE, node, ANSWER_S)
        raise_refused(await self._decree(pb.Decree(left=pb.Left(node=node))))

    async def hand_over(self, group: int, node: str) -> None:
        """The runs of a node go to others, and so does the lead."""
        known = self.host.replicas[group].machine.nodes.get(node)
        if known is not None and known.up:
            raise_refused(await self._submit(group, c.NodeDown(node, known.life)))

    async def transfer(self, group: int, node: str) -> None:
        host = self.host
        log = host.logs.get(group)
        if log is None:
            raise e.NotFound(f"there is no group {group} on this node")
        members = log.status().members
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
                    return
        if leader != node:
            raise e.Unavailable(f"group {group} is still led by {self.host.leader(group) or 'nobody'}: try again")

    async def make_group(self) -> JSON:
        directory = self.host.directory
        groups = self.groups()
        assert directory is not None
        number = max(directory.groups) + 1
        made = pb.GroupMade(group=number, members=sorted(directory.point.members))
        raise_refused(await self._decree(pb.Decree(group_made=made)))
        deadline = self.host.now + ANSWER_S
        while number not in self.host.replicas or not self.host.leader(number):
            if self.host.now > deadline:
                raise e.Unavailable(f"group {number} was made, and has no leader yet: ask for it again")
            await asyncio.sleep(LOOK_S)
        for package in self.host.replicas[groups[0]].packages():
            raise_refused(await self._submit(number, c.Deploy(package)))
        for name, version in sorted(self.host.replicas[groups[0]].machine.retired):
            raise_refused(await self._submit(number, c.Retire(name, version)))
        made.open = True
        raise_refused(await self._decree(pb.Decree(group_made=made)))
        return {"group": number}

    async def catch_up(self) -> None:
        await asyncio.gather(*(self.desk(group)[0].catch_up() for group in self.groups()))

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
        if host.directory is None or not host.directory.cluster:
            return "it waits to be let into a cluster"
        for group in [0, *host.directory.open_groups]:
            if group not in host.logs:
                return f"group {group} is not here yet"
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
        self, group: int, kind: pb.Request.Kind, node: str, timeout: float, data: bytes = b""
    ) -> c.Refused | None:
        answer = Answer()
        self.host.request(group, kind, data, answer.put, node=node, timeout=timeout)
        self._thread.wake()
        return await answer.get()


def removed_text(node: str) -> str:
    return f"{node} was removed from the cluster: to join it anew, take another directory"


def moving_proof(secret: bytes, node: str, address: str) -> str:
    """With this, a node that is known says that it listens somewhere else now."""
    return "moved:" + hmac.new(secret, f"{node} {address}".encode(), "sha256").hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
