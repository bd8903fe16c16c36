"""`Local`: operating runs, opening and closing, and what survives its end."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from raftoral import errors as e
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.local import Local, local
from tests.runtime.desk import TEXT, Desk, on_a_loop
from tests.runtime.machines import DAY, HOUR, MINUTE, Kit


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


def names(rows):
    return [row.id for row in rows]


# --- operating ---------------------------------------------------------------------------------------------------


@on_a_loop
async def test_pause_and_resume(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        await run.pause()
        desk.give("get", 4)
        await desk.settle()
        assert await run.status() == "paused" and await run.now_at() == m.Stage.BEGUN
        await run.resume()
        assert await run.status() == "running" and await run.now_at() == m.Stage.PAID


@on_a_loop
async def test_tags(m, desk):
    async with desk.local(m) as here:
        run = await m.Quick.start(here, 1, id="a")
        await run.tag(who="ann", what="é")
        await run.tag(who=None)
        assert (await run.describe()).tags == {"what": "é"}
        with pytest.raises(e.WrongInput, match=r"tags are texts by name"):
            await run.tag(n=5)


@on_a_loop
async def test_delete(m, desk):
    async with desk.local(m) as here:
        run = await m.Quick.start(here, 1)
        live = await m.Plain.start(here, id="live")
        assert await run.delete() == 1
        with pytest.raises(e.NotFound):
            await run.status()
        with pytest.raises(e.StillRunning, match=r"'live' lives: cancel it first, or force it"):
            await live.delete()
        assert await live.delete(force=True) == 1 and await here.count() == 0


@on_a_loop
async def test_delete_with_its_children(m, desk):
    async with desk.local(m) as here:
        await m.Parent.start(here, 1, id="p")
        await desk.settle()
        desk.give("put")
        await desk.settle()
        with pytest.raises(e.StillRunning):
            await here.delete("p")
        await here.terminate("p")
        with pytest.raises(e.StillRunning, match=r"'p-kid' lives"):
            await here.delete("p")
        assert await here.count() == 3, "nothing of it is deleted"
        assert await here.delete("p", cascade=False) == 1
        assert names(await here.list()) == ["p-kid", "p/Kid.1"]
        await here.delete("p-kid", force=True)
        await here.delete("p/Kid.1")


@on_a_loop
async def test_a_family_that_is_forced_away_starts_nothing_more(m, desk):
    text = """
activity put(k: str) { timeout: 10s }
workflow Kid version 1 (n: int) { do put("kid ${n}") }
workflow Parent version 1 () {
  for n in 1..5 {
    try { do Kid(n) } catch ActivityFailed { log warn "another one" }
  }
}
"""
    module = Kit(text).modules["m"]
    async with desk.local(module) as here:
        await module.Parent.start(here, id="p")
        await desk.settle()
        assert await here.delete("p", force=True) == 2
        await desk.settle()
        assert await here.count() == 0 and len(desk.calls) == 1


@on_a_loop
async def test_a_large_family(m, desk, monkeypatch):
    monkeypatch.setattr("raftoral.runtime.desk.PAGE_MAX", 10)
    text = """
workflow Kid version 1 (n: int) { log info n }
workflow Parent version 1 () {
  for n in 1..35 { spawn Kid(n) }
}
"""
    module = Kit(text).modules["m"]
    async with desk.local(module) as here:
        await module.Parent.start(here, id="p")
        assert len((await here.tree("p")).children) == 35
        assert await here.delete("p") == 36 and await here.count() == 0


@on_a_loop
async def test_delete_many(m, desk, monkeypatch):
    monkeypatch.setattr("raftoral.runtime.desk.PAGE_MAX", 4)
    async with desk.local(m) as here:
        for n in range(10):
            await m.Quick.start(here, n, id=f"q{n}")
        for n in range(3):
            await here.start(m.W.DEFINITION, f"w{n}", (n,), tags={"who": "ann"})
        assert await here.delete_many(prefix="q1") == 1
        assert await here.delete_many(tags={"who": "ann"}) == 0
        assert await here.delete_many(workflow="m.Quick") == 9
        assert await here.delete_many(tags={"who": "ann"}, force=True) == 3
        assert await here.count() == 0
        assert await here.delete_many() == 0


@on_a_loop
async def test_prune(m, desk):
    async with desk.local(m) as here:
        for n in range(5):
            await m.Quick.start(here, n, id=f"q{n}")
            await desk.pass_(DAY)
        await m.Plain.start(here, id="live")
        assert await here.prune(timedelta(days=10)) == 0
        assert await here.prune(timedelta(days=3), status="failed") == 0
        assert await here.prune(timedelta(days=3)) == 3
        assert names(await here.list()) == ["live", "q4", "q3"]
        assert await here.prune(timedelta(0)) == 2


@on_a_loop
async def test_retention_prunes_by_itself(m, desk):
    async with desk.local(m, retention=timedelta(days=2)) as here:
        await m.Quick.start(here, 1, id="old")
        await desk.pass_(DAY)
        await m.Quick.start(here, 1, id="young")
        await desk.pass_(DAY + 2 * HOUR)
        assert names(await here.list()) == ["young"]
        await desk.pass_(2 * DAY)
        assert await here.count() == 0


@on_a_loop
async def test_is_idle(m, desk):
    async with desk.local(m) as here:
        assert here.is_idle()
        await m.Plain.start(here)
        assert not here.is_idle()
        await desk.settle()
        assert not here.is_idle()
        desk.give("put")
        await desk.settle()
        assert here.is_idle()
    assert not here.is_idle()


# --- open and close ----------------------------------------------------------------------------------------------


@on_a_loop
async def test_what_needs_an_open_one(m, desk):
    here = desk.local(m)
    for call in (m.Quick.start(here, 1), here.result(None, "x"), here.list(), here.count(), here.status("x"),
                 here.delete("x"), here.prune(timedelta(1)), here.query(None, "x", "q"), here.signal(None, "x", "q"),
                 anext(here.watch("x"))):  # fmt: skip
        with pytest.raises(e.UsageError, match=r"it is not open: use `async with raftoral.local"):
            await call
    assert await here.open() is here and await here.open() is here
    await here.close()
    await here.close()


@on_a_loop
async def test_closed_while_somebody_waits(m, desk):
    here = await desk.local(m).open()
    run = await m.W.start(here, 3, id="a")
    waiting = asyncio.ensure_future(run.result())
    late = asyncio.ensure_future(run.result(timeout=60))

    async def watch():
        return [change.status async for change in run.watch()]

    watching = asyncio.ensure_future(watch())
    await desk.settle()
    await here.close()
    for task in (waiting, late, watching):
        with pytest.raises(e.Closed, match=r"the runtime was closed"):
            await task
    assert not here._waiters and not here._watchers


@on_a_loop
async def test_closed_under_a_command(m, desk):
    here = await desk.local(m).open()
    starting = asyncio.ensure_future(m.Quick.start(here, 1))
    await asyncio.sleep(0)
    await here.close()
    with pytest.raises(e.Closed):
        await starting


@on_a_loop
async def test_it_goes_on_where_it_was(m, desk, tmp_path):
    async with desk.local(m, data=str(tmp_path)) as here:
        run = await m.W.start(here, 3, id="a")
        await m.Quick.start(here, 4, id="done")
        await desk.settle()
        first = desk.waiting("get")[0]
    await desk.settle()
    async with desk.local(m, data=str(tmp_path)) as here:
        await desk.settle()
        again = desk.calls[-1]
        assert (again.attempt, again.fence, again.key) == (2, first.fence + 1, first.key) and again is not first
        desk.calls = [again]
        desk.give("get", 4)
        await desk.settle()
        run = m.W.get(here, "a")
        assert await run.left(10) == 3
    async with desk.local(m, data=str(tmp_path)) as here:
        await desk.pass_(DAY)
        assert await m.W.get(here, "a").result() == 7, "the timer went on"
        assert await m.Quick.get(here, "done").result() == 8
        assert (await here.report("a")).results == {"get": 4}
        assert (await m.Quick.start(here, 4)).id != "done"
        assert [row.seq for row in await here.list()] == [3, 2, 1]


@on_a_loop
async def test_numbers_of_starts_grow_for_ever(m, desk, tmp_path):
    """The newest run was deleted, and the process started again: pages must not begin with what was seen."""
    async with desk.local(m, data=str(tmp_path)) as here:
        for n in range(3):
            await m.Quick.start(here, n, id=f"q{n}")
        seq = (await here.describe("q2")).seq
        await here.delete("q2")
    async with desk.local(m, data=str(tmp_path)) as here:
        await m.Quick.start(here, 9, id="new")
        assert (await here.describe("new")).seq > seq


@on_a_loop
async def test_two_cannot_share_a_directory(m, desk, tmp_path):
    async with desk.local(m, data=str(tmp_path)) as here:
        await m.Quick.start(here, 1)
        with pytest.raises(e.StorageRefused) as raised:
            await Desk().local(m, data=str(tmp_path)).open()
        assert str(tmp_path) in str(raised.value)
        assert await here.count() == 1
    async with Desk().local(m, data=str(tmp_path)) as other:
        assert await other.count() == 1


@on_a_loop
async def test_in_memory_nothing_stays(m, desk):
    for data in (None, ":memory:"):
        here = desk.local(m, data=data)
        async with here:
            await m.Quick.start(here, 1)
        async with here:
            assert await here.count() == 0


@on_a_loop
async def test_a_program_that_is_not_there_any_more(m, desk, tmp_path):
    other = Kit({"elsewhere.rft": "rft 1\nworkflow Other version 1 () { sleep 1h }\n"}).modules["elsewhere"]
    async with desk.local(m, data=str(tmp_path)) as here:
        await m.W.start(here, 3, id="a")
        await m.Quick.start(here, 3, id="done")
    async with desk.local(other, data=str(tmp_path)) as here:
        shown = await here.describe("a")
        assert (shown.status, shown.code) == ("stalled", "no-program")
        assert shown.reason == "m.W version 1 is not among programs="
        for call in (here.signal(None, "a", "say", "x"), here.query(None, "a", "left", (1,)), here.cancel("a")):
            with pytest.raises(e.UnknownProgram, match=r"m.W"):
                await call
        assert await here.result(None, "done") == 6, "as JSON has it"
        with pytest.raises(e.StillRunning, match=r"'a' "):
            await here.delete("a")
    async with desk.local(m, data=str(tmp_path)) as here:
        assert await here.status("a") == "running"
        await desk.settle()
        desk.give("get", 1)


@on_a_loop
async def test_nobody_implements_an_activity(m, desk):
    async with desk.local(m, missing=("get",)) as here:
        assert here.missing_activities(m.W.DEFINITION) == ["get"]
        assert here.missing_activities(m.Plain.DEFINITION) == []
        run = await m.W.start(here, 3)
        await desk.settle()
        shown = await run.describe()
        assert (shown.status, shown.code) == ("stalled", "stalled")
        assert shown.reason == ("nobody here implements the activity get: give activities= an object with a method get")
        await run.pause()
        await run.resume()
        await desk.settle()
        assert await run.status() == "stalled", "it does not wait silently"
        await run.cancel()
        assert await run.status() == "cancelled"


class Two:
    async def get(self, k: str) -> int:
        return 1


class One:
    async def get(self) -> int:
        return 1


@pytest.mark.parametrize(
    ("activities", "words"),
    [
        ([Two(), Two()], "The activity m.get could be performed by Two.get and Two.get"),
        ([One()], "takes"),
        ([Two], "Activities need an instance"),
        ("x", "str is no object with activities"),
    ],
)
@on_a_loop
async def test_activities_that_cannot_be(m, activities, words, tmp_path):
    here = Local([m], activities, data=str(tmp_path))
    with pytest.raises(e.UsageError, match=words):
        await here.open()
    async with Local([m], [Two()], data=str(tmp_path)):
        pass  # nothing holds the directory


@pytest.mark.parametrize("programs", [[json], [object], []])
def test_programs_that_are_none(programs):
    if not programs:
        assert local([])._programs.all() == {}
        return
    with pytest.raises(e.UsageError, match=r"has no workflow; give a module that `raftoral compile` made"):
        local(programs)


@on_a_loop
async def test_options_that_exclude_each_other(m, tmp_path):
    with pytest.raises(e.UsageError, match=r"give either data= or storage=, not both"):
        Local([m], data=str(tmp_path), storage=MemoryStorage())


@on_a_loop
async def test_children_of_imported_modules_are_known(desk, tmp_path):
    """Also those of the modules that these import: a run of them must be found again after a restart."""
    kit = Kit(
        {
            "low.rft": 'rft 1\nactivity put(k: str) { timeout: 1s }\nworkflow Low version 1 () { do put("low") }\n',
            "mid.rft": "rft 1\nimport low { Low }\nworkflow Mid version 1 () { do Low() }\n",
            "top.rft": "rft 1\nimport mid as other\nworkflow Top version 1 () { do other.Mid() }\n",
        }
    )
    top, low = kit.modules["top"], kit.modules["low"]
    activities = {"put": desk._performed(low._PUT)}
    async with desk.local(top, data=str(tmp_path), activities=activities) as here:
        run = await top.Top.start(here, id="t")
        await desk.settle()
        assert len(desk.calls) == 1
    await desk.settle()
    async with desk.local(top, data=str(tmp_path), activities=activities) as here:
        await desk.settle()
        assert desk.calls[-1].attempt == 2
        desk.calls[-1].answer.set_result(None)
        assert await top.Top.get(here, "t").result() is None
    assert run.id == "t"


# --- time --------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_time_is_the_clocks(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        desk.give("get", 4)
        await desk.pass_(DAY - MINUTE)
        assert await run.status() == "running"
        await desk.pass_(MINUTE)
        assert await run.result() == 7
        assert (await run.describe()).ended == datetime(2026, 1, 2, tzinfo=UTC)


@on_a_loop
async def test_a_clock_that_jumps(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        await desk.settle()
        desk.give("get", 4)
        await desk.settle()
        desk.clock._now -= 10 * DAY
        await run.pause()
        await run.resume()
        await desk.pass_(5 * DAY)
        assert await run.status() == "running"
        desk.clock.advance(desk.clock.now() + 400 * DAY)
        await desk.settle()
        assert await run.result() == 7
