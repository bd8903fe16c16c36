"""Random workflows on a simulated cluster: each run ends as the reference interpreter says for what occurred."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import pytest

from raftoral.program import codec
from raftoral.sim.modes import MODES
from raftoral.sim.programs import Catalog
from raftoral.sim.world import World
from tests.dsl.well_typed import workflow
from tests.runtime import zoo
from tests.runtime.compiled import Both
from tests.sim.reference import Reference

WORLDS = 24


class Played(NamedTuple):
    found: dict[str, str]
    differences: list[str]
    compared: int


def played(seed: int, mode: str, text: str) -> Played:
    """One world with one program."""
    both = Both({"m.rft": text})
    try:
        sys.modules.update(both.modules)
        world = World(seed, MODES[mode], catalog=Catalog.of(definitions(both)), rate=0.8)
        reference = Reference(both, world)
        world.run()
        return Played(world.found, reference.differences(), reference.compared)
    finally:
        both.forget()


def definitions(both: Both) -> list[Any]:
    return [program.definition for program in both.programs.all().values()]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["calm", "crashes", "disk", "everything"])
def test_random_programs_end_as_the_reference_says(mode: str) -> None:
    compared = 0
    for seed in range(WORLDS):
        it = played(seed, mode, workflow(seed, 20 + seed % 30).text)
        assert (it.found, it.differences) == ({}, []), (mode, seed)
        compared += it.compared
    assert compared > WORLDS


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_one_of_each_construct(seed: int) -> None:
    it = played(seed, "everything", zoo.TEXT)
    assert (it.found, it.differences) == ({}, [])
    assert it.compared > 2


def test_a_machine_that_is_wrong_everywhere_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nothing would be shown: every node gets the same wrong values, so that all agree with each other."""
    monkeypatch.setattr("raftoral.runtime.core.lifecycle.codec_of", lambda hint: _Off(codec.codec_of(hint)))
    assert any(played(seed, "calm", workflow(seed, 30).text).differences for seed in range(12))


class _Off:
    """Ints that arrive are one too large."""

    def __init__(self, codec: codec.Codec[Any]) -> None:
        self._codec = codec
        self.dumps = codec.dumps

    def loads(self, data: bytes) -> Any:
        value = self._codec.loads(data)
        return value + 1 if type(value) is int else value
