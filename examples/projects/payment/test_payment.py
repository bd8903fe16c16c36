"""Money is taken once, though the process dies while it is taken; and given back on request, within thirty days."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal

import pytest

import raftoral
from raftoral.testing import START, World, load, run

payment, activities = load(os.path.join(os.path.dirname(__file__), "..", "..", "payment.rft"))
P1 = payment.Payment(id="p1", card="4000 1234", amount=Decimal(25))


def test_money_is_taken_once_though_the_process_dies_while_it_is_taken() -> None:
    """A crash in an activity: what was committed stays, and `once: at_most` is not called a second time."""

    async def story(w: World) -> None:
        w.crash_in("capture")

        settled = await (await payment.Pay.start(w, P1)).result()

        assert (settled.capture, settled.state) == ("cap-p1", payment.State.PAID)
        assert w.crashes == 1
        assert len(w.calls("authorize")) == 1
        assert len(w.calls("capture")) == 1
        assert w.calls("find_capture") == [("auth-p1",)]
        assert w.now - START >= timedelta(days=30)  # that is how long somebody may want the money back

    run(story, [payment], *activities)


def test_a_capture_that_is_in_no_books_is_undone() -> None:
    async def story(w: World) -> None:
        w.crash_in("capture")
        w.mock("find_capture", None)

        with pytest.raises(raftoral.RunFailed) as failed:
            await (await payment.Pay.start(w, P1)).result()

        assert failed.value.error == payment.NotCaptured(authorization="auth-p1")
        assert w.calls("void") == [("auth-p1",)]

    run(story, [payment], *activities)


def test_money_is_given_back_after_three_weeks() -> None:
    async def story(w: World) -> None:
        run_ = await payment.Pay.start(w, P1)
        await w.sleep("21d")
        assert await run_.progress() is payment.State.PAID

        await run_.give_back("too small")

        assert (await run_.result()).state is payment.State.REFUNDED
        assert w.calls("refund") == [("cap-p1", Decimal(25), "too small")]

    run(story, [payment], *activities)
