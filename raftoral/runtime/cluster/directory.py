"""The state of group 0: who belongs to the cluster, where they listen, which groups there are.

    directory.apply(Applied(...))     ->    directory.nodes == {"a": "127.0.0.1:7001", ...}

In: decrees from the log. Out: the same map on every node. No per-run state: its size grows with nodes and groups alone.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError

from ..consensus.journal import BEGINNING, Point
from ..consensus.log import Applied
from ..core.commands import Refused
from ..core.wire import Unreadable
from ..ports import Changes, Storage
from ..proto import log_pb2 as log, peer_pb2 as pb
from .replica import PLACE, Came

STATE = "directory"
NODES_MAX = 7  # of one cluster: every node votes in every group for now
TOKENS_MAX = 100
REFUSED = "refused"
DENIED = "denied"


class Directory:
    """Implements what a host needs of the state of a group."""

    group = 0

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        meta = storage.meta()
        place = log.Place.FromString(meta.get(PLACE, b""))
        self.point = Point(place.index, place.term, frozenset(place.members)) if place.index else BEGINNING
        self.applied = self.kept = place.index
        self.now = place.time
        self.state = pb.Directory.FromString(meta.get(STATE, b""))

    @property
    def cluster(self) -> str:
        """The id of the cluster; empty before this node knows it."""
        return self.state.cluster

    @property
    def nodes(self) -> dict[str, str]:
        """Addresses of nodes by name."""
        return {each.node: each.address for each in self.state.nodes}

    @property
    def groups(self) -> dict[int, frozenset[str]]:
        """Execution groups, with those that made them; members of now are in the groups themselves."""
        return {each.group: frozenset(each.members) for each in self.state.groups}

    @property
    def open_groups(self) -> list[int]:
        """Those in which runs are placed."""
        return sorted(each.group for each in self.state.groups if each.open)

    def apply(self, entry: Applied) -> Came:
        """The next entry."""
        if entry.index <= self.applied:
            return Came([], ())
        self.now = max(self.now, entry.time)
        answers: list[tuple[bytes, Refused | None]] = []
        for request_id, data in entry.batch:
            try:
                decree = pb.Decree.FromString(data)
            except DecodeError as error:
                raise Unreadable(f"a decree cannot be read: {error}") from None
            answers.append((request_id, self._do(decree)))
        members = entry.members if entry.members is not None else self.point.members
        self.point = Point(entry.index, entry.term, members)
        self.applied = self.kept = entry.index
        place = log.Place(index=entry.index, term=entry.term, time=self.now, members=sorted(members))
        facts = {PLACE: place.SerializeToString(), STATE: self.state.SerializeToString(deterministic=True)}
        self.storage.commit(Changes(meta=facts))
        return Came(answers, ())

    def _do(self, decree: pb.Decree) -> Refused | None:
        match decree.WhichOneof("body"):
            case "founded":
                return self._founded(decree.founded)
            case "admitted":
                return self._admitted(decree.admitted)
            case "left":
                self._put({name: at for name, at in self.nodes.items() if name != decree.left.node})
                return None
            case "group_made":
                known = next((each for each in self.state.groups if each.group == decree.group_made.group), None)
                if known is None:
                    self.state.groups.append(decree.group_made)
                else:
                    known.open = known.open or decree.group_made.open
                return None
            case "token_made":
                self._forget_tokens()
                if len(self.state.tokens) >= TOKENS_MAX:
                    return Refused(REFUSED, f"{TOKENS_MAX} tokens are unused: wait until some are over")
                self.state.tokens.append(decree.token_made)
                return None
            case other:
                raise Unreadable(f"a decree of kind {other}: a newer node wrote it")

    def _founded(self, founded: pb.Founded) -> Refused | None:
        if not self.cluster:
            self.state.cluster, self.state.secret = founded.cluster, founded.secret
            self._put({founded.node: founded.address})
            for group in founded.groups:
                self.state.groups.append(pb.GroupMade(group=group, members=[founded.node], open=True))
        return None

    def _admitted(self, admitted: pb.Admitted) -> Refused | None:
        nodes = self.nodes
        if admitted.node in nodes:
            if nodes[admitted.node] != admitted.address:
                nodes[admitted.node] = admitted.address
                self._put(nodes)
            return None
        taken = [name for name, address in nodes.items() if address == admitted.address]
        if taken:
            why = f"the address {admitted.address} is that of the node {taken[0]}: remove that one first, if it is gone"
            return Refused(REFUSED, why)
        if len(nodes) >= NODES_MAX:
            return Refused(REFUSED, f"the cluster has {NODES_MAX} nodes, and no more: remove one first")
        if admitted.token:
            self._forget_tokens()
            left = [each for each in self.state.tokens if each.token != admitted.token]
            if len(left) == len(self.state.tokens):
                why = "the join token is unknown, was used, or is over: make one with `raftoral cluster token`"
                return Refused(DENIED, why)
            del self.state.tokens[:]
            self.state.tokens.extend(left)
        nodes[admitted.node] = admitted.address
        self._put(nodes)
        return None

    def _put(self, nodes: dict[str, str]) -> None:
        del self.state.nodes[:]
        self.state.nodes.extend(pb.Member(node=name, address=nodes[name]) for name in sorted(nodes))

    def _forget_tokens(self) -> None:
        left = [each for each in self.state.tokens if each.until > self.now]
        del self.state.tokens[:]
        self.state.tokens.extend(left)
