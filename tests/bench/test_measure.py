"""What a figure knows of the machine it was taken on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks import measure
from benchmarks.measure import Figure, Point, Target


class Machine:
    """A machine of which a test says what it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.busy = self.own = 0.0
        self.children: dict[int, float] = {}
        monkeypatch.setattr(measure, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(measure, "_busy_seconds", lambda: self.busy)
        monkeypatch.setattr(measure, "_own_seconds", lambda: self.own)
        monkeypatch.setattr(measure, "_seconds_of", lambda process: self.children[process])

    def works(self, seconds: float, own: float = 0.0, others: float = 0.0) -> None:
        self.now += seconds
        self.own += own
        self.busy += own + others


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_a_figure_under_load_is_marked(machine: Machine) -> None:
    found = [Figure("before", 1.0, "s")]
    with measure.loaded(found):
        machine.works(10, own=9, others=2)
        found.append(Figure("loaded", 1.0, "s"))
    with measure.loaded(found):
        machine.works(10, own=20, others=1)
        found.append(Figure("calm", 1.0, "s"))
    assert [(each.load, each.loaded) for each in found] == [(None, False), (0.2, True), (0.1, False)]
    assert [each.record()["loaded"] for each in found] == [False, True, False]


def test_the_load_of_its_own_time_counts(machine: Machine) -> None:
    found: list[Figure] = []
    with measure.loaded(found):
        machine.works(10, others=10)
        with measure.loaded(found):
            machine.works(10)
            found.append(Figure("calm", 1.0, "s"))
        found.append(Figure("loaded", 1.0, "s"))
    assert [each.load for each in found] == [0.0, 0.5]


def test_children_that_go_on_are_ours(machine: Machine) -> None:
    machine.children[7] = 100.0
    load = measure.Load(lambda: [7])
    machine.children[7] += 5
    machine.works(10, others=5)
    assert load.other() == 0.0


def test_a_record_has_its_place_in_a_picture() -> None:
    record: dict[str, Any] = Figure(
        "W4", 300.0, "ms", Target("<=", 508), point=Point("resume", "raftoral", 10)
    ).record()
    assert (record["plot"], record["line"], record["x"], record["verdict"]) == ("resume", "raftoral", 10, "pass")
    assert "plot" not in Figure("W1", 1.0, "ms").record()
