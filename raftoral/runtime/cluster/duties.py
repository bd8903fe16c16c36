"""What a node looks after by itself, several times a second: that it is known, who is dead, which states are synced.

    duties.do()         asked in each look of the host: requests go out, jobs are wanted, groups are made and let go

Each member says to its groups that it is there. A leader says who is gone, has states compared, and says in the
directory who the members of its group are. In: the host, as it is now. Out: requests of the host, its jobs. A duty that
waits for its answer is not done again before that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..consensus.log import ReplicatedLog
from ..core import commands as c
from ..proto import peer_pb2 as pb
from .directory import Directory
from .replica import COMPARE, Replica

if TYPE_CHECKING:
    from ..consensus.journal import Point
    from .host import Host

SYNC_S = 2.0  # between two syncs of states, after which logs may be cut
COMPARE_ENTRIES = 2_000  # of a group's log, between two comparisons of states


class Stands(Protocol):
    """Where the state of a group stands."""

    point: Point
    applied: int

    @property
    def kept(self) -> int: ...


class Duties:
    def __init__(self, host: Host, down_after: float) -> None:
        self.announced: dict[int, bytes] = {}  # group -> the request with which this node says that it is there
        self.buried: dict[tuple[int, str], bytes] = {}
        self.leads_since: dict[int, float] = {}
        self._host = host
        self._down_after = down_after
        self._compared: dict[int, int] = {}
        self._said: dict[int, bytes] = {}  # group -> the request with which its leader says who its members are
        self._synced: dict[int, int] = {}
        self._sync_at = 0.0

    def do(self) -> None:
        host = self._host
        syncing = host.now >= self._sync_at
        if syncing:
            self._sync_at = host.now + SYNC_S
        for group, replica in list(host.replicas.items()):
            log = host.logs.get(group)
            if log is None:
                continue
            if host.was_taken_out(group, replica):
                host.let_go(group)
                continue
            self._announce(group, replica)
            if syncing:
                self._sync(group, replica)
            if host.leads(group):
                self._bury(group, replica, log)
                self._compare(group, replica, log)
                self._say_members(group, replica)
        directory = host.directory
        if directory is not None:
            if syncing and 0 in host.logs:
                self._sync(0, directory)
            if host.leads(0):
                self._say_members(0, directory)
                host.following.tell(directory)
            self.make_groups(directory)
        host.carriage.offer_again()

    # --- of each node ----------------------------------------------------------------------------------------

    def _sync(self, group: int, state: Stands) -> None:
        job = ("sync", group)
        if state.kept > self._synced.get(group, 0) and job not in self._host.jobs:
            self._host.jobs.append(job)

    def synced(self, group: int, index: int) -> None:
        """A job is done: the state is durable up to this index, and the log may forget earlier entries."""
        log = self._host.logs.get(group)
        if log is not None and index <= log.status().applied:
            self._synced[group] = index
            log.durable(index)

    def _announce(self, group: int, replica: Replica) -> None:
        """This node says that it is there, and what it can do, whenever the group does not know that."""
        host = self._host
        if host.leaving or host.is_waiting(self.announced.get(group)):
            return
        host.outlive(group, replica)
        if not host.is_known(group) and host.node in replica.point.members:
            up = c.NodeUp(host.node, host.life_in(group), host.activities(replica))
            self.announced[group] = host.submit(group, up)

    def make_groups(self, directory: Directory) -> None:
        """Groups that were decreed, with this node among their first members. One that has said who its members are
        exists already: who hears of both at once has never had a log of it, nor a vote, and is filled by its leader."""
        host = self._host
        for group, members in directory.groups.items():
            if host.has_begun(group):
                continue
            if host.node in members and not directory.said_at(group):
                host.found(group, members)
            elif host.node in members and host.node in directory.members(group):
                host.wait_for(group)

    # --- of a leader -----------------------------------------------------------------------------------------

    def _bury(self, group: int, replica: Replica, log: ReplicatedLog) -> None:
        """The leader says that a node is gone which it has not heard for long: in this group, as the node may live on
        in others."""
        host = self._host
        since = self.leads_since.get(group, host.now)
        for name, each in replica.machine.nodes.items():
            silent = host.now - max(since, log.heard(name))
            gone = silent >= self._down_after or name not in replica.point.members
            if not each.up or name == host.node or not gone:
                continue
            if not host.is_waiting(self.buried.get((group, name))):
                self.buried[group, name] = host.submit(group, c.NodeDown(name, each.life))

    def _compare(self, group: int, replica: Replica, log: ReplicatedLog) -> None:
        if replica.applied - self._compared.get(group, 0) >= COMPARE_ENTRIES:
            self._compared[group] = replica.applied
            data = replica.comparable
            if data is not None:
                log.propose(data, COMPARE + f"{self._host.node}.{replica.applied}".encode()[:60])

    def _say_members(self, group: int, state: Stands) -> None:
        """Who the members are stands in the directory, for those that are none."""
        directory, members = self._host.directory, state.point.members
        if directory is None or not directory.cluster or self._host.is_waiting(self._said.get(group)):
            return
        if directory.members(group) != members or not directory.said_at(group):
            now = pb.GroupNow(group=group, members=sorted(members), at=state.applied)
            decree = pb.Decree(group_now=now).SerializeToString()
            self._said[group] = self._host.request(0, pb.Request.PROPOSE, decree)
