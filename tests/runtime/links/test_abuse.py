"""Who sends garbage, too much, too slowly or nothing at all: it costs its connection, and nobody else anything."""

from __future__ import annotations

import asyncio
import random

import pytest

from raftoral import errors as e
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.http.connection import Limits
from tests.runtime.contracts.service import until
from tests.runtime.desk import on_a_loop
from tests.runtime.links.fronts import Place, front, hand

GET = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def is_well(place: Place) -> None:
    """Others are served, and nothing is left of who was here before."""
    await until(lambda: place.front.http.connections == 0)
    async with hand(place.address) as other:
        assert (await other.ask("GET", "/healthz")).status == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # TLS where there is none
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nbad header\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: localhost\r\n\r\n",
        random.Random(7).randbytes(5_000),
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    ],
)
@on_a_loop
async def test_garbage(m, garbage):
    async with front(m) as place:
        async with hand(place.address) as client:
            await client.send(garbage)
            client.writer.write_eof()
            said = await client.reader.read()
            assert said == b"" or said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 501")), said
        await is_well(place)


@on_a_loop
async def test_a_head_without_an_end(m):
    async with front(m, limits=Limits(head_bytes_max=2_000)) as place:
        async with hand(place.address) as client:
            await client.send(b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x-y: zzzzzzzz\r\n" * 1_000)
            assert (await client.answer()).status == 431
            client.writer.write_eof()
            assert await client.over()
        await is_well(place)


@pytest.mark.parametrize("chunked", [False, True])
@on_a_loop
async def test_a_body_that_is_too_large(m, chunked):
    async with front(m, limits=Limits(body_bytes_max=1_000)) as place:
        async with hand(place.address) as client:
            assert (await client.ask("POST", "/v1/runs", b'{"workflow":"m.Quick","input":[1]}')).status == 201
            kind = b"transfer-encoding: chunked" if chunked else b"content-length: 100000"
            await client.send(b"POST /v1/runs HTTP/1.1\r\nhost: localhost\r\n" + kind + b"\r\n\r\n")
            if chunked:
                await client.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
            answer = await client.answer()
            assert (answer.status, answer.json["code"]) == (413, "wrong-input")
            assert answer.json["detail"] == "the body has more than 1000 bytes"
            client.writer.write_eof()
            assert await client.over()
        await is_well(place)


@on_a_loop
async def test_nobody_without_a_token_need_send_a_body(m):
    async with front(m, tokens={"t": "write"}) as place:
        for head in (
            b"",
            b"authorization: Bearer x\r\n",
            b"authorization: Bearer t\r\norigin: https://evil.example\r\n",
        ):
            async with hand(place.address) as client:
                await client.send(b"POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 8000000\r\n" + head)
                await client.send(b"expect: 100-continue\r\n\r\n")
                answer = await client.answer()
                assert (answer.status, answer.json["code"]) == (403 if head else 401, "denied")
                assert answer.headers["connection"] == "close"
                client.writer.write_eof()
                assert await client.over()
        await is_well(place)


@on_a_loop
async def test_a_client_learns_that_its_body_is_too_large(m):
    async with front(m) as place, connect(place.address) as client:
        with pytest.raises(e.WrongInput, match="the body has more than 8388608 bytes"):
            await client.start("m.W", "a", [3, [], "x" * (9 << 20)])
        assert await client.count() == 0


@pytest.mark.parametrize(
    "begun", [b"", b"G", b"P", b"R", b"GET / HT", GET[:-2], b"POST /v1/runs HTTP/1.1\r\ncontent-length: 9\r\n"]
)
@on_a_loop
async def test_who_is_too_slow_is_let_go(m, begun):
    """The limits are short here; nobody is faster than `never`."""
    limits = Limits(idle_seconds=0.01, head_seconds=0.01, body_seconds=0.01, linger_seconds=0.01)
    async with front(m, limits=limits) as place:
        async with hand(place.address) as client:
            if begun:
                await client.send(begun)
            said = await client.reader.read()
            assert said == b"" or said.startswith(b"HTTP/1.1 408")
        await until(lambda: place.front.http.connections == 0)


@on_a_loop
async def test_who_leaves_in_the_middle_is_forgotten(m):
    async with front(m) as place:
        for part in (b"P", GET[:-2], b"POST /v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n{"):
            for half in (True, False):
                async with hand(place.address) as client:
                    await client.send(part)
                    if half:
                        client.writer.write_eof()
                        await client.over()
        await is_well(place)


@on_a_loop
async def test_who_says_that_it_is_done_still_gets_its_answer(m):
    async with front(m) as place, hand(place.address) as client:
        await client.send(GET)
        client.writer.write_eof()
        assert (await client.answer()).status == 200
        assert await client.over()


@on_a_loop
async def test_requests_one_after_the_other_and_all_at_once(m):
    async with front(m) as place, hand(place.address) as client:
        for _ in range(3):
            assert (await client.ask("GET", "/healthz")).status == 200
        await client.send(GET * 20)
        for _ in range(20):
            assert (await client.answer()).status == 200
        assert place.front.http.connections == 1
        await client.send(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (await client.answer()).status == 200
        assert await client.over()


@on_a_loop
async def test_what_comes_while_a_run_is_waited_for(m):
    async with front(m) as place, hand(place.address) as client:
        await place.here.start(m.Plain.DEFINITION, "a", ())
        await client.send(b"GET /v1/runs/a/result?wait=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await until(lambda: place.here._waiters.get("a"))
        await client.send(GET)
        place.desk.give("put")
        assert (await client.answer()).json["status"] == "completed"
        assert (await client.answer()).json == {"alive": True}


@on_a_loop
async def test_a_body_may_be_asked_for(m):
    async with front(m) as place, hand(place.address) as client:
        body = b'{"workflow":"m.Quick","input":[1],"id":"q"}'
        head = b"POST /v1/runs HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
        await client.send(head % len(body))
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await client.send(body)
        assert (await client.answer()).json == {"id": "q"}


@on_a_loop
async def test_no_more_connections_than_there_may_be(m):
    async with front(m, limits=Limits(connections_max=2)) as place:
        async with hand(place.address) as one, hand(place.address) as two:
            assert [(await each.ask("GET", "/healthz")).status for each in (one, two)] == [200, 200]
            async with hand(place.address) as three:
                refused = await three.ask("GET", "/healthz")
                assert (refused.status, refused.json["code"]) == (503, "unavailable")
                assert await three.over()
            assert (await one.ask("GET", "/healthz")).status == 200
        await is_well(place)


@on_a_loop
async def test_two_hundred_clients_with_a_connection_each(m):
    async with front(m) as place:

        async def one(at: int) -> int:
            async with connect(place.address) as client:
                run = await m.Quick.start(client, at, id=f"q{at}")
                return int(await run.result(timeout=50))

        assert await asyncio.gather(*(one(at) for at in range(200))) == [at * 2 for at in range(200)]
        await is_well(place)


@on_a_loop
async def test_who_does_not_take_its_answer_is_let_go(m):
    async with front(m, limits=Limits(write_seconds=0.05)) as place:
        for at in range(30):
            await place.here.start(m.W.DEFINITION, f"r{at}", (1, [], "x" * 100_000))
        async with hand(place.address) as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(100):
                client.writer.write(b"GET /v1/runs/r1 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            await until(lambda: place.front.http.connections == 1)
            await until(lambda: place.front.http.connections == 0)
        await is_well(place)


# --- closing -----------------------------------------------------------------------------------------------------


@on_a_loop
async def test_closing_lets_everybody_finish(m):
    async with front(m) as place:
        await place.here.start(m.Plain.DEFINITION, "a", ())
        async with hand(place.address) as idle, hand(place.address) as busy:
            assert (await idle.ask("GET", "/healthz")).status == 200
            await busy.send(b"GET /v1/runs/a/result?wait=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            await until(lambda: place.here._waiters.get("a"))
            closing = asyncio.ensure_future(place.front.close(grace=50))
            assert await idle.over()
            place.desk.give("put")
            answer = await busy.answer()
            assert (answer.json["status"], answer.headers["connection"]) == ("completed", "close")
            await closing
        with pytest.raises(OSError):
            async with hand(place.address) as client:
                await client.ask("GET", "/healthz")


@on_a_loop
async def test_closing_does_not_wait_for_ever(m):
    async with front(m) as place, hand(place.address) as client:
        await place.here.start(m.Plain.DEFINITION, "a", ())
        await client.send(b"GET /v1/runs/a/result?wait=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await until(lambda: place.here._waiters.get("a"))
        await place.front.close(grace=0)
        assert await client.over()
        assert not place.here._waiters.get("a")
