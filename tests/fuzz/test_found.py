"""What the fuzzer once found stays repaired; and a short run of it finds nothing new."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dsl import corpus
from tests.fuzz.mutations import Mutator
from tests.fuzz.pipeline import faults

FOUND = sorted(corpus.FOUND.glob("*.rft"))


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_found_input_is_handled(path: Path) -> None:
    assert faults(path.read_bytes()) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_few_spoiled_programs(seed: int) -> None:
    """The same inputs each time: `./dev fuzz` is for new ones."""
    mutator = Mutator(list(corpus.texts().values()), seed)
    for _ in range(25):
        raw = mutator.next()
        assert faults(raw) == [], raw


def test_the_same_seed_makes_the_same_inputs() -> None:
    texts = list(corpus.examples().values())
    one, two = Mutator(texts, 3), Mutator(texts, 3)
    assert [one.next() for _ in range(20)] == [two.next() for _ in range(20)]
