"""The user's test kit: mocks, time, failures and crashes, as its own users meet them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import raftoral
from raftoral import errors as e, testing
from raftoral.runtime.resources import Resources
from tests.runtime.desk import on_a_loop
from tests.runtime.machines import Kit

TEXT = """
error Declined { code: str }
activity charge(who: str, price: decimal) -> str raises Declined {
  timeout: 10s, retry: 3 times backoff 1m except Declined
}
activity find(k: str) -> int? { timeout: 10s }
activity note(text: str) { timeout: 10s }
activity once(k: str) -> int { timeout: 10s, once: at_most }
activity hold(k: str) -> str { timeout: 10s }
activity free(h: str) { timeout: 10s, retry: forever }

workflow Pays version 1 (who: str, price: decimal = 5.00) -> str raises Declined {
  checkpoint stage = "begun"
  signal stop
  query at() -> str = stage
  let receipt = do charge(who, price)
  stage = "paid"
  select {
    on stop => stage = "stopped"
    after 30d => stage = "done"
  }
  return "${receipt} ${stage} ${now()}"
}

workflow Finds version 1 () -> int {
  let n = do find("k")
  return n ?? 0 - 1
}

workflow Once version 1 () -> str {
  return try { let n = do once("k")  give "${n}" } catch Interrupted { give "interrupted" }
}

workflow Holds version 1 () -> str {
  try {
    let h = do hold("h") compensate do free(h)
    do note(h)
    return h
  } catch ActivityFailed {
    return "failed"
  }
}

workflow Many version 1 (n: int) -> int {
  let xs = parallel for i in 1..n limit 5 { give do hold("${i}") }
  return len(xs)
}
"""


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


class Activities:
    def __init__(self) -> None:
        self.keys: list[str] = []

    async def charge(self, who: str, sum: Decimal) -> str:
        self.keys.append(raftoral.activity().key)
        return f"ch-{who}-{sum}"

    def find(self, k: str) -> int | None:
        return 7

    async def note(self, text: str) -> None: ...

    async def once(self, k: str) -> int:
        return 1

    async def hold(self, k: str) -> str:
        return f"h-{k}"

    async def free(self, h: str) -> None: ...


def world(m, *activities, **options):
    import sys

    sys.modules["m"] = m
    return testing.world([m], list(activities) or [Activities()], **options)


@on_a_loop
async def test_days_take_no_time(m):
    async with world(m) as w:
        assert w.now == datetime(2026, 1, 1, tzinfo=UTC)
        run = await m.Pays.start(w, "ann")
        assert await run.result() == "ch-ann-5 done 2026-01-31T00:00:00Z"
        assert w.calls("charge") == [("ann", Decimal(5))] and w.now == datetime(2026, 1, 31, tzinfo=UTC)


@on_a_loop
async def test_time_by_hand(m):
    async with world(m) as w:
        run = await m.Pays.start(w, "ann")
        await w.sleep("29d")
        assert await run.at() == "paid" and await run.status() == "running"
        await w.sleep(timedelta(hours=23))
        await w.sleep(3599)
        assert await run.at() == "paid"
        await w.sleep("1s")
        assert await run.at() == "done" and await run.result() == "ch-ann-5 done 2026-01-31T00:00:00Z"


@on_a_loop
async def test_frozen_time_stands_still(m):
    async with world(m) as w:
        run = await m.Pays.start(w, "ann")
        with w.frozen():
            waiting = asyncio.ensure_future(run.result())
            await w.settle()
            assert not waiting.done() and w.now == testing.START
            await run.stop()
            assert (await waiting).startswith("ch-ann-5 stopped 2026-01-01")
    async with world(m, skip_time=False) as w:
        run = await m.Pays.start(w, "ann")
        await w.settle()
        assert await run.at() == "paid" and w.now == testing.START


@on_a_loop
async def test_its_own_beginning(m):
    async with world(m, start=datetime(2030, 2, 28, tzinfo=UTC)) as w:
        assert (await (await m.Pays.start(w, "ann")).result()).endswith("2030-03-30T00:00:00Z")


@pytest.mark.parametrize(
    ("time", "us"),
    [("250ms", 250_000), ("3s", 3_000_000), ("1h30m", 5_400_000_000), ("2w 1d", 15 * 86_400_000_000), (1.5, 1_500_000),
     (timedelta(minutes=1), 60_000_000), ("1.5h", 5_400_000_000), (0, 0)],
)  # fmt: skip
def test_durations(time, us):
    assert testing._microseconds(time) == us


@pytest.mark.parametrize("time", ["", "3", "d", "3x", "-3d", "1h30", "3 days", "1.2.3s", ".s"])
def test_durations_that_are_none(time):
    with pytest.raises(e.UsageError, match="is no duration: write it as in the language"):
        testing._microseconds(time)


# --- mocks and failures ------------------------------------------------------------------------------------------


@on_a_loop
async def test_mocks(m):
    async with world(m) as w:
        w.mock("charge", "mocked")
        assert (await (await m.Pays.start(w, "ann")).result()).startswith("mocked done")
        w.mock("charge", lambda who, sum: f"{who} pays {sum}")
        assert (await (await m.Pays.start(w, "bob")).result()).startswith("bob pays 5 done")

        async def slowly(who, sum):
            await asyncio.sleep(0)
            return "slow"

        w.mock("charge", slowly)
        assert (await (await m.Pays.start(w, "ann")).result()).startswith("slow done")
        w.mock("charge", m.Declined(code="51"))
        with pytest.raises(e.RunFailed) as raised:
            await (await m.Pays.start(w, "ann")).result()
        assert raised.value.error == m.Declined(code="51")
        w.mock("find", None)
        assert await (await m.Finds.start(w)).result() == -1
        assert len(w.calls("charge")) == 4


@on_a_loop
async def test_failures_are_retried(m):
    async with world(m) as w:
        w.fail("charge", OSError("no answer"), times=2)
        run = await m.Pays.start(w, "ann")
        assert await run.result()
        assert len(w.calls("charge")) == 3
        report = await run.report()
        assert report.metrics["attempts"]["charge"] == 3
        w.fail("charge", m.Declined(code="51"))
        with pytest.raises(e.RunFailed):
            await (await m.Pays.start(w, "ann")).result()
        w.fail("charge", OSError("no answer"), times=3)
        with pytest.raises(e.RunFailed, match="no answer"):
            await (await m.Pays.start(w, "ann")).result()


@on_a_loop
async def test_nobody_implements_it(m):
    async with world(m, object()) as w:
        with pytest.raises(e.RunFailed, match=r"nobody implements charge: give it to world\(...\), or w.mock\(...\)"):
            await (await m.Pays.start(w, "ann")).result()
        w.mock("charge", "x")
        assert await (await m.Pays.start(w, "ann")).result()


@on_a_loop
async def test_what_a_mock_gives_must_fit(m):
    async with world(m) as w:
        w.mock("charge", 5)
        with pytest.raises(e.RunFailed, match="WrongResult"):
            await (await m.Pays.start(w, "ann")).result()


@on_a_loop
async def test_names_of_nobody(m):
    """A typing error in a test must not pass for a call that never came."""
    async with world(m) as w:
        for call in (lambda: w.mock("chrage", 1), lambda: w.fail("chrage", OSError()), lambda: w.calls("chrage"),
                     lambda: w.crash_in("chrage")):  # fmt: skip
            with pytest.raises(
                e.UsageError,
                match="no workflow here calls an activity 'chrage'; those that are called: charge, find, free",
            ):
                call()


@on_a_loop
async def test_undos(m):
    async with world(m) as w:
        w.fail("note", OSError("no"), times=3)
        assert await (await m.Holds.start(w)).result() == "failed"
        assert w.calls("free") == [("h-h",)]


# --- crashes -----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_a_crash_in_an_activity(m):
    own = Activities()
    async with world(m, own) as w:
        w.crash_in("charge")
        run = await m.Pays.start(w, "ann")
        assert (await run.result()).startswith("ch-ann-5 done")
        assert w.crashes == 1 and len(w.calls("charge")) == 2 and len(own.keys) == 1
        w.crash_in("charge", times=3)
        assert (await (await m.Pays.start(w, "bob")).result()).startswith("ch-bob-5")
        assert w.crashes == 4 and len(w.calls("charge")) == 6


@on_a_loop
async def test_keys_are_the_same_after_a_crash(m):
    keys = []

    async def charge(who, sum):
        keys.append((raftoral.activity().key, raftoral.activity().attempt, raftoral.activity().fence))
        if len(keys) < 3:
            await w.crash()
        return "x"

    async with world(m) as w:
        w.mock("charge", charge)
        run = await m.Pays.start(w, "ann")
        await w.settle()
        assert await run.at() == "paid"
        assert len({key for key, _, _ in keys}) == 1
        assert [attempt for _, attempt, _ in keys] == [1, 2, 3] and [fence for _, _, fence in keys] == [0, 1, 2]


@on_a_loop
async def test_what_was_not_committed_is_gone(m):
    async with world(m, skip_time=False) as w:
        run = await m.Pays.start(w, "ann")
        await w.settle()
        stopping = asyncio.ensure_future(run.stop())
        await asyncio.sleep(0)
        await w.crash()
        with pytest.raises(e.Closed):
            await stopping
        assert await run.at() == "paid"
        await run.stop()
        assert "stopped" in await run.result()


@on_a_loop
async def test_at_most_once(m):
    async with world(m) as w:
        w.crash_in("once")
        assert await (await m.Once.start(w)).result() == "interrupted"
        assert len(w.calls("once")) == 1
        assert await (await m.Once.start(w)).result() == "1"


@on_a_loop
async def test_crashes_side_by_side(m):
    async with world(m) as w:
        w.crash_in("hold", times=2)
        assert await (await m.Many.start(w, 12)).result() == 12
        assert w.crashes >= 1 and len(set(w.calls("hold"))) == 12


@on_a_loop
async def test_a_wait_goes_on_over_a_crash(m):
    async with world(m, skip_time=False) as w:
        run = await m.Pays.start(w, "ann")
        waiting = asyncio.ensure_future(run.result())
        seen = []

        async def watch():
            async for change in run.watch():
                seen.append(change.status)

        watching = asyncio.ensure_future(watch())
        await w.settle()
        await w.crash()
        assert not waiting.done() and not watching.done()
        await run.stop()
        assert "stopped" in await waiting
        await watching
        assert seen[-1] == "completed"


@on_a_loop
async def test_resources_live_as_long_as_their_process(m):
    made = []

    def pool():
        made.append("pool")
        return made

    async with world(m, resources=Resources().add("db", pool)) as w:
        assert made == ["pool"]

        async def charge(who, sum):
            return f"{len(raftoral.activity().resource('db'))}"

        w.mock("charge", charge)
        assert (await (await m.Pays.start(w, "ann")).result()).startswith("1 ")
        await w.crash()
        assert (await (await m.Pays.start(w, "ann")).result()).startswith("2 "), "made anew by the next process"


# --- the rest ----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_not_open(m):
    w = world(m)
    for call in (m.Once.start(w), w.crash()):
        with pytest.raises(e.UsageError, match="is not open"):
            await call


@on_a_loop
async def test_an_activity_that_goes_on_for_ever(m, monkeypatch):
    monkeypatch.setattr(testing, "LOOKS_MAX", 300)

    async def busy(who, sum):
        while True:
            await asyncio.sleep(0)

    async with world(m, skip_time=False) as w:
        w.mock("charge", busy)
        await m.Pays.start(w, "ann")
        with pytest.raises(e.UsageError, match="the world does not come to rest: an activity goes on for ever"):
            await w.settle()


@on_a_loop
async def test_two_worlds(m):
    async with world(m) as one, world(m) as two:
        await m.Once.start(one, id="a")
        with pytest.raises(e.NotFound):
            await two.status("a")
        assert one.calls("once") != [] or await one.status("a")


def test_in_a_test_that_is_no_coroutine(m):
    import sys

    sys.modules["m"] = m

    async def test(w):
        return await (await m.Once.start(w)).result()

    assert testing.run(test, [m], Activities()) == "1"


def test_all_workflows(m):
    found = testing.definitions(m)
    assert sorted(found) == [f"m.{name} version 1" for name in ("Finds", "Holds", "Many", "Once", "Pays")]
