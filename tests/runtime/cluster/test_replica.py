"""A replica: the same entries, the same state; a request that comes twice is done once; one that differs is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from raftoral.runtime.cluster import replica as room
from raftoral.runtime.cluster.replica import COMPARE, HARMLESS, ONCE, Diverged, Replica
from raftoral.runtime.consensus.entries import Proposal
from raftoral.runtime.consensus.log import Applied
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.lifecycle import Perform
from raftoral.runtime.core.programs import Programs
from raftoral.runtime.core.wire import Unreadable, command_bytes
from raftoral.runtime.edge.storage_memory import MemoryStorage
from tests.runtime.machines import Kit, forget

TEXT = """
activity get(k: str) -> int { timeout: 10s, retry: 2 times }
workflow W version 1 (k: str) -> int {
  checkpoint seen = 0
  signal say(int)
  let a = do get(k)
  while true {
    let n = wait say
    seen += n
    if n == 0 { return seen + a }
  }
  return seen
}
"""


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit(TEXT)
    yield kit
    forget([kit])


class Node:
    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.storage = MemoryStorage()
        self.begin()

    def begin(self) -> None:
        """As after a crash: everything is read again."""
        self.replica = Replica(1, self.storage, Programs(self.kit.definitions), lambda data: self.kit.definitions)

    def entry(self, index: int, *proposals: tuple[bytes, bytes], time: int = 0) -> room.Came:
        batch: Sequence[Proposal] = [Proposal(*each) for each in proposals]
        return self.replica.apply(Applied(1, index, 1, time or index * 1000, batch, None))


def start(id: str = "r", owner: str = "a") -> tuple[bytes, bytes]:
    return HARMLESS + id.encode(), command_bytes(c.StartRun(id, f"{id}-1", "m.W", 0, b'["x"]', owner=owner))


def say(n: int, name: bytes) -> tuple[bytes, bytes]:
    return ONCE + name, command_bytes(c.Signal("r", "say", b"%d" % n))


def mail(node: Node) -> list[int]:
    return [payload for _, payload in node.replica.machine.runs["r"].mail["say"]]


def test_the_same_entries_leave_the_same_state_with_and_without_a_crash(kit: Kit) -> None:
    steady, crashing = Node(kit), Node(kit)
    entries = [[start()], [say(1, b"1")], [], [say(2, b"2"), say(3, b"3")], [start("q")]]
    for index, proposals in enumerate(entries, 1):
        for node in (steady, crashing):
            node.entry(index, *proposals)
        crashing.begin()
    crashing.entry(3)  # nothing was stored of it, so it comes again
    assert crashing.replica.digest == steady.replica.digest
    assert crashing.replica.applied == steady.replica.applied == 5
    assert mail(crashing) == mail(steady) == [1, 2, 3]


@pytest.mark.parametrize("crash", [False, True])
def test_a_request_that_comes_again_gets_its_answer_again(kit: Kit, crash: bool) -> None:
    node = Node(kit)
    node.entry(1, start())
    node.entry(2, say(1, b"k"), say(1, b"k"))
    bad = (ONCE + b"bad", command_bytes(c.Signal("r", "nothing", b"1")))
    [(_, refused)] = node.entry(3, bad).answers
    if crash:
        node.begin()
    assert mail(node) == [1]
    assert node.entry(4, say(1, b"k")).answers == [(ONCE + b"k", None)]
    assert node.entry(5, bad).answers == [(ONCE + b"bad", refused)]
    assert refused is not None and refused.code == c.NO_SIGNAL
    assert mail(node) == [1]


def test_answers_are_remembered_in_a_ring(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWERS_MAX", 3)
    node = Node(kit)
    node.entry(1, start())
    for index in range(2, 7):
        node.entry(index, say(1, b"%d" % index))
        node.begin()
    assert len([key for key in node.storage.meta() if key.startswith(room.ANSWERED)]) == 3
    node.entry(7, say(1, b"6"))
    assert len(mail(node)) == 5, "one of the last three is known"
    node.entry(8, say(1, b"2"))
    assert len(mail(node)) == 6, "an old one is not, and counts again"


def test_a_state_that_differs_is_found(kit: Kit) -> None:
    one, other = Node(kit), Node(kit)
    one.entry(1, start())
    other.entry(1, start("q"))
    said = one.replica.comparable
    assert said is not None
    one.entry(2, (COMPARE + b"1", said))
    with pytest.raises(Diverged):
        other.entry(2, (COMPARE + b"1", said))


def test_an_entry_that_was_applied_is_not_applied_again(kit: Kit) -> None:
    node = Node(kit)
    came = node.entry(1, start())
    assert [each for each in came.actions if isinstance(each, Perform)]
    node.begin()
    assert node.entry(1, start()) == ([], ())


def test_log_time_does_not_go_back_over_a_crash(kit: Kit) -> None:
    node = Node(kit)
    node.entry(1, start(), time=9_000_000)
    node.begin()
    node.entry(2, start("q"), time=5)
    assert node.replica.machine.runs["q"].created == 9_000_000


def test_an_entry_of_a_newer_version_stops_the_group(kit: Kit) -> None:
    with pytest.raises(Unreadable):
        Node(kit).entry(1, (HARMLESS + b"x", b"\xfa\x7f\x00"))
