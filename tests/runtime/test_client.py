"""The typed client says and gives what `Local` does, over every way to a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.program.clients import Node
from raftoral.runtime.calls.client import Client
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.front import Front
from raftoral.runtime.local import Local
from raftoral.runtime.views import Description
from raftoral.testing import START
from tests.runtime.contracts.service import Whole, until
from tests.runtime.desk import TEXT, Desk, on_a_loop
from tests.runtime.machines import HOUR, Kit

WAYS = ("none", "http", "grpc")


@pytest.fixture(scope="module")
def m() -> Any:
    return Kit(TEXT).modules["m"]


@pytest.fixture(params=WAYS)
def opened(request: pytest.FixtureRequest, m: Any) -> Any:
    """(client, Local behind it, its desk)"""
    way = request.param

    @asynccontextmanager
    async def between() -> AsyncIterator[tuple[Client, Local, Desk]]:
        desk = Desk()
        async with desk.local(m) as here:
            behind = Whole(here)
            if way == "none":
                async with Client(behind) as client:
                    yield client, here, desk
                return
            async with Front(behind, "127.0.0.1:0") as front, connect(front.address, transport=way) as client:
                yield client, here, desk

    return between


def as_node(client: Client) -> Node:
    """Generated modules take it: a type checker says so here."""
    return client


# --- runs and their ends -----------------------------------------------------------------------------------------


@on_a_loop
async def test_a_generated_handle_works(m, opened):
    async with opened() as (client, _here, desk):
        run = await m.W.start(as_node(client), 3, [m.Item(sku="a")], id="order-1")
        assert (run.id, repr(run), await run.status()) == ("order-1", "WRun('order-1')", "running")
        assert (await run.now_at(), await run.left(10), await run.said()) == (m.Stage.BEGUN, 7, "ann")
        await until(lambda: desk.waiting("get"))
        desk.give("get", 4)
        await run.say("hello")
        assert await run.result(timeout=30) == 8
        assert await m.W.get(client, "order-1").result() == 8
        assert await run.now_at() is m.Stage.PAID


@on_a_loop
async def test_a_failure_has_its_error(m, opened):
    async with opened() as (client, _here, desk):
        run = await m.W.start(client, 3, id="a")
        await until(lambda: desk.waiting("get"))
        desk.fail("get", m.Bad(code=7))
        with pytest.raises(e.RunFailed) as raised:
            await run.result()
        failed = raised.value
        assert (failed.id, failed.status, failed.error, failed.code) == ("a", "failed", m.Bad(code=7), "run-failed")
        assert failed.__cause__ == m.Bad(code=7) and str(failed) == "the run 'a' failed: Bad(code: 7)"
        stranger = Client(client.service)  # who does not have the types
        with pytest.raises(e.RunFailed, match=r"^the run 'a' failed: .*m.Bad"):
            await stranger.run("a").result()


@pytest.mark.parametrize(("end", "kind"), [("cancel", e.RunCancelled), ("terminate", e.RunTerminated)])
@on_a_loop
async def test_ended_by_somebody(m, opened, end, kind):
    async with opened() as (client, here, _desk):
        run = await m.W.start(client, 3, id="a")
        waiting = asyncio.ensure_future(run.result())
        await until(lambda: here._waiters.get("a"))
        await getattr(run, end)("enough")
        with pytest.raises(kind, match=r"^the run 'a' was \w+: enough$") as raised:
            await waiting
        assert raised.value.error.reason == "enough"


@on_a_loop
async def test_a_timeout_leaves_the_run_alone(m, opened):
    async with opened() as (client, _here, desk):
        run = await m.Plain.start(client, id="a")
        with pytest.raises(e.WaitTimeout, match=r"^the run 'a' is running after 0 s; it goes on$"):
            await run.result(timeout=0)
        desk.give("put")
        assert await run.result(timeout=60) is None


@on_a_loop
async def test_a_run_of_another_workflow_under_that_id(m, opened):
    """Whoever asks for the wrong handle gets what the run gave, by the types of what it was."""
    async with opened() as (client, _here, _desk):
        await m.Quick.start(client, 4, id="q")
        assert await m.W.get(client, "q").result() == 8
        assert await client.result(None, "q") == 8


# --- what does not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("three",), "the input of m.W: n: an int was expected"),
        ((2**63,), "the input of m.W: n: an int left its 64 bits"),
        ((1, ["x"]), "the input of m.W: items"),
        ((1, [], "\ud800"), "the input of m.W: a text holds what is no character"),
        ((), "the input of m.W: it takes n, items, name, and got 0"),
    ],
)
@on_a_loop
async def test_input_is_refused_in_the_words_of_local(m, opened, args, words):
    async with opened() as (client, here, _desk):
        with pytest.raises(e.WrongInput) as raised:
            await client.start(m.W.DEFINITION, None, args)
        with pytest.raises(e.WrongInput) as own:
            await here.start(m.W.DEFINITION, None, args)
        assert words in str(raised.value) and str(raised.value) == str(own.value)


@on_a_loop
async def test_signals_and_queries_are_refused_in_the_words_of_local(m, opened):
    async with opened() as (client, here, _desk):
        run = await m.W.start(client, 3, id="a")
        for call in (
            lambda node: node.signal(m.W.DEFINITION, "a", "stop"),
            lambda node: node.signal(m.W.DEFINITION, "a", "say", 5),
            lambda node: node.signal(m.W.DEFINITION, "b", "go"),
            lambda node: node.query(m.W.DEFINITION, "a", "x"),
            lambda node: node.query(m.W.DEFINITION, "a", "left"),
            lambda node: node.query(m.W.DEFINITION, "a", "left", ["x"]),
            lambda node: node.query(m.W.DEFINITION, "a", "share", [0]),
            lambda node: node.query(None, "b", "share", [0]),
            lambda node: node.tag("a", x=5),
            lambda node: node.list(status="nope"),
            lambda node: node.delete("a"),
        ):
            with pytest.raises(e.RaftoralError) as raised:
                await call(client)
            with pytest.raises(e.RaftoralError) as own:
                await call(here)
            assert (type(raised.value), str(raised.value)) == (type(own.value), str(own.value))
        await run.terminate()


@pytest.mark.parametrize("id", ["", "x" * 201, "a\nb", "\ud800", 5])
@on_a_loop
async def test_ids_and_tags_that_are_none(m, opened, id):
    async with opened() as (client, _here, _desk):
        with pytest.raises(e.UsageError, match=r"an id is a printable text of 1 to 200 characters, not"):
            await m.Quick.start(client, 1, id=id)
        with pytest.raises(e.UsageError, match=r"tags are texts by name"):
            await client.start(m.Quick.DEFINITION, "a", (1,), tags={"x": 5})
        assert await client.count() == 0


# --- by name -----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_by_name_and_json(m, opened):
    async with opened() as (client, _here, desk):
        id = await client.start("m.W", None, {"n": 3, "items": [{"sku": "a"}]}, tags={"shop": "x"})
        run = client.run(id)
        assert await run.ask("left", (10,)) == 7 and await run.ask("now_at", ()) == "begun"
        await until(lambda: desk.waiting("get"))
        desk.give("get", 4)
        await run.send("say", "hello")
        assert await run.result() == 8
        assert await client.start("m.Quick", "q", [4], version=1) == "q"
        assert await client.result(None, "q") == 8
        with pytest.raises(e.WrongInput, match=r"n: not an int"):
            await client.start("m.Quick", None, ["x"])
        with pytest.raises(e.WrongInput, match=r"the input of m.Quick cannot be written as JSON"):
            await client.start("m.Quick", None, [object()])
        with pytest.raises(e.UnknownProgram, match=r"m.Quick has no version 2 here"):
            await client.start("m.Quick", None, [1], version=2)


# --- views -------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_views_are_equal_to_those_of_local(m, opened):
    async with opened() as (client, here, desk):
        parent = await m.Parent.start(client, 3, id="a")
        await m.W.start(client, 3, [m.Item(sku="a")], id="w")
        await until(lambda: len(desk.waiting()) > 1)
        await desk.pass_(HOUR + 7)
        await client.tag("w", who="ann")
        for id in ("a", "w"):
            assert await client.describe(id) == await here.describe(id)
            assert await client.report(id) == await here.report(id)
            assert await client.tree(id) == await here.tree(id)
            assert await client.status(id) == await here.status(id)
        desk.fail("get", m.Bad(code=7))
        await desk.settle()
        await client.cancel("a")
        with pytest.raises(e.RunFailed):
            await parent.result()
        for id in ("a", "w"):
            assert await client.describe(id) == await here.describe(id)
            assert await client.report(id) == await here.report(id)
        assert list(await client.list()) == list(await here.list())
        assert [change async for change in client.watch("w")] == [change async for change in here.watch("w")]


@on_a_loop
async def test_views_of_a_newer_or_older_node(m, opened):
    async with opened() as (client, _here, _desk):
        await m.W.start(client, 3, id="a")
        known = (await client.describe("a")).to_dict()
        assert Description.from_dict({**known, "newer": 1}) == Description.from_dict(known)
        older = {name: value for name, value in known.items() if name != "undos"}
        assert Description.from_dict(older).undos == 0


@on_a_loop
async def test_lists_take_what_local_takes(m, opened):
    async with opened() as (client, here, desk):
        for at in range(5):
            await m.W.start(client, at, id=f"r{at}")
        await client.tag("r1", shop="x")
        await client.pause("r2")
        for filters in (
            {"workflow": m.W.DEFINITION, "version": 1},
            {"status": "paused"},
            {"status": ["paused", "running"], "limit": 3},
            {"where": {"stage": m.Stage.BEGUN, "total": 2}},
            {"where": {"who": "ann"}, "tags": {"shop": "x"}},
            {"since": START, "until": START + timedelta(seconds=1)},
            {"since": datetime(2030, 1, 1, tzinfo=UTC)},
            {"prefix": "r", "limit": 3},
        ):
            assert list(await client.list(**filters)) == list(await here.list(**filters)), filters
            assert await client.count(**filters) == await here.count(**filters)
        assert list(await client.list(before=3)) == list(await here.list(before=3))
        page = await client.page(limit=2)
        assert [run.id for run in page.runs] == ["r4", "r3"]
        assert [run.id for run in (await client.page(limit=2, before=page.next)).runs] == ["r2", "r1"]
        assert [run.id async for run in client.all(limit=2)] == ["r4", "r3", "r2", "r1", "r0"]
        assert await client.delete_many(where={"total": 2}, force=True) == 1
        assert await client.delete("r3", force=True) == 1
        await client.terminate("r4")
        await desk.pass_(HOUR)
        assert await client.prune(timedelta(minutes=1), status="terminated") == 1
        assert await client.count() == 2


@on_a_loop
async def test_programs_and_the_cluster(m, opened):
    async with opened() as (client, _here, _desk):
        (deployed,) = await client.deploy({"a.rft": "rft 1\n"}, dry=True)
        assert deployed["new"] is False
        assert [program["version"] for program in await client.programs()] == [1, 2]
        await client.retire("m.W", 2)
        assert (await client.cluster())["groups"][0]["leader"] == "a"
        assert (await client.health())["ready"] is True
