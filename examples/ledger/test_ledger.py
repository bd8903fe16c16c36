"""Money is neither made nor lost, whatever dies."""

from __future__ import annotations

import os
import sqlite3
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import raftoral
from raftoral.testing import World, load, world

HERE = os.path.dirname(__file__)


@pytest.fixture
def loaded() -> tuple[ModuleType, list[Any], ModuleType]:
    ledger, activities = load(os.path.join(HERE, "ledger.rft"))
    return ledger, activities, activities[-1]


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "accounts.db")


def accounts(path: str) -> dict[str, int]:
    with sqlite3.connect(path) as db:
        return dict(db.execute("SELECT name, cents FROM accounts"))


async def with_money(w: World, loaded: tuple[ModuleType, list[Any], ModuleType], path: str) -> None:
    db = loaded[2].opened(path)
    with db:
        db.execute("INSERT INTO accounts VALUES ('ann', 10000), ('bob', 0)")
    db.close()


def told(story: Any, loaded: tuple[ModuleType, list[Any], ModuleType], path: str) -> None:
    import asyncio

    async def inside() -> None:
        ledger, activities, implementation = loaded
        async with world([ledger], activities, resources=implementation.resources(path)) as w:
            await with_money(w, loaded, path)
            await story(w, ledger)

    asyncio.run(inside())


def test_money_moves(loaded: tuple[ModuleType, list[Any], ModuleType], path: str) -> None:
    async def story(w: World, ledger: Any) -> None:
        run = await ledger.MoveMoney.start(
            w, ledger.Transfer(from_account="ann", to_account="bob", amount=Decimal("2.50"))
        )
        await run.result()
        assert accounts(path) == {"ann": 9750, "bob": 250}

    told(story, loaded, path)


def test_it_moves_once_though_the_process_dies_after_the_transaction(
    loaded: tuple[ModuleType, list[Any], ModuleType], path: str
) -> None:
    """The worst moment: the database has it, the run does not know yet."""

    async def story(w: World, ledger: Any) -> None:
        implementation = loaded[2]
        deaths = 0

        async def withdraw_and_die(account: str, amount: Decimal) -> None:
            nonlocal deaths
            implementation.change(account, -int(amount * 100))
            deaths += 1
            if deaths == 1:
                await w.crash()

        w.mock("withdraw", withdraw_and_die)
        run = await ledger.MoveMoney.start(
            w, ledger.Transfer(from_account="ann", to_account="bob", amount=Decimal("40"))
        )
        await w.settle()
        await run.result()
        assert (deaths, w.crashes) == (2, 1)
        assert accounts(path) == {"ann": 6000, "bob": 4000}

    told(story, loaded, path)


def test_too_little_is_said_and_nothing_moves(loaded: tuple[ModuleType, list[Any], ModuleType], path: str) -> None:
    async def story(w: World, ledger: Any) -> None:
        run = await ledger.MoveMoney.start(
            w, ledger.Transfer(from_account="bob", to_account="ann", amount=Decimal("1"))
        )
        with pytest.raises(raftoral.RunFailed) as failed:
            await run.result()
        assert failed.value.error == ledger.TooLittle(account="bob", missing=Decimal("1"))
        assert accounts(path) == {"ann": 10000, "bob": 0}

    told(story, loaded, path)
