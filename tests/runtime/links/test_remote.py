"""A service that is elsewhere: which call goes to which node, and which one is never made twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.calls.client import Client
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.front import Front
from raftoral.runtime.links.remote import NotSent, Remote
from raftoral.runtime.service import Ended, Filters, Start
from tests.runtime.contracts.service import until
from tests.runtime.desk import on_a_loop
from tests.runtime.links.fronts import front

DONE = Ended("a", "m.W", 1, "completed", b"1", None)


class Scripted:
    """A wire that does what it was told, call by call, and keeps what it was asked."""

    def __init__(self, *script: Any) -> None:
        self.script = list(script)
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self.seconds: list[float] = []

    async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        self.asked.append((address, name, arguments))
        self.seconds.append(seconds)
        return self._next()

    async def stream(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> AsyncIterator[Any]:
        self.asked.append((address, name, arguments))
        for each in self._next():
            if isinstance(each, Exception):
                raise each
            yield each

    def _next(self) -> Any:
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def close(self) -> None: ...

    @property
    def addresses(self) -> str:
        return "".join(address for address, _, _ in self.asked)


def remote(wire: Scripted, **options: Any) -> Remote:
    return Remote(wire, ["A", "B", "C"], **options)


LOST = e.Unavailable("the connection broke")

Call = Callable[[Remote], Any]
AGAIN: dict[str, Call] = {
    "a read": lambda r: r.describe("a"),
    "a list": lambda r: r.list(Filters()),
    "a query": lambda r: r.query("a", "left", b"[1]"),
    "an end": lambda r: r.ended("a", 1.0),
    "a start under an id": lambda r: r.start(Start("m.W", id="a")),
    "a signal with a key": lambda r: r.signal("a", "go", b"1", "k"),
    "a cancel with a key": lambda r: r.cancel("a", "why", "k"),
    "a deployment": lambda r: r.deploy([], False),
}
ONCE: dict[str, Call] = {
    "a start without an id": lambda r: r.start(Start("m.W")),
    "a signal without a key": lambda r: r.signal("a", "go", b"1"),
    "a cancel without a key": lambda r: r.cancel("a", "why"),
    "terminate": lambda r: r.terminate("a", "why"),
    "pause": lambda r: r.pause("a"),
    "resume": lambda r: r.resume("a"),
    "tag": lambda r: r.tag("a", {}),
    "delete": lambda r: r.delete("a", True, True),
    "delete_many": lambda r: r.delete_many(Filters(), True),
    "prune": lambda r: r.prune(1.0, ()),
    "retire": lambda r: r.retire("m.W", 1),
    "admit": lambda r: r.admit("", "h:1", "t"),
    "remove": lambda r: r.remove("n"),
    "transfer": lambda r: r.transfer(1, ""),
    "make_group": lambda r: r.make_group(),
    "token": lambda r: r.token(),
}


@pytest.mark.parametrize("what", AGAIN)
@on_a_loop
async def test_what_may_be_done_twice_goes_to_the_next_node(what):
    for lost in (LOST, e.Closed("it was closed")):
        wire = Scripted(lost, NotSent("refused"), DONE)
        assert await AGAIN[what](remote(wire)) in (DONE, None)
        assert wire.addresses == "ABC"
        first, *others = [(name, arguments) for _, name, arguments in wire.asked]
        assert all(other == first for other in others)  # with the same key, above all


@on_a_loop
async def test_what_a_node_said_says_more_than_that_the_time_was_over():
    class Silent(Scripted):
        async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
            if self.script:
                return await super().call(address, name, arguments, seconds)
            await asyncio.sleep(seconds)
            raise e.Unavailable(f"{address} did not answer within {seconds:g} s")

    wire = Silent(e.Unavailable("group 1 has no leader"))
    with pytest.raises(e.Unavailable) as raised:
        await Remote(wire, ["A"], timeout=0.3).describe("a")
    assert str(raised.value) == "no node could do it: A: group 1 has no leader"


@pytest.mark.parametrize("what", ONCE)
@on_a_loop
async def test_what_may_not_is_never_sent_again_once_it_was_sent(what):
    wire = Scripted(NotSent("refused"), LOST)
    with pytest.raises(e.Unavailable, match="the connection broke"):
        await ONCE[what](remote(wire))
    assert wire.addresses == "AB"


@on_a_loop
async def test_a_node_that_answered_is_asked_again():
    wire = Scripted(NotSent("refused"), {}, {}, e.NotFound("there is no run 'a'"), {})
    service = remote(wire)
    for _ in range(2):
        await service.describe("a")
    with pytest.raises(e.NotFound):
        await service.describe("a")
    await service.describe("a")
    assert wire.addresses == "ABBBB"


@on_a_loop
async def test_it_gives_up_and_says_what_everybody_said():
    wire = Scripted(*[NotSent(f"refused {at}") for at in range(3)])
    with pytest.raises(e.Unavailable) as raised:
        await remote(wire, patience=0.0).describe("a")
    assert str(raised.value) == "no node could do it: A: refused 0; B: refused 1; C: refused 2"
    wire = Scripted(*[LOST] * 100)
    with pytest.raises(e.Unavailable, match=r"no node could do it: A: the connection broke; B: .*; C: "):
        await remote(wire, timeout=0.1).describe("a")


@on_a_loop
async def test_a_node_that_is_frozen_does_not_have_all_the_time():
    frozen = e.Unavailable("A did not answer within 10 s")
    wire = Scripted(frozen, {}, DONE, None, [])
    service = remote(wire, timeout=1_000.0)
    await service.describe("a")
    await service.ended("a", 15.0)
    await service.pause("a")  # is not done again, so it may take as long as it takes
    await service.deploy([])
    assert wire.seconds[:3] == [10.0, 10.0, 25.0] and all(seconds > 900 for seconds in wire.seconds[3:])
    alone = Scripted({})
    await Remote(alone, ["A"], timeout=1_000.0).describe("a")
    assert alone.seconds[0] > 900


@on_a_loop
async def test_a_long_wait_is_many_short_ones():
    late = e.WaitTimeout("the run 'a' is running after 20 s; it goes on")
    wire = Scripted(late, LOST, late, DONE)
    assert await remote(wire).ended("a", None) == DONE
    assert [arguments["timeout"] for _, _, arguments in wire.asked] == [20.0] * 4
    wire = Scripted(late)
    with pytest.raises(e.WaitTimeout):
        await remote(wire).ended("a", 0.0)


@on_a_loop
async def test_a_watch_goes_on_elsewhere():
    one, two, three = ({"id": "a", "status": status} for status in ("running", "paused", "completed"))
    wire = Scripted([one, LOST], NotSent("refused"), [one, two, e.Unavailable("closing")], [two, three])
    assert [change async for change in remote(wire).watch("a")] == [one, two, three]
    assert wire.addresses == "ABCA"
    wire = Scripted([e.NotFound("there is no run 'a'")])
    with pytest.raises(e.NotFound):
        await anext(remote(wire).watch("a"))


@on_a_loop
async def test_the_client_draws_ids_and_keys():
    wire = Scripted(LOST, "a", LOST, None, LOST, None)
    client = Client(remote(wire))
    await client.start("m.W", None, [1])
    await client.signal(None, "a", "go")
    await client.cancel("a")
    (one, two), (three, four), (five, six) = [(wire.asked[at][2], wire.asked[at + 1][2]) for at in (0, 2, 4)]
    assert one["start"] == two["start"] and len(one["start"].id) == 32
    assert three == four and len(three["key"]) == 32
    assert five == six and len({three["key"], five["key"]}) == 2


def test_an_address_is_needed():
    with pytest.raises(e.UsageError, match="give at least one address"):
        connect()
    with pytest.raises(e.UsageError, match="transport is 'http' or 'grpc', not 'carrier pigeon'"):
        connect("h:1", transport="carrier pigeon")  # type: ignore[arg-type]
    for token in ("", "a b", "ü", "a\n"):
        with pytest.raises(e.UsageError, match="a token is a text of printable ASCII characters without spaces"):
            connect("h:1", token=token)


# --- with real nodes ---------------------------------------------------------------------------------------------

WAYS = ["http", "grpc"]


@pytest.mark.parametrize("way", WAYS)
@on_a_loop
async def test_a_second_address_is_there_when_the_first_is_not(m, way):
    async with front(m, grpc=True) as place, Front(place.behind, "127.0.0.1:0") as gone:
        dead = gone.address
        await gone.close()
        async with connect(dead, place.address, transport=way) as client:
            run = await m.Quick.start(client, 4, id="q")
            assert await run.result() == 8
        async with connect(dead, transport=way, patience=0.0) as client:
            with pytest.raises(e.Unavailable, match=rf"no node could do it: {dead}: cannot be reached"):
                await client.count()


@pytest.mark.parametrize("way", WAYS)
@on_a_loop
async def test_a_node_that_closes_hands_over_who_watches_and_waits(m, way):
    async with (
        front(m, grpc=True) as place,
        Front(place.behind, "127.0.0.1:0") as first,
        connect(first.address, place.address, transport=way) as client,
    ):
        run = await m.Plain.start(client, id="a")
        seen = []

        async def watch() -> None:
            async for change in run.watch():
                seen.append(change.status)

        watching, waiting = asyncio.ensure_future(watch()), asyncio.ensure_future(run.result())
        await until(lambda: seen and place.here._waiters.get("a"))
        before = list(place.here._watchers["a"])
        await first.close(grace=0)
        await until(lambda: place.here._watchers.get("a", before) != before)
        await until(lambda: len(place.here._waiters.get("a", ())) == 1)
        place.desk.give("put")
        assert await waiting is None
        await watching
        assert seen == ["running", "completed"]


@pytest.mark.parametrize("way", WAYS)
@on_a_loop
async def test_a_connection_that_went_away_meanwhile_is_not_used(m, way):
    async with front(m, grpc=True) as place:
        address = place.address
        async with connect(address, transport=way) as client:
            await m.Quick.start(client, 1, id="q")
            await place.front.close()
            async with Front(place.behind, address) as again:
                assert again.address == address
                await client.tag("q", a="b")
                assert (await client.describe("q")).tags == {"a": "b"}
            await client.close()
            with pytest.raises(e.Closed):
                await client.tag("q", a="b")
