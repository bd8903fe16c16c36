"""Resources that are real servers: a pool of PostgreSQL connections and clients of Redis, and what happens when the
server goes away in the middle of everything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

import raftoral
from raftoral import Resources
from raftoral.errors import ResourceFailed
from tests.runtime.kit import World, activity, attempt, on_loop
from tests.runtime.machines import Kit
from tests.runtime.servers import Postgres, Redis, postgres, redis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def asyncpg() -> Any:
    return pytest.importorskip("asyncpg", reason="asyncpg is not installed: pip install -e '.[services]'")


@pytest.fixture(scope="module")
def clients() -> Any:
    pytest.importorskip("redis", reason="redis is not installed: pip install -e '.[services]'")
    return pytest.importorskip("redis.asyncio")


@pytest.fixture(scope="module")
def a_database(asyncpg) -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def database(a_database: Postgres, asyncpg) -> Postgres:
    """A server with an empty table."""

    async def empty() -> None:
        connection = await asyncpg.connect(**access(a_database))
        await connection.execute("drop table if exists charges")
        await connection.execute("create table charges (key text primary key, who text)")
        await connection.close()

    asyncio.run(empty())
    return a_database


@pytest.fixture(scope="module")
def a_cache(clients) -> Iterator[Redis]:
    with redis() as server:
        yield server


@pytest.fixture
def cache(a_cache: Redis, clients) -> Redis:
    async def empty() -> None:
        async with clients.Redis(port=a_cache.port) as client:
            await client.flushall()

    asyncio.run(empty())
    return a_cache


def access(server: Postgres) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": server.port, "user": "shop", "database": "postgres"}


async def ping(pool: Any) -> None:
    await pool.fetchval("select 1")


CHARGE = activity("charge", int, (str,))
ONCE = "insert into charges values ($1, $2) on conflict do nothing"


def with_a_pool(asyncpg: Any, server: Postgres) -> Resources:
    return Resources().add("db", lambda: asyncpg.create_pool(min_size=1, max_size=4, **access(server)), health=ping)


# --- PostgreSQL --------------------------------------------------------------------------------------------------


@on_loop
async def test_a_pool_of_postgresql(database, asyncpg):
    """A hundred attempts share four connections; fifty keys are charged once each."""
    busy = most = 0

    async def charge(who: str) -> int:
        nonlocal busy, most
        ctx = raftoral.activity()
        async with ctx.resource("db").acquire() as connection:
            busy += 1
            most = max(most, busy)
            await connection.execute(ONCE, ctx.key, who)
            total: int = await connection.fetchval("select count(*) from charges")
            busy -= 1
            return total

    async with with_a_pool(asyncpg, database) as resources:
        world = World({"charge": charge}, resources=resources)
        world.start(*[attempt(CHARGE, "ann", key=f"key {n % 50}", run=f"run {n % 2}") for n in range(100)])
        results = [int((await world.reports.done()).result) for _ in range(100)]
        assert max(results) == 50 and 1 <= most <= 4
        assert await resources.get("db").fetchval("select count(*) from charges") == 50
        assert resources.accesses("run 0") == {"db": 50}
        assert await resources.check("db")
        pool = resources.get("db")
        await world.end()
    with pytest.raises(asyncpg.InterfaceError, match="pool is closed"):
        await pool.fetchval("select 1")


@on_loop
async def test_a_database_that_goes_away_and_comes_back(database, asyncpg, caplog):
    """While it is gone the old pool stays, and attempts fail; when it is back, it is made anew."""

    async def charge(who: str) -> int:
        ctx = raftoral.activity()
        await ctx.resource("db").execute(ONCE, ctx.key, who)
        return 1

    async with with_a_pool(asyncpg, database) as resources:
        world = World({"charge": charge}, resources=resources)
        world.start(attempt(CHARGE, "ann", key="k"))
        await world.reports.done()
        old = resources.get("db")
        database.stop()
        try:
            assert not await resources.check("db")
            assert resources.get("db") is old
            assert "the resource db is made anew" in caplog.text and "'db' cannot be made" in caplog.text
            world.start(attempt(CHARGE, "ann", key="k", number=2))
            assert (await world.reports.failed()).retryable
        finally:
            database.start()
        assert await resources.check("db") or resources.get("db") is not old
        world.start(attempt(CHARGE, "ann", key="k", number=3))
        await world.reports.done()
        assert await resources.check("db")
        assert await resources.get("db").fetchval("select count(*) from charges") == 1
        await world.end()


@on_loop
async def test_a_database_that_is_not_there_at_the_start(asyncpg, a_database):
    a_database.stop()
    try:
        with pytest.raises(ResourceFailed, match="The resource 'db' cannot be made: ConnectionRefusedError"):
            await with_a_pool(asyncpg, a_database).open()
    finally:
        a_database.start()


# --- Redis -------------------------------------------------------------------------------------------------------


@on_loop
async def test_redis_for_the_loop(cache, clients):
    async def charge(who: str) -> int:
        ctx = raftoral.activity()
        client = ctx.resource("cache")
        if await client.set(f"charged/{ctx.key}", who, nx=True):
            await client.incr("charges")
        return int(await client.get("charges") or 0)

    made = Resources().add("cache", lambda: clients.Redis(port=cache.port), health=lambda client: client.ping())
    async with made as resources:
        world = World({"charge": charge}, resources=resources)
        world.start(*[attempt(CHARGE, "ann", key=f"key {n % 10}") for n in range(50)])
        for _ in range(50):
            await world.reports.done()
        assert await resources.get("cache").get("charges") == b"10"
        assert await resources.check("cache")
        await world.end()


@on_loop
async def test_redis_for_threads(cache, clients):
    """One client for all threads, as its maker says; closed when all is over."""
    import redis as blocking

    def charge(who: str) -> int:
        ctx = raftoral.activity()
        client = ctx.resource("cache")
        if client.set(f"charged/{ctx.key}", who, nx=True):
            client.incr("charges")
        return int(client.get("charges") or 0)

    made = Resources().add("cache", lambda: blocking.Redis(port=cache.port), health=lambda client: client.ping())
    async with made as resources:
        world = World({"charge": charge}, resources=resources, thread_pool_size=4)
        world.start(*[attempt(CHARGE, "ann", key=f"key {n % 10}") for n in range(50)])
        for _ in range(50):
            await world.reports.done()
        assert resources.get("cache").get("charges") == b"10"
        await world.end()


# --- both, under a whole runtime ---------------------------------------------------------------------------------

TEXT = """
activity charge(who: str) -> int { timeout: 30s, retry: 200 times backoff 20ms }
activity remember(who: str, total: int) { timeout: 30s, retry: 200 times backoff 20ms }

workflow Sell version 1 (who: str) -> int {
  let total = do charge(who)
  do remember(who, total)
  return total
}
"""


@on_loop
async def test_runs_go_on_when_a_server_is_restarted(database, cache, asyncpg, clients, tmp_path, caplog):
    """Forty runs charge in PostgreSQL and remember in Redis, while both are restarted: each of them does it once."""
    m = Kit(TEXT).modules["m"]
    caplog.set_level(logging.CRITICAL)
    halfway = asyncio.Event()
    calls = 0

    async def charge(who: str) -> int:
        nonlocal calls
        calls += 1
        ctx = raftoral.activity()
        async with ctx.resource("db").acquire() as connection, connection.transaction():
            await connection.execute(ONCE, ctx.key, who)
            total: int = await connection.fetchval("select count(*) from charges")
        return total

    async def remember(who: str, total: int) -> None:
        ctx = raftoral.activity()
        await ctx.resource("cache").sadd("remembered", f"{who} {ctx.key}")
        if await ctx.resource("cache").scard("remembered") >= 10:
            halfway.set()

    resources = with_a_pool(asyncpg, database)
    resources.add("cache", lambda: clients.Redis(port=cache.port), health=lambda client: client.ping())
    performers = [{"charge": charge, "remember": remember}]
    async with raftoral.local([m], performers, data=str(tmp_path / "data"), resources=resources) as here:
        runs = [await m.Sell.start(here, f"buyer {n}") for n in range(20)]
        await halfway.wait()
        for server in (database, cache):
            server.stop()
        runs += [await m.Sell.start(here, f"buyer {n}") for n in range(20, 40)]
        for server in (database, cache):
            server.start()
        for run in runs:
            assert 1 <= await run.result() <= 40
        assert await resources.get("db").fetchval("select count(*) from charges") == 40
        assert await resources.get("cache").scard("remembered") == 40
    assert calls > 40  # some found nobody there
