"""What each transport between nodes costs: three nodes in three processes, one cluster after the other, in turns.

All else is the same: the same steps, the same synced logs, the same machine in the same minutes. So what differs
between two lines is the transport; how large each is, `benchmarks/cluster.py` says.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile

from benchmarks.measure import Figure, loaded
from benchmarks.nodes import Cluster

NAMES = ("lean", "http", "grpc")
TURNS = 3


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    latency: dict[str, list[float]] = {name: [] for name in NAMES}
    many: dict[str, list[float]] = {name: [] for name in NAMES}
    cpu: dict[str, list[float]] = {name: [] for name in NAMES}
    top = tempfile.mkdtemp(prefix="raftoral-transports-", dir=os.environ.get("RAFTORAL_BENCH_DIR"))
    try:
        with loaded(found):
            for _ in range(1 if quick else TURNS):
                for name in NAMES:
                    cluster = Cluster(top, transport=name)
                    try:
                        leader = cluster.leader()
                        leader.ask("latency 5")
                        latency[name].append(leader.ask("latency 40")["p50"] / 10)
                        leader.ask("throughput 64 100")
                        before = [node.ask("state")["cpu"] for node in cluster.nodes]
                        many[name].append(leader.ask("throughput 64 500")["steps"])
                        after = [node.ask("state")["cpu"] for node in cluster.nodes]
                        cpu[name].append((sum(after) - sum(before)) / 5_000 * 1e6)
                    finally:
                        cluster.close()
    finally:
        shutil.rmtree(top)
    for what, values, unit in (
        ("latency of a step", latency, "ms"),
        ("steps a second, 64 runs in flight", many, "1/s"),
        ("CPU of a step, all three nodes together", cpu, "us"),
    ):
        for name in NAMES:
            taken = values[name]
            found.append(Figure(f"{what}: {name}", statistics.median(taken), unit, None, (min(taken), max(taken))))
    return found
