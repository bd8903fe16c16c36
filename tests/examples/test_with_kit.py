"""How workflows are tested with `raftoral.testing`: days that take no time, calls that fail, processes that die.

Each test is a story in a world of its own. `raftoral.testing.run` opens the world, runs the story and closes it; tests
that are coroutines say `async with raftoral.testing.world([orders], activities) as w:` instead.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from raftoral.errors import RunFailed
from raftoral.testing import START, run


def test_a_refusal_is_an_answer_and_undoes_what_was_done(load):
    """Failure injection: the next call of an activity raises, whatever its implementation would do."""
    orders, activities = load("orders")
    order = orders.Order(id="o1", customer="ann", items=[orders.Item(sku="pen", price=Decimal("2.50"), qty=4)])

    async def story(w):
        w.fail("charge_card", orders.CardDeclined(code="51"))

        receipt = await (await orders.ProcessOrder.start(w, order)).result()

        assert receipt.status is orders.Status.REJECTED
        assert w.calls("charge_card") == [("ann", Decimal(10))]  # a declared error is final here: `except CardDeclined`
        assert w.calls("release_stock") == [("hold-pen",)]
        assert w.calls("send_receipt") == []

    run(story, [orders], *activities)


def test_a_bank_that_is_away_is_asked_again(load):
    """Pauses between attempts pass in virtual time, so a retry policy is tested as it is."""
    orders, activities = load("orders")
    order = orders.Order(id="o1", customer="ann", items=[])

    async def story(w):
        w.fail("charge_card", ConnectionError("no route to host"), times=3)

        receipt = await (await orders.ProcessOrder.start(w, order)).result()

        assert receipt.status is orders.Status.CONFIRMED
        assert len(w.calls("charge_card")) == 4
        assert timedelta(seconds=1) < w.now - START < timedelta(minutes=10)

    run(story, [orders], *activities)


def test_the_director_is_asked_after_three_days(load):
    """Mocks, and time that moves by hand: what is due on the way happens on the way."""
    approval, _ = load("approval")
    expense = approval.Expense(id="2026-1", title="desk", amount=Decimal(300), owner="ann", manager="bo", director="cy")

    async def story(w):
        w.mock("notify", None)
        w.mock("hold_budget", "hold-1")
        w.mock("pay", lambda e, hold: f"{e.id} from {hold}")

        request = await approval.ApproveExpense.start(w, expense)
        await w.sleep("2d")
        assert [who for who, _ in w.calls("notify")] == ["bo"]
        await w.sleep("1d")
        assert [who for who, _ in w.calls("notify")] == ["bo", "cy"]
        assert await request.where_is_it() is approval.Stage.ESCALATED

        await request.decide(approval.Approve(by="cy"))
        assert await request.result() == "2026-1 from hold-1"

    run(story, [approval])


def test_money_is_taken_once_though_the_process_dies_while_it_is_taken(load):
    """A crash in an activity: what was committed stays, and `once: at_most` is not called a second time."""
    payment, activities = load("payment")

    async def story(w):
        w.crash_in("capture")

        run = await payment.Pay.start(w, payment.Payment(id="p1", card="4000 1234", amount=Decimal(25)))
        settled = await run.result()

        assert (settled.capture, settled.state) == ("cap-p1", payment.State.PAID)
        assert w.crashes == 1
        assert len(w.calls("authorize")) == 1
        assert len(w.calls("capture")) == 1
        assert w.calls("find_capture") == [("auth-p1",)]
        assert w.now - START >= timedelta(days=30)  # that is how long somebody may want the money back

    run(story, [payment], *activities)


def test_a_workflow_fails_with_its_declared_error(load):
    """`RunFailed` has the error as the typed value that the workflow raised."""
    onboarding, activities = load("onboarding")

    async def story(w):
        run = await onboarding.Onboard.start(w, onboarding.Person(name="Ann", email="ann@example.com"))

        with pytest.raises(RunFailed) as failed:
            await run.result()

        assert failed.value.error == onboarding.NeverConfirmed(email="ann@example.com")
        assert [subject for _, subject in w.calls("send_mail")] == [
            "Please confirm your address",
            "Your account is still waiting for you",
        ]
        assert len(w.calls("remove_account")) == 1
        assert w.now - START == timedelta(days=7)

    run(story, [onboarding], *activities)


def test_a_year_of_a_subscription(load):
    """Long lives: twelve runs under one id, in a test of a moment; signals come when the test says so."""
    subscription, activities = load("subscription")

    async def story(w):
        run = await subscription.Subscription.start(w, "ann", subscription.Plan.BASIC, id="ann")
        await w.sleep("75d")
        assert await run.months() == 3

        await run.change_plan(subscription.Plan.FAMILY)
        await w.sleep("270d")
        await run.cancel_("that was a year")

        summary = await run.result()
        assert summary == subscription.Summary(customer="ann", months=12, reason="that was a year")
        amounts = [amount for _, amount, _ in w.calls("charge")]
        assert amounts == [Decimal("4.99")] * 3 + [Decimal("8.99")] * 9

    run(story, [subscription], *activities)
