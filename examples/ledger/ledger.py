"""The activities of ledger.rft: each is one transaction of SQLite, that also notes the key of its effect.

An activity may be called twice, after a crash or a time-out. The second call finds its key in the table `done`, written
by the transaction that moved the money, and moves nothing. So money moves once, though calls are made at least once.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import raftoral
from ledger import TooLittle

TABLES = """
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cents INTEGER NOT NULL CHECK (cents >= 0));
CREATE TABLE IF NOT EXISTS done (key TEXT PRIMARY KEY);
"""


def opened(path: str) -> sqlite3.Connection:
    """The database, as a resource of a node: activities of any thread use it, one transaction at a time."""
    db = sqlite3.connect(path, check_same_thread=False)
    db.executescript(TABLES)
    return db


def resources(path: str = "accounts.db") -> raftoral.Resources:
    """What the activities share: made when the node starts, checked now and then, closed when it stops."""
    return raftoral.Resources().add(
        "db",
        lambda: opened(path),
        health=lambda db: db.execute("SELECT 1").fetchone() == (1,),
        close=lambda db: db.close(),
    )


async def withdraw(account: str, amount: Decimal) -> None:
    """An `async def` that never waits: nobody comes between its statements, so the connection needs no lock."""
    change(account, -int(amount * 100))


async def pay_in(account: str, amount: Decimal) -> None:
    change(account, int(amount * 100))


def change(account: str, cents: int) -> None:
    """One transaction: the key, and the money."""
    call = raftoral.activity()
    db: sqlite3.Connection = call.resource("db")
    with db:
        if db.execute("INSERT OR IGNORE INTO done VALUES (?)", (call.key,)).rowcount == 0:
            call.log.info("%s was done before", call.key)
            return
        db.execute("INSERT OR IGNORE INTO accounts VALUES (?, 0)", (account,))
        (there,) = db.execute("SELECT cents FROM accounts WHERE name = ?", (account,)).fetchone()
        if there + cents < 0:
            raise TooLittle(account=account, missing=Decimal(-there - cents) / 100)
        db.execute("UPDATE accounts SET cents = cents + ? WHERE name = ?", (cents, account))
