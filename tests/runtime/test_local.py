"""`Local`, method by method: what it gives, what it raises, and what survives its end."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from raftoral import errors as e
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.local import Local, checked_id, local
from raftoral.testing import START
from tests.runtime.desk import Desk, on_a_loop
from tests.runtime.machines import DAY, HOUR, MINUTE, SECOND, Kit

TEXT = """
enum Stage { begun, paid }
record Item { sku: str, qty: int = 1 }
error Bad { code: int }
activity get(k: str) -> int raises Bad { timeout: 10s, retry: 2 times backoff 10s except Bad }
activity put(k: str) { timeout: 10s, retry: never }

workflow W version 1 (n: int, items: list[Item] = [], name: str = "ann") -> int raises Bad {
  checkpoint stage = Stage.begun
  checkpoint total = n
  checkpoint who: str? = name
  signal say(str)
  signal go
  query now_at() -> Stage = stage
  query left(of: int) -> int = of - total
  query share(parts: int) -> int = total // parts
  query said() -> str? = who
  let m = do get(name)
  total += m
  stage = Stage.paid
  let text = wait say within 1d
  if text == "fault" { total = total // (m - m) }
  if text == "fail" { fail Bad(code: m) }
  return total + len(items)
}

workflow Kid version 1 (n: int) -> int {
  do put("kid ${n}")
  return n
}

workflow Parent version 1 (n: int) -> int {
  let a = do Kid(n)
  let kid = spawn Kid(n + 1) id "${workflow.id}-kid"
  let b = wait kid
  return a + b
}

workflow Quick version 1 (n: int) -> int {
  return n * 2
}

workflow Plain version 1 () {
  do put("plain")
}
"""


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


@pytest.fixture
def desk():
    return Desk()


def names(rows):
    return [row.id for row in rows]


# --- start -------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_start_gives_a_typed_run(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, [m.Item(sku="a")], id="order-1")
        assert (run.id, repr(run), await run.status()) == ("order-1", "WRun('order-1')", "running")
        await desk.settle()
        assert desk.waiting()[0].args == ("ann",)
        desk.give("get", 4)
        await desk.settle()
        await run.say("hello")
        assert await run.result() == 8
        assert await m.W.get(here, "order-1").result() == 8


@on_a_loop
async def test_an_id_is_drawn(m, desk):
    async with desk.local(m) as here:
        one, two = await m.Quick.start(here, 1), await m.Quick.start(here, 1)
        assert one.id != two.id and len(one.id) == 32


@on_a_loop
async def test_the_same_start_is_the_same_run(m, desk):
    async with desk.local(m) as here:
        for _ in range(2):
            await m.W.start(here, 3, id="a")
        assert len(desk.calls) == 1 and await here.count() == 1
        with pytest.raises(e.AlreadyExists, match="there is a run 'a' already, of m.W version 1 with other arguments"):
            await m.W.start(here, 4, id="a")
        with pytest.raises(e.AlreadyExists, match="take another id, or get that run by its id"):
            await m.Quick.start(here, 3, id="a")


@pytest.mark.parametrize("id", ["", "x" * 201, "a\nb", "\ud800", "\x00", 5, b"a"])
@on_a_loop
async def test_ids_that_are_none(m, desk, id):
    async with desk.local(m) as here:
        with pytest.raises(e.UsageError, match="an id is a printable text of 1 to 200 characters, not"):
            await m.Quick.start(here, 1, id=id)
        assert await here.count() == 0


def test_ids():
    assert checked_id("x" * 200) and checked_id("order 7/é~#")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("three",), "the input of m.W: n: an int was expected"),
        ((2**63,), "the input of m.W: n: an int left its 64 bits"),
        ((1, ["x"]), "the input of m.W: items"),
        ((1, [], None), "the input of m.W: name: a text was expected"),
        ((1, [], "\ud800"), "the input of m.W: a text holds what is no character"),
    ],
)
@on_a_loop
async def test_input_that_does_not_fit(m, desk, args, words):
    async with desk.local(m) as here:
        with pytest.raises(e.WrongInput) as raised:
            await m.W.start(here, *args)
        assert words in str(raised.value)
        assert isinstance(raised.value, e.UsageError) and raised.value.code == "wrong-input"


@pytest.mark.parametrize("args", [(), (1, [], "x", 4)])
@on_a_loop
async def test_the_wrong_number_of_arguments(m, desk, args):
    async with desk.local(m) as here:
        with pytest.raises(e.WrongInput, match="the input of m.W: "):
            await here.start(m.W.DEFINITION, None, args)


@on_a_loop
async def test_input_that_is_too_large(m, desk):
    async with desk.local(m) as here:
        with pytest.raises(e.WrongInput, match="the input of m.W has 1,"):
            await m.W.start(here, 1, [], "x" * (1 << 20))


@on_a_loop
async def test_a_workflow_of_another_module(m, desk):
    other = Kit({"elsewhere.rft": "rft 1\nworkflow Other version 1 () { sleep 1h }\n"}).modules["elsewhere"]
    async with desk.local(m) as here:
        with pytest.raises(e.UnknownProgram, match=r"elsewhere.Other is not among programs=; known are: m.Kid, m.Paren"):
            await other.Other.start(here)


@pytest.mark.parametrize("tags", [{"x": 5}, {5: "x"}, {"x": None}])
@on_a_loop
async def test_tags_that_are_none(m, desk, tags):
    async with desk.local(m) as here:
        with pytest.raises(e.UsageError, match="tags are texts by name"):
            await here.start(m.Quick.DEFINITION, "a", (1,), tags=tags)


# --- result ------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_all_who_wait_get_it(m, desk):
    async with desk.local(m) as here:
        run = await m.Plain.start(here)
        waiting = [asyncio.ensure_future(run.result()) for _ in range(3)]
        await desk.settle()
        waiting[0].cancel()
        await desk.settle()
        desk.give("put")
        assert await asyncio.gather(*waiting[1:]) == [None, None]
        assert not here._waiters


@on_a_loop
async def test_a_failure_has_its_error(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        await desk.settle()
        desk.fail("get", m.Bad(code=7))
        with pytest.raises(e.RunFailed) as raised:
            await run.result()
        failed = raised.value
        assert (failed.id, failed.status, failed.error, failed.code) == ("a", "failed", m.Bad(code=7), "run-failed")
        assert failed.__cause__ == m.Bad(code=7) and not failed.retryable
        assert str(failed) == "the run 'a' failed: Bad(code: 7)"


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        ("cancel", e.RunCancelled, "the run 'a' was cancelled: enough"),
        ("terminate", e.RunTerminated, "the run 'a' was terminated: enough"),
    ],
)
@on_a_loop
async def test_ended_by_somebody(m, desk, end, kind, words):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        waiting = asyncio.ensure_future(run.result())
        await desk.settle()
        await getattr(run, end)("enough")
        with pytest.raises(kind) as raised:
            await waiting
        assert str(raised.value) == words and raised.value.error.reason == "enough"


@on_a_loop
async def test_a_timeout_leaves_the_run_alone(m, desk):
    async with desk.local(m) as here:
        run = await m.Plain.start(here, id="a")
        with pytest.raises(e.WaitTimeout, match="the run 'a' is running after 0 s; it goes on"):
            await run.result(timeout=0)
        with pytest.raises(TimeoutError):
            await run.result(timeout=0)
        assert not any(here._waiters.values())
        desk.give("put")
        assert await run.result(timeout=60) is None
        assert await run.result(timeout=0) is None


@on_a_loop
async def test_nobody_has_a_result(m, desk):
    async with desk.local(m) as here:
        for call in (here.result(None, "x"), here.status("x"), here.describe("x"), here.report("x"), here.tree("x"),
                     here.cancel("x"), here.terminate("x"), here.pause("x"), here.resume("x"), here.tag("x", a="b"),
                     here.delete("x"), here.signal(None, "x", "say"), here.query(None, "x", "left"),
                     anext(here.watch("x"))):  # fmt: skip
            with pytest.raises(e.NotFound, match="there is no run 'x'"):
                await call


@on_a_loop
async def test_deleted_while_somebody_waits(m, desk):
    async with desk.local(m) as here:
        run = await m.Plain.start(here, id="a")
        waiting = asyncio.ensure_future(run.result())
        await desk.settle()
        assert await here.delete("a", force=True) == 1
        with pytest.raises(e.NotFound, match="there is no run 'a'"):
            await waiting


# --- signals and queries -----------------------------------------------------------------------------------------


@on_a_loop
async def test_signals_that_do_not_fit(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        with pytest.raises(e.UnknownSignal, match="m.W has no signal 'stop'; it has: go, say"):
            await here.signal(None, "a", "stop")
        with pytest.raises(e.WrongInput, match="the signal say of m.W: a text was expected"):
            await here.signal(None, "a", "say", 5)
        with pytest.raises(e.WrongInput, match="the signal go of m.W"):
            await here.signal(None, "a", "go", 5)
        with pytest.raises(e.WrongInput, match="the signal say of m.W has 1,"):
            await run.say("x" * (1 << 20))
        await run.go()
        await run.cancel()
        with pytest.raises(e.RunEnded, match="the run 'a' is cancelled already: the signal say was not delivered"):
            await run.say("late")


@on_a_loop
async def test_queries_of_a_run_that_lives_and_of_one_that_has_ended(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        assert (await run.now_at(), await run.left(10), await run.said()) == (m.Stage.BEGUN, 7, "ann")
        desk.give("get", 4)
        await desk.settle()
        assert (await run.now_at(), await run.left(10)) == (m.Stage.PAID, 3)
        await run.say("x")
        assert await run.result() == 7
        assert (await run.now_at(), await run.left(10)) == (m.Stage.PAID, 3)


@on_a_loop
async def test_queries_that_cannot_be_answered(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        with pytest.raises(e.UnknownSignal, match="m.W has no query 'x'; it has: left, now_at, said, share"):
            await here.query(None, "a", "x")
        with pytest.raises(e.QueryFailed, match="the query share of m.W: division by zero"):
            await run.share(0)
        for args in ((), (1, 2), ("x",), (None,)):
            with pytest.raises(e.WrongInput, match="the query left of m.W: "):
                await here.query(None, "a", "left", args)


@on_a_loop
async def test_a_query_changes_nothing(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        before = (await run.describe()).to_dict()
        for _ in range(3):
            await run.left(1)
        assert (await run.describe()).to_dict() == before


# --- looking -----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_describe(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, [m.Item(sku="a")], id="a")
        await run.say("early")
        await run.go()
        shown = await run.describe()
        assert (shown.id, shown.workflow, shown.version, shown.status, shown.seq) == ("a", "m.W", 1, "running", 1)
        assert shown.args == {"n": 3, "items": [{"qty": 1, "sku": "a"}], "name": "ann"}
        assert shown.checkpoints == {"stage": "begun", "total": 3, "who": "ann"}
        assert (shown.created, shown.ended, shown.mail) == (START, None, {"say": 1, "go": 1})
        (wait,) = shown.waits
        assert (wait.step, wait.kind, wait.name, wait.attempt, wait.failures) == ("get", "activity", "get", 1, 0)
        assert wait.line == 18 and wait.since == START and wait.due is None
        desk.fail("get", OSError("refused"))
        await desk.settle()
        (wait,) = (await run.describe()).waits
        assert (wait.attempt, wait.failures) == (2, 1) and wait.due is not None
        assert START + timedelta(seconds=9) <= wait.due <= START + timedelta(seconds=10)
        await desk.pass_(10 * SECOND)
        desk.give("get", 4)
        assert await run.result() == 8
        shown = await run.describe()
        assert (shown.status, shown.result, shown.waits) == ("completed", 8, ())
        assert shown.ended == START + timedelta(seconds=10)
        assert json.loads(json.dumps(shown.to_dict()))["ended"] == "2026-01-01T00:00:10Z"


@on_a_loop
async def test_describe_what_stands_still(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        desk.give("get", 0)
        await desk.settle()
        await run.say("fault")
        await desk.settle()
        shown = await run.describe()
        assert (shown.status, shown.code, shown.reason) == ("faulted", "division-by-zero", "division by zero")
        assert "m.rft" in shown.note
        with pytest.raises(e.WaitTimeout, match="is faulted after 0 s"):
            await run.result(timeout=0)
        await run.resume()
        assert await run.status() == "faulted"
        await run.terminate("hopeless")
        shown = await run.describe()
        assert shown.failure == {"kind": "Cancelled", "fields": {"reason": "hopeless"}}


@on_a_loop
async def test_report(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        await desk.settle()
        desk.fail("get", OSError("refused"))
        await desk.settle()
        report = await run.report()
        assert report.status == "running" and report.errors == {"get": "OSError: refused"} and not report.results
        await desk.pass_(10 * SECOND)
        desk.give("get", 4)
        await desk.settle()
        await run.say("x")
        assert await run.result() == 7
        report = await run.report()
        assert (report.workflow_id, report.status, report.result) == ("a", "completed", 7)
        assert (report.results, report.errors, report.total_duration) == ({"get": 4}, {}, 10.0)
        assert report.metrics["attempts"] == {"get": 2}
        (step,) = report.steps
        assert (step.step, step.activity, step.calls, step.attempts, step.failures) == ("get", "get", 1, 2, 1)
        assert "OSError: refused" in step.trace
        assert json.loads(json.dumps(report.to_dict()))["results"] == {"get": 4}


@on_a_loop
async def test_report_of_a_failure(m, desk):
    async with desk.local(m) as here:
        run = await m.Plain.start(here)
        await desk.settle()
        desk.fail("put", OSError("refused"))
        with pytest.raises(e.RunFailed):
            await run.result()
        report = await run.report()
        assert report.errors["put"] == "OSError: refused" and "ActivityFailed" in report.errors["workflow"]


@on_a_loop
async def test_reports_can_be_switched_off(m, desk):
    async with desk.local(m, profile=False) as here:
        run = await m.Plain.start(here)
        await desk.settle()
        desk.give("put")
        await run.result()
        assert (await run.report()).steps == ()


@on_a_loop
async def test_lists(m, desk):
    async with desk.local(m) as here:
        for n in range(5):
            await here.start(m.W.DEFINITION, f"w{n}", (n,), tags={"odd": str(n % 2)})
            await desk.pass_(HOUR)
        await m.Quick.start(here, 1, id="quick")
        assert names(await here.list()) == ["quick", "w4", "w3", "w2", "w1", "w0"]
        assert names(await here.list(workflow=m.W.DEFINITION, limit=2)) == ["w4", "w3"]
        page = await here.list(workflow="m.W", limit=2)
        assert names(await here.list(workflow="m.W", limit=2, before=page[-1].seq)) == ["w2", "w1"]
        assert names(await here.list(status="completed")) == ["quick"]
        assert names(await here.list(status=["completed", "running"], limit=1)) == ["quick"]
        assert names(await here.list(tags={"odd": "1"})) == ["w3", "w1"]
        assert names(await here.list(where={"total": 3})) == ["w3"]
        assert names(await here.list(where={"stage": "begun", "total": 2})) == ["w2"]
        assert names(await here.list(prefix="qu")) == ["quick"]
        assert names(await here.list(version=2)) == []
        since, until = START + timedelta(hours=1), START + timedelta(hours=3)
        assert names(await here.list(since=since, until=until)) == ["w2", "w1"]
        naive = since.replace(tzinfo=None)
        assert await here.list(since=naive) == await here.list(since=naive.astimezone(UTC))
        assert await here.count() == 6 and await here.count(workflow="m.W", status="running") == 5
        assert await here.list(limit=0) == []
        (row,) = await here.list(prefix="w3")
        assert (row.tags, row.checkpoints["total"], row.ended) == ({"odd": "1"}, 3, None)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"status": "done"}, "there is no status 'done'; there are: faulted, paused, running, stalled, completed, failed"),
        ({"status": ["running", "x"]}, "there is no status 'x'"),
        ({"limit": -1}, "-1"),
    ],
)
@on_a_loop
async def test_lists_of_what_cannot_be(m, desk, filters, words):
    async with desk.local(m) as here:
        with pytest.raises(e.UsageError, match=words):
            await here.list(**filters)


@on_a_loop
async def test_tree(m, desk):
    async with desk.local(m) as here:
        await m.Parent.start(here, 1, id="p")
        await desk.settle()
        desk.give("put")
        await desk.settle()
        tree = await here.tree("p")
        assert tree.run.id == "p" and names(child.run for child in tree.children) == ["p/Kid.1", "p-kid"]
        assert [child.run.status for child in tree.children] == ["completed", "running"]
        assert names(await here.list(parent="p")) == ["p-kid", "p/Kid.1"]


@on_a_loop
async def test_watch(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        seen = []

        async def watch():
            async for change in run.watch():
                seen.append((change.status, change.steps))

        watching = asyncio.ensure_future(watch())
        await desk.settle()
        await run.pause()
        await run.resume()
        desk.give("get", 4)
        await desk.settle()
        await run.say("x")
        await watching
        assert seen[0] == ("running", ("get",)) and seen[-1] == ("completed", ())
        assert ("paused", ("get",)) in seen and ("running", ("wait.say", "wait.say")) in seen
        assert not here._watchers
        assert [change.status async for change in run.watch()] == ["completed"]


@on_a_loop
async def test_a_watcher_that_goes_away_is_forgotten(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        changes = run.watch()
        await anext(changes)
        assert here._watchers
        await changes.aclose()
        assert not here._watchers


@on_a_loop
async def test_a_slow_watcher_misses_some_and_sees_the_end(m, desk, monkeypatch):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        changes = run.watch()
        await anext(changes)
        monkeypatch.setattr("raftoral.runtime.local.WATCH_MAX", 3)
        for queue in here._watchers[run.id]:
            queue._maxsize = 3
        for _ in range(20):
            await run.pause()
            await run.resume()
        await run.terminate()
        assert [change.status async for change in changes] == ["paused", "running", "terminated"]


@on_a_loop
async def test_watching_what_is_deleted(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        other = await m.Plain.start(here)
        changes = run.watch()
        await anext(changes)
        await run.delete(force=True)
        assert [change.status async for change in changes] == ["terminated"]
        assert len(desk.waiting("put")) == 1
        desk.give("put")
        await other.result()


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
        with pytest.raises(e.WrongInput, match="tags are texts by name"):
            await run.tag(n=5)


@on_a_loop
async def test_delete(m, desk):
    async with desk.local(m) as here:
        run = await m.Quick.start(here, 1)
        live = await m.Plain.start(here, id="live")
        assert await run.delete() == 1
        with pytest.raises(e.NotFound):
            await run.status()
        with pytest.raises(e.StillRunning, match="'live' lives: cancel it first, or force it"):
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
        with pytest.raises(e.StillRunning, match="'p-kid' lives"):
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
    monkeypatch.setattr("raftoral.runtime.local.PAGE_MAX", 10)
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
    monkeypatch.setattr("raftoral.runtime.local.PAGE_MAX", 4)
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
        with pytest.raises(e.UsageError, match="it is not open: use `async with raftoral.local"):
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
        with pytest.raises(e.Closed, match="the runtime was closed"):
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
            with pytest.raises(e.UnknownProgram, match="m.W"):
                await call
        assert await here.result(None, "done") == 6, "as JSON has it"
        with pytest.raises(e.StillRunning, match="'a' "):
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
        assert shown.reason == (
            "nobody here implements the activity get: give activities= an object with a method get"
        )
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
        ("x", "x"),
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
    with pytest.raises(e.UsageError, match="has no workflow; give a module that `raftoral compile` made"):
        local(programs)


@on_a_loop
async def test_options_that_exclude_each_other(m, tmp_path):
    with pytest.raises(e.UsageError, match="give either data= or storage=, not both"):
        Local([m], data=str(tmp_path), storage=MemoryStorage())


@on_a_loop
async def test_children_of_imported_modules_are_known(desk, tmp_path):
    """Also those of the modules that these import: a run of them must be found again after a restart."""
    kit = Kit(
        {
            "low.rft": "rft 1\nactivity put(k: str) { timeout: 1s }\nworkflow Low version 1 () { do put(\"low\") }\n",
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
