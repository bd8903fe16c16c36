"""A shop's warehouse, its bank and its post, in memory.

Try one order after the other:

    a pen and an ink are there          the order is confirmed
    there is only one desk, no chair    OutOfStock
    a total above 1000                  FraudSuspected, by version 2 of the workflow
    bob's card ends in 0000             CardDeclined
    cat's bank is away for a moment     the call is made again, and then succeeds
"""

from decimal import Decimal

import raftoral
from catalog import Item
from orders import CardDeclined, Order, OutOfStock, Receipt

STOCK = {"pen": 100, "ink": 100, "desk": 1, "chair": 0}
CARDS = {"ann": "4000 1234", "bob": "4000 0000", "cat": "4000 5678"}
CHARGES: dict[str, str] = {}


def reserve_stock(items: list[Item]) -> str:
    """A declared error is for the workflow to handle: `except OutOfStock` says that trying again is of no use."""
    for item in items:
        if item.qty > STOCK.get(item.sku, 0):
            raise OutOfStock(sku=item.sku)
    return "hold-" + "-".join(item.sku for item in items)


def release_stock(hold: str) -> None:
    """The undo of `reserve_stock`. Nothing may keep it from succeeding, some day: `retry: forever`."""
    raftoral.activity().log.info("%s is released", hold)


def score_fraud(order: Order, total: Decimal) -> float:
    """The larger the order, the more suspicious."""
    return min(1.0, float(total / 1_000))


async def charge_card(customer: str, amount: Decimal) -> str:
    """Money moves once for each key, however often the call is made: that is what a key is for."""
    call = raftoral.activity()
    if CARDS.get(customer, "").endswith("0000"):
        raise CardDeclined(code="51")
    if customer == "cat" and call.attempt == 1:
        raise ConnectionError("the bank does not answer")
    charge = CHARGES.setdefault(call.key, f"ch-{len(CHARGES) + 1}")
    call.log.info("%s pays %s", customer, amount)
    return charge


async def send_receipt(to: str, receipt: Receipt) -> None:
    raftoral.activity().log.info("dear %s, your order %s is on its way", to, receipt.order_id)
