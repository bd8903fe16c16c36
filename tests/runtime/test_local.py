"""`Local`, method by method: what it gives, what it raises, and what survives its end."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, timedelta

import pytest

from raftoral import errors as e
from raftoral.runtime.calls.values import checked_id
from raftoral.testing import START
from tests.runtime.desk import TEXT, Desk, on_a_loop
from tests.runtime.machines import HOUR, SECOND, Kit


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
        with pytest.raises(e.AlreadyExists, match=r"there is a run 'a' already, of m.W version 1 with other arguments"):
            await m.W.start(here, 4, id="a")
        with pytest.raises(e.AlreadyExists, match=r"take another id, or get that run by its id"):
            await m.Quick.start(here, 3, id="a")


@pytest.mark.parametrize("id", ["", "x" * 201, "a\nb", "\ud800", "\x00", 5, b"a"])
@on_a_loop
async def test_ids_that_are_none(m, desk, id):
    async with desk.local(m) as here:
        with pytest.raises(e.UsageError, match=r"an id is a printable text of 1 to 200 characters, not"):
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
        with pytest.raises(e.WrongInput, match=r"the input of m.W: "):
            await here.start(m.W.DEFINITION, None, args)


@on_a_loop
async def test_input_that_is_too_large(m, desk):
    async with desk.local(m) as here:
        with pytest.raises(e.WrongInput, match=r"the input of m.W has 1,"):
            await m.W.start(here, 1, [], "x" * (1 << 20))


@on_a_loop
async def test_a_workflow_of_another_module(m, desk):
    other = Kit({"elsewhere.rft": "rft 1\nworkflow Other version 1 () { sleep 1h }\n"}).modules["elsewhere"]
    async with desk.local(m) as here:
        with pytest.raises(
            e.UnknownProgram, match=r"elsewhere.Other is not among programs=; known are: m.Kid, m.Paren"
        ):
            await other.Other.start(here)


@pytest.mark.parametrize("tags", [{"x": 5}, {5: "x"}, {"x": None}])
@on_a_loop
async def test_tags_that_are_none(m, desk, tags):
    async with desk.local(m) as here:
        with pytest.raises(e.UsageError, match=r"tags are texts by name"):
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
        with pytest.raises(e.WaitTimeout, match=r"the run 'a' is running after 0 s; it goes on"):
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
            with pytest.raises(e.NotFound, match=r"there is no run 'x'"):
                await call


@on_a_loop
async def test_deleted_while_somebody_waits(m, desk):
    async with desk.local(m) as here:
        run = await m.Plain.start(here, id="a")
        waiting = asyncio.ensure_future(run.result())
        await desk.settle()
        assert await here.delete("a", force=True) == 1
        with pytest.raises(e.NotFound, match=r"there is no run 'a'"):
            await waiting


# --- signals and queries -----------------------------------------------------------------------------------------


@on_a_loop
async def test_signals_that_do_not_fit(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3, id="a")
        with pytest.raises(e.UnknownSignal, match=r"m.W has no signal 'stop'; it has: go, say"):
            await here.signal(None, "a", "stop")
        with pytest.raises(e.WrongInput, match=r"the signal say of m.W: a text was expected"):
            await here.signal(None, "a", "say", 5)
        with pytest.raises(e.WrongInput, match=r"the signal go of m.W"):
            await here.signal(None, "a", "go", 5)
        with pytest.raises(e.WrongInput, match=r"the signal say of m.W has 1,"):
            await run.say("x" * (1 << 20))
        await run.go()
        await run.cancel()
        with pytest.raises(e.RunEnded, match=r"the run 'a' is cancelled already: the signal say was not delivered"):
            await run.say("late")


@on_a_loop
async def test_queries_of_a_run_that_lives_and_of_one_that_has_ended(m, desk):
    async with desk.local(m) as here:
        run = await m.W.start(here, 3)
        assert (await run.now_at(), await run.left(10), await run.said()) == (m.Stage.BEGUN, 7, "ann")
        await desk.settle()
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
        with pytest.raises(e.UnknownSignal, match=r"m.W has no query 'x'; it has: left, now_at, said, share"):
            await here.query(None, "a", "x")
        with pytest.raises(e.QueryFailed, match=r"the query share of m.W: division by zero"):
            await run.share(0)
        for args in ((), (1, 2), ("x",), (None,)):
            with pytest.raises(e.WrongInput, match=r"the query left of m.W: "):
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
        assert wait.line == 19 and wait.since == START and wait.due is None
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
        await desk.settle()
        desk.give("get", 0)
        await desk.settle()
        await run.say("fault")
        await desk.settle()
        shown = await run.describe()
        assert (shown.status, shown.code, shown.reason) == ("faulted", "division-by-zero", "division by zero")
        assert "m.rft" in shown.note
        with pytest.raises(e.WaitTimeout, match=r"is faulted after 0 s"):
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
        (
            {"status": "done"},
            "there is no status 'done'; there are: faulted, paused, running, stalled, completed, failed",
        ),
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
        monkeypatch.setattr("raftoral.runtime.desk.WATCH_MAX", 3)
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
        await desk.settle()
        await run.delete(force=True)
        assert [change.status async for change in changes] == ["terminated"]
        assert len(desk.waiting("put")) == 1
        desk.give("put")
        await other.result()
