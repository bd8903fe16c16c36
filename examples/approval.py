"""A ledger, a bank and a post office, in memory.

The expense decides what happens:

    an expense whose id begins with 2025    LedgerClosed: that year's books are closed
    an amount above 1000                    the bank drops the connection once, half-way through
    all others                              are paid
"""

import asyncio

import raftoral
from approval import Expense, LedgerClosed

STEPS = ("look up the account", "sign the order", "send it", "wait for the bank")


async def notify(who: str, text: str) -> None:
    raftoral.activity().log.info("to %s: %s", who, text)


def hold_budget(e: Expense) -> str:
    year = e.id.partition("-")[0]
    if year == "2025":
        raise LedgerClosed(period=year)
    return f"hold-{e.id}"


def free_budget(hold: str) -> None:
    raftoral.activity().log.info("%s is free again", hold)


async def pay(e: Expense, hold: str) -> str:
    """Long work in steps. A heartbeat says that it goes on; if this attempt fails, the next has what it said last."""
    call = raftoral.activity()
    done: int = call.details or 0
    for at, step in enumerate(STEPS[done:], done + 1):
        call.log.info("step %s: %s", at, step)
        await asyncio.sleep(0)  # here the real work would be; a coroutine is cancelled at an `await`
        call.heartbeat(at)
        if at == 2 and e.amount > 1_000 and call.attempt == 1:
            raise ConnectionError("the bank hung up")
    return f"pay-{e.id}"
