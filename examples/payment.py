"""A gateway for card payments, in memory, that answers at once.

    a card that ends in 0000     CardDeclined
    a card that ends in 1111     the gateway is down, for the first two attempts
    any other card               is charged
    a payment called lost-...    a capture whose answer was lost is in no books: NotCaptured

It is a class, so that a type checker compares its methods with those that the Protocol asks for.
"""

from decimal import Decimal

import raftoral
from payment import CardDeclined, GatewayDown, Payment, PaymentActivities


class Gateway(PaymentActivities):
    async def authorize(self, payment: Payment) -> str:
        if payment.card.endswith("0000"):
            raise CardDeclined(code="51")
        if payment.card.endswith("1111") and raftoral.activity().attempt <= 2:
            raise GatewayDown()
        return f"auth-{payment.id}"

    async def void(self, authorization: str) -> None:
        raftoral.activity().log.info("%s is void", authorization)

    async def capture(self, authorization: str, amount: Decimal) -> str:
        """No key here: this gateway knows none, and would take the money twice. `once: at_most` is the answer."""
        raftoral.activity().log.info("%s: %s taken", authorization, amount)
        return _capture_of(authorization)

    async def find_capture(self, authorization: str) -> str | None:
        """What the books say. They only matter after a crash in the middle of `capture`."""
        return None if authorization.startswith("auth-lost-") else _capture_of(authorization)

    async def refund(self, capture: str, amount: Decimal, reason: str) -> None:
        raftoral.activity().log.info("%s: %s given back (%s)", capture, amount, reason)


def _capture_of(authorization: str) -> str:
    return authorization.replace("auth-", "cap-")
