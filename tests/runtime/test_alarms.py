"""Alarms: many moments and one timer, each rings once and never early."""

from __future__ import annotations

import random

import pytest

from raftoral.runtime.alarms import SPARE, Alarmed, Alarms
from tests.runtime.kit import HandClock


class Item(Alarmed):
    def __init__(self, name: str) -> None:
        self.name = name


class Ringing:
    """Alarms whose rings are written down, with their moment."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.clock.now = 0.0
        self.rung: list[tuple[str, float]] = []
        self.alarms: Alarms[Item] = Alarms(self.clock, self.ring)

    def ring(self, item: Item, now: float) -> None:
        assert now == self.clock.now
        self.rung.append((item.name, now))

    def item(self, name: str, when: float) -> Item:
        item = Item(name)
        self.alarms.set(item, when)
        return item


def test_they_ring_in_order_each_at_its_moment():
    ringing = Ringing()
    for name, when in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("d", 7.0)):
        ringing.item(name, when)
    assert ringing.clock.armed == 1
    ringing.clock.advance(5.0)
    assert ringing.rung == [("a", 1.0), ("b", 1.0), ("c", 3.0)]
    ringing.clock.advance(5.0)
    assert ringing.rung[3:] == [("d", 7.0)]
    assert ringing.clock.armed == 0


def test_one_that_is_set_again_rings_at_its_new_moment_only():
    ringing = Ringing()
    earlier, later = ringing.item("earlier", 5.0), ringing.item("later", 5.0)
    ringing.alarms.set(earlier, 2.0)
    ringing.alarms.set(later, 9.0)
    ringing.alarms.set(later, 8.0)
    ringing.clock.advance(20.0)
    assert ringing.rung == [("earlier", 2.0), ("later", 8.0)]


def test_one_that_is_taken_back_does_not_ring():
    ringing = Ringing()
    item = ringing.item("a", 5.0)
    ringing.alarms.take_back(item)
    ringing.alarms.take_back(item)
    ringing.clock.advance(20.0)
    assert ringing.rung == []
    ringing.alarms.set(item, 30.0)
    ringing.clock.advance(20.0)
    assert ringing.rung == [("a", 30.0)]


def test_a_ring_may_set_it_again():
    ringing = Ringing()
    item = ringing.item("a", 1.0)

    def again(which: Item, now: float) -> None:
        ringing.rung.append((which.name, now))
        if now < 3.0:
            ringing.alarms.set(item, now + 1.0)

    ringing.alarms._ring = again
    ringing.clock.advance(10.0)
    assert ringing.rung == [("a", 1.0), ("a", 2.0), ("a", 3.0)]


def test_one_ring_that_fails_silences_no_other():
    ringing = Ringing()

    def fail(item: Item, now: float) -> None:
        ringing.rung.append((item.name, now))
        if item.name == "a":
            raise ValueError("in a ring")

    ringing.alarms._ring = fail
    for name in "abc":
        ringing.item(name, 1.0)
    with pytest.raises(ValueError, match="in a ring"):
        ringing.clock.advance(1.0)
    ringing.clock.advance(0.0)
    assert ringing.rung == [("a", 1.0), ("b", 1.0), ("c", 1.0)]


def test_a_loop_that_is_early_by_its_resolution_is_on_time():
    ringing = Ringing()
    ringing.item("a", 5.000_000_4)  # the clock counts microseconds
    ringing.alarms._ring = lambda item, now: ringing.rung.append((item.name, now))
    ringing.clock.advance(5.0)
    assert ringing.rung == [("a", 5.000_000_4)]


def test_what_is_out_of_date_does_not_pile_up():
    ringing = Ringing()
    stays = ringing.item("stays", 500.0)
    for n in range(10_000):
        ringing.alarms.take_back(ringing.item(str(n), 1_000.0))
    assert len(ringing.alarms._heap) <= 2 + SPARE + 1
    ringing.clock.advance(2_000.0)
    assert ringing.rung == [("stays", 500.0)]
    assert stays.alarm == float("inf")


def test_closed_alarms_are_silent():
    ringing = Ringing()
    ringing.item("a", 1.0)
    ringing.alarms.close()
    assert ringing.clock.armed == 0
    ringing.clock.advance(5.0)
    assert ringing.rung == []


@pytest.mark.parametrize("seed", range(20))
def test_against_a_list(seed):
    chance = random.Random(seed)
    ringing = Ringing()
    items = [Item(str(n)) for n in range(50)]
    due: dict[str, float] = {}
    expected: list[tuple[str, float]] = []
    for _ in range(2_000):
        item = chance.choice(items)
        match chance.randrange(4):
            case 0 | 1:
                due[item.name] = ringing.clock.now + chance.randrange(50)
                ringing.alarms.set(item, due[item.name])
            case 2:
                due.pop(item.name, None)
                ringing.alarms.take_back(item)
            case 3:
                ringing.clock.advance(chance.randrange(5))
                rung = sorted((when, name) for name, when in due.items() if when <= ringing.clock.now)
                expected += [(name, when) for when, name in rung]
                for _, name in rung:
                    del due[name]
                assert sorted(ringing.rung) == sorted(expected)
