"""`raftoral.testing.simulate`: a user's workflows, activities and invariants, in worlds that do their worst."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

import raftoral
from raftoral import testing
from raftoral.errors import UsageError
from raftoral.sim.programs import compiled
from raftoral.sim.users import Simulated, SimulationFailed

TEXT = """rft 1
module simulated_shop

error Declined

activity charge(order: str, amount: int) -> str raises Declined { timeout: 10s, retry: 5 times }
activity ship(order: str) -> str { timeout: 10s }

workflow Buy version 1 (order: str, amount: int) -> str raises Declined {
  checkpoint stage = "new"
  let paid = do charge(order, amount)
  stage = "paid"
  let sent = do ship(order)
  return "${paid} ${sent}"
}
"""

WORLDS = 30


@pytest.fixture(scope="module")
def shop() -> Any:
    return compiled({"simulated_shop.rft": TEXT})


class Careless:
    """Charges whenever it is called."""

    def __init__(self) -> None:
        self.charged: Counter[str] = Counter()

    def charge(self, order: str, amount: int) -> str:
        self.charged[order] += 1
        return f"{order} paid"

    def ship(self, order: str) -> str:
        return f"{order} sent"


class Careful:
    """Knows a key that it has seen."""

    def __init__(self) -> None:
        self.charged: Counter[str] = Counter()
        self.keys: set[str] = set()

    async def charge(self, order: str, amount: int) -> str:
        key = raftoral.activity().key
        if key not in self.keys:
            self.keys.add(key)
            self.charged[order] += 1
        return f"{order} paid"

    def ship(self, order: str) -> str:
        return f"{order} sent"


def order_of(definition: Any, chance: random.Random) -> tuple[str, int]:
    return f"order {chance.random()}", 7


def never_two_charges(world: Simulated) -> None:
    twice = [order for order, times in world.activities.charged.items() if times > 1]
    assert not twice, f"{twice[0]} was charged twice"


def test_a_double_charge_is_found_and_repeated(shop: Any) -> None:
    with pytest.raises(SimulationFailed, match="was charged twice") as found:
        testing.simulate(shop, Careless, seeds=WORLDS, args=order_of, check=never_two_charges)
    assert "seeds=1, start=" in str(found.value)
    with pytest.raises(SimulationFailed, match="was charged twice"):
        testing.simulate(
            shop,
            Careless,
            seeds=1,
            start=found.value.seed,
            mode=found.value.mode,
            args=order_of,
            check=never_two_charges,
        )


def test_with_the_key_nothing_is_found(shop: Any) -> None:
    seen: list[Simulated] = []

    def check(world: Simulated) -> None:
        never_two_charges(world)
        assert {run.status for run in world.runs.values()} <= {"completed", "failed", "cancelled", "terminated"}
        seen.append(world)

    report = testing.simulate(shop, Careful, seeds=WORLDS, args=order_of, check=check, mode="crashes")
    assert report.seeds == WORLDS and report.runs > 100 and report.crashes > 20
    assert any(run.result for world in seen for run in world.runs.values())
    assert all(call.args[1:] == (7,) for world in seen for call in world.calls_of("charge"))


def test_activities_by_chance_when_there_are_none(shop: Any) -> None:
    report = testing.simulate(shop, seeds=5, mode="lossy")
    assert report.calls > 20


def test_an_activity_that_waits_for_something_real_is_refused(shop: Any) -> None:
    import asyncio

    class Slow:
        async def ship(self, order: str) -> str:
            await asyncio.sleep(1)
            return order

    with pytest.raises(UsageError, match="waits for something real"):
        testing.simulate(shop, Slow, seeds=3, mode="calm")
