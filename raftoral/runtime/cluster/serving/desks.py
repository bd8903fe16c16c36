"""The runs of one group on this node, as a desk and its callers see them. Lives on the engine's loop.

desk = GroupDesk(thread, group, clock, resources)
refused = await desk.engine.submit(Signal(...), key)      committed, and applied here
"""

from __future__ import annotations

import asyncio

from raftoral.errors import RaftoralError, Unavailable

from ...core import commands as c
from ...core.machine import Machine
from ...core.programs import Programs
from ...desk import Desk
from ...edge.clock import Clock
from ...ports import Storage
from ...resources import Resources
from ..engine import HostThread
from ..host import READ, Host, Outcome
from ..replica import MISPLACED, Replica

ANSWER_S = 8.0  # that a request may take to be committed; less than callers wait, so that they hear why it was not


class Misplaced(Exception):
    """A start came to a group after an entry that says that it belongs to another one."""


class GroupRuns:
    """Implements `desk.Runs`."""

    def __init__(self, thread: HostThread, group: int, replica: Replica) -> None:
        self._thread = thread
        self._group = group
        self._replica = replica

    @property
    def machine(self) -> Machine:
        return self._replica.machine

    @property
    def storage(self) -> Storage:
        return self._replica.storage

    async def submit(self, command: c.Command, key: str = "") -> c.Refused | None:
        host = host_of(self._thread)
        if isinstance(command, c.StartRun) and not command.owner:
            command = command._replace(owner=host.node)
        answer = Answer()
        host.submit(self._group, command, answer.put, key=key, timeout=ANSWER_S)
        self._thread.wake()
        refused = await answer.get()
        if refused is not None and refused.code == MISPLACED:
            raise Misplaced(refused.message)
        return refused

    async def settled(self) -> None:
        """What memory says was committed by a majority: there is nothing to wait for."""


class GroupDesk(Desk):
    def __init__(self, thread: HostThread, group: int, clock: Clock, resources: Resources | None) -> None:
        super().__init__(Programs(), clock, resources)
        self._thread = thread
        self.group = group
        self._seen: Replica | None = None

    @property
    def engine(self) -> GroupRuns:
        """The group's runs as they are here; `Unavailable` when there is nothing to look at."""
        return GroupRuns(self._thread, self.group, replica_of(self._thread, self.group))

    @property
    def programs(self) -> Programs:
        """The workflows that this group knows."""
        return replica_of(self._thread, self.group).programs

    def has(self, id: str) -> bool:
        """Whether the group knows a run, as far as this node does."""
        replica = replica_of(self._thread, self.group)
        return id in replica.machine.runs or replica.storage.row(id) is not None

    def moved(self, id: str, status: str) -> None:
        """A run changed: wakes those who wait for its end, tells those who watch."""
        self._moved(id, status)

    def look_again(self) -> None:
        """Tells those who wait what they could not see: a state that was replaced moved without a word."""
        replica = None if self._thread.host is None else self._thread.host.replicas.get(self.group)
        if replica is None or replica is self._seen:
            return
        self._seen = replica
        for id in {*self._waiters, *self._watchers}:
            row = replica.storage.row(id)
            if row is not None:
                self._moved(id, row.status)

    async def catch_up(self) -> None:
        """Returns when this node's state is as new as that of the leader was at the call."""
        answer = Answer()
        host = host_of(self._thread)
        host.request(self.group, READ, done=answer.put, timeout=ANSWER_S)
        self._thread.wake()
        await answer.get()
        if not host.holds(self.group):
            # It was taken out meanwhile: what a leader said of its group says nothing of the state that is left here.
            raise Unavailable(f"{host.node} is no member of group {self.group} any more: ask another node")


class Answer:
    """What a host will say, to be awaited."""

    def __init__(self) -> None:
        self._future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def put(self, outcome: Outcome) -> None:
        if not self._future.done():
            self._future.set_result(outcome)

    async def get(self) -> c.Refused | None:
        outcome = await self._future
        if isinstance(outcome, RaftoralError):
            raise outcome
        return outcome


def host_of(thread: HostThread) -> Host:
    """The host that lives in a thread; `Unavailable` while there is none."""
    if thread.host is None:
        raise Unavailable(f"this node stands still: {thread.broken or 'it has not begun'}. Ask another one")
    return thread.host


def replica_of(thread: HostThread, group: int) -> Replica:
    host = host_of(thread)
    if group in host.broken:
        raise Unavailable(f"group {group} stands still on {host.node}: {host.broken[group]}. Ask another node")
    replica = host.replicas.get(group)
    if replica is None:
        raise Unavailable(f"group {group} is not on {host.node}: ask another node")
    return replica
