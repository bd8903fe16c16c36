"""`raftoral.sync`: the same surface for code that blocks, over threads, and never from a coroutine."""

from __future__ import annotations

import asyncio
import threading

import pytest

from raftoral import errors as e, sync
from raftoral.runtime.calls.plain import DeskService
from raftoral.runtime.edge.storage_memory import MemoryStorage
from raftoral.runtime.links.front import Front
from tests.runtime.desk import TEXT
from tests.runtime.machines import Kit


@pytest.fixture(scope="module")
def m():
    return Kit(TEXT).modules["m"]


class Activities:
    """`get` waits until it may; `put` gives at once."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.called = threading.Event()
        self.calls: list[str] = []

    def get(self, k: str) -> int:
        self.calls.append(k)
        self.called.set()
        assert self.may.wait(30)
        return 4

    async def put(self, k: str) -> None:
        self.calls.append(k)


@pytest.fixture
def doing():
    made = Activities()
    yield made
    made.may.set()


@pytest.fixture
def here(m, doing):
    with sync.local([m], [doing], grace=0.0) as here:
        yield here
        doing.may.set()


def test_start_and_result(m, doing, here):
    run = here.start(m.W, 3, [m.Item(sku="a")], id="order-1")
    assert (run.id, repr(run), run.status()) == ("order-1", "WRun('order-1')", "running")
    doing.may.set()
    run.say("hello")
    assert run.result(timeout=30) == 8
    assert here.get(m.W, "order-1").result() == 8
    assert run.left(10) == 3 and run.now_at() == m.Stage.PAID
    assert here.start(m.Quick, 4).result() == 8
    assert here.start(m.Quick, n=4, id="named").result() == 8


def test_everything_else_that_local_has(m, doing, here):
    run = here.start(m.W, 3, id="a")
    assert doing.called.wait(30)
    assert [row.id for row in here.list(prefix="a")] == ["a"] and here.count() == 1
    here.tag("a", who="ann")
    run.pause()
    assert here.describe("a").status == "paused" and run.describe().tags == {"who": "ann"}
    run.resume()
    assert here.tree("a").run.id == "a" and run.report().status == "running"
    run.cancel("enough")
    with pytest.raises(e.RunCancelled, match="the run 'a' was cancelled: enough"):
        run.result()
    assert here.delete_many(workflow="m.W") == 1
    assert here.missing_activities(m.W.DEFINITION) == []


def test_errors_are_those_of_local(m, doing, here):
    here.start(m.W, 3, id="a")
    with pytest.raises(e.AlreadyExists):
        here.start(m.W, 4, id="a")
    with pytest.raises(e.WrongInput, match="n: an int was expected"):
        here.start(m.W, "x")
    with pytest.raises(e.NotFound):
        here.get(m.W, "nobody").status()
    with pytest.raises(e.WaitTimeout, match="it goes on"):
        here.get(m.W, "a").result(timeout=0)
    with pytest.raises(AttributeError):
        here.nothing  # noqa: B018
    with pytest.raises(AttributeError):
        here.get(m.W, "a").nothing  # noqa: B018


def test_watch(m, doing, here):
    run = here.start(m.W, 3, id="a")
    seen = []
    for change in run.watch():
        seen.append(change.status)
        if len(seen) == 1:
            run.pause()
        elif change.status == "paused":
            run.terminate()
    assert (seen[0], seen[-1]) == ("running", "terminated")
    assert [change.status for change in here.watch("a")] == ["terminated"]


def test_a_watcher_that_stops_early_is_forgotten(m, doing, here):
    run = here.start(m.W, 3, id="a")
    for _ in run.watch():
        break
    changes = here.watch("a")
    assert next(changes).id == "a"
    changes.close()
    assert not here._opened_local._watchers


def test_watching_nobody(here):
    with pytest.raises(e.NotFound):
        next(here.watch("nobody"))


def test_many_threads(m, doing, here):
    results = []

    def work(n):
        results.append(here.start(m.Quick, n).result())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [n * 2 for n in range(20)]


def test_closed_while_a_thread_waits(m, doing):
    here = sync.local([m], [doing], grace=0.0).open()
    run = here.start(m.W, 3)
    assert doing.called.wait(30)
    seen = []

    def waits():
        try:
            run.result()
        except e.RaftoralError as error:
            seen.append(error)

    thread = threading.Thread(target=waits)
    thread.start()
    doing.may.set()
    here.close()
    thread.join(30)
    assert not thread.is_alive() and isinstance(seen[0], e.Closed)
    here.close()


def test_not_open(m):
    here = sync.local([m])
    for call in (lambda: here.start(m.Quick, 1), lambda: here.list(), lambda: here.get(m.Quick, "x")):
        with pytest.raises(e.UsageError, match=r"it is not open: use `with raftoral.sync.local"):
            call()
    here.close()
    with here:
        run = here.start(m.Quick, 1)
    for call in (lambda: run.status(), lambda: here.list(), lambda: here.start(m.Quick, 1)):
        with pytest.raises(e.UsageError, match="it is not open"):
            call()
    with here:
        assert here.count() == 0


def test_opened_twice_is_opened_once(m):
    with sync.local([m]) as here:
        assert here.open() is here
        assert [thread.name for thread in threading.enumerate()].count("raftoral") == 1


def test_one_that_cannot_be_opened_leaves_no_thread(m, tmp_path):
    before = threading.active_count()
    with sync.local([m], data=str(tmp_path)) as here:
        with pytest.raises(e.StorageRefused):
            sync.local([m], data=str(tmp_path)).open()
        assert here.count() == 0
    assert threading.active_count() == before


def test_options_are_those_of_local(m):
    with pytest.raises(e.UsageError, match="give either data= or storage=, not both"):
        sync.local([m], data="x", storage=MemoryStorage()).open()


def test_never_from_a_coroutine_of_its_own_loop(m):
    seen: list[str] = []

    class Calls:
        async def put(self, k: str) -> None:
            try:
                own.list()
            except e.UsageError as error:
                seen.append(str(error))

        async def get(self, k: str) -> int:
            return 1

    with sync.local([m], [Calls()]) as own:
        own.start(m.Plain).result(timeout=30)
    assert seen == ["this blocks the loop that it waits for: use raftoral.local in coroutines"]


def test_a_blocking_activity_may_call_it(m):
    """It runs in a thread of its own: `here` is as good as anywhere."""

    class Calls:
        def put(self, k: str) -> None:
            self.seen = own.count()

        async def get(self, k: str) -> int:
            return 1

    calls = Calls()
    with sync.local([m], [calls]) as own:
        own.start(m.Plain).result(timeout=30)
    assert calls.seen == 1


def test_beside_a_loop_of_the_users(m):
    async def own():
        with sync.local([m]) as here:
            return await asyncio.to_thread(lambda: here.start(m.Quick, 3).result())

    assert asyncio.run(own()) == 6


def test_it_goes_on_where_it_was(m, doing, tmp_path):
    with sync.local([m], [doing], data=str(tmp_path), grace=0.0) as here:
        here.start(m.W, 3, id="a")
        assert doing.called.wait(30)
        doing.called.clear()
        doing.may.set()
    with sync.local([m], [doing], data=str(tmp_path)) as here:
        run = here.get(m.W, "a")
        run.say("x")
        assert run.result(timeout=30) == 7


# --- over a wire -------------------------------------------------------------------------------------------------


@pytest.fixture(params=["http", "grpc"])
def client(request, here):
    """A blocking client of what `here` has."""
    front = Front(DeskService(here._opened_local), "127.0.0.1:0")  # type: ignore[arg-type]  # runs are all that is asked
    here._call(front.open())
    with sync.connect(front.address, transport=request.param) as client:
        yield client
    here._call(front.close())


def test_connect(m, doing, here, client):
    run = client.start(m.W, 3, [m.Item(sku="a")], id="order-1")
    assert (run.id, repr(run), run.status()) == ("order-1", "WRun('order-1')", "running")
    doing.may.set()
    run.say("hello")
    assert run.result(timeout=30) == 8
    assert client.get(m.W, "order-1").now_at() == m.Stage.PAID
    assert [change.status for change in client.watch("order-1")] == ["completed"]
    assert [row.id for row in client.list()] == [row.id for row in client.all()] == ["order-1"]
    with pytest.raises(e.NotFound):
        client.get(m.W, "nobody").status()


def test_connect_by_name(m, doing, here, client):
    assert client.start("m.Quick", 21).result() == 42
    run = client.start("m.W", n=3, name="bo", id="a")
    assert run.ask("said", ()) == "bo" and client.run("a").status() == "running"
    with pytest.raises(e.UsageError, match="all by name, or all by place"):
        client.start("m.W", 3, name="bo")
    with pytest.raises(e.WrongInput, match="there is no argument 'm'"):
        client.start("m.W", m=3)


def test_a_client_that_is_not_open(m):
    closed = sync.connect("h:1")
    for call in (lambda: closed.count(), lambda: closed.run("a"), lambda: closed.start("m.W")):
        with pytest.raises(e.UsageError, match=r"use `with raftoral.sync.connect\(...\) as client:`"):
            call()
