"""What an effect costs a cluster, in things that can be counted: entries, messages, bytes, syncs, statements.

A time depends on the machine, and is measured by `./dev bench`; what is counted here is the same everywhere. A change
that makes it more is one that somebody has to have wanted. A write of the journal is one transaction and one sync.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from raftoral.runtime.consensus.journal import Write
from raftoral.runtime.core import commands as c
from tests.runtime.cluster.hosts import Hosts, Node
from tests.runtime.machines import Kit, forget
from tests.runtime.tracing import CHAINS, statements

CUTS = 3  # of logs, now and then, once a state is synced: a write each; these logs are cut after 20 entries


class Counts(NamedTuple):
    """Of some runs, from their start to their end on all nodes; at the leader, but for messages."""

    effects: int
    entries: int
    syncs: int
    log_bytes: int
    messages: int
    message_bytes: int
    store: Counter[str]
    journal: Counter[str]

    def of_effect(self, count: int) -> float:
        return count / self.effects


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit({"chains.rft": CHAINS})
    yield kit
    forget([kit])


class Counting:
    """A world of nodes of which one leads and one owns all runs."""

    def __init__(self, folder: Path, kit: Kit, names: str, owner: str) -> None:
        self.world = world = Hosts(folder, list(names), kit.definitions)
        self.messages: list[int] = []
        self.written: list[int] = []
        world.until(self._known)
        self.leader = world.nodes[world.until(lambda: world.leader(1))]
        others = [node for node in world.nodes.values() if node is not self.leader]
        self.owner = self.leader if owner == "leader" else others[0]
        for _ in range(100):  # what a beginning brings is over
            world.step()
        self._count_messages()
        self._count_writes(self.leader)

    def _known(self) -> bool:
        members = [node.host.replicas[1].machine.nodes for node in self.world.up() if node.host]
        return all(len(each) == len(members) and all(member.up for member in each.values()) for each in members)

    def _count_messages(self) -> None:
        post = self.world._post

        def counted(sender: str, parcels: dict[str, bytes]) -> None:
            self.messages += map(len, parcels.values())
            post(sender, parcels)

        self.world._post = counted  # type: ignore[method-assign]

    def _count_writes(self, node: Node) -> None:
        write = node.journal.write

        def counted(writes: Mapping[int, Write]) -> None:
            self.written.append(sum(len(entry.data) for each in writes.values() for entry in each.entries))
            write(writes)

        node.journal.write = counted  # type: ignore[method-assign]

    def run(self, runs: int, effects: int) -> Counts:
        """Runs side by side: effects that are in flight are answered together."""
        world, owner, leader = self.world, self.owner, self.leader
        assert leader.host is not None and owner.host is not None
        last, storage = leader.host.logs[1].status().last, leader.host.replicas[1].storage
        with statements(storage._writer) as store, statements(leader.journal._db) as journal:  # type: ignore[attr-defined]
            for run in range(runs):
                start = c.StartRun(f"r{run}", f"run-{run}", "chains.Chain", 0, b"[%d]" % effects, owner=owner.name)
                owner.host.submit(1, start)
            for _ in range(effects):
                world.until(lambda: len(owner.attempts) == runs)
                attempts, owner.attempts = owner.attempts, []
                for attempt in attempts:
                    owner.host.submit(1, c.Finished(attempt.id, attempt.run, attempt.op, b"1"))
            world.until(lambda: all(self._ended(node, runs, effects) for node in world.nodes))
        entries = leader.host.logs[1].status().last - last
        sizes = (len(self.written), sum(self.written), len(self.messages), sum(self.messages))
        return Counts(runs * effects, entries, *sizes, store, journal)

    def _ended(self, node: str, runs: int, effects: int) -> bool:
        rows = [self.world.row(node, f"r{run}") for run in range(runs)]
        return all(row.status == "completed" and row.result == b"%d" % effects for row in rows)

    def close(self) -> None:
        self.world.close()


@pytest.fixture(params=[("a", "leader"), ("abc", "leader"), ("abc", "follower")], ids=["one", "three", "at-follower"])
def counting(kit: Kit, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Counting]:
    names, owner = request.param
    made = Counting(tmp_path, kit, names, owner)
    yield made
    made.close()


def test_one_at_a_time_an_effect_is_one_entry_and_one_sync(counting: Counting) -> None:
    counts = counting.run(runs=1, effects=100)
    assert counts.entries == 101, "one for the start, one for each effect"
    assert counts.syncs == counts.journal["COMMIT"]
    assert counts.syncs <= counts.entries + CUTS
    assert counts.of_effect(counts.log_bytes) <= 60  # 39 at the leader; a follower's request has a longer name


def test_many_in_flight_share_entries_and_syncs(counting: Counting) -> None:
    counts = counting.run(runs=64, effects=10)
    assert counts.entries == 11, "640 effects"
    assert counts.syncs <= counts.entries + CUTS
    assert counts.of_effect(counts.log_bytes) <= 60


def test_statements_of_an_entry(counting: Counting) -> None:
    """An entry of one effect: its journal takes four statements, its store four."""
    counts = counting.run(runs=1, effects=100)
    assert counts.journal.total() <= 4 * (counts.entries + CUTS), counts.journal
    assert counts.store["UPDATE living"] == 99, "a step of a run is one row, and its last one is its end"
    assert counts.store.total() <= 4 * counts.entries + 10, counts.store


def test_statements_of_a_large_entry(counting: Counting) -> None:
    """What does not grow with the effects in an entry stays; what does is one statement for each."""
    counts = counting.run(runs=64, effects=10)
    assert counts.store["UPDATE living"] == 64 * 9
    assert counts.store["COMMIT"] == counts.store["BEGIN"] == counts.entries
    assert counts.store["REPLACE meta"] == counts.entries
    # A run: two looks whether it is there (when it is asked for, and when it begins), its row twice, and what lives of
    # it written and taken away; a look at its row when it has ended is the test's.
    assert counts.store.total() <= counts.effects + 64 * 9 + 3 * counts.entries, counts.store
    assert counts.journal.total() <= 4 * (counts.entries + CUTS), counts.journal


def test_messages_between_nodes(counting: Counting) -> None:
    """To two followers and back, what is committed to them and back, and heartbeats of all groups meanwhile."""
    counts = counting.run(runs=1, effects=100)
    if len(counting.world.nodes) == 1:
        assert counts.messages == 0
        return
    at_follower = counting.owner is not counting.leader
    assert counts.of_effect(counts.messages) <= 10 + at_follower, "and a request from there"
    assert counts.of_effect(counts.message_bytes) <= 260 + 60 * at_follower


def test_messages_when_many_are_in_flight(counting: Counting) -> None:
    counts = counting.run(runs=64, effects=10)
    nodes = len(counting.world.nodes)
    assert counts.messages <= (0 if nodes == 1 else 12 * counts.entries)
    assert counts.of_effect(counts.message_bytes) <= (0 if nodes == 1 else 150), "each entry goes to two"
