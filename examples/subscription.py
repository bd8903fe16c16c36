"""A bank for subscriptions and a mailbox, in memory: bob's card is declined in every month, all others are good.

The key of a charge has the month in it. So it moves money once a month, and never twice.
"""

from decimal import Decimal

import raftoral
from subscription import CardDeclined, Plan


def welcome(customer: str, plan: Plan) -> None:
    raftoral.activity().log.info("welcome, %s, to %s", customer, plan)


def charge(customer: str, amount: Decimal, month: int) -> str:
    call = raftoral.activity()
    if customer == "bob":
        raise CardDeclined(code="51")
    call.log.info("%s from %s", amount, customer)
    return f"paid-{call.key}"


async def say(customer: str, text: str) -> None:
    raftoral.activity().log.info("to %s: %s", customer, text)
