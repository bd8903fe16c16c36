"""The production classes in a hostile world, from seeds.

    RAFTORAL_SEEDS=3000 RAFTORAL_FIRST_SEED=5000 python -m pytest tests/runtime/consensus/test_simulation.py -n auto

A failing seed is repeated by its number alone: RAFTORAL_SEEDS=1 RAFTORAL_FIRST_SEED=the number.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.house import laws

from .world import World

SEEDS = int(os.environ.get("RAFTORAL_SEEDS", "100"))
FIRST = int(os.environ.get("RAFTORAL_FIRST_SEED", "0"))
PORTION = 10

# Seeds that found something once, here or in the harness: what it was is written beside them.
KEPT = {
    1: "a node that is started again must be woken (harness)",
    2155: "a client that only asks followers gets no answer (harness)",
}


@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, PORTION))
@pytest.mark.slow
def test_seeds(first):
    found = {}
    for seed in range(first, min(first + PORTION, FIRST + SEEDS)):
        world = World(seed).run()
        if world.checkers.found:
            found[seed] = world.checkers.found
    assert found == {}


@pytest.mark.parametrize("seed", sorted(KEPT))
def test_kept_seeds(seed):
    assert World(seed).run().checkers.found == {}


def test_a_run_is_hostile():
    """Else nothing would be proved by it."""
    counts: Counter[str] = Counter()
    for seed in range(2000, 2009):
        counts += World(seed, seconds=6.0).run().counts
    for what in ("crash", "elections", "transfers", "answers Committed", "answers Readable", "answers Unknown"):
        assert counts[what] > 2, counts


def test_the_same_seed_gives_the_same_trace_in_every_process():
    code = "from tests.runtime.consensus.world import World as W; print([W(s, seconds=4).run().trace for s in (1, 2)])"
    traces = set()
    for hash_seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=laws.ROOT, env=environment
        )
        traces.add(done.stdout)
    assert len(traces) == 1, traces
