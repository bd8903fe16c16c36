"""Resources: made once and in order, checked, made anew with what depends on them, closed in reverse; and real ones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import http.server
import logging
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import raftoral
from raftoral import Resources
from raftoral.errors import ResourceFailed, UsageError
from raftoral.runtime.resources import RUNS_MAX
from tests.runtime.kit import HandClock, Reports, World, activity, attempt, on_loop


class Journal:
    """Writes down what is made, checked and closed, and how well each resource is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ill: set[str] = set()
        self.made = 0

    def factory(self, name: str) -> Any:
        def make() -> str:
            self.made += 1
            self.lines.append(f"make {name}")
            return f"{name} {self.made}"

        return make

    def health(self, value: str) -> bool:
        self.lines.append(f"check {value}")
        return value not in self.ill

    def close(self, value: str) -> None:
        self.lines.append(f"close {value}")

    def taken(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


# --- making ------------------------------------------------------------------------------------------------------


@on_loop
async def test_they_are_made_in_order_and_closed_in_reverse():
    journal = Journal()
    resources = Resources()
    for name in ("db", "bank", "mail"):
        assert resources.add(name, journal.factory(name), close=journal.close) is resources
    assert journal.taken() == []
    async with resources:
        assert journal.taken() == ["make db", "make bank", "make mail"]
        assert resources.get("bank") == "bank 2"
        await resources.open()  # what is there is not made again
    assert journal.taken() == ["close mail 3", "close bank 2", "close db 1"]
    await resources.close()
    assert journal.taken() == []
    with pytest.raises(UsageError, match="not there yet"):
        resources.get("db")
    async with resources:  # it may be opened again
        assert resources.get("db") == "db 4"


@on_loop
async def test_one_is_made_once_when_it_is_first_used():
    journal = Journal()
    go = asyncio.Event()

    async def slowly() -> str:
        await go.wait()
        return str(journal.factory("db")())

    resources = Resources().add("db", slowly)
    users = [asyncio.create_task(resources.use("db")) for _ in range(5)]
    await asyncio.sleep(0)
    users[0].cancel()  # others want it too
    go.set()
    assert await asyncio.gather(*users[1:]) == ["db 1"] * 4
    assert journal.taken() == ["make db"]
    await resources.close()


@on_loop
async def test_one_may_need_others():
    journal = Journal()

    async def bank(resources: Resources) -> str:
        return f"bank over {resources.get('config')} and {await resources.use('db')}"

    resources = (
        Resources()
        .add("config", journal.factory("config"), close=journal.close)
        .add("bank", bank, close=journal.close)
        .add("mail", lambda others: f"mail over {others.get('config')}", close=journal.close)
        .add("db", journal.factory("db"), close=journal.close)
    )
    async with resources:
        assert resources.get("bank") == "bank over config 1 and db 2"
        assert resources.get("mail") == "mail over config 1"
        journal.taken()
    assert journal.taken() == [
        "close mail over config 1",
        "close bank over config 1 and db 2",
        "close db 2",
        "close config 1",
    ]


class Managed:
    """A context manager of both kinds."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tasks: list[Any] = []

    def __enter__(self) -> str:
        self.lines.append("enter")
        return "entered"

    def __exit__(self, *error: object) -> None:
        self.lines.append("exit")

    async def __aenter__(self) -> str:
        self.tasks.append(asyncio.current_task())
        self.lines.append("async enter")
        return "entered"

    async def __aexit__(self, *error: object) -> None:
        self.tasks.append(asyncio.current_task())
        self.lines.append("async exit")


@on_loop
async def test_context_managers_are_entered_and_left_in_one_task():
    managed = Managed()

    async def later() -> Managed:
        return managed

    async with Resources().add("a", later).add("b", lambda: managed) as resources:
        assert (resources.get("a"), resources.get("b")) == ("entered", "entered")
    assert managed.lines == ["async enter", "async enter", "async exit", "async exit"]
    in_a, in_b = managed.tasks[:2]
    assert managed.tasks == [in_a, in_b, in_b, in_a]
    assert in_a is not in_b


@on_loop
async def test_generators_of_contextlib_are_managers():
    lines: list[str] = []

    @contextlib.asynccontextmanager
    async def db() -> AsyncIterator[str]:
        lines.append("open")
        async with asyncio.TaskGroup():  # would notice if it were left by another task
            yield "db"
        lines.append("closed")

    @contextlib.contextmanager
    def config(resources: Resources) -> Iterator[str]:
        yield f"config over {resources.get('db')}"
        lines.append("forgotten")

    async with Resources().add("db", db).add("config", config) as resources:
        assert resources.get("config") == "config over db"
    assert lines == ["open", "forgotten", "closed"]


@on_loop
async def test_with_a_close_of_its_own_a_manager_is_not_entered():
    managed = Managed()
    closed = asyncio.Event()

    async def close(value: Managed) -> None:
        assert value is managed
        closed.set()

    async with Resources().add("a", lambda: managed, close=close) as resources:
        assert resources.get("a") is managed
    assert closed.is_set()
    assert managed.lines == []


# --- what goes wrong ---------------------------------------------------------------------------------------------


@on_loop
async def test_a_factory_that_fails_is_named():
    journal = Journal()

    async def refuse() -> None:
        raise OSError("connection refused")

    resources = Resources().add("config", journal.factory("config"), close=journal.close).add("db", refuse)
    with pytest.raises(ResourceFailed) as raised:
        await resources.open()
    assert str(raised.value) == "The resource 'db' cannot be made: OSError: connection refused"
    assert isinstance(raised.value.__cause__, OSError)
    assert (raised.value.category, raised.value.retryable, raised.value.code) == (
        "Configuration",
        True,
        "resource-failed",
    )
    assert journal.taken() == ["make config", "close config 1"]  # nothing stays behind


@on_loop
async def test_the_next_one_who_wants_it_tries_again():
    tries = 0

    def sometimes() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError
        return "there"

    resources = Resources().add("db", sometimes)
    with pytest.raises(ResourceFailed, match=r"cannot be made: OSError$"):
        await resources.use("db")
    assert await resources.use("db") == "there"
    await resources.close()


@on_loop
async def test_both_are_named_when_one_fails_because_of_another():
    def refuse() -> None:
        raise OSError("connection refused")

    async def bank(resources: Resources) -> Any:
        return await resources.use("db")

    resources = Resources().add("bank", bank).add("db", refuse)
    with pytest.raises(ResourceFailed, match=r"'bank' cannot .* 'db' cannot be made: OSError: connection refused"):
        await resources.open()


@on_loop
async def test_a_circle_is_refused():
    async def one(resources: Resources) -> Any:
        return await resources.use("two")

    async def two(resources: Resources) -> Any:
        return await resources.use("one")

    async def alone(resources: Resources) -> Any:
        return await resources.use("alone")

    resources = Resources().add("one", one).add("two", two).add("alone", alone)
    with pytest.raises(ResourceFailed, match="'two' needs 'one', which needs 'two'"):
        await resources.open()
    with pytest.raises(ResourceFailed, match="'alone' needs 'alone'"):
        await resources.use("alone")
    # Two who begin at the same time wait for each other, and neither is on the other's stack.
    begun = await asyncio.gather(resources.use("one"), resources.use("two"), return_exceptions=True)
    assert [type(each) for each in begun] == [ResourceFailed, ResourceFailed]
    await resources.close()


@on_loop
async def test_a_factory_that_asks_too_early_is_told_what_to_do():
    resources = Resources().add("bank", lambda others: others.get("db")).add("db", lambda: "db")
    with pytest.raises(ResourceFailed, match="'bank' needs 'db', which is not there yet: add it before"):
        await resources.open()


@on_loop
async def test_what_is_not_there_is_said():
    resources = Resources().add("db", lambda: "db")
    with pytest.raises(UsageError, match=r"'db' is not there yet: `await resources.open\(\)`"):
        resources.get("db")
    with pytest.raises(UsageError, match=r"no resource 'bd'\. There are: 'db'"):
        resources.get("bd")
    with pytest.raises(UsageError, match="There are: none"):
        await Resources().use("db")


@on_loop
async def test_a_factory_that_yields_is_told_what_to_do():
    async def db() -> AsyncIterator[str]:
        yield "db"

    with pytest.raises(ResourceFailed, match="put @asynccontextmanager"):
        await Resources().add("db", db).open()


@pytest.mark.parametrize(
    ("add", "said"),
    [
        (lambda r: r.add("db", lambda: 1), "two resources 'db'"),
        (lambda r: r.add("", lambda: 1), "name of a resource"),
        (lambda r: r.add("x", "sqlite"), "factory of the resource 'x' cannot be called"),
        (lambda r: r.add("x", None), "factory of the resource 'x' cannot be called"),
        (lambda r: r.add("x", lambda: 1, health="yes"), "health of the resource 'x' cannot be called"),
        (lambda r: r.add("x", lambda: 1, health_every=0), "health_every"),
        (lambda r: r.add("x", lambda host, port: 1), "this one needs host, port"),
    ],
)
def test_what_cannot_be_a_resource_is_refused(add, said):
    with pytest.raises(UsageError, match=said):
        add(Resources().add("db", lambda: 1))


@on_loop
async def test_a_factory_may_take_what_it_likes_by_default():
    resources = Resources().add("a", lambda host="localhost": host).add("b", dict).add("c", lambda *, of="c": of)
    async with resources:
        assert [resources.get(name) for name in "abc"] == ["localhost", {}, "c"]


@on_loop
async def test_what_cannot_be_closed_stops_nothing(caplog):
    journal = Journal()

    def fail(value: str) -> None:
        raise OSError("lost")

    async with Resources().add("db", journal.factory("db"), close=journal.close).add("bank", lambda: 1, close=fail):
        pass
    assert journal.taken() == ["make db", "close db 1"]
    assert "the resource bank could not be closed" in caplog.text


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_ends_it(fatal):
    def db() -> None:
        raise fatal

    with pytest.raises(fatal):
        asyncio.run(Resources().add("db", db).open())


@on_loop
async def test_closing_ends_what_is_only_being_made():
    begun = asyncio.Event()

    async def never() -> None:
        begun.set()
        await asyncio.Event().wait()

    resources = Resources().add("db", never)
    user = asyncio.create_task(resources.use("db"))
    await begun.wait()
    await resources.close()
    assert not resources._lives
    with pytest.raises(ResourceFailed, match="CancelledError"):
        await user


def test_a_service_that_forgets_to_close_leaves_by_the_door():
    managed = Managed()

    async def main() -> None:
        await Resources().add("db", lambda: managed).open()
        gc.collect()  # its task is held by more than asyncio's weak set

    asyncio.run(main())
    assert managed.lines == ["async enter", "async exit"]


# --- health ------------------------------------------------------------------------------------------------------


class Checked:
    """Resources with a clock that is moved by hand, and one that waits for the next line of a journal."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.journal = Journal()
        self.resources = Resources(clock=self.clock)

    def add(self, name: str, needs: str = "", **more: Any) -> Checked:
        make = self.journal.factory(name)
        factory = (lambda others: f"{make()} over {others.get(needs)}") if needs else make
        self.resources.add(name, factory, close=self.journal.close, **more)
        return self

    async def pass_(self, seconds: float) -> list[str]:
        """Lets time pass, and what it began come to its end."""
        self.clock.advance(seconds)
        while self.resources._checks:
            await asyncio.wait(self.resources._checks)
        return self.journal.taken()


@on_loop
async def test_health_is_asked_for_now_and_then():
    checked = Checked()
    checked.add("db", health=checked.journal.health, health_every=10.0).add("bank")
    await checked.resources.open()
    checked.journal.taken()
    assert await checked.pass_(9.9) == []
    assert await checked.pass_(0.1) == ["check db 1"]
    assert await checked.pass_(10.0) == ["check db 1"]
    assert await checked.resources.check("db")
    assert await checked.resources.check("bank")  # it cannot tell, so it is well
    await checked.resources.close()
    assert checked.clock.armed == 0
    assert not await checked.resources.check("db")


@on_loop
async def test_one_that_is_ill_is_made_anew_and_so_is_what_was_made_of_it(caplog):
    checked = Checked()
    health = checked.journal.health
    checked.add("db", health=health, health_every=10.0).add("mail").add("bank", "db").add("report", "bank")
    await checked.resources.open()
    checked.journal.taken()
    checked.journal.ill.add("db 1")
    assert await checked.pass_(10.0) == [
        "check db 1",
        "make db",
        "make bank",
        "make report",
        "close report 4 over bank 3 over db 1",
        "close bank 3 over db 1",
        "close db 1",
    ]
    assert checked.resources.get("report") == "report 7 over bank 6 over db 5"
    assert checked.resources.get("mail") == "mail 2"
    assert "the resource db is made anew: its health check says no" in caplog.text
    assert await checked.pass_(10.0) == ["check db 5"]
    await checked.resources.close()
    assert [line.split()[1] for line in checked.journal.taken()] == ["report", "bank", "db", "mail"]
    assert not checked.resources._lives


@on_loop
async def test_the_old_one_serves_until_the_new_one_is_there():
    checked = Checked()
    go = asyncio.Event()
    begun = asyncio.Event()

    async def slowly() -> str:
        if checked.journal.made:
            begun.set()
            await go.wait()
        return str(checked.journal.factory("db")())

    checked.resources.add("db", slowly, health=checked.journal.health, close=checked.journal.close)
    await checked.resources.open()
    checked.journal.ill.add("db 1")
    check = asyncio.create_task(checked.resources.check("db"))
    await begun.wait()
    assert checked.resources.get("db") == "db 1"
    go.set()
    assert not await check
    assert checked.resources.get("db") == "db 2"
    assert checked.journal.taken() == ["make db", "check db 1", "make db", "close db 1"]
    await checked.resources.close()


@on_loop
async def test_closing_ends_one_that_is_being_made_anew():
    checked = Checked()
    begun = asyncio.Event()

    async def slowly() -> str:
        if checked.journal.made:
            begun.set()
            await asyncio.Event().wait()
        return str(checked.journal.factory("db")())

    checked.resources.add("db", slowly, health=checked.journal.health, close=checked.journal.close, health_every=10.0)
    await checked.resources.open()
    checked.journal.ill.add("db 1")
    checked.clock.advance(10.0)
    await begun.wait()
    await checked.resources.close()
    assert checked.journal.taken() == ["make db", "check db 1", "close db 1"]
    assert checked.clock.armed == 0


@on_loop
async def test_one_that_cannot_be_made_anew_stays_and_is_tried_again(caplog):
    checked = Checked()
    journal = checked.journal
    away = False

    def db() -> str:
        if away:
            raise OSError("connection refused")
        return str(journal.factory("db")())

    def bank(resources: Resources) -> str:
        if closed:
            raise OSError("no bank")
        return f"{journal.factory('bank')()} over {resources.get('db')}"

    closed = False
    checked.resources.add("db", db, health=journal.health, close=journal.close, health_every=10.0)
    checked.resources.add("bank", bank, close=journal.close, health_every=10.0)
    await checked.resources.open()
    journal.taken()
    away = True
    journal.ill.add("db 1")
    assert await checked.pass_(10.0) == ["check db 1"]
    assert checked.resources.get("db") == "db 1"
    assert "'db' cannot be made: OSError: connection refused" in caplog.text
    away, closed = False, True
    assert await checked.pass_(10.0) == ["check db 1", "make db", "close db 1"]
    assert checked.resources.get("bank") == "bank 2 over db 1"
    assert await checked.pass_(10.0) == ["check db 3"]
    closed = False
    assert await checked.pass_(10.0) == ["check db 3", "make bank", "close bank 2 over db 1"]
    assert checked.resources.get("bank") == "bank 4 over db 3"
    await checked.resources.close()


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (lambda value: True, ""),
        (lambda value: None, ""),
        (lambda value: 0, "its health check says no"),
        (lambda value: 1 / 0, "its health check raised ZeroDivisionError: division by zero"),
    ],
)
@pytest.mark.parametrize("later", [False, True])
@on_loop
async def test_what_a_health_check_may_say(later, health, said, caplog):
    async def asked(value: str) -> Any:
        return health(value)

    resources = Resources(clock=HandClock()).add("db", lambda: "db", health=asked if later else health)
    async with resources:
        assert await resources.check("db") == (not said)
    assert (said in caplog.text) if said else not caplog.records


@on_loop
async def test_a_health_check_that_does_not_answer_says_enough(caplog):
    checked = Checked()
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def hang(value: str) -> None:
        asked.put_nowait(value)
        await asyncio.Event().wait()

    checked.add("db", health=hang, health_every=10.0)
    await checked.resources.open()
    checked.clock.advance(10.0)
    assert await asked.get() == "db 1"
    assert await checked.pass_(10.0) == ["make db", "make db", "close db 1"]
    assert "did not answer within 10 s" in caplog.text
    await checked.resources.close()


@on_loop
async def test_one_that_ends_by_itself_is_made_anew(caplog):
    clock = HandClock()
    ends: list[asyncio.Event] = []
    leaving = False

    @contextlib.asynccontextmanager
    async def db() -> AsyncIterator[int]:
        async def break_down() -> None:
            await end.wait()
            if not leaving:
                raise OSError("the connection broke")

        end = asyncio.Event()
        ends.append(end)
        async with asyncio.TaskGroup() as group:
            group.create_task(break_down())
            yield len(ends)
            end.set()

    resources = Resources(clock=clock).add("db", db, health_every=10.0)
    await resources.open()
    assert resources.get("db") == 1
    clock.advance(60.0)
    await broken(resources, ends)
    assert await made_anew(resources, clock, 0.0) == 2  # it has lived long enough for that at once
    await broken(resources, ends)
    clock.advance(9.9)  # one that breaks again and again is made again now and then
    assert not resources._checks
    assert await made_anew(resources, clock, 0.1) == 3
    assert "the resource db has ended by itself" in caplog.text
    leaving = True
    await resources.close()


async def broken(resources: Resources, ends: list[asyncio.Event]) -> None:
    """Breaks the connection, and waits until its resource has noticed."""
    ends[-1].set()
    await asyncio.wait([life.task for life in resources._made])


async def made_anew(resources: Resources, clock: HandClock, seconds: float) -> Any:
    clock.advance(seconds)
    await asyncio.wait(resources._checks)
    return resources.get("db")


# --- accesses ----------------------------------------------------------------------------------------------------


@on_loop
async def test_accesses_are_counted_by_run():
    async with Resources().add("db", lambda: "db").add("bank", lambda: "bank") as resources:
        for name, run in (("db", "one"), ("db", "one"), ("bank", "one"), ("db", "two"), ("db", None)):
            resources.get(name, run=run)
        assert resources.accesses("one") == {"db": 2, "bank": 1}
        assert resources.accesses("two") == {"db": 1}
        resources.forget("one")
        resources.forget("nobody")
        assert resources.accesses("one") == {}
        for n in range(RUNS_MAX):
            resources.get("db", run=str(n))
        assert resources.accesses("two") == {}  # bounded, also when nobody forgets
        assert resources.accesses("0") == {"db": 1}


# --- inside of activities: real ones -----------------------------------------------------------------------------


class Pool:
    """A pool of SQLite connections, for threads."""

    def __init__(self, path: str, size: int) -> None:
        self.free: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self.all = [sqlite3.connect(path, check_same_thread=False, isolation_level=None) for _ in range(size)]
        for connection in self.all:
            self.free.put(connection)

    @contextlib.contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        connection = self.free.get()
        try:
            yield connection
        finally:
            self.free.put(connection)

    def ping(self) -> None:
        with self.connection() as connection:
            connection.execute("select 1")

    def close(self) -> None:
        for connection in self.all:
            connection.close()


STORE = activity("store", int, (int,))


@on_loop
async def test_a_pool_of_sqlite_connections(tmp_path, caplog):
    path = str(tmp_path / "shop.db")

    def open_pool() -> Pool:
        pool = Pool(path, 3)
        with pool.connection() as connection:
            connection.execute("create table if not exists charges (key text primary key, amount int)")
        return pool

    def store(amount: int) -> int:
        ctx = raftoral.activity()
        with ctx.resource("db").connection() as connection:
            connection.execute("insert or ignore into charges values (?, ?)", (ctx.key, amount))
            [total] = connection.execute("select sum(amount) from charges").fetchone()
        return int(total)

    resources = Resources().add("db", open_pool, health=Pool.ping, close=Pool.close)
    async with resources:
        world = World({"store": store}, resources=resources, thread_pool_size=3)
        world.start(*[attempt(STORE, n, key=f"key {n % 50}", run=f"run {n % 2}") for n in range(100)])
        results = [int((await world.reports.done()).result) for _ in range(100)]
        assert max(results) <= sum(range(100))
        pool = resources.get("db")
        with pool.connection() as connection:
            assert connection.execute("select count(*) from charges").fetchone() == (50,)
        assert resources.accesses("run 0") == {"db": 50}
        assert await resources.check("db")
        pool.close()  # the disk went away
        assert not await resources.check("db")
        assert resources.get("db") is not pool
        assert "ProgrammingError" in caplog.text
        world.start(attempt(STORE, 0, key="key 0"))
        assert int((await world.reports.done()).result) >= 0
        await world.end()


class Bank(http.server.BaseHTTPRequestHandler):
    """A bank that answers `charge` once for each idempotency key, and then the same again."""

    seen: dict[str, str]

    def do_POST(self) -> None:
        key = self.headers["Idempotency-Key"]
        amount = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = self.seen.setdefault(key, f"{len(self.seen) + 1} for {amount}").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: Any) -> None:
        logging.getLogger("bank").debug(*args)


@pytest.fixture
def bank() -> Iterator[int]:
    """The port of a bank on this machine."""
    handler = type("OneBank", (Bank,), {"seen": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


CHARGE = activity("charge", str, (int,))


@on_loop
async def test_an_http_client_for_threads(bank):
    def charge(amount: int) -> str:
        ctx = raftoral.activity()
        client: http.client.HTTPConnection = ctx.resource("bank")()
        with contextlib.closing(client):
            client.request("POST", "/charge", str(amount), {"Idempotency-Key": ctx.key})
            return client.getresponse().read().decode()

    def connect(resources: Resources) -> Any:
        port = resources.get("port")
        return lambda: http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    async with Resources().add("port", lambda: bank).add("bank", connect) as resources:
        reports = await charged({"charge": charge}, resources)
    assert reports == {"order-1": "1 for 5", "order-2": "2 for 7"}


class Client:
    """An HTTP client for the loop, as small as can be."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def post(self, body: str, key: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"POST /charge HTTP/1.0\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer.partition(b"\r\n\r\n")[2].decode()


@on_loop
async def test_an_http_client_for_the_loop(bank):
    @contextlib.asynccontextmanager
    async def connect() -> AsyncIterator[Client]:
        yield Client(bank)

    async def charge(amount: int) -> str:
        ctx = raftoral.activity()
        return str(await ctx.resource("bank").post(str(amount), ctx.key))

    async with Resources().add("bank", connect) as resources:
        reports = await charged({"charge": charge}, resources)
    assert reports == {"order-1": "1 for 5", "order-2": "2 for 7"}


async def charged(implementations: Any, resources: Resources) -> dict[str, str]:
    """Charges two orders, each of them twice: what the last attempt of each got."""
    world = World(implementations, resources=resources)
    got: dict[str, str] = {}
    for number in (1, 2):
        for key, amount in (("order-1", 5), ("order-2", 7)):
            world.start(attempt(CHARGE, amount, key=key, number=number))
            got[key] = (await world.reports.done()).result.decode().strip('"')
    await world.end()
    return got


@on_loop
async def test_an_activity_that_asks_for_what_is_not_there_is_told():
    async def charge(amount: int) -> str:
        return str(raftoral.activity().resource("bnak"))

    async with Resources().add("bank", lambda: "bank") as resources:
        reports = Reports()
        world = World({"charge": charge}, resources=resources)
        world.start(attempt(CHARGE, 5))
        failed = await world.reports.failed()
        assert (failed.kind, failed.retryable) == ("UsageError", False)
        assert "There are: 'bank'" in failed.detail
        assert reports.empty
        await world.end()
