"""Who belongs to the cluster, and whose the groups are: nodes come and go, groups are made, filled and led.

    await membership.admit("d", "10.0.0.4:7001", token)        d is a node; who leads group 0 brings it into groups
    await membership.make_group(["c", "d", "e"])               decreed, given all programs, known to the others, opened

In: what operators and new nodes ask for, at any node. Out: decrees in group 0, changes of members in groups. A thing
that was begun and did not end is ended by asking for it again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from raftoral import errors as e

from ...core import commands as c
from ...desk import raise_refused
from ...edge.clock import Clock
from ...proto import peer_pb2 as pb
from ...service import JSON, Service
from ..directory import DENIED, MEMBERS_MAX, USUAL_SIZE, Directory
from ..host import BRING, REMOVE, TRANSFER
from ..replica import PLACES, groups_data
from .asks import ALIVE_S, Asks
from .desks import ANSWER_S

log = logging.getLogger("raftoral")

TOKEN_S = 3600
BRING_S = 60.0
TEND_S = 0.25  # between two looks whether groups have their members
TEND_ASK_S = 10.0  # for one node to be brought in, before the other groups are looked at; it is asked for again
FOUNDERS = 3  # of a group, in a cluster with many nodes
LOOK_S = 0.02  # between two looks whether another node leads


class Membership:
    """`of` gives what is offered of a group, here or by its members."""

    def __init__(
        self,
        asks: Asks,
        of: Callable[[int], Service],
        discover: Callable[[], Awaitable[JSON]],
        clock: Clock,
        *,
        needs_token: bool,
    ) -> None:
        self.asks = asks
        self._of = of
        self._discover = discover
        self._clock = clock
        self._needs_token = needs_token
        self._tending: asyncio.Task[None] | None = None

    async def admit(self, node: str, address: str, token: str) -> JSON:
        directory = self.asks.directory
        node = node or f"n-{secrets.token_hex(3)}"
        known = directory.nodes.get(node)
        was_here = token == moving_proof(directory.state.secret, node, address)
        if known is not None and was_here:
            token = ""
        elif known is not None and known != address and self.asks.lives(node):
            why = f"a node {node} lives at {known}: two nodes of one name would vote twice. Take another --node-id"
            raise e.AlreadyExists(why)
        elif self._needs_token and (not token or known is not None):
            why = "a join token is needed" if known is None else f"the name {node} is taken, by a node at {known}"
            raise e.Denied(f"{why}: make one with `raftoral cluster token`")
        decree = pb.Decree(admitted=pb.Admitted(node=node, address=address, token=_digest(token) if token else b""))
        refused = await self.asks.decree(decree)
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
            **await self._discover(),
            "nodes": nodes,
            "node": node,
            "secret": directory.state.secret.hex(),
            "groups": lacking,
        }

    def tend(self) -> None:
        """Sees to it that groups have their members, while this node leads group 0."""
        self._tending = asyncio.ensure_future(self._tend_on())

    async def close(self) -> None:
        """Stops that."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)

    async def _tend_on(self) -> None:
        while True:
            await asyncio.sleep(TEND_S)
            host = self.asks.thread.host
            directory = host.directory if host is not None else None
            if host is None or directory is None or not host.leads(0):
                continue
            await self.look(directory)

    async def look(self, directory: Directory) -> None:
        """Brings a node into each group that has too few members."""
        for group in (0, *sorted(directory.groups)):
            node = self.wanted(directory, group) if directory.lacks(group) else ""
            if not node:
                continue
            try:
                await self.asks.ask(group, BRING, node, TEND_ASK_S)
            except e.RaftoralError as error:
                log.info("%s is not a member of group %s yet: %s", node, group, error)

    def wanted(self, directory: Directory, group: int) -> str:
        """Who is brought into a group that has too few members: of the nodes that live, one in the fewest groups."""
        members = directory.members(group)
        able = [name for name in directory.staying if name not in members and self.asks.lives(name)]
        held = Counter(name for each in (0, *directory.groups) for name in directory.members(each))
        return min(able, key=lambda name: (held[name], name), default="")

    async def remove(self, node: str) -> None:
        directory = self.asks.directory
        if node not in directory.nodes:
            raise e.NotFound(f"there is no node {node!r}")
        if len(directory.nodes) == 1:
            raise e.UsageError(f"{node} is the last node: stop it, and take its data away")
        raise_refused(await self.asks.decree(pb.Decree(leaving=pb.Leaving(node=node))))
        for group in (*sorted(directory.groups), 0):
            await self._take_out(group, node)
        raise_refused(await self.asks.decree(pb.Decree(left=pb.Left(node=node))))

    async def _take_out(self, group: int, node: str) -> None:
        """From one group: its runs there go to others, and so does the lead."""
        host = self.asks.host
        here = host.holds(group)
        members = host.logs[group].status().members if here else self.asks.directory.members(group)
        if node not in members:
            return
        if here and group:
            await self.hand_over(group, node)
        if here and host.leader(group) == node:
            await self.transfer(group, "")
        await self.asks.ask(group, REMOVE, node)

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        directory = self.asks.directory
        if group not in directory.groups:
            there = ", ".join(map(str, sorted(directory.groups)))
            raise e.NotFound(f"there is no group {group} of runs; there are: {there}")
        if node not in directory.nodes:
            raise e.NotFound(f"there is no node {node!r}")
        if not self.asks.host.holds(group):  # who the members are is known to them at once, to others a moment later
            return await self._of(group).change_group(group, node, member)
        members = self.asks.host.logs[group].status().members
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
                await self.asks.ask(group, BRING, node, BRING_S)
                await self._until_said(group, node)
            raise_refused(await self.asks.decree(sized))
            if not member:
                await self._take_out(group, node)
        return {"group": group, "members": sorted(after)}

    async def _until_said(self, group: int, node: str) -> None:
        """A group's leader says in the directory that a node is a member now."""
        deadline = self.asks.host.now + ANSWER_S
        while node not in self.asks.directory.members(group) and self.asks.host.now < deadline:
            await asyncio.sleep(LOOK_S)

    async def hand_over(self, group: int, node: str) -> None:
        """The runs of a node go to others, and so does the lead."""
        known = self.asks.host.replicas[group].machine.nodes.get(node)
        if known is not None and known.up:
            raise_refused(await self.asks.propose(group, c.NodeDown(node, known.life)))

    async def transfer(self, group: int, node: str) -> None:
        host = self.asks.host
        if group != 0 and group not in self.asks.directory.groups:
            raise e.NotFound(f"there is no group {group}")
        if not host.holds(group):
            return await self._of(group).transfer(group, node)
        members = host.logs[group].status().members
        leader = host.leader(group)
        if node and node not in members:
            raise e.NotFound(f"{node!r} is no member of group {group}: {', '.join(sorted(members))}")
        alive = [name for name in sorted(members - {leader}) if self.asks.lives(name)]
        for target in [node] if node else alive:
            host.request(group, TRANSFER, node=target, timeout=ALIVE_S)
            self.asks.thread.wake()
            for _ in range(100):
                await asyncio.sleep(LOOK_S)
                if self.asks.host.leader(group) == target:
                    return None
        if leader != node:
            raise e.Unavailable(f"group {group} is still led by {self.asks.host.leader(group) or 'nobody'}: try again")
        return None

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        directory = self.asks.directory
        groups, here = self.asks.groups(), self.asks.here()
        if not here:  # the programs that a new group begins with are on others
            return await self._of(groups[0]).make_group(members)
        members = self._founders(directory, members)
        # One that was made and never opened is ended, and not left behind.
        left = [group for group in sorted(directory.groups) if group not in groups]
        number = left[0] if left else max(directory.groups) + 1
        # Its size with it: a group that is smaller than usual would be given others, until that is said.
        size = 0 if len(members) in (USUAL_SIZE, len(directory.staying)) else len(members)
        made = pb.GroupMade(group=number, members=members, size=size)
        if not left:
            raise_refused(await self.asks.decree(pb.Decree(group_made=made)))
        known = self.asks.host.replicas[here[0]]
        try:
            for package in known.packages():
                raise_refused(await self.asks.propose(number, c.Deploy(package)))
            for name, version in sorted(known.machine.retired):
                raise_refused(await self.asks.propose(number, c.Retire(name, version)))
        except e.Unavailable as error:
            raise e.Unavailable(f"group {number} was made, and is not ready yet: ask for it again ({error})") from None
        # Before anybody places a run there, all others must refuse it.
        for group in (*groups, number):
            data = groups_data((*groups, number))
            raise_refused(await self.asks.ask(group, pb.Request.PROPOSE, data=data, sort=PLACES))
        made.open = True
        raise_refused(await self.asks.decree(pb.Decree(group_made=made)))
        for package in known.packages():  # one that was deployed meanwhile, by whoever did not know this group yet
            raise_refused(await self.asks.propose(number, c.Deploy(package)))
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
        alive = [name for name in staying if self.asks.is_up(name)]
        return sorted(sorted(alive, key=lambda name: (held[name], name))[:FOUNDERS])

    async def token(self) -> str:
        token = secrets.token_urlsafe(24)
        directory = self.asks.host.directory
        now = directory.now if directory is not None else 0
        until = max(now, self._clock.now()) + TOKEN_S * 1_000_000
        raise_refused(await self.asks.decree(pb.Decree(token_made=pb.TokenMade(token=_digest(token), until=until))))
        return token


def removed_text(node: str) -> str:
    return f"{node} was removed from the cluster: to join it anew, take another directory"


def moving_proof(secret: bytes, node: str, address: str) -> str:
    """With this, a node that is known says that it listens somewhere else now."""
    return "moved:" + hmac.new(secret, f"{node} {address}".encode(), "sha256").hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
