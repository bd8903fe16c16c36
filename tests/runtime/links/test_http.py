"""HTTP as others see it: routes, problems, origins, tokens, events, the document."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from raftoral import errors as e
from raftoral.runtime.links.connect import connect
from raftoral.runtime.links.http import openapi
from raftoral.runtime.links.table import OPERATIONS
from raftoral.runtime.service import FREE, RIGHTS, Service
from tests.runtime.contracts.service import until
from tests.runtime.desk import on_a_loop
from tests.runtime.links.fronts import asked, front, hand

START = b'{"workflow": "m.W", "id": "a", "input": {"n": 3}, "tags": {"shop": "x"}}'


@on_a_loop
async def test_a_run_from_its_start_to_its_end(m):
    async with front(m) as place, hand(place.address) as client:
        started = await client.ask("POST", "/v1/runs", START)
        assert (started.status, started.json, started.headers["content-type"]) == (201, {"id": "a"}, "application/json")
        assert (await client.ask("GET", "/v1/runs/a")).json["checkpoints"] == {
            "stage": "begun",
            "total": 3,
            "who": "ann",
        }
        listed = (await client.ask("GET", '/v1/runs?where=total=3&where=stage="begun"&tag=shop=x&status=running')).json
        assert ([run["id"] for run in listed["runs"]], listed["next"]) == (["a"], "")
        assert (await client.ask("GET", "/v1/runs:count?status=completed&status=paused")).json == {"count": 0}
        assert (await client.ask("POST", "/v1/runs/a/signals/say", b'"hi"')).status == 204
        assert (await client.ask("POST", "/v1/runs/a/signals/go")).status == 204
        assert (await client.ask("GET", "/v1/runs/a/queries/left?args=[10]")).json == 7
        assert (await client.ask("POST", "/v1/runs/a/queries/left", b"[10]")).json == 7
        assert (await client.ask("PATCH", "/v1/runs/a/tags", b'{"shop": null}')).status == 204
        late = await client.ask("GET", "/v1/runs/a/result?wait=0")
        assert (late.status, late.json["code"], late.json["retryable"]) == (408, "timeout", True)
        assert (await client.ask("POST", "/v1/runs/a:cancel", b'{"reason": "enough"}')).status == 204
        ended = (await client.ask("GET", "/v1/runs/a/result?wait=30")).json
        assert (ended["status"], ended["result"], ended["failure"]["fields"]) == (
            "cancelled",
            None,
            {"reason": "enough"},
        )
        assert (await client.ask("DELETE", "/v1/runs/a")).json == {"deleted": 1}


@on_a_loop
async def test_start_and_wait(m):
    async with front(m) as place:
        done = await asked(place.address, "POST", "/v1/runs:wait", b'{"workflow": "m.Quick", "input": [21]}')
        assert (done.status, done.json["status"], done.json["result"]) == (200, "completed", 42)
        late = await asked(place.address, "POST", "/v1/runs:wait?wait=0", START)
        assert (late.status, late.json["code"]) == (408, "timeout")
        assert (await place.here.status("a")) == "running"


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "code", "words"),
    [
        ("GET", "/v1/nothing", b"", 404, "not-found", "there is no /v1/nothing here; /openapi.json says what there is"),
        ("GET", "/", b"", 404, "not-found", "there is no / here"),
        ("GET", "/v1/runs/x", b"", 404, "not-found", "there is no run 'x'"),
        ("PUT", "/v1/runs", b"", 405, "usage", "/v1/runs takes GET, POST, not PUT"),
        ("POST", "/healthz", b"", 405, "usage", "/healthz takes GET, not POST"),
        (
            "GET",
            "/v1/runs?worklfow=x",
            b"",
            422,
            "wrong-input",
            "a parameter 'worklfow' that is not known; there are: ",
        ),
        ("GET", "/v1/runs?limit=x", b"", 422, "wrong-input", "limit: an int was expected, not 'x'"),
        ("GET", "/v1/runs?limit=1&limit=2", b"", 422, "wrong-input", "limit: it is given more than once"),
        ("GET", "/v1/runs?since=yesterday", b"", 422, "wrong-input", "since: a time such as 2026-01-31T12:00:00Z"),
        ("GET", "/v1/runs?since=2026-01-01T00:00:00", b"", 422, "wrong-input", "has no time zone: put a Z behind it"),
        ("GET", "/v1/runs?where=total", b"", 422, "wrong-input", "where: name=value was expected, not 'total'"),
        ("GET", "/v1/runs?prefix=%FF", b"", 422, "wrong-input", "the address cannot be read"),
        ("GET", "/v1/runs/%FF", b"", 422, "wrong-input", "the address is not UTF-8"),
        ("GET", "/v1/runs/a/result?wait=nan", b"", 422, "wrong-input", "wait: a number of seconds was expected"),
        ("GET", "/v1/runs/a/result?wait=-1", b"", 422, "wrong-input", "wait: a number of seconds was expected"),
        ("DELETE", "/v1/runs/a?force=perhaps", b"", 422, "wrong-input", "force: true or false was expected"),
        ("POST", "/v1/runs", b"", 422, "wrong-input", "workflow: it is missing"),
        ("POST", "/v1/runs", b"{", 422, "wrong-input", "the body is not JSON"),
        ("POST", "/v1/runs", b"[]", 422, "wrong-input", "the body is an object, with the parameters by name"),
        ("POST", "/v1/runs", b'{"workflow": 5}', 422, "wrong-input", "workflow: a text was expected, not 5"),
        ("POST", "/v1/runs", b'{"workflow":"m.W","version":true}', 422, "wrong-input", "version: an int was expected"),
        ("POST", "/v1/runs", b'{"workflow":"m.W","tags":{"a":1}}', 422, "wrong-input", "tags: an object of texts"),
        ("POST", "/v1/runs", b'{"workflow":"m.W","inptu":{}}', 422, "wrong-input", "the body has a parameter 'inptu'"),
        ("POST", "/v1/runs", b'{"workflow":"m.X"}', 404, "no-program", "there is no workflow 'm.X' here"),
        ("POST", "/v1/runs:prune", b"{}", 422, "wrong-input", "older_than: it is missing"),
        (
            "PATCH",
            "/v1/runs/a/tags",
            b'{"a":1}',
            422,
            "wrong-input",
            "tags: an object of texts was expected; null takes",
        ),
        (
            "POST",
            "/v1/programs",
            b'{"sources":[{"path":"a"}]}',
            422,
            "wrong-input",
            "sources: a list of files was expected",
        ),
        ("POST", "/v1/programs/m.W/x:retire", b"", 422, "wrong-input", "version: an int was expected, not 'x'"),
        ("GET", "/metrics", b"", 404, "not-found", "this node has no metrics"),
    ],
)
@on_a_loop
async def test_what_is_wrong_is_a_problem_that_says_so(m, method, target, body, status, code, words):
    async with front(m) as place:
        answer = await asked(place.address, method, target, body)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.status, answer.json["code"], answer.json["status"]) == (status, code, status)
        assert words in answer.json["detail"]
        assert ("allow" in answer.headers) == (status == 405)


@on_a_loop
async def test_an_id_may_hold_a_colon_and_a_verb(m):
    async with front(m) as place, hand(place.address) as client:
        body = json.dumps({"workflow": "m.W", "id": "a:cancel", "input": [1]}).encode()
        assert (await client.ask("POST", "/v1/runs", body)).json == {"id": "a:cancel"}
        assert (await client.ask("GET", "/v1/runs/a:cancel")).json["status"] == "running"
        assert (await client.ask("POST", "/v1/runs/a%3Acancel:pause")).status == 204
        assert (await client.ask("GET", "/v1/runs/a%3Acancel")).json["status"] == "paused"


@on_a_loop
async def test_health_readiness_and_metrics(m):
    async def text() -> str:
        return "raftoral_runs 3\n"

    async with front(m, metrics=text) as place, hand(place.address) as client:
        assert (await client.ask("GET", "/healthz")).json == {"alive": True}
        assert (await client.ask("HEAD", "/healthz")).body == b""
        ready = await client.ask("GET", "/readyz")
        assert (ready.status, ready.json["ready"]) == (200, True)
        place.behind.ready = False
        late = await client.ask("GET", "/readyz")
        assert (late.status, late.json["why"]) == (503, "it has no leader")
        measured = await client.ask("GET", "/metrics")
        assert measured.body == b"raftoral_runs 3\n" and measured.headers["content-type"].startswith("text/plain")
    async with front(m, metrics=lambda: "x 1\n", tokens={"r": "read"}) as place:
        assert (await asked(place.address, "GET", "/metrics", authorization="Bearer r")).body == b"x 1\n"
        assert (await asked(place.address, "GET", "/metrics")).status == 401


# --- tokens ------------------------------------------------------------------------------------------------------

TOKENS = {"r": "read", "w": "write", "a": "admin"}


@on_a_loop
async def test_who_has_no_token_or_not_the_right_one(m):
    async with front(m, tokens=TOKENS) as place, hand(place.address) as client:
        none = await client.ask("GET", "/v1/runs")
        assert (none.status, none.json["code"], none.headers["www-authenticate"]) == (401, "denied", "Bearer")
        assert (await client.ask("HEAD", "/v1/runs")).status == 401
        assert (await client.ask("HEAD", "/v1/runs", authorization="Bearer r")).status == 200
        unknown = await client.ask("GET", "/v1/runs", authorization="Bearer nobody")
        assert (unknown.status, unknown.json["detail"]) == (403, "the token is not known here")
        basic = await client.ask("GET", "/v1/runs", authorization="Basic r")
        assert basic.status == 403 and "a token is needed" in basic.json["detail"]
        lesser = await client.ask("POST", "/v1/runs", START, authorization="Bearer r")
        assert (lesser.status, lesser.json["detail"]) == (403, "this needs a token that may write; this one may read")
        assert (await client.ask("POST", "/v1/runs", START, authorization="bearer  w")).status == 201
        assert (await client.ask("GET", "/metrics")).status == 404
        for path in ("/healthz", "/readyz", "/openapi.json", "/v1/discovery"):
            assert (await client.ask("GET", path)).status == 200


@on_a_loop
async def test_every_operation_needs_its_right(m):
    """By the table of `service`; what is not there needs to read."""
    order = ["read", "write", "admin"]
    async with front(m, tokens=TOKENS) as place, hand(place.address) as client:
        for operation in OPERATIONS.values():
            needs = "" if operation.asks in FREE else RIGHTS.get(operation.asks, "read")
            path = re.sub(r"\{(group|version)\}", "1", operation.path)
            path = re.sub(r"\{\w+\}", "x", path)
            for token, right in {"": "", **TOKENS}.items():
                headers: Any = {"authorization": f"Bearer {token}"} if token else {}
                answer = await client.ask(operation.method, path, **headers)
                may = not needs or (right != "" and order.index(right) >= order.index(needs))
                assert (answer.status in (401, 403)) != may, (operation.name, right, answer)


@pytest.mark.parametrize("tokens", [{"x": "root"}, {"": "read"}, {"a b": "read"}, {"ü": "read"}])
def test_tokens_that_are_none(m, tokens):
    from raftoral.runtime.links.access import Access

    with pytest.raises(e.UsageError):
        Access(tokens)


# --- other origins -----------------------------------------------------------------------------------------------


PREFLIGHT: Any = {"access_control_request_method": "POST"}


@on_a_loop
async def test_pages_of_others_are_kept_out(m):
    async with front(m) as place, hand(place.address) as client:
        foreign = await client.ask("POST", "/v1/runs", START, origin="https://evil.example", content_type="text/plain")
        assert (foreign.status, foreign.json["code"]) == (403, "denied")
        assert "access-control-allow-origin" not in foreign.headers
        assert await place.here.count() == 0
        asks = await client.ask("OPTIONS", "/v1/runs", **PREFLIGHT, origin="https://evil.example")
        assert asks.status == 403
        own = await client.ask("GET", "/v1/runs", origin="http://localhost")
        assert own.status == 200
        renamed = await client.ask("GET", "/v1/runs", host="evil.example:7001")
        assert renamed.status == 403 and "is no name of this machine" in renamed.json["detail"]
        for host in ("127.0.0.1:7001", "[::1]:7001", "localhost:7001", "app.localhost"):
            assert (await client.ask("GET", "/v1/runs", host=host)).status == 200


@on_a_loop
async def test_pages_that_were_allowed(m):
    async with front(m, origins=["https://shop.example"]) as place, hand(place.address) as client:
        asks = await client.ask("OPTIONS", "/v1/runs", **PREFLIGHT, origin="https://shop.example")
        assert (asks.status, asks.headers["access-control-allow-origin"]) == (204, "https://shop.example")
        assert "Authorization" in asks.headers["access-control-allow-headers"] and asks.headers["vary"] == "Origin"
        missing = await client.ask("GET", "/v1/runs/x", origin="https://shop.example")
        assert (missing.status, missing.headers["access-control-allow-origin"]) == (404, "https://shop.example")
        assert (await client.ask("GET", "/v1/runs", origin="https://shop.example.evil")).status == 403
    async with front(m, origins=["*"]) as place:
        answer = await asked(place.address, "GET", "/v1/runs", origin="https://any.example")
        assert answer.headers["access-control-allow-origin"] == "https://any.example"


# --- events ------------------------------------------------------------------------------------------------------


@on_a_loop
async def test_a_watch_is_a_stream_of_events(m):
    async with front(m) as place, hand(place.address) as client:
        await client.ask("POST", "/v1/runs", START)
        await client.send(b"GET /v1/runs/a/watch HTTP/1.1\r\nhost: localhost\r\n\r\n")
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"text/event-stream" in head and b"no-store" in head
        first = await client.chunk()
        assert first.startswith(b"data: {") and json.loads(first[6:])["steps"] == ["get"]
        await place.here.terminate("a")
        assert json.loads((await client.chunk())[6:])["status"] == "terminated"
        assert await client.chunk() == b"event: end\ndata: {}\n\n"
        assert await client.over()


@on_a_loop
async def test_an_end_may_be_waited_for_as_an_event(m):
    async with front(m) as place, hand(place.address) as client:
        await client.ask("POST", "/v1/runs", START)
        await client.send(
            b"GET /v1/runs/a/result?wait=60 HTTP/1.1\r\nhost: x.localhost\r\naccept: text/event-stream\r\n\r\n"
        )
        await client.reader.readuntil(b"\r\n\r\n")
        assert json.loads((await client.chunk())[6:]) == {"id": "a"}
        await place.here.terminate("a")
        assert json.loads((await client.chunk())[6:])["status"] == "terminated"
        assert await client.chunk() == b"event: end\ndata: {}\n\n"
    async with front(m) as place:
        missing = await asked(place.address, "GET", "/v1/runs/x/result", accept="text/event-stream")
        assert missing.status == 404


@on_a_loop
async def test_a_stream_says_that_the_node_closes(m):
    async with front(m) as place, hand(place.address) as client:
        await client.ask("POST", "/v1/runs", START)
        await client.send(b"GET /v1/runs/a/watch HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await client.reader.readuntil(b"\r\n\r\n")
        await client.chunk()
        await place.front.close()
        said = await client.chunk()
        assert said.startswith(b"event: error\ndata: ") and json.loads(said[19:])["code"] == "unavailable"
        assert await client.over()
        assert not place.here._watchers


@on_a_loop
async def test_who_listens_and_leaves_is_forgotten(m):
    async with front(m) as place:
        async with hand(place.address) as client:
            await client.ask("POST", "/v1/runs", START)
            await client.send(b"GET /v1/runs/a/watch HTTP/1.1\r\nhost: localhost\r\n\r\n")
            await until(lambda: place.here._watchers)
        await until(lambda: not place.here._watchers)


# --- the document ------------------------------------------------------------------------------------------------


@on_a_loop
async def test_the_document_says_what_there_is(m):
    async with front(m) as place:
        document = (await asked(place.address, "GET", "/openapi.json")).json
    assert document == json.loads(json.dumps(openapi.document()))
    found = {
        each["operationId"]: (method.upper(), path, each)
        for path, methods in document["paths"].items()
        for method, each in methods.items()
    }
    assert {name: place[:2] for name, place in found.items()} == {
        o.name: (o.method, o.path) for o in OPERATIONS.values()
    }
    for name, (_, path, each) in found.items():
        named = {p["name"] for p in each.get("parameters", ()) if p["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), name
        assert each["summary"], name
    text = json.dumps(document)
    for name in re.findall(r'"#/components/schemas/(\w+)"', text):
        assert name in document["components"]["schemas"], name


def test_every_method_of_a_service_is_an_operation():
    methods = {name for name, value in vars(Service).items() if callable(value) and not name.startswith("_")}
    assert methods == {operation.asks for operation in OPERATIONS.values()}
    assert methods >= set(RIGHTS) | FREE


@on_a_loop
async def test_views_fit_their_schemas(m):
    jsonschema = pytest.importorskip("jsonschema")
    document = openapi.document()
    async with front(m) as place, connect(place.address) as client:
        await m.Parent.start(client, 3, id="a")
        await until(lambda: place.desk.waiting("put"))
        service = client.service
        values = {
            "Description": await service.describe("a"),
            "RunReport": await service.report("a"),
            "Branch": await service.tree("a"),
            "Change": await anext(service.watch("a")),
        }
    for name, value in values.items():
        jsonschema.validate(value, {**document, "$ref": f"#/components/schemas/{name}"})
