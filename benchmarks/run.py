"""The benchmarks: `./dev bench [names...] [--nodes N] [--json] [--out FILE] [--write] [--quick]`.

    language    how fast .rft text is checked, read and formatted (W7)
    durable     runs in one process, synced to disk: W1 to W5, W8, W9
    cluster     runs on three nodes in three processes: W6
    transports  what each transport between nodes costs (on request)
    storage     what a commit costs
    consensus   how much a group of three nodes agrees on, with logs that are synced
    scaling     throughput, latency, memory and bytes against runs in flight, frames, groups, nodes, finished runs
    many-nodes  clusters of 3, 20 and 50 nodes in one process: idle, joining, asking (on request)
    peers       ours beside another system's, in turns (not among all: it needs their drivers)

Names may also be workloads, W1 to W9: those alone, as JSON lines, in one process or on `--nodes 3`.

--json prints one JSON line for each figure, --out appends those lines to a file (`./dev plots` draws it), --write
renews benchmarks/RESULTS.md, --quick runs each thing less often. A figure that was taken while other processes used the
machine is marked. A missed target is shown and is no failure: machines differ.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.measure import Figure

SUITES = {
    "language": "benchmarks.language",
    "cluster": "benchmarks.cluster",
    "transports": "benchmarks.transports",
    "storage": "benchmarks.storage",
    "durable": "benchmarks.durable",
    "consensus": "benchmarks.consensus",
    "scaling": "benchmarks.scaling",
    "many-nodes": "benchmarks.many_nodes",
    "peers": "benchmarks.peers",
}
ON_REQUEST = ("many-nodes", "peers", "transports")
WORKLOAD = re.compile(r"W[1-9]$")
WHOLE = {"W6": "cluster", "W7": "language"}  # workloads that are a suite


def main(words: list[str]) -> int:
    options = _options(words)
    names = options.names or ["all"]
    if names == ["all"]:
        names = [name for name in SUITES if name not in ON_REQUEST]
    wrong = [name for name in names if name not in SUITES and not WORKLOAD.match(name)]
    if wrong:
        print(f"bench: what is {', '.join(wrong)}?\n\n{__doc__}", file=sys.stderr)
        return 2
    from benchmarks import report

    for name in names:
        figures = _figures(name, options.nodes, options.quick)
        report.show(figures, as_json=options.json or bool(WORKLOAD.match(name)))
        if options.out:
            report.append(options.out, WHOLE.get(name, name), figures)
        if options.write and name in SUITES:
            report.write(name, figures)
    return 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--nodes", type=int, default=0, choices=range(1, 8), metavar="N")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--out", default="", metavar="FILE")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--quick", action="store_true")
    return parser.parse_args(words)


def _figures(name: str, nodes: int, quick: bool) -> list[Figure]:
    name = WHOLE.get(name, name)
    if name in SUITES:
        found: list[Figure] = importlib.import_module(SUITES[name]).figures(quick=quick)
        return found
    from benchmarks import durable, replicated

    return replicated.figures_of([name], nodes, quick) if nodes else durable.figures_of([name], quick)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
