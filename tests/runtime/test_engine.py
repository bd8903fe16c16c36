"""The engine when things go wrong: a store that is ill for a while, in the middle of everything; a bug of ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime import engine as room
from raftoral.runtime.core import commands as c
from raftoral.runtime.core.machine import Machine
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.ports import Changes, Query, Row
from raftoral.runtime.resources import Resources
from tests.runtime.desk import TEXT, Desk, on_a_loop
from tests.runtime.machines import DAY, HOUR, SECOND, Kit


class IllStorage(MemoryStorage):
    """A store that fails as long as it is ill: each commit, and each reading too if it is blind."""

    def __init__(self) -> None:
        super().__init__()
        self.ill = self.blind = False
        self.refused = 0
        self.commits: list[Changes] = []

    def commit(self, changes: Changes) -> None:
        if self.ill:
            self.refused += 1
            raise e.StorageFailed("the disk is full")
        super().commit(changes)
        self.commits.append(changes)

    def live(self) -> Iterator[tuple[Row, dict[str, bytes]]]:
        if self.blind:
            raise e.StorageFailed("the disk is gone")
        return super().live()

    def rows(self, query: Query) -> list[Row]:
        if self.blind:
            raise e.StorageFailed("the disk is gone")
        return super().rows(query)


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def storage():
    return IllStorage()


async def turns(count: int = 20) -> None:
    """The loop goes round: a queue that cannot be written never is idle."""
    for _ in range(count):
        await asyncio.sleep(0)


async def well(desk: Desk) -> None:
    """The store is well again, and what waited for that is written."""
    desk.clock.advance(desk.clock.now() + SECOND)
    await desk.settle()


# --- a store that is ill -----------------------------------------------------------------------------------------


@on_a_loop
async def test_clients_get_the_error_and_nothing_happened(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3, id="a")
        storage.ill = True
        for call in (m.Quick.start(here, 1, id="b"), run.say("x"), run.pause(), run.tag(x="y"), run.cancel()):
            with pytest.raises(e.StorageFailed, match="the disk is full"):
                await call
        assert storage.refused == 5
        shown = await run.describe()
        assert (shown.status, shown.mail, shown.tags) == ("running", {}, {})
        storage.ill = False
        with pytest.raises(e.NotFound):
            await here.status("b")
        await run.say("x")
        assert (await run.describe()).mail == {"say": 1}


@on_a_loop
async def test_what_an_activity_gave_is_kept(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        waiting = asyncio.ensure_future(run.result())
        await desk.settle()
        storage.ill = True
        desk.give("get", 4)
        await turns()
        assert storage.refused == 1 and await run.now_at() == m.Stage.BEGUN
        for seconds in range(1, 4):
            desk.clock.advance(desk.clock.now() + SECOND)
            await turns()
            assert storage.refused == 1 + seconds, "tried again once a second"
        storage.ill = False
        desk.clock.advance(desk.clock.now() + SECOND)
        await desk.settle()
        assert await run.now_at() == m.Stage.PAID and len(desk.calls) == 1, "performed once"
        await run.say("x")
        assert await waiting == 7


@on_a_loop
async def test_what_a_client_asked_for_with_it_fails_alone(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        storage.ill = True
        desk.give("get", 4)
        pausing = asyncio.ensure_future(run.pause())
        await turns()
        with pytest.raises(e.StorageFailed):
            await pausing
        storage.ill = False
        await run.say("x")
        assert await run.result() == 7, "the next command brings what waited along"


@on_a_loop
async def test_timers_wait_until_it_is_well(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        desk.give("get", 4)
        await desk.settle()
        storage.ill = True
        desk.clock.advance(desk.clock.now() + DAY)
        await turns()
        assert await run.status() == "running" and storage.refused
        storage.ill = False
        desk.clock.advance(desk.clock.now() + SECOND)
        await desk.settle()
        assert await run.result() == 7


@on_a_loop
async def test_retries_are_not_lost(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        storage.ill = True
        desk.fail("get", OSError("refused"))
        await turns()
        storage.ill = False
        await well(desk)
        assert (await run.describe()).waits[0].attempt == 2
        storage.ill = True
        desk.clock.advance(desk.clock.now() + 10 * SECOND)
        await turns()
        assert len(desk.calls) == 1, "what is not on disk is not begun"
        storage.ill = False
        await well(desk)
        assert len(desk.calls) == 2 and desk.calls[1].attempt == 2


@on_a_loop
async def test_nothing_is_begun_or_told_before_it_is_on_disk(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        seen = []

        async def watch():
            async for change in run.watch():
                seen.append(change.status)

        watching = asyncio.ensure_future(watch())
        await desk.settle()
        storage.ill = True
        with pytest.raises(e.StorageFailed):
            await run.terminate()
        await turns()
        assert seen == ["running"] and len(desk.waiting("get")) == 1, "nobody was told, and nothing was stopped"
        storage.ill = False
        await run.terminate()
        await watching
        assert seen[-1] == "terminated"


@on_a_loop
async def test_one_that_cannot_even_be_read(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        storage.ill = storage.blind = True
        with pytest.raises(e.StorageFailed):
            await run.pause()
        desk.give("get", 4)
        waiting = asyncio.ensure_future(run.resume())
        for _ in range(3):
            desk.clock.advance(desk.clock.now() + SECOND)
            await turns()
        storage.ill = storage.blind = False
        for _ in range(2):
            desk.clock.advance(desk.clock.now() + SECOND)
            await turns()
        await waiting
        await desk.settle()
        assert await run.now_at() == m.Stage.PAID
        await run.say("x")
        assert await run.result() == 7


@on_a_loop
async def test_closed_while_it_is_ill(m, desk, storage):
    here = await desk.local(m, storage=storage).open()
    run = await m.W.start(here, 3)
    await desk.settle()
    storage.ill = True
    desk.give("get", 4)
    waiting = asyncio.ensure_future(run.result())
    await turns()
    await here.close()
    with pytest.raises(e.Closed):
        await waiting
    desk.clock.advance(desk.clock.now() + HOUR)
    await turns()


@on_a_loop
async def test_one_that_is_ill_from_the_start(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        await m.W.start(here, 3, id="a")
        await desk.settle()
        rows = dict(storage._rows)
    again = IllStorage()
    again._rows, again._ids = rows, {row.seq: id for id, row in rows.items()}
    again.ill = True
    other = Desk()
    with pytest.raises(e.StorageFailed):
        await other.local(m, storage=again).open()
    assert not other.calls


@pytest.mark.parametrize("failing", range(8))
@on_a_loop
async def test_ill_at_each_commit_in_turn(m, desk, storage, failing):
    """Whichever commit fails, a client that asks again gets the same end, and each effect is performed once."""
    async with desk.local(m, storage=storage) as here:
        run = m.W.get(here, "a")

        async def gives():
            if desk.waiting("get"):
                desk.give("get", 4)

        steps = [
            lambda: m.W.start(here, 3, id="a"),
            lambda: run.tag(step="1"),
            gives,
            lambda: run.pause(),
            lambda: run.tag(step="2"),
            lambda: run.resume(),
            lambda: run.say("x"),
        ]
        for at, step in enumerate(steps):
            storage.ill = at == failing
            try:
                await step()
            except e.StorageFailed:
                storage.ill = False
                await step()
            await turns()
            storage.ill = False
            desk.clock.advance(desk.clock.now() + SECOND)
            await desk.settle()
        assert (storage.refused > 0) == (failing < len(steps))
        assert (await run.result(), len(desk.calls), (await run.describe()).tags) == (7, 1, {"step": "2"})


# --- a slow store ------------------------------------------------------------------------------------------------


class SlowStorage(IllStorage):
    """One that lets the test say when a commit ends. Commits run in a thread, as on a slow disk."""

    def __init__(self) -> None:
        super().__init__()
        import threading

        self.may = threading.Event()
        self.may.set()
        self.begun = threading.Event()

    def commit(self, changes: Changes) -> None:
        self.begun.set()
        assert self.may.wait(30)
        super().commit(changes)


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(room, "SLOW_SECONDS", -1.0)
    return SlowStorage()


async def begun(storage: SlowStorage) -> None:
    assert await asyncio.get_running_loop().run_in_executor(None, storage.begun.wait, 30)


@on_a_loop
async def test_who_looks_waits_for_what_is_being_written(m, desk, slow):
    async with desk.local(m, storage=slow) as here:
        run = await m.W.start(here, 3, id="a")
        slow.may.clear()
        slow.begun.clear()
        pausing = asyncio.ensure_future(run.pause())
        await begun(slow)
        looking = [asyncio.ensure_future(call) for call in (run.status(), run.describe(), run.report(), run.left(10))]
        late = asyncio.ensure_future(run.tag(x="y"))
        await turns()
        assert not pausing.done() and not late.done() and not any(look.done() for look in looking)
        slow.may.set()
        await asyncio.gather(pausing, late)
        status, shown, report, left = await asyncio.gather(*looking)
        assert (status, shown.status, report.status, left) == ("paused", "paused", "paused", 7)


@on_a_loop
async def test_all_that_comes_meanwhile_shares_the_next_commit(m, desk, slow):
    async with desk.local(m, storage=slow) as here:
        slow.may.clear()
        slow.begun.clear()
        first = asyncio.ensure_future(m.Quick.start(here, 0))
        await begun(slow)
        others = [asyncio.ensure_future(m.Quick.start(here, n)) for n in range(1, 50)]
        await turns()
        before = len(slow.commits)
        slow.may.set()
        await asyncio.gather(first, *others)
        assert len(slow.commits) == before + 2 and await here.count() == 50


@on_a_loop
async def test_a_result_that_is_being_written(m, desk, slow):
    async with desk.local(m, storage=slow) as here:
        run = await m.Plain.start(here)
        await desk.settle()
        slow.may.clear()
        slow.begun.clear()
        desk.give("put")
        await begun(slow)
        waiting = asyncio.ensure_future(run.result())
        await turns()
        assert not waiting.done()
        slow.may.set()
        assert await waiting is None


@on_a_loop
async def test_ill_and_slow(m, desk, slow):
    async with desk.local(m, storage=slow) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        slow.ill = True
        with pytest.raises(e.StorageFailed):
            await run.pause()
        slow.ill = False
        desk.clock.advance(desk.clock.now() + SECOND)
        desk.give("get", 4)
        await desk.settle()
        await run.say("x")
        assert await run.result() == 7


@on_a_loop
async def test_closed_under_a_commit(m, desk, slow):
    here = await desk.local(m, storage=slow).open()
    slow.may.clear()
    slow.begun.clear()
    starting = asyncio.ensure_future(m.Quick.start(here, 1, id="a"))
    await begun(slow)
    closing = asyncio.ensure_future(here.close())
    await turns()
    assert not closing.done(), "what is being written is written"
    slow.may.set()
    assert (await starting).id == "a"
    await closing


# --- a bug of ours -----------------------------------------------------------------------------------------------


@on_a_loop
async def test_it_stops_and_writes_nothing(m, desk, storage, monkeypatch, caplog):
    caplog.set_level(logging.CRITICAL)
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3, id="a")
        waiting = asyncio.ensure_future(run.result())

        async def watch():
            return [change async for change in run.watch()]

        watching = asyncio.ensure_future(watch())
        await desk.settle()
        rows, commits = dict(storage._rows), len(storage.commits)

        def broken(*args: Any) -> None:
            raise ZeroDivisionError("a bug")

        monkeypatch.setattr(Machine, "_write", broken)
        words = "the machine has stopped: ZeroDivisionError: a bug"
        with pytest.raises(e.RaftoralError, match=words):
            await run.pause()
        monkeypatch.undo()
        for call in (waiting, watching, run.pause(), run.status(), run.describe(), here.list(), run.result(),
                     m.Quick.start(here, 1), anext(run.watch())):  # fmt: skip
            with pytest.raises(e.RaftoralError, match=words):
                await call
        desk.give("get", 4)
        await turns()
        assert storage._rows == rows and len(storage.commits) == commits
        assert "a bug of raftoral; nothing was written" in caplog.text
    async with Desk().local(m, storage=MemoryStorage()) as here:
        assert (await m.Quick.start(here, 2)).id


@on_a_loop
async def test_a_store_that_is_wrong_stops_it_too(m, desk, storage, monkeypatch):
    async with desk.local(m, storage=storage) as here:
        run = await m.W.start(here, 3)

        def broken(changes: Changes) -> None:
            raise e.UsageError("a step without a run")

        monkeypatch.setattr(storage, "commit", broken)
        with pytest.raises(e.RaftoralError, match="the machine has stopped: UsageError: a step without a run"):
            await run.pause()


# --- order of things ---------------------------------------------------------------------------------------------


@on_a_loop
async def test_commands_of_one_turn_of_the_loop_are_one_commit(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        before = len(storage.commits)
        await asyncio.gather(*(m.Quick.start(here, n) for n in range(100)))
        assert len(storage.commits) == before + 1 and here.engine.commits == len(storage.commits)


@on_a_loop
async def test_a_flood_of_commands_is_written_in_bounded_entries(m, desk, storage, monkeypatch):
    monkeypatch.setattr(room, "BATCH_MAX", 10)
    async with desk.local(m, storage=storage) as here:
        before = len(storage.commits)
        await asyncio.gather(*(m.Quick.start(here, n) for n in range(95)))
        assert len(storage.commits) == before + 10
        assert all(len(changes.rows) <= 10 for changes in storage.commits)


@on_a_loop
async def test_what_changes_nothing_is_not_written(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        run = await m.Quick.start(here, 1, id="a")
        before = len(storage.commits)
        await m.Quick.start(here, 1, id="a")
        for call in (run.cancel(), run.pause(), here.cancel("x")):
            with pytest.raises(e.RaftoralError):
                await call
        await here.engine.submit(c.Tick())
        assert len(storage.commits) == before


@on_a_loop
async def test_a_client_that_goes_away_changes_nothing(m, desk, storage):
    async with desk.local(m, storage=storage) as here:
        starting = asyncio.ensure_future(m.Quick.start(here, 1, id="a"))
        await asyncio.sleep(0)
        starting.cancel()
        await desk.settle()
        assert await here.status("a") == "completed"


@on_a_loop
async def test_resources_are_there_before_anything_is_called_again(m, desk, tmp_path):
    made = []

    async def pool():
        await turns(3)
        made.append(len(desk.calls))
        return "pool"

    async with desk.local(m, data=str(tmp_path)) as here:
        await m.W.start(here, 3)
        await desk.settle()
    desk.calls.clear()
    async with desk.local(m, data=str(tmp_path), resources=Resources().add("db", pool)) as here:
        await desk.settle()
        assert made == [0] and len(desk.calls) == 1 and here.is_idle() is False


@on_a_loop
async def test_a_resource_that_cannot_be_made(m, desk, tmp_path):
    def broken():
        raise OSError("no database")

    with pytest.raises(e.ResourceFailed, match="db"):
        await desk.local(m, data=str(tmp_path), resources=Resources().add("db", broken)).open()
    async with desk.local(m, data=str(tmp_path)) as here:
        assert await here.count() == 0, "nothing holds the directory"


@on_a_loop
async def test_pruning_that_fails_is_tried_again(m, desk, storage):
    async with desk.local(m, storage=storage, retention=timedelta(days=1)) as here:
        await m.Quick.start(here, 1)
        await desk.pass_(HOUR)
        storage.ill = True
        for _ in range(30):
            desk.clock.advance(desk.clock.now() + HOUR)
            await turns()
        storage.ill = False
        await well(desk)
        await desk.pass_(3 * HOUR)
        assert await here.count() == 0
