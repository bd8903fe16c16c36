"""A shelf with room for 100 pieces, from which 30 are taken between two looks, and a supplier.

The name of an article decides what happens:

    an article called old-...    Discontinued
    an article called late-...   comes a day later than the supplier promised
    any other                    comes in time, and the shelf is full again
"""

from datetime import UTC, datetime, timedelta

import raftoral
from catalog import Item
from restock import Discontinued

ROOM, TAKEN = 100, 30
LEFT: dict[str, int] = {}
DAYS_LATE: dict[str, int] = {}


def count_stock(sku: str) -> int:
    """Somebody looks at the shelf. What was ordered is on it, unless it is late."""
    late = DAYS_LATE.get(sku)
    if late == 0:
        LEFT[sku] = ROOM
    elif late is not None:
        DAYS_LATE[sku] = late - 1
    else:
        LEFT[sku] = LEFT.get(sku, ROOM) - TAKEN
    return LEFT.get(sku, 0)


async def order_more(item: Item) -> datetime:
    """An activity may look at the clock; a workflow gets the time as a result, and it stays what it was."""
    if item.sku.startswith("old-"):
        raise Discontinued(sku=item.sku)
    DAYS_LATE[item.sku] = 1 if item.sku.startswith("late-") else 0
    return datetime.now(UTC) + timedelta(days=2)


async def call_buyer(text: str) -> None:
    raftoral.activity().log.info("%s", text)
