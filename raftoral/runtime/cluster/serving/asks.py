"""What a node's service asks of the cluster: the host, as it is now, and requests whose answers are awaited.

    asks.directory.nodes;  asks.here() == [1, 3]
    refused = await asks.propose(2, Retire("shop.Pay", 1))        committed, whether the group is here or not

In: groups, commands, decrees. Out: what became of them; `Unavailable` when nobody took them in time. On the engine's
loop. Never decides what is to be asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from raftoral.errors import Unavailable

from ...core import commands as c
from ...core.wire import command_bytes
from ...proto import peer_pb2 as pb
from ..directory import Directory
from ..engine import HostThread
from ..host import Host
from ..replica import HARMLESS
from .desks import ANSWER_S, Answer, host_of

ALIVE_S = 1.0  # a node that was heard of in this time lives


class Asks:
    def __init__(self, thread: HostThread) -> None:
        self.thread = thread

    @property
    def host(self) -> Host:
        """`Unavailable` while there is none."""
        return host_of(self.thread)

    @property
    def directory(self) -> Directory:
        """What this node knows of the cluster."""
        directory = self.host.directory
        if directory is None or not directory.cluster:
            raise Unavailable("this node does not know its cluster yet: it waits to be let in")
        return directory

    def groups(self) -> Sequence[int]:
        """The execution groups of the cluster."""
        return self.directory.open_groups

    def here(self) -> Sequence[int]:
        """Those of which this node is a member."""
        return [group for group in self.groups() if self.host.holds(group)]

    def lives(self, node: str) -> bool:
        """Whether a node was heard of a moment ago."""
        host = self.host
        return node == host.node or host.now - host.heard.get(node, float("-inf")) < ALIVE_S

    def is_up(self, node: str) -> bool:
        """Also of a node from which this one hears nothing, as they have no group in common: there is a link to it."""
        return self.lives(node) or node in self.host.linked

    async def propose(self, group: int, command: c.Command) -> c.Refused | None:
        """To a group, whether it is here or not."""
        return await self.ask(group, pb.Request.PROPOSE, data=command_bytes(command))

    async def decree(self, decree: pb.Decree) -> c.Refused | None:
        """To group 0."""
        return await self.ask(0, pb.Request.PROPOSE, data=decree.SerializeToString())

    async def ask(
        self,
        group: int,
        kind: pb.Request.Kind,
        node: str = "",
        timeout: float = ANSWER_S,
        *,
        data: bytes = b"",
        sort: bytes = HARMLESS,
    ) -> c.Refused | None:
        """Whatever a leader is asked."""
        answer = Answer()
        self.host.request(group, kind, data, answer.put, node=node, timeout=timeout, sort=sort)
        self.thread.wake()
        return await answer.get()
