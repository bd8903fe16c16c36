"""Random programs check without errors, end, and do the same twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.dsl.well_typed import workflow
from tests.reference.interpreter import Run, load
from tests.reference.scripts import Script

EVENTS_MAX = 400


def played(seed: int) -> Run:
    made = workflow(seed)
    run, script = Run(load({"m.rft": made.text}), "m", "W", made.args), Script(seed)
    for _ in range(EVENTS_MAX):
        event = None if run.outcome else script.next(run.pending(), run.version_.signals, run.children())
        if event is None:
            break
        run.deliver(event)
    return run


@pytest.mark.parametrize("start", range(0, 500, 50))
def test_programs_check_and_end(start: int) -> None:
    for seed in range(start, start + 50):
        assert played(seed).outcome is not None, seed


def test_small_ones_check_too() -> None:
    for seed in range(100):
        load({"m.rft": workflow(seed, size=3).text})
        load({"m.rft": workflow(seed).text})


def test_the_same_seed_gives_the_same_under_other_hashes() -> None:
    ask = "from tests.reference.test_well_typed import played\n"
    ask += "print([(run.trace, run.rests, run.outcome) for run in map(played, range(12))])"
    said = [
        subprocess.run(
            [sys.executable, "-c", ask], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != b""
