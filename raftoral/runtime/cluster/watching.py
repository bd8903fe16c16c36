"""What a node tells those who look at it: metrics, traces, logs. Behind the port of `edge.observe`.

In: what each step brought, on the engine's loop. Out: hooks of observers, lines of logs. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..edge.observe import Calling, Inside, Life, Member, Moving, Observers
from ..links.peers.links import Peers
from ..ports import Row
from .engine import HostThread
from .host import Host, Step
from .replica import Replica


class NodeInside(Inside):
    """A node at this moment: its groups are what moves runs."""

    def __init__(
        self,
        thread: Callable[[], HostThread | None],
        calling: Callable[[], Calling | None],
        peers: Callable[[], Peers | None],
    ) -> None:
        super().__init__(self._groups, calling)
        self._thread, self._peers = thread, peers

    def _host(self) -> Host | None:
        thread = self._thread()
        return thread.host if thread is not None else None

    def _groups(self) -> Sequence[Moving]:
        host = self._host()
        return [] if host is None else [_Group(host, replica) for replica in list(host.replicas.values())]

    def links(self) -> Mapping[str, int]:
        peers = self._peers()
        return {} if peers is None else dict(peers.counted)

    def members(self) -> Sequence[Member]:
        host = self._host()
        if host is None:
            return ()
        statuses = [log.status() for log in list(host.logs.values())]
        return [
            Member(
                host.node,
                each.group,
                each.term,
                each.role == "leader",
                len(each.members),
                each.commit,
                each.applied,
                each.open,
            )
            for each in statuses
        ]


class _Group:
    """Implements `Moving`."""

    unknown: Sequence[Row] = ()

    def __init__(self, host: Host, replica: Replica) -> None:
        self._host = host
        self._replica = replica
        self.machine = replica.machine
        self.storage = replica.storage

    @property
    def waiting(self) -> int:
        return self._host.waiting(self._replica.group)

    @property
    def broken(self) -> Exception | None:
        why = self._host.broken.get(self._replica.group)
        return None if why is None else Exception(why)


class Watch:
    """Tells what steps bring."""

    def __init__(self, observers: Observers | None) -> None:
        self._observers = observers
        self._lives: dict[int, tuple[Replica, Life]] = {}

    def step(self, host: Host, step: Step, seconds: float) -> None:
        """On the engine's loop, behind what the step made true."""
        for group, row in step.rows:
            self._life(host, group).tell(row)
        for group, replica in host.replicas.items():
            self._life(host, group).seq = replica.machine.seq
        if self._observers is not None and step.commands:
            self._observers.committed(step.commands, seconds)

    def _life(self, host: Host, group: int) -> Life:
        replica = host.replicas[group]
        known = self._lives.get(group)
        if known is None or known[0] is not replica:  # it was read anew: what is in it was told
            known = self._lives[group] = replica, Life(replica.machine.seq, self._observers)
        return known[1]
