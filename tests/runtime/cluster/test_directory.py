"""The state of group 0: who is in the cluster, and who may come."""

from __future__ import annotations

import pytest

from raftoral.runtime.cluster.directory import NODES_MAX, Directory
from raftoral.runtime.consensus.entries import Proposal
from raftoral.runtime.consensus.log import Applied
from raftoral.runtime.core.commands import Refused
from raftoral.runtime.core.wire import Unreadable
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.proto import peer_pb2 as pb


class Group:
    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.directory = Directory(self.storage)
        self.time = 1_000_000

    def do(self, **body: object) -> Refused | None:
        """One entry. Then the state is read again, as after a crash."""
        decree = pb.Decree(**body).SerializeToString()  # type: ignore[arg-type]
        entry = Applied(0, self.directory.applied + 1, 1, self.time, [Proposal(b"h1", decree)], None)
        [(_, answer)] = self.directory.apply(entry).answers
        again = Directory(self.storage)
        assert again.state == self.directory.state and again.point == self.directory.point
        self.directory = again
        return answer


@pytest.fixture
def group() -> Group:
    group = Group()
    group.do(founded=pb.Founded(cluster="c", node="a", address="a:1", secret=b"s", groups=[1, 2]))
    return group


def test_founding_happens_once(group: Group) -> None:
    group.do(founded=pb.Founded(cluster="other", node="b", address="b:1", secret=b"t", groups=[1]))
    assert (group.directory.cluster, group.directory.nodes) == ("c", {"a": "a:1"})
    assert group.directory.groups == {1: {"a"}, 2: {"a"}}


def test_a_group_is_made_and_then_opened(group: Group) -> None:
    assert group.directory.open_groups == [1, 2]
    group.do(group_made=pb.GroupMade(group=3, members=["a"]))
    assert (sorted(group.directory.groups), group.directory.open_groups) == ([1, 2, 3], [1, 2])
    group.do(group_made=pb.GroupMade(group=3, members=["a"], open=True))
    group.do(group_made=pb.GroupMade(group=3, members=["a"]))
    assert group.directory.open_groups == [1, 2, 3]


def test_nodes_come_move_and_go(group: Group) -> None:
    assert group.do(admitted=pb.Admitted(node="b", address="b:1")) is None
    assert group.do(admitted=pb.Admitted(node="b", address="b:2")) is None
    assert group.directory.nodes == {"a": "a:1", "b": "b:2"}
    assert group.do(left=pb.Left(node="a")) is None
    assert group.directory.nodes == {"b": "b:2"}


def test_an_address_belongs_to_one_node(group: Group) -> None:
    refused = group.do(admitted=pb.Admitted(node="b", address="a:1"))
    assert refused is not None and "is that of the node a" in refused.message


def test_there_is_a_most_of_nodes(group: Group) -> None:
    answers = [group.do(admitted=pb.Admitted(node=f"n{n}", address=f"n:{n}")) for n in range(NODES_MAX)]
    assert answers[:-1] == [None] * (NODES_MAX - 1)
    assert answers[-1] is not None and "remove one first" in answers[-1].message


def test_a_token_is_used_once(group: Group) -> None:
    group.do(token_made=pb.TokenMade(token=b"t", until=group.time + 10))
    assert group.do(admitted=pb.Admitted(node="b", address="b:1", token=b"t")) is None
    refused = group.do(admitted=pb.Admitted(node="c", address="c:1", token=b"t"))
    assert refused is not None and refused.code == "denied"
    assert group.do(admitted=pb.Admitted(node="b", address="b:1", token=b"t")) is None, "the same again is no other"


def test_a_token_is_over_in_time(group: Group) -> None:
    group.do(token_made=pb.TokenMade(token=b"t", until=group.time + 10))
    group.time += 11
    assert group.do(admitted=pb.Admitted(node="b", address="b:1", token=b"t")) is not None


def test_tokens_are_bounded(group: Group) -> None:
    answers = [group.do(token_made=pb.TokenMade(token=b"%d" % n, until=group.time + 10)) for n in range(101)]
    assert answers[:100] == [None] * 100 and answers[100] is not None


def test_a_decree_of_a_newer_version_stops_the_group(group: Group) -> None:
    entry = Applied(0, 100, 1, 0, [Proposal(b"h", b"\xfa\x7f\x00")], None)
    with pytest.raises(Unreadable):
        group.directory.apply(entry)


def test_members_and_entries_without_decrees_are_kept(group: Group) -> None:
    index = group.directory.applied + 1
    group.directory.apply(Applied(0, index, 2, 5, [], frozenset({"a", "b"})))
    again = Directory(group.storage)
    assert again.point == (index, 2, frozenset({"a", "b"}))
    assert again.apply(Applied(0, index, 2, 5, [Proposal(b"h", b"junk")], None)).answers == []
