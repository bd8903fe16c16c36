"""What a transition says: plain values, equal by content, quick to make; what a module declares exists once."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import timedelta

from raftoral.program import context, steps
from raftoral.program.context import Logged, Plain, Settled
from raftoral.program.steps import Activity, OnChild, OnSignal, OnTimer, Retry, Return, Won, giving


def declared(module):
    return [cls for _, cls in inspect.getmembers(module, inspect.isclass) if cls.__module__ == module.__name__]


def test_values_are_equal_by_content():
    assert Won(1, [2]) == Won(1, [2]) != Won(1, [3])
    assert OnSignal("a") == OnSignal("a") and OnSignal("a") != OnChild("a")  # one field of one value, not one thing
    assert Return(None) != None  # noqa: E711 - it says so itself
    assert len({Settled("try.1"), Settled("try.1"), Settled("try.2"), Logged("info", "x")}) == 3
    assert repr(OnTimer(timedelta(1))) == "OnTimer(delay=datetime.timedelta(days=1))"


def test_what_is_left_out_has_its_usual_value():
    assert Retry(3) == Retry(3, timedelta(seconds=1), timedelta(minutes=1)) != Retry(3, step=timedelta(1))
    activity: Activity[int] = Activity("ask", int, timedelta(1))
    assert activity.retry == Retry(3) and activity.queue == "default" and activity.params == ()


def test_activities_are_equal_by_content_and_slots_are_what_they_are():
    one: Activity[int] = Activity("ask", int, timedelta(1))
    other: Activity[int] = Activity("ask", int, timedelta(1))
    assert one == other != Activity("ask", int, timedelta(2))
    first, second = giving(1, "ask", 3, int), giving(1, "ask", 3, int)
    assert first == first and first != second and len({first, second}) == 2
    assert repr(first) == "Slot(1, 'ask')"


def test_none_of_them_costs_a_millisecond_of_the_start():
    for cls in (*declared(steps), *declared(context)):
        assert not dataclasses.is_dataclass(cls), cls
        if issubclass(cls, Plain) and cls is not Plain:
            assert [*inspect.signature(cls).parameters] == [*cls.__slots__], cls
