"""The state of group 0: who belongs to the cluster, where they listen, which groups there are, and whose they are.

    directory.apply(Applied(...))     ->    directory.nodes == {"a": "127.0.0.1:7001", ...}
    directory.follow(41, 3, state)          the same on a node that has no vote in group 0: it is told

In: decrees from the log, or what a voter says. Out: the same map on every node. No per-run state: its size grows with
nodes and groups alone.
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
FOLLOWED = "followed"  # the fact that says how far it was told
NODES_MAX = 100  # of one cluster: each is linked with each other one
USUAL_SIZE = 5  # members that a group is kept at, if there are as many nodes: two may fail
MEMBERS_MAX = 7
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
        followed = log.Place.FromString(meta.get(FOLLOWED, b""))
        self.followed = (followed.term, followed.index)
        self._look()

    def _look(self) -> None:
        """What is asked for each request, ready to be given."""
        groups = {each.group: each for each in self.state.groups}
        said = {0: self.state.voters, **{group: each.now for group, each in groups.items()}}
        self._members = {
            group: frozenset(now.members or (groups[group].members if group else ())) for group, now in said.items()
        }
        self._said_at = {group: now.at for group, now in said.items()}
        self._sizes = {group: each.size or USUAL_SIZE for group, each in groups.items()}

    @property
    def known(self) -> int:
        """How much of the log of group 0 it holds: applied, or told."""
        return max(self.applied, self.followed[1])

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
        """Execution groups, with those that made them."""
        return {each.group: frozenset(each.members) for each in self.state.groups}

    @property
    def staying(self) -> list[str]:
        """The nodes that are not about to be taken out."""
        return [each.node for each in self.state.nodes if not each.leaving]

    def members(self, group: int) -> frozenset[str]:
        """The members of a group, as its leader said last; at first those that made it."""
        return self._members.get(group, frozenset())

    def said_at(self, group: int) -> int:
        """The place in a group's log for which its members were said; 0: they were not yet."""
        return self._said_at.get(group, 0)

    def size(self, group: int) -> int:
        """How many members a group is kept at, if there are as many nodes."""
        return self._sizes.get(group, USUAL_SIZE)

    def lacks(self, group: int) -> bool:
        """Whether a group has fewer members than it should, and there are nodes that could be."""
        return len(self.members(group)) < min(self.size(group), len(self.staying))

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
        self._look()
        return Came(answers, ())

    def follow(self, index: int, term: int, state: pb.Directory) -> bool:
        """What a voter says, on a node that has no vote in group 0. False: it is known already."""
        if (term, index) <= self.followed or self.point.index:
            return False
        self.followed = term, index
        self.state.CopyFrom(state)
        facts = {FOLLOWED: log.Place(index=index, term=term).SerializeToString(), STATE: state.SerializeToString()}
        self.storage.commit(Changes(meta=facts))
        self._look()
        return True

    def _do(self, decree: pb.Decree) -> Refused | None:
        match decree.WhichOneof("body"):
            case "founded":
                return self._founded(decree.founded)
            case "admitted":
                return self._admitted(decree.admitted)
            case "left":
                self._put({name: at for name, at in self.nodes.items() if name != decree.left.node})
                return None
            case "leaving":
                for each in self.state.nodes:
                    each.leaving = each.leaving or each.node == decree.leaving.node
                return None
            case "group_now":
                self._group_now(decree.group_now)
                return None
            case "group_sized":
                return self._group_sized(decree.group_sized)
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
            for each in self.state.nodes:
                if each.node == admitted.node:
                    each.address = admitted.address
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

    def _group_now(self, now: pb.GroupNow) -> None:
        known = [self.state.voters] if now.group == 0 else [x.now for x in self.state.groups if x.group == now.group]
        for each in known:
            if now.at > each.at:
                each.CopyFrom(now)

    def _group_sized(self, sized: pb.GroupSized) -> Refused | None:
        if not 0 <= sized.size <= MEMBERS_MAX:
            return Refused(REFUSED, f"a group has 1 to {MEMBERS_MAX} members, not {sized.size}")
        for each in self.state.groups:
            if each.group == sized.group:
                each.size = sized.size
                return None
        return Refused(REFUSED, f"there is no group {sized.group} of runs")

    def _put(self, nodes: dict[str, str]) -> None:
        leaving = {each.node for each in self.state.nodes if each.leaving}
        del self.state.nodes[:]
        for name in sorted(nodes):
            self.state.nodes.append(pb.Member(node=name, address=nodes[name], leaving=name in leaving))

    def _forget_tokens(self) -> None:
        left = [each for each in self.state.tokens if each.until > self.now]
        del self.state.tokens[:]
        self.state.tokens.extend(left)
