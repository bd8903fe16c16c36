"""People who answer, who answer late, and who never do. Six days take no time."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest

import raftoral
from raftoral.testing import World, load, run

approval, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "approval.rft"))
DESK = approval.Expense(id="2026-1", title="desk", amount=Decimal(300), owner="ann", manager="bo", director="cy")


def test_the_director_is_asked_after_three_days() -> None:
    """Mocks, and time that moves by hand: what is due on the way happens on the way."""

    async def story(w: World) -> None:
        w.mock("notify", None)
        w.mock("hold_budget", "hold-1")
        w.mock("pay", lambda e, hold: f"{e.id} from {hold}")

        request = await approval.ApproveExpense.start(w, DESK)
        await w.sleep("2d")
        assert [who for who, _ in w.calls("notify")] == ["bo"]
        await w.sleep("1d")
        assert [who for who, _ in w.calls("notify")] == ["bo", "cy"]
        assert await request.where_is_it() is approval.Stage.ESCALATED

        await request.decide(approval.Approve(by="cy"))
        assert await request.result() == "2026-1 from hold-1"

    run(story, [approval])


def test_nobody_answers_and_the_budget_is_free_again() -> None:
    async def story(w: World) -> None:
        request = await approval.ApproveExpense.start(w, DESK)

        with pytest.raises(raftoral.RunFailed) as failed:
            await request.result()

        assert failed.value.error == approval.Declined(reason="nobody decided in time")
        assert w.calls("free_budget") == [("hold-2026-1",)]
        assert w.calls("pay") == []

    run(story, [approval], *activities)


def test_the_process_dies_while_it_waits_and_while_it_pays() -> None:
    async def story(w: World) -> None:
        request = await approval.ApproveExpense.start(w, DESK)
        await w.sleep("1d")
        await w.crash()
        w.crash_in("pay")

        await request.decide(approval.Approve(by="bo"))

        assert await request.result() == "pay-2026-1"
        assert w.crashes == 2
        assert [who for who, _ in w.calls("notify")] == ["bo"], "who was asked is not asked again"

    run(story, [approval], *activities)
