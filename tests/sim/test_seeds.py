"""The production host in a hostile world, from seeds.

    RAFTORAL_SEEDS=1000 RAFTORAL_FIRST_SEED=5000 python -m pytest tests/sim/test_seeds.py -n auto

A failing seed is repeated by `raftoral sim --mode MODE --seed N`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from raftoral.runtime.core.commands import IN_USE, Refused, Retire
from raftoral.sim.modes import MODES
from raftoral.sim.seeds import kept_in
from raftoral.sim.world import World
from tests.house import laws

SEEDS = int(os.environ.get("RAFTORAL_SEEDS", "200"))
FIRST = int(os.environ.get("RAFTORAL_FIRST_SEED", "0"))
PORTION = 20
KEPT = kept_in(laws.read(os.path.join(os.path.dirname(__file__), "kept.txt")))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, PORTION))
@pytest.mark.parametrize("mode", sorted(MODES))
def test_seeds(mode, first):
    found = {}
    for seed in range(first, min(first + PORTION, FIRST + SEEDS)):
        world = World(seed, MODES[mode]).run()
        if world.found:
            found[f"raftoral sim --mode {mode} --seed {seed}"] = world.found
    assert found == {}


@pytest.mark.parametrize(("mode", "seed"), KEPT)
def test_kept_seeds(mode, seed):
    assert World(seed, MODES[mode]).run().found == {}


def test_worlds_are_hostile():
    """Else nothing would be proved by them."""
    counts: Counter[str] = Counter()
    for seed in range(3000, 3012):
        counts += World(seed, MODES["everything"]).run().counts
    for what in (
        "crashes",
        "brought",
        "removed",
        "snapshots",
        "journal failures",
        "lost",
        "partition",
        "days",
        "looks",
    ):
        assert counts[what] > 0, (what, counts)
    assert counts["calls"] > 100 and counts["answers"] > 200


def test_the_same_seed_gives_the_same_trace_in_every_process():
    code = (
        "from raftoral.sim.world import World; from raftoral.sim.modes import MODES\n"
        "print([World(s, MODES[m]).run().trace for s in (1, 2) for m in ('everything', 'groups', 'files')])"
    )
    traces = set()
    for hash_seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": laws.ROOT}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=laws.ROOT, env=environment
        )
        traces.add(done.stdout)
    assert len(traces) == 1, traces


def test_worlds_have_several_groups_and_programs_that_come_and_go():
    """Else nothing would be proved by the mode `groups`."""
    counts: Counter[str] = Counter()
    homes: Counter[int] = Counter()
    for seed in range(3000, 3015):
        world = World(seed, MODES["groups"]).run()
        counts += world.counts
        homes.update(world.group_of(id) for id in world.clients.started)
        for request in world.clients.requests:
            if isinstance(request.command, Retire):
                counts[f"retire: {request.outcome.code if isinstance(request.outcome, Refused) else 'done'}"] += 1
    for what in ("groups made", "brought", "removed", "crashes", "retire: done", f"retire: {IN_USE}"):
        assert counts[what] > 0, (what, counts)
    assert {1, 2, 3} <= set(homes)
