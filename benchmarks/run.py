"""The benchmarks: `./dev bench [names...] [--json] [--write] [--quick]`.

    language    how fast .rft text is checked, read and formatted
    durable     runs in one process, synced to disk: W1 to W9
    cluster     runs on three nodes in three processes: W6
    transports  what each transport between nodes costs (on request)
    storage     what a commit costs
    peers       ours beside another system's, in turns (not among all: it needs their drivers)
    consensus   how much a group of three nodes agrees on, with logs that are synced

--json prints one JSON line for each figure, --write renews benchmarks/RESULTS.md, --quick runs
each thing less often. A missed target is shown and is no failure: machines differ.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

SUITES = {
    "language": "benchmarks.language",
    "cluster": "benchmarks.cluster",
    "transports": "benchmarks.transports",
    "storage": "benchmarks.storage",
    "durable": "benchmarks.durable",
    "consensus": "benchmarks.consensus",
    "peers": "benchmarks.peers",
}
ON_REQUEST = ("peers", "transports")
FLAGS = ("--json", "--write", "--quick")


def main(words: list[str]) -> int:
    names = [word for word in words if not word.startswith("-")] or [name for name in SUITES if name not in ON_REQUEST]
    wrong = [word for word in words if word.startswith("-") and word not in FLAGS]
    wrong += [name for name in names if name not in SUITES]
    if wrong or "--help" in words:
        print(__doc__ if not wrong else f"bench: what is {', '.join(wrong)}?\n\n{__doc__}")
        return 2 if wrong else 0
    from benchmarks import report

    for name in names:
        figures = importlib.import_module(SUITES[name]).figures(quick="--quick" in words)
        if "--json" in words:
            print("\n".join(json.dumps(figure.record()) for figure in figures))
        else:
            print(report.table(figures))
        if "--write" in words:
            report.write(name, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
