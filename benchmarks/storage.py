"""What a commit costs: steps of many runs, in batches as busy nodes make them.

    steps     1,000 runs live, steps of 600 bytes in random order; a second, with and without sync; CPU for each
    synced    against writing the same bytes to a file and syncing it, which is the least that "durable" can mean
    runs      a start and an end, ten batches apart

Each value is the median of several stores, made anew.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from benchmarks.measure import Figure, interleave, loaded, ratio
from benchmarks.nodes import room
from raftoral.runtime.edge.storage_sqlite import SqliteStorage
from raftoral.runtime.ports import Changes, Row, Step

LIVE = 1_000
BODY_BYTES = 600
CHECKPOINTS = '{"stage":"paid"}'
STEPS = {1: 1_000, 64: 32_000, 256: 64_000}  # size of a batch -> steps in one measurement


class Cost(NamedTuple):
    seconds: float
    cpu: float


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    runs = 3 if quick else 9
    for batch, steps in STEPS.items():
        with loaded(found):
            _steps(found, batch, steps, runs)
    with loaded(found):
        costs = [_runs(8_000, 64) for _ in range(runs)]
        found.append(
            Figure("a start and an end: CPU", statistics.median(each.cpu for each in costs) / 8_000 * 1e6, "us")
        )
    return found


def _steps(found: list[Figure], batch: int, steps: int, runs: int) -> None:
    """Three figures for one size of batch."""
    cpu: dict[bool, list[float]] = {True: [], False: []}

    def store(sync: bool) -> float:
        cost = _commit_steps(sync, batch, steps)
        cpu[sync].append(cost.cpu)
        return cost.seconds

    jobs = {"synced": lambda: store(True), "not": lambda: store(False), "bare": lambda: _write(batch, steps)}
    taken = interleave(jobs, runs)
    for sync, name in ((True, "synced"), (False, "not")):
        rate = steps / statistics.median(taken[name])
        used = statistics.median(cpu[sync]) / steps * 1e6
        words = "synced" if sync else "not synced"
        found.append(Figure(f"steps by {batch}, {words}", rate, "/s", note=f"{used:.1f} us CPU each"))
    value, spread = ratio(taken["synced"], taken["bare"])
    found.append(Figure(f"steps by {batch}, synced / bare bytes", value, "x", spread=spread))


def _commit_steps(sync: bool, batch: int, steps: int) -> Cost:
    with room("storage") as folder, closing(SqliteStorage(folder, sync=sync)) as store:
        store.commit(Changes(rows={f"order-{seq:08}": _row(seq) for seq in range(LIVE)}))
        batches = list(_batches(batch, steps))
        begun, used = time.perf_counter(), time.process_time()
        for changes in batches:
            store.commit(changes)
        return Cost(time.perf_counter() - begun, time.process_time() - used)


def _batches(batch: int, steps: int) -> Iterator[Changes]:
    chance = random.Random(1)
    bytes_of = chance.randbytes(2 * BODY_BYTES)
    for number in range(steps // batch):
        ids = [f"order-{seq:08}" for seq in chance.sample(range(LIVE), batch)]
        body = bytes_of[number % BODY_BYTES :][:BODY_BYTES]
        yield Changes(steps={id: Step("running", number, CHECKPOINTS, body, id) for id in ids})


def _write(batch: int, steps: int) -> float:
    """Appends what a batch of steps holds to a file, and syncs it."""
    data = bytes(batch * (BODY_BYTES + len(CHECKPOINTS)))
    sync = getattr(os, "fdatasync", os.fsync)
    with tempfile.TemporaryFile(buffering=0, dir=os.environ.get("RAFTORAL_BENCH_DIR")) as file:
        begun = time.perf_counter()
        for _ in range(steps // batch):
            file.write(data)
            sync(file.fileno())
        return time.perf_counter() - begun


def _runs(count: int, batch: int) -> Cost:
    with room("storage") as folder, closing(SqliteStorage(folder, sync=False)) as store:
        begun, used = time.perf_counter(), time.process_time()
        for first in range(0, count + 10 * batch, batch):
            starts = [_row(seq) for seq in range(first, min(first + batch, count))]
            ends = [
                _row(seq)._replace(status="completed", ended=seq, body=b"", result=b"42")
                for seq in range(max(0, first - 10 * batch), max(0, first - 9 * batch))
            ]
            store.commit(Changes(rows={row.id: row for row in (*starts, *ends)}))
        return Cost(time.perf_counter() - begun, time.process_time() - used)


def _row(seq: int) -> Row:
    return Row(
        *(f"order-{seq:08}", seq, f"{seq:032x}", "order", 1, "d" * 32, "running", None, seq, seq, None),
        *("{}", bytes(200), CHECKPOINTS, bytes(BODY_BYTES), None, None, None),
    )
