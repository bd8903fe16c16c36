"""Operators of the simulated cluster: nodes are brought in and removed, groups of runs are made.

    operators.found()           the directory learns of the cluster
    operators.bring()           a new node with an empty log, brought into all groups
    operators.remove(node)      a member leaves all groups, and its process ends for good
    operators.make_group()      one more group, decreed in group 0, given all programs, then opened

Each keeps asking, some node and then another, until it is done, also when the world heals meanwhile. In: what faults
strike. Out: members and groups of the world. Never reaches into a host but through the calls that an operator has.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from raftoral.runtime.cluster.host import BRING, PROPOSE, READ, REMOVE, TRANSFER, Host, Outcome
from raftoral.runtime.core import commands as c
from raftoral.runtime.proto import peer_pb2 as pb

if TYPE_CHECKING:
    from .clients import Request
    from .node import Node
    from .world import World

NODES_MAX = 6
MEMBERS_MIN = 2
GROUPS_MAX = 4  # of runs
AGAIN_S = 2.0  # until somebody else is asked
PATIENCE_S = 1.9


class Operators:
    def __init__(self, world: World) -> None:
        self._world = world
        self._making = 0  # the group that is being made
        self._is_founded = False

    @property
    def busy(self) -> bool:
        """Something that was begun is not done yet."""
        return bool(self._making or self._world.coming_into or self._world.going)

    def _members_up(self, without: str = "") -> list[Node]:
        nodes = self._world.nodes
        coming = self._world.coming
        return [node for name, node in sorted(nodes.items()) if node.up and name != without and name not in coming]

    # --- the directory ---------------------------------------------------------------------------------------------

    def found(self) -> None:
        """The directory knows the cluster, and from then on its groups say in it who their members are."""
        world = self._world
        first = min(world.nodes)
        founded = pb.Founded(cluster="simulated", node=first, address=first, secret=b"", groups=world.groups[1:])
        self._admit_behind(world.clients.ask(pb.Decree(founded=founded), 0))

    def _admit_behind(self, founded: Request) -> None:
        if founded.answered is None:
            self._world.after(0.1, self._admit_behind, founded)
            return
        self._is_founded = True
        for name in self._world.members:
            self._admit(name)

    def _admit(self, name: str) -> None:
        self._world.clients.ask(pb.Decree(admitted=pb.Admitted(node=name, address=name)), 0)

    # --- nodes come ------------------------------------------------------------------------------------------------

    def bring(self) -> None:
        """A new node, with an empty log. Whoever it asked keeps trying until it is a member."""
        world = self._world
        if self._making or len(world.coming) > 1 or len(world.members) >= NODES_MAX:
            return
        fresh = world.new_node(joins=True)
        fresh.start()
        if self._is_founded:
            self._admit(fresh.name)
        for group in world.groups:
            self.want(group, fresh.name)

    def want(self, group: int, name: str) -> None:
        """Some node is asked to bring another one into a group."""
        world = self._world
        if (group, name) not in world.coming_into:
            return
        world.after(AGAIN_S, self.want, group, name)
        asked = self._members_up()
        host = world.network.chance.choice(asked).host if asked else None
        if host is not None:
            host.request(group, BRING, node=name, done=partial(self._brought, group, name), timeout=PATIENCE_S)
            world.nodes[host.node].wake(world.now)

    def _brought(self, group: int, name: str, outcome: Outcome) -> None:
        world = self._world
        if outcome is None and (group, name) in world.coming_into:
            world.coming_into.discard((group, name))
            world.count("brought")

    # --- nodes go --------------------------------------------------------------------------------------------------

    def remove(self, node: Node) -> None:
        """A member is to leave, of all groups; then its process ends for good."""
        world = self._world
        if self._making or world.going or node.name in world.coming:
            return
        if len(world.members) - len(world.coming) <= MEMBERS_MIN:
            return
        world.going = {(group, node.name) for group in world.groups}
        for group in world.groups:
            self._wish_away(group, node.name)

    def _wish_away(self, group: int, name: str) -> None:
        """Some node is asked to remove another one."""
        world = self._world
        if (group, name) not in world.going:
            return
        world.after(AGAIN_S, self._wish_away, group, name)
        others = self._members_up(without=name)
        if not others:
            return
        node = world.network.chance.choice(others)
        assert node.host is not None
        if node.host.leader(group) == name:  # the leader cannot remove itself
            node.host.request(group, TRANSFER, node=node.name, timeout=0.5)
        node.host.request(group, REMOVE, node=name, done=partial(self._removed, group, name), timeout=PATIENCE_S)
        node.wake(world.now)

    def _removed(self, group: int, name: str, outcome: Outcome) -> None:
        world = self._world
        if outcome is not None:
            return
        world.going.discard((group, name))
        if not world.going and not world.nodes[name].retired:
            world.count("removed")
            world.nodes[name].crash(power=False)
            world.nodes[name].retired = True
            if self._is_founded:
                world.clients.ask(pb.Decree(left=pb.Left(node=name)), 0)

    # --- groups come -----------------------------------------------------------------------------------------------

    def make_group(self) -> None:
        """One more group of runs, founded by one node or by all: while it is made, nobody comes or goes."""
        world = self._world
        if not self.busy and not world.healed and len(world.groups) <= GROUPS_MAX:
            self._making = max(world.groups) + 1
            self._want_group(self._making)

    def _want_group(self, number: int) -> None:
        """Some node is asked for it. It may be behind: what it knows of members must not be older than the question."""
        world = self._world
        if number in world.groups:
            return
        world.after(AGAIN_S, self._want_group, number)
        asked = self._members_up()
        host = world.network.chance.choice(asked).host if asked else None
        if host is not None:
            host.request(0, READ, done=partial(self._decree, number, host), timeout=PATIENCE_S)
            world.nodes[host.node].wake(world.now)

    def _decree(self, number: int, host: Host, outcome: Outcome) -> None:
        if outcome is None and host.directory is not None:
            # One founder and the others brought in, or all at once: one of those may be away while the group begins.
            founders = [host.node] if number % 2 else sorted(host.directory.point.members)
            made = pb.GroupMade(group=number, members=founders)
            data = pb.Decree(group_made=made).SerializeToString()
            host.request(0, PROPOSE, data, done=partial(self._decreed, number, host), timeout=PATIENCE_S)
            self._world.nodes[host.node].wake(self._world.now)

    def _decreed(self, number: int, host: Host, outcome: Outcome) -> None:
        """It is there. It gets the programs of the others, and knows which of them are retired."""
        world = self._world
        if outcome is not None or number in world.groups or world.groups[1] in host.broken:
            return
        world.groups.append(number)
        founders = host.directory.groups[number] if host.directory is not None else ()
        world.coming_into |= {(number, name) for name in world.members if name not in founders}
        for name in world.members:
            self.want(number, name)
        first = host.replicas[world.groups[1]]
        wishes: list[c.Command] = [c.Deploy(package) for package in first.packages()]
        wishes += [c.Retire(name, version) for name, version in sorted(first.machine.retired)]
        requests = [world.clients.ask(wish, number) for wish in wishes]

        def look() -> None:
            if all(request.answered is not None for request in requests):
                self._making = 0
                world.open_groups.append(number)
                world.count("groups made")
            else:
                world.after(0.1, look)

        look()
