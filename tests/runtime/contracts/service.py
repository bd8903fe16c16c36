"""The contract of `Service`: in the same process, over HTTP and over gRPC it does and says the same.

A module that tests services has a class that inherits from `ServiceContract`, and a fixture `opened` of its own: a
function that gives a context manager with a `Place`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.calls.plain import DeskService
from raftoral.runtime.local import Local
from raftoral.runtime.service import JSON, Ended, Filters, Service, Source, Start
from tests.runtime.desk import Desk, on_a_loop
from tests.runtime.machines import HOUR

START_US = 1_767_225_600_000_000
ODD_IDS = ("a/b", "a:cancel", "a%2Fb", "?x=1", "#", "..", "a b", "a+b", "ü", "\U0001f600", "{id}", "'\"\\", "&=")


class Whole(DeskService):
    """A service with all operations. What a cluster would do is kept in `asked`."""

    def __init__(self, here: Local) -> None:
        super().__init__(here)
        self.asked: list[tuple[Any, ...]] = []
        self.raises: Exception | None = None
        self.ready = True

    async def pause(self, id: str) -> None:
        if self.raises is not None:
            raise self.raises
        await super().pause(id)

    async def deploy(self, sources: Sequence[Source], dry: bool = False) -> Sequence[JSON]:
        self.asked.append(("deploy", list(sources), dry))
        return [{"workflow": "m.W", "version": 1, "digest": "d", "new": not dry}]

    async def programs(self) -> Sequence[JSON]:
        program = {"workflow": "m.W", "version": 1, "digest": "d", "live": 3, "nodes": ["a", "b"], "retired": False}
        return [program, {**program, "version": 2, "live": 0, "nodes": []}]

    async def retire(self, workflow: str, version: int) -> None:
        self.asked.append(("retire", workflow, version))

    async def cluster(self) -> JSON:
        node = {"node": "a", "address": "h:1", "up": True, "here": True, "activities": ["get"], "abi": 1}
        group = {"group": 0, "leader": "a", "term": 3, "members": ["a"], "commit": 9, "applied": 9, "runs": 0}
        return {"cluster": "c", "node": "a", "nodes": [node], "groups": [group], "more": {"deep": [1, 2.5, None]}}

    async def discover(self) -> JSON:
        return {"cluster": "c", "abi": 1, "version": "0.1.0", "nodes": ["h:1", "h:2"]}

    async def admit(self, node: str, address: str, token: str) -> JSON:
        self.asked.append(("admit", node, address, token))
        return {"node": node or "drawn", "members": ["a", "b"]}

    async def remove(self, node: str) -> None:
        self.asked.append(("remove", node))

    async def transfer(self, group: int, node: str) -> None:
        self.asked.append(("transfer", group, node))

    async def change_group(self, group: int, node: str, member: bool) -> JSON:
        self.asked.append(("change_group", group, node, member))
        return {"group": group, "members": ["a", node]}

    async def make_group(self, members: Sequence[str] = ()) -> JSON:
        self.asked.append(("make_group", list(members)))
        return {"group": 2}

    async def catch_up(self) -> None:
        self.asked.append(("catch_up",))

    async def token(self) -> str:
        return "t0ken"

    async def health(self) -> JSON:
        return {"ready": self.ready, "why": "" if self.ready else "it has no leader", "groups": 2}


@dataclass
class Place:
    """A service, and what is behind it. `address` is empty when there is nothing between."""

    service: Service
    behind: Whole
    here: Local
    desk: Desk
    m: Any
    address: str = ""


Opened = Callable[[], AbstractAsyncContextManager[Place]]


async def until(is_so: Callable[[], object]) -> None:
    """Lets everybody else go on until something is so. Whoever hangs here is told so by `on_a_loop`."""
    while not is_so():
        await asyncio.sleep(0)


async def all_of(changes: AsyncIterator[JSON]) -> list[JSON]:
    return [change async for change in changes]


async def begin(place: Place, id: str, workflow: str = "m.W", input: Any = (3,), **tags: str) -> str:
    return await place.service.start(Start(workflow, 0, id, json.dumps(list(input)).encode(), tags))


class ServiceContract:
    """What a service does, by its port alone."""

    # --- starting ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("input", "args"),
        [
            (b'{"n": 3}', [3, [], "ann"]),
            (b"[3]", [3, [], "ann"]),
            (b' {"name":"b\xc3\xbc","items":[{"sku":"x"}],"n":-1}', [-1, [{"qty": 1, "sku": "x"}], "bü"]),
            (b'[9223372036854775807,[{"sku":"","qty":0}],"\\u0000"]', [2**63 - 1, [{"qty": 0, "sku": ""}], "\0"]),
        ],
    )
    @on_a_loop
    async def test_arguments_by_name_and_by_place(self, opened: Opened, input: bytes, args: list[Any]) -> None:
        async with opened() as place:
            assert await place.service.start(Start("m.W", id="a", input=input)) == "a"
            assert [*(await place.service.describe("a"))["args"].values()] == args

    @on_a_loop
    async def test_a_start_without_an_id_has_one_drawn(self, opened: Opened) -> None:
        async with opened() as place:
            one, two = [await place.service.start(Start("m.Quick", input=b"[1]")) for _ in range(2)]
            assert one != two and len(one) == len(two) == 32

    @pytest.mark.parametrize(
        ("start", "kind", "words"),
        [
            (Start("m.W", input=b"[]"), e.WrongInput, "the input of m.W: n is missing"),
            (Start("m.W", input=b"{}"), e.WrongInput, "the input of m.W: n is missing"),
            (Start("m.W", input=b'["x"]'), e.WrongInput, "the input of m.W: n: not an int"),
            (Start("m.W", input=b'{"n":1,"items":[{"qty":2}]}'), e.WrongInput, "items[0].sku: the field is missing"),
            (Start("m.W", input=b'{"n":1,"m":2}'), e.WrongInput, "there is no argument 'm'; it takes n, items, name"),
            (Start("m.W", input=b"[1,[],null,4]"), e.WrongInput, "it takes n, items, name, and got 4"),
            (Start("m.W", input=b"5"), e.WrongInput, "an object with the arguments by name, or a list of them"),
            (Start("m.W", input=b"nope"), e.WrongInput, "is not JSON"),
            (Start("m.W", input=b""), e.WrongInput, "is not JSON"),
            (
                Start("W", input=b"[1]"),
                e.UnknownProgram,
                "there is no workflow 'W' here (did you mean m.W?); known are",
            ),
            (Start("m.W", 7, input=b"[1]"), e.UnknownProgram, "m.W has no version 7 here; there are: 1"),
            (Start("m.W", id="\n", input=b"[1]"), e.UsageError, "an id is a printable text of 1 to 200 characters"),
        ],
    )
    @on_a_loop
    async def test_starts_that_are_refused(self, opened: Opened, start: Start, kind: type, words: str) -> None:
        async with opened() as place:
            with pytest.raises(kind) as raised:
                await place.service.start(start)
            assert words in str(raised.value) and type(raised.value) is kind
            assert await place.service.count(Filters()) == 0

    @on_a_loop
    async def test_the_same_start_is_the_same_run(self, opened: Opened) -> None:
        async with opened() as place:
            for _ in range(2):
                await begin(place, "a")
            assert await place.service.count(Filters()) == 1
            with pytest.raises(e.AlreadyExists, match=r"there is a run 'a' already, of m.W version 1 with other"):
                await begin(place, "a", input=[4])

    @pytest.mark.parametrize("id", ODD_IDS)
    @on_a_loop
    async def test_any_id_goes_through(self, opened: Opened, id: str) -> None:
        async with opened() as place:
            assert await begin(place, id, tags="x=y&z", ü="") == id
            described = await place.service.describe(id)
            assert (described["id"], described["tags"]) == (id, {"tags": "x=y&z", "ü": ""})
            await place.service.signal(id, "say", json.dumps(id).encode())
            await place.service.cancel(id, id)
            assert json.loads((await place.service.ended(id, 0)).failure or b"")["fields"] == {"reason": id}
            assert await place.service.delete(id, False, True) == 1

    # --- ends ----------------------------------------------------------------------------------------------

    @on_a_loop
    async def test_a_result_is_the_json_of_its_type(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "q", "m.Quick", [21])
            assert await place.service.ended("q", None) == Ended("q", "m.Quick", 1, "completed", b"42", None)
            await begin(place, "p", "m.Plain", [])
            waiting = asyncio.ensure_future(place.service.ended("p", 60.0))
            await until(lambda: place.here._waiters.get("p"))
            place.desk.give("put")
            assert await waiting == Ended("p", "m.Plain", 1, "completed", b"null", None)

    @on_a_loop
    async def test_a_failure_is_an_error_as_json(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            await until(lambda: place.desk.waiting("get"))
            place.desk.fail("get", place.m.Bad(code=7))
            ended = await place.service.ended("a", None)
            assert (ended.status, ended.result) == ("failed", None)
            assert json.loads(ended.failure or b"") == {"kind": "m.Bad", "fields": {"code": 7}}

    @on_a_loop
    async def test_a_wait_may_end_before_the_run(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a", "m.Plain", [])
            with pytest.raises(e.WaitTimeout, match=r"^the run 'a' is running after 0 s; it goes on$"):
                await place.service.ended("a", 0)
            with pytest.raises(e.NotFound, match=r"^there is no run 'b'$"):
                await place.service.ended("b", 0)

    @on_a_loop
    async def test_who_waits_and_leaves_is_forgotten(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a", "m.Plain", [])
            waiting = asyncio.ensure_future(place.service.ended("a", 60.0))
            await until(lambda: place.here._waiters.get("a"))
            waiting.cancel()
            await until(lambda: not place.here._waiters.get("a"))

    # --- signals and queries -------------------------------------------------------------------------------

    @on_a_loop
    async def test_signals(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            await place.service.signal("a", "say", '"hällo\\u0000"'.encode(), "key ü/%1")
            await place.service.signal("a", "go", b"null")
            assert (await place.service.describe("a"))["mail"] == {"say": 1, "go": 1}
            for name, payload, words in (
                ("say", b"5", "the signal say of m.W: not a text"),
                ("go", b"5", "the signal go of m.W"),
                ("say", b"{", "JSON"),
            ):
                with pytest.raises(e.WrongInput, match=words):
                    await place.service.signal("a", name, payload)
            with pytest.raises(e.UnknownSignal, match=r"m.W has no signal 'no/pe'; it has: go, say"):
                await place.service.signal("a", "no/pe", b"1")
            await place.service.terminate("a", "enough")
            with pytest.raises(e.RunEnded, match=r"the run 'a' is terminated already"):
                await place.service.signal("a", "say", b'"late"')

    @on_a_loop
    async def test_keys_come_to_whoever_has_the_runs(self, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
        async with opened() as place:
            keys: list[str] = []
            submit = place.here.engine.submit

            async def noted(command: Any, key: str = "") -> Any:
                keys.append(key)
                return await submit(command, key)

            await begin(place, "a")
            monkeypatch.setattr(place.here.engine, "submit", noted)
            await place.service.signal("a", "go", b"null", "k 1%ü")
            await place.service.cancel("a", "x", "k2")
            assert keys == ["k 1%ü", "k2"]

    @on_a_loop
    async def test_queries(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            assert await place.service.query("a", "now_at", b"[]") == b'"begun"'
            assert await place.service.query("a", "left", b"[10]") == b"7"
            assert await place.service.query("a", "said", b"[]") == b'"ann"'
            for args, words in (
                (b'["x"]', "the query left of m.W: argument 1: not an int"),
                (b"[]", "it takes 1 arguments, and got 0"),
                (b"[1,2]", "it takes 1 arguments, and got 2"),
                (b"5", "its arguments are a list"),
                (b"{", "JSON"),
            ):
                with pytest.raises(e.WrongInput) as raised:
                    await place.service.query("a", "left", args)
                assert words in str(raised.value)
            with pytest.raises(e.UnknownSignal, match=r"m.W has no query 'x'; it has: left, now_at, said, share"):
                await place.service.query("a", "x", b"[]")
            with pytest.raises(e.QueryFailed, match=r"the query share of m.W: division by zero"):
                await place.service.query("a", "share", b"[0]")

    # --- looking -------------------------------------------------------------------------------------------

    @on_a_loop
    async def test_views_are_those_of_the_desk(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a", "m.Parent", [3], shop="x")
            await until(lambda: place.desk.waiting("put"))
            await place.desk.pass_(HOUR + 1)
            assert await place.service.describe("a") == (await place.here.describe("a")).to_dict()
            assert await place.service.report("a") == (await place.here.report("a")).to_dict()
            tree = await place.service.tree("a")
            assert tree["run"] == (await place.here.list(prefix="a", parent=None))[-1].to_dict()
            (child,) = tree["children"]
            assert child["run"]["parent"] == "a" and child["children"] == []
            for asked in (place.service.describe("x"), place.service.report("x"), place.service.tree("x")):
                with pytest.raises(e.NotFound, match=r"^there is no run 'x'$"):
                    await asked

    @on_a_loop
    async def test_lists(self, opened: Opened) -> None:
        async with opened() as place:
            for at in range(3):
                await begin(place, f"w{at}", input=[at], shop="x", n=str(at))
            await place.desk.pass_(HOUR)
            await begin(place, "q", "m.Quick", [1])
            await place.service.pause("w1")
            filters: Mapping[str, tuple[Filters, list[str]]] = {
                "all": (Filters(), ["q", "w2", "w1", "w0"]),
                "workflow": (Filters(workflow="m.Quick"), ["q"]),
                "version": (Filters(version=2), []),
                "status": (Filters(status=("paused", "completed")), ["q", "w1"]),
                "parent": (Filters(parent="w0"), []),
                "prefix": (Filters(prefix="w"), ["w2", "w1", "w0"]),
                "since": (Filters(since=START_US + HOUR), ["q"]),
                "until": (Filters(until=START_US + 1), ["w2", "w1", "w0"]),
                "where": (Filters(where={"stage": '"begun"', "total": "1"}), ["w1"]),
                "no type but its own": (Filters(where={"total": "1.0"}), []),
                "tags": (Filters(tags={"shop": "x", "n": "2"}), ["w2"]),
                "nothing like it": (Filters(tags={"shöp": "= &"}), []),
            }
            for what, (wanted, ids) in filters.items():
                page = await place.service.list(wanted)
                assert ([run["id"] for run in page.runs], page.next) == (ids, ""), what
                assert await place.service.count(wanted) == len(ids), what
            assert list((await place.service.list(Filters())).runs) == [r.to_dict() for r in await place.here.list()]

    @on_a_loop
    async def test_pages(self, opened: Opened) -> None:
        async with opened() as place:
            for at in range(5):
                await begin(place, f"r{at}")
            seen, before = [], ""
            while True:
                page = await place.service.list(Filters(limit=2, before=before))
                seen.append([run["id"] for run in page.runs])
                if not (before := page.next):
                    break
            assert seen == [["r4", "r3"], ["r2", "r1"], ["r0"]]
            assert (await place.service.list(Filters(limit=5))).next == ""
            assert await place.service.count(Filters(limit=2)) == 5

    @pytest.mark.parametrize(
        ("filters", "words"),
        [
            (Filters(status=("nope",)), "there is no status 'nope'; there are: "),
            (Filters(where={"stage": "paid"}), "where: stage is compared with 'paid', which is not JSON"),
            (Filters(before="x y"), "before: 'x y' is nothing that a page gave"),
            (Filters(limit=0), "limit: a page has 1 to 1000 runs, not 0"),
        ],
    )
    @on_a_loop
    async def test_filters_that_mean_nothing(self, opened: Opened, filters: Filters, words: str) -> None:
        async with opened() as place:
            with pytest.raises(e.UsageError) as raised:
                await place.service.list(filters)
            assert words in str(raised.value)

    # --- watching ------------------------------------------------------------------------------------------

    @on_a_loop
    async def test_a_watcher_sees_where_a_run_rests(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            watching = place.service.watch("a")
            first = await anext(watching)
            assert (first["id"], first["status"], first["steps"]) == ("a", "running", ["get"])
            rest = asyncio.ensure_future(all_of(watching))
            await until(lambda: place.desk.waiting("get"))
            await place.service.pause("a")
            await place.service.resume("a")
            await place.service.terminate("a", "enough")
            assert [change["status"] for change in await rest] == ["paused", "running", "terminated"]
            assert [change["status"] for change in await all_of(place.service.watch("a"))] == ["terminated"]

    @on_a_loop
    async def test_a_watcher_that_stops_is_forgotten(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            watching = place.service.watch("a")
            await anext(watching)
            await watching.aclose()  # type: ignore[attr-defined]
            await until(lambda: not place.here._watchers)

    @on_a_loop
    async def test_nobody_can_be_watched(self, opened: Opened) -> None:
        async with opened() as place:
            with pytest.raises(e.NotFound, match=r"^there is no run 'x'$"):
                await anext(place.service.watch("x"))

    # --- operating -----------------------------------------------------------------------------------------

    @on_a_loop
    async def test_operating(self, opened: Opened) -> None:
        async with opened() as place:
            service = place.service
            await begin(place, "a", shop="x", old="y")
            await service.pause("a")
            assert (await service.describe("a"))["status"] == "paused"
            await service.resume("a")
            await service.tag("a", {"shop": None, "who": "ann", "ü": ""})
            assert (await service.describe("a"))["tags"] == {"old": "y", "who": "ann", "ü": ""}
            await service.cancel("a", "enough")
            ended = await service.ended("a", None)
            assert (ended.status, json.loads(ended.failure or b"")["kind"]) == ("cancelled", "Cancelled")
            with pytest.raises(e.RunEnded):
                await service.terminate("a", "again")
            for call in (service.pause("x"), service.resume("x"), service.tag("x", {}), service.cancel("x", "")):
                with pytest.raises(e.NotFound):
                    await call

    @on_a_loop
    async def test_deleting(self, opened: Opened) -> None:
        async with opened() as place:
            service = place.service
            for at in range(3):
                await begin(place, f"w{at}", tags="x")
            await begin(place, "q", "m.Quick", [1])
            with pytest.raises(e.StillRunning, match=r"'w0' lives: cancel it first, or force it"):
                await service.delete("w0", False, True)
            assert await service.delete("w0", True, False) == 1
            assert await service.delete_many(Filters(prefix="w"), False) == 0
            assert await service.delete_many(Filters(prefix="w", where={"total": "3"}), True) == 2
            assert await service.prune(0.5, ()) == 0
            await place.desk.pass_(1_000_000)
            assert await service.prune(0.5, ("failed",)) == 0
            assert await service.prune(0.5, ("failed", "completed")) == 1
            assert await service.count(Filters()) == 0

    # --- programs and the cluster --------------------------------------------------------------------------

    @on_a_loop
    async def test_programs(self, opened: Opened) -> None:
        async with opened() as place:
            files = [Source("shop/orders.rft", "rft 1\n# ü\0\n"), Source("a.rft", "")]
            assert await place.service.deploy(files, dry=True) == await place.behind.deploy(files, True)
            assert [*await place.service.programs()] == [*await place.behind.programs()]
            await place.service.retire("m.W", 2)
            assert place.behind.asked == [("deploy", files, True), ("deploy", files, True), ("retire", "m.W", 2)]

    @on_a_loop
    async def test_the_cluster(self, opened: Opened) -> None:
        async with opened() as place:
            service, behind = place.service, place.behind
            assert await service.cluster() == await behind.cluster()
            assert await service.discover() == await behind.discover()
            assert await service.admit("", "h:2", "t") == {"node": "drawn", "members": ["a", "b"]}
            await service.remove("n/1")
            await service.transfer(1, "")
            assert await service.make_group() == {"group": 2}
            assert await service.make_group(["a", "b"]) == {"group": 2}
            assert await service.change_group(2, "c", True) == {"group": 2, "members": ["a", "c"]}
            await service.catch_up()
            assert await service.token() == "t0ken"
            said: list[tuple[Any, ...]] = [
                ("admit", "", "h:2", "t"),
                ("remove", "n/1"),
                ("transfer", 1, ""),
                ("make_group", []),
            ]
            said += [("make_group", ["a", "b"]), ("change_group", 2, "c", True), ("catch_up",)]
            assert behind.asked == said
            for behind.ready in (True, False):
                assert await service.health() == await behind.health()

    # --- what goes wrong -----------------------------------------------------------------------------------

    @on_a_loop
    async def test_every_error_arrives_as_what_it_is(self, opened: Opened) -> None:
        async with opened() as place:
            for kind in kinds():
                place.behind.raises = kind("words: ü € \U0001f600\nand 'more' of \"them\" %41" * 3)
                with pytest.raises(e.RaftoralError) as raised:
                    await place.service.pause("a")  # of what is not done again by itself
                assert type(raised.value) is kind and str(raised.value) == str(place.behind.raises)

    @on_a_loop
    async def test_a_bug_says_little_and_harms_nobody(self, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
        async with opened() as place:
            await begin(place, "a")
            place.behind.raises = KeyError("s3cret")
            with pytest.raises((e.RaftoralError, KeyError)) as raised:
                await place.service.pause("a")
            if place.address:
                assert str(raised.value) == "the node has a bug (KeyError); its log has more"
                assert "s3cret" in caplog.text
            place.behind.raises = None
            await place.service.pause("a")

    @on_a_loop
    async def test_as_much_as_fits(self, opened: Opened) -> None:
        async with opened() as place:
            long = "ü" * 250_000
            await begin(place, "a", input=[3, [], long])
            assert (await place.service.describe("a"))["args"]["name"] == long
            with pytest.raises(e.WrongInput, match=r"the input of m.W has 1,"):
                await begin(place, "b", input=[3, [], long * 3])

    @on_a_loop
    async def test_what_no_wire_can_carry(self, opened: Opened) -> None:
        async with opened() as place:
            await begin(place, "a")
            for call in (
                lambda service: service.cancel("a", "\ud800"),
                lambda service: service.tag("a", {"x": "\ud800"}),
                lambda service: service.start(Start("m.\ud800")),
                lambda service: service.list(Filters(since=1 << 80)),
            ):
                if place.address:
                    with pytest.raises(e.WrongInput, match="it cannot be sent: "):
                        await call(place.service)
            assert (await place.service.describe("a"))["status"] == "running"

    @on_a_loop
    async def test_many_calls_at_once(self, opened: Opened) -> None:
        async with opened() as place:
            ids = [f"r{at}" for at in range(200)]
            assert await asyncio.gather(*(begin(place, id, "m.Quick", [at]) for at, id in enumerate(ids))) == ids
            ends = await asyncio.gather(*(place.service.ended(id, None) for id in ids))
            assert [ended.result for ended in ends] == [str(at * 2).encode() for at in range(200)]


def kinds() -> list[type[e.RaftoralError]]:
    """Every exception that travels: a run's failure is none."""
    all_kinds = [each for each in vars(e).values() if isinstance(each, type) and issubclass(each, e.RaftoralError)]
    return [each for each in all_kinds if not issubclass(each, e.RunFailed)]
