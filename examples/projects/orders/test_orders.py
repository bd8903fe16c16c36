"""A saga: what is held is given back, money moves once, whatever is declined, away or dead."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from typing import Any

from raftoral.testing import START, World, load, run

orders, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "orders.rft"))


def order(price: str = "2.50", qty: int = 4) -> Any:
    return orders.Order(id="o1", customer="ann", items=[orders.Item(sku="pen", price=Decimal(price), qty=qty)])


def test_a_refusal_is_an_answer_and_undoes_what_was_done() -> None:
    """Failure injection: the next call of an activity raises, whatever its implementation would do."""

    async def story(w: World) -> None:
        w.fail("charge_card", orders.CardDeclined(code="51"))

        receipt = await (await orders.ProcessOrder.start(w, order())).result()

        assert receipt.status is orders.Status.REJECTED
        assert w.calls("charge_card") == [("ann", Decimal(10))]  # a declared error is final here: `except CardDeclined`
        assert w.calls("release_stock") == [("hold-pen",)]
        assert w.calls("send_receipt") == []

    run(story, [orders], *activities)


def test_a_bank_that_is_away_is_asked_again() -> None:
    """Pauses between attempts pass in virtual time, so a retry policy is tested as it is."""

    async def story(w: World) -> None:
        w.fail("charge_card", ConnectionError("no route to host"), times=3)

        receipt = await (await orders.ProcessOrder.start(w, order())).result()

        assert receipt.status is orders.Status.CONFIRMED
        assert len(w.calls("charge_card")) == 4
        assert timedelta(seconds=1) < w.now - START < timedelta(minutes=10)

    run(story, [orders], *activities)


def test_what_was_done_is_not_done_again_after_a_crash() -> None:
    async def story(w: World) -> None:
        w.crash_in("charge_card")

        receipt = await (await orders.ProcessOrder.start(w, order())).result()

        assert receipt.status is orders.Status.CONFIRMED
        assert len(w.calls("reserve_stock")) == 1, "its result was committed"
        assert len(w.calls("charge_card")) == 2, "its result was not: the same call again, with the same key"

    run(story, [orders], *activities)


def test_version_1_asks_nobody_about_fraud() -> None:
    async def story(w: World) -> None:
        new = await (await orders.ProcessOrder.start(w, order(price="500"))).result()
        old = await (await orders.ProcessOrderV1.start(w, order(price="500"))).result()

        assert (new.status, old.status) == (orders.Status.REJECTED, orders.Status.CONFIRMED)
        assert len(w.calls("score_fraud")) == 1

    run(story, [orders], *activities)
