"""A checker that finds nothing proves nothing: known defects are put back, and each is found within so many seeds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from raftoral.sim.modes import MODES
from raftoral.sim.world import World
from tests.sim.mutations import DEFECTS

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulation.md"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, defect in DEFECTS.items() if defect.seeds])
def test_a_defect_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    defect = DEFECTS[name]
    defect.apply(monkeypatch)
    found = (World(seed, MODES[defect.mode]).run().found for seed in defect.seeds)
    assert next((each for each in found if each), None), f"none of {list(defect.seeds)} finds it"


def test_the_document_has_them_all() -> None:
    text = DOCUMENT.read_text("utf-8")
    told = set(re.findall(r"^\| ([^|]+?) \| `\w+` \| (?:\d+|none) of \d+ \|", text, re.MULTILINE))
    assert told == set(DEFECTS)


def test_enough_of_them_are_found() -> None:
    assert sum(bool(defect.seeds) for defect in DEFECTS.values()) >= 35
