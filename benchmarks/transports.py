"""What each transport between nodes costs: three nodes in three processes, one cluster after the other, in turns.

All else is the same: the same steps, the same synced logs, the same machine in the same minutes. So what differs
between two lines is the transport; how large each is, the suite `cluster` says.
"""

from __future__ import annotations

from benchmarks.measure import Figure, loaded, median_of
from benchmarks.nodes import cluster, room

NAMES = ("lean", "http", "grpc")
TURNS = 3
Values = dict[str, list[float]]


def figures(quick: bool = False) -> list[Figure]:
    """All figures of this suite, in the order in which they are shown."""
    found: list[Figure] = []
    latency: dict[str, list[float]] = {name: [] for name in NAMES}
    many: dict[str, list[float]] = {name: [] for name in NAMES}
    cpu: dict[str, list[float]] = {name: [] for name in NAMES}
    with room("transports") as top, loaded(found):
        for _ in range(1 if quick else TURNS):
            for name in NAMES:
                with cluster(top, transport=name) as nodes:
                    leader = nodes.leader()
                    leader.ask("latency 5")
                    latency[name].append(leader.ask("latency 40")["p50"] / 10)
                    leader.ask("throughput 64 100")
                    before = sum(state["cpu"] for state in nodes.states())
                    many[name].append(leader.ask("throughput 64 500")["steps"])
                    after = sum(state["cpu"] for state in nodes.states())
                    cpu[name].append((after - before) / 5_000 * 1e6)
        _shown(found, latency, many, cpu)
    return found


def _shown(found: list[Figure], latency: Values, many: Values, cpu: Values) -> None:
    for what, values, unit in (
        ("latency of a step", latency, "ms"),
        ("steps a second, 64 runs in flight", many, "1/s"),
        ("CPU of a step, all three nodes together", cpu, "us"),
    ):
        for name in NAMES:
            found.append(median_of(f"{what}: {name}", values[name], unit))
