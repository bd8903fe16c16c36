"""The simulated disk: it keeps what was synced, a prefix of the rest, and a snapshot as a whole."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from raftoral.runtime.cluster.replica import PLACE
from raftoral.runtime.cluster.states import FileStates, States
from raftoral.runtime.consensus.snapshots import CHUNK_BYTES
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Changes, Query, Row
from raftoral.runtime.proto import log_pb2 as log
from raftoral.sim.disk import Crash, Disk, contents, packed, unpacked
from raftoral.sim.files import FileDisk


def place(index: int) -> bytes:
    return log.Place(index=index, term=2, members=["a", "b"]).SerializeToString()


def row(id: str, seq: int) -> Row:
    return Row(
        id, seq, f"{id}-run", "m.W", 1, "d", "running", None, 1, 1, None, "{}", b"[]", "{}", b"\x00\xff", None, None
    )


@pytest.fixture(params=[Disk, FileDisk])
def disk_of(request: pytest.FixtureRequest) -> Iterator[Callable[[int], Disk]]:
    """Makes simulated disks of either kind, from seeds."""
    made: list[Disk] = []

    def make(seed: int) -> Disk:
        made.append(request.param(random.Random(seed)))
        return made[-1]

    yield make
    for disk in made:
        disk.close()


@pytest.fixture(params=["memory", "files", "simulated files"])
def states(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[States]:
    disk = (FileDisk if request.param == "simulated files" else Disk)(random.Random(1))
    yield FileStates(str(tmp_path)) if request.param == "files" else disk.states()
    disk.close()


def test_a_snapshot_takes_the_place_of_a_state(states: States) -> None:
    """The same for files and for the simulator."""
    storage = states.open(1)
    storage.commit(
        Changes(rows={"a": row("a", 1)}, pieces={("a", "s1"): b"\xfe"}, meta={PLACE: place(7), "x": b"\x80"})
    )
    snapshot = states.save(1)
    assert snapshot.header.point.index == 7 and snapshot.header.point.members == {"a", "b"}
    sink = states.sink(2)
    sink.begin(snapshot.header)
    for at in range(0, snapshot.header.size, CHUNK_BYTES):
        sink.write(snapshot.read(at, CHUNK_BYTES))
    states.open(2).commit(Changes(meta={"y": b"gone"}))
    states.close(2)
    states.install(2)
    other = states.open(2)
    assert other.row("a") == row("a", 1) and other.pieces("a") == {"s1": b"\xfe"}
    assert other.meta()["x"] == b"\x80" and "y" not in other.meta()
    states.close(1)
    states.close(2)


def test_a_crash_keeps_a_prefix_from_the_last_sync_on(disk_of: Callable[[int], Disk]) -> None:
    ends = set()
    for seed in range(60):
        disk = disk_of(seed)
        states = disk.states()
        storage = states.open(1)
        for number in range(4):
            storage.commit(Changes(meta={"at": b"%d" % number}))
            if number == 1:
                states.sync(1)
        disk.ends(power=True)
        ends.add(int(disk.states().open(1).meta()["at"]))
    assert ends == {1, 2, 3}


def test_what_was_synced_or_survived_a_crash_survives_the_next_ones(disk_of: Callable[[int], Disk]) -> None:
    """Also while the log of SQLite is begun anew, and where nothing was committed between two crashes."""
    for seed in range(40):
        disk, chance = disk_of(seed), random.Random(f"commits {seed}")
        least, at, power = -1, -1, True
        for _ in range(6):
            states = disk.states()
            storage = states.open(1)
            found = int(storage.meta().get("at", b"-1"))
            assert (least if power else at) <= found <= at
            at, least = found, found if power else least
            for _ in range(chance.randrange(4)):
                at += 1
                storage.commit(Changes(rows={f"r{at}": row(f"r{at}", at)}, meta={"at": b"%d" % at}))
                if chance.random() < 0.3:
                    states.sync(1)
                    least = at
            assert len(storage.rows(Query(limit=100))) == at + 1
            power = chance.random() < 0.7
            disk.ends(power=power)


def test_a_process_that_is_killed_loses_nothing(disk_of: Callable[[int], Disk]) -> None:
    disk = disk_of(1)
    disk.states().open(1).commit(Changes(meta={"at": b"1"}))
    disk.ends(power=False)
    assert disk.states().open(1).meta() == {"at": b"1"}


@pytest.mark.parametrize(("when", "found"), [("before", {"at": b"old"}), ("behind", {PLACE: place(7)})])
def test_a_crash_around_an_install_leaves_one_or_the_other(
    when: str, found: dict[str, bytes], disk_of: Callable[[int], Disk]
) -> None:
    disk = disk_of(1)
    states = disk.states()
    states.open(1).commit(Changes(meta={PLACE: place(7)}))
    sink = states.sink(2)
    snapshot = states.save(1)
    sink.begin(snapshot.header)
    sink.write(snapshot.read(0, snapshot.header.size))
    states.open(2).commit(Changes(meta={"at": b"old"}))
    states.sync(2)
    states.close(2)
    disk.next_install = when
    with pytest.raises(Crash):
        states.install(2)
    disk.ends(power=True)
    assert disk.states().open(2).meta() == found


def test_a_state_is_the_same_after_it_was_packed() -> None:
    changes = Changes(rows={"b": row("b", 2), "a": row("a", 1)}, pieces={("a", "m1"): b"\xff"}, meta={"k": b"\x00"})
    again = unpacked(packed(changes))
    assert again == changes
    states = Disk(random.Random(1)).states()
    storage = states.open(1)
    storage.commit(changes)
    assert isinstance(storage, MemoryStorage) and contents(storage) == changes
