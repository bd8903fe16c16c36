"""How much a group agrees on: proposals of 200 bytes, answered when they are committed, on nodes in this one process.

    window 1     one client that waits for each answer: the way there and back, and the syncs on it
    window 64    64 clients, so that entries carry batches
    window 1024  as many as fit

Each node has its own file of SQLite with a sync for each step; frames are handed over without a network. The nodes
take turns, so what is parallel in a cluster (three processors, three disks) is added up here. Beside it stands what
one sync costs.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import time

from benchmarks.measure import Figure, loaded
from benchmarks.nodes import room
from raftoral.runtime.consensus.groups import Groups
from raftoral.runtime.consensus.journal import BEGINNING, Journal, MemoryJournal
from raftoral.runtime.consensus.log import ReplicatedLog
from raftoral.runtime.edge.journal_sqlite import SqliteJournal

PAYLOAD = os.urandom(200)


class Nodes:
    """A group on some nodes, stepped in turns as soon as one of them has something to do."""

    def __init__(self, names: str, folder: str | None) -> None:
        self.groups: dict[str, Groups] = {}
        self.logs: dict[str, ReplicatedLog] = {}
        self.journals: list[Journal] = []
        for name in names:
            journal: Journal = MemoryJournal()
            if folder is not None:
                journal = SqliteJournal(os.path.join(folder, f"{name}.db"), name)
            self.journals.append(journal)
            groups = self.groups[name] = Groups(name, journal, chance=random.Random(name).random)
            groups.create(1, names)
            self.logs[name] = groups.open(1, BEGINNING, time.monotonic())

    def turn(self) -> list[bytes]:
        """A step of every node that has something to do; the requests that were answered."""
        answered = []
        for name, groups in self.groups.items():
            now = time.monotonic()
            if groups.deadline() > now:
                continue
            frames = groups.advance(now, time.time_ns() // 1000)
            self._pass_on(name, frames)
            ready = groups.settle()
            self._pass_on(name, ready.frames)
            answered += [answer.request_id for answer in ready.answers]
            if ready.applied:
                self.logs[name].durable(ready.applied[-1].index)
        return answered

    def _pass_on(self, name: str, frames: dict[str, bytes]) -> None:
        for peer, frame in frames.items():
            self.groups[peer].receive(name, frame)

    def leader(self) -> ReplicatedLog:
        while True:
            self.turn()
            for log in self.logs.values():
                status = log.status()
                if status.role == "leader" and status.applied == status.last:
                    return log


def figures(quick: bool = False) -> list[Figure]:
    seconds = 1.0 if quick else 4.0
    found: list[Figure] = []
    with loaded(found):
        note = "a row of 200 bytes in SQLite, synchronous=FULL"
        found.append(Figure("one sync", _one_sync() * 1000, "ms", note=note))
    for names, durable, window in (
        ("abc", False, 1),
        ("abc", False, 64),
        ("a", True, 1),
        ("abc", True, 1),
        ("abc", True, 64),
        ("abc", True, 1024),
    ):
        with loaded(found):
            found += _load(names, durable, window, seconds)
    return found


def _load(names: str, durable: bool, window: int, seconds: float) -> list[Figure]:
    with room("consensus") as folder:
        nodes = Nodes(names, folder if durable else None)
        log = nodes.leader()
        asked: dict[bytes, float] = {}
        took: list[float] = []
        number = 0
        cpu, start = time.process_time(), time.perf_counter()
        while (now := time.perf_counter()) < start + seconds:
            while len(asked) < window:
                number += 1
                request_id = b"%016d" % number
                asked[request_id] = now
                log.propose(PAYLOAD, request_id)
            answered = nodes.turn()
            now = time.perf_counter()
            took += [now - asked.pop(request_id) for request_id in answered]
        cpu = time.process_time() - cpu
        for journal in nodes.journals:
            journal.close()
    took.sort()
    where = f"{len(names)} node{'s' if len(names) > 1 else ''}, {'SQLite' if durable else 'memory'}, window {window}"
    spread = (took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000)
    each = f"{cpu / len(took) * 1e6:.0f} us of processor each"
    return [
        Figure(f"{where}: commits", len(took) / seconds, "/s", note=each),
        Figure(f"{where}: latency", spread[0], "ms", note=f"p99 {spread[1]:.2f} ms"),
    ]


def _one_sync() -> float:
    with room("sync") as folder:
        db = sqlite3.connect(os.path.join(folder, "x.db"), isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE x (id INTEGER PRIMARY KEY, data BLOB)")
        times = []
        for _ in range(300):
            start = time.perf_counter()
            db.execute("INSERT INTO x (data) VALUES (?)", (PAYLOAD,))
            times.append(time.perf_counter() - start)
        db.close()
        return statistics.median(times)
