"""An account that is confirmed, and one that nobody confirms: a week, in no time."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

import raftoral
from raftoral.testing import START, World, load, run

onboarding, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "onboarding.rft"))
ANN = onboarding.Person(name="Ann", email="ann@example.com")


def test_a_workflow_fails_with_its_declared_error() -> None:
    """`RunFailed` has the error as the typed value that the workflow raised."""

    async def story(w: World) -> None:
        run_ = await onboarding.Onboard.start(w, ANN)

        with pytest.raises(raftoral.RunFailed) as failed:
            await run_.result()

        assert failed.value.error == onboarding.NeverConfirmed(email="ann@example.com")
        assert [subject for _, subject in w.calls("send_mail")] == [
            "Please confirm your address",
            "Your account is still waiting for you",
        ]
        assert len(w.calls("remove_account")) == 1
        assert w.now - START == timedelta(days=7)

    run(story, [onboarding], *activities)


def test_who_confirms_on_the_fifth_day_is_welcome() -> None:
    async def story(w: World) -> None:
        run_ = await onboarding.Onboard.start(w, ANN)
        await w.sleep("5d")

        await run_.confirm()

        assert (await run_.result()).email == "ann@example.com"
        assert [subject for _, subject in w.calls("send_mail")][-1] == "Welcome, Ann"
        assert w.calls("remove_account") == []

    run(story, [onboarding], *activities)


def test_an_undo_is_done_though_the_process_dies_in_it() -> None:
    async def story(w: World) -> None:
        w.crash_in("remove_account")

        with pytest.raises(raftoral.RunFailed, match="NeverConfirmed"):
            await (await onboarding.Onboard.start(w, ANN)).result()

        assert len(w.calls("remove_account")) == 2

    run(story, [onboarding], *activities)
