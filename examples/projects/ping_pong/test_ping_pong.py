"""The smallest test of a workflow: a world, a start, a result."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

import raftoral
from raftoral.testing import START, World, load, run

ping_pong, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "ping_pong.rft"))


def test_a_ping_is_answered() -> None:
    async def story(w: World) -> None:
        pong = await (await ping_pong.PingPong.start(w, ping_pong.Ping(text="hi"))).result()

        assert pong == ping_pong.Pong(text="hi", answered_by="ping_pong.py")
        assert w.now == START, "no time has passed"

    run(story, [ping_pong], *activities)


def test_what_is_not_understood_is_asked_again() -> None:
    """The implementation raises at the first attempt. Nothing here waits: the pause passes in virtual time."""

    async def story(w: World) -> None:
        pong = await (await ping_pong.PingPong.start(w, ping_pong.Ping(text="hiccup"))).result()

        assert pong.text == "hiccup"
        assert w.calls("answer") == [("hiccup",), ("hiccup",)]
        assert timedelta(0) < w.now - START < timedelta(minutes=1)

    run(story, [ping_pong], *activities)


def test_an_activity_that_never_succeeds_ends_the_run() -> None:
    async def story(w: World) -> None:
        w.fail("answer", ConnectionError("nobody there"), times=100)

        with pytest.raises(raftoral.RunFailed, match="nobody there"):
            await (await ping_pong.PingPong.start(w, ping_pong.Ping(text="hi"))).result()
        assert len(w.calls("answer")) == 3, "what an activity is tried when it says nothing else"

    run(story, [ping_pong], *activities)


def test_a_process_that_dies_in_the_call_changes_nothing() -> None:
    async def story(w: World) -> None:
        w.crash_in("answer")

        pong = await (await ping_pong.PingPong.start(w, ping_pong.Ping(text="hi"))).result()

        assert pong.text == "hi"
        assert (w.crashes, len(w.calls("answer"))) == (1, 2)

    run(story, [ping_pong], *activities)
