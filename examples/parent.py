"""A warehouse and a courier, in memory.

The address decides how far a parcel gets:

    an ordinary address     the parcel is signed for when the courier is asked for the third time
    far away                it lies somewhere until somebody chases it
    Bermuda                 Lost
"""

from collections import Counter
from decimal import Decimal

import raftoral
from parent import Line, Lost

LOOKS: Counter[str] = Counter()
CHASED: set[str] = set()


def pick(line: Line) -> Decimal:
    """People do this, and it takes minutes: their scanner sends a heartbeat for every piece."""
    for piece in range(line.qty):
        raftoral.activity().heartbeat({"picked": piece + 1})
    return Decimal("0.5") * line.qty


async def label_parcel(order: str, line: Line) -> str:
    return f"{order}-{line.sku}"


async def hand_over(parcel: str, address: str) -> str:
    """The ticket says where it goes, as the courier here remembers nothing else."""
    return f"{parcel} to {address}"


async def track(ticket: str) -> str | None:
    if "Bermuda" in ticket:
        raise Lost(parcel=ticket)
    LOOKS[ticket] += 1
    found = ticket in CHASED or (LOOKS[ticket] >= 3 and "far away" not in ticket)
    return "the neighbour" if found else None


async def hurry(ticket: str, why: str) -> None:
    raftoral.activity().log.info("%s: %s", ticket, why)
    CHASED.add(ticket)


async def ask_opinion(customer: str) -> None:
    raftoral.activity().log.info("dear %s, how did you like it?", customer)
