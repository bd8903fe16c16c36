"""Long lives: twelve runs under one id, in a test of a moment; signals come when the test says so."""

from __future__ import annotations

import os
from decimal import Decimal

from raftoral.testing import World, load, run

subscription, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "subscription.rft"))


def test_a_year_of_a_subscription() -> None:
    async def story(w: World) -> None:
        run_ = await subscription.Subscription.start(w, "ann", subscription.Plan.BASIC, id="ann")
        await w.sleep("75d")
        assert await run_.months() == 3

        await run_.change_plan(subscription.Plan.FAMILY)
        await w.sleep("270d")
        await run_.cancel_("that was a year")

        summary = await run_.result()
        assert summary == subscription.Summary(customer="ann", months=12, reason="that was a year")
        amounts = [amount for _, amount, _ in w.calls("charge")]
        assert amounts == [Decimal("4.99")] * 3 + [Decimal("8.99")] * 9

    run(story, [subscription], *activities)


def test_a_month_is_paid_once_though_the_process_dies_every_month() -> None:
    async def story(w: World) -> None:
        run_ = await subscription.Subscription.start(w, "ann", subscription.Plan.BASIC, id="ann")
        for _ in range(3):
            await w.sleep("30d")
            await w.crash()
        await run_.cancel_("enough")

        assert (await run_.result()).months == 4
        assert [month for _, _, month in w.calls("charge")] == [1, 2, 3, 4]

    run(story, [subscription], *activities)


def test_a_declined_card_is_tried_again_next_month() -> None:
    async def story(w: World) -> None:
        w.fail("charge", subscription.CardDeclined(code="51"))
        run_ = await subscription.Subscription.start(w, "ann", subscription.Plan.BASIC)
        await w.sleep("1d")
        assert await run_.status_() is subscription.State.PAST_DUE

        await w.sleep("30d")
        assert await run_.status_() is subscription.State.ACTIVE

    run(story, [subscription], *activities)
