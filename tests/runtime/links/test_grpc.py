"""gRPC as others see it: made stubs, statuses, health, reflection, deadlines, sizes, tokens; and its absence."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

grpc = pytest.importorskip("grpc")

from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # noqa: E402

from raftoral import errors as e  # noqa: E402
from raftoral.runtime.links.connect import connect  # noqa: E402
from raftoral.runtime.links.grpc.messages import METHODS  # noqa: E402
from raftoral.runtime.links.grpc.server import private_folder  # noqa: E402
from raftoral.runtime.links.http.connection import Limits  # noqa: E402
from raftoral.runtime.links.table import OPERATIONS  # noqa: E402
from raftoral.runtime.proto import api_pb2 as pb, api_pb2_grpc as stubs  # noqa: E402
from tests.house import laws  # noqa: E402
from tests.runtime.contracts.service import until  # noqa: E402
from tests.runtime.desk import on_a_loop  # noqa: E402
from tests.runtime.links.fronts import Place, front  # noqa: E402


@asynccontextmanager
async def channel(place: Place) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(place.address) as opened:
        yield opened


@on_a_loop
async def test_made_stubs_are_all_that_a_client_needs(m):
    async with front(m, grpc=True) as place, channel(place) as opened:
        runs = stubs.RunsStub(opened)
        started = await runs.Start(pb.StartRequest(workflow="m.W", id="a", input=b'{"n": 3}', tags={"shop": "x"}))
        assert started.id == "a"
        described = await runs.Describe(pb.RunRequest(id="a"))
        assert (described.status, dict(described.tags), described.waits[0].step) == ("running", {"shop": "x"}, "get")
        assert json.loads(described.args_json) == {"n": 3, "items": [], "name": "ann"}
        assert described.created.ToJsonString() == "2026-01-01T00:00:00Z" and not described.HasField("ended")
        listed = await runs.List(pb.ListRequest(where={"total": "3"}, status=["running"]))
        assert [run.id for run in listed.runs] == ["a"]
        assert (await runs.Query(pb.QueryRequest(id="a", name="left", args=b"[10]"))).result == b"7"
        await runs.Signal(pb.SignalRequest(id="a", name="go"))
        ended = await runs.StartAndWait(pb.StartAndWaitRequest(workflow="m.Quick", input=b"[21]"))
        assert (ended.status, ended.result) == ("completed", b"42")
        await runs.Cancel(pb.CancelRequest(id="a"))
        ended = await runs.Ended(pb.EndedRequest(id="a"))
        assert json.loads(ended.failure)["fields"] == {"reason": "cancelled by a client"}
        changes = [change async for change in runs.Watch(pb.RunRequest(id="a"))]
        assert [change.status for change in changes] == ["cancelled"]
        assert (await runs.Delete(pb.DeleteRequest(id="a"))).deleted == 1
        assert (await stubs.ClusterStub(opened).Health(pb.Nothing())).ready


@on_a_loop
async def test_an_error_is_a_status_with_the_stable_code(m):
    async with front(m, grpc=True) as place, channel(place) as opened:
        runs = stubs.RunsStub(opened)
        for call, status, code, words in (
            (runs.Describe(pb.RunRequest(id="x")), "NOT_FOUND", "not-found", "there is no run 'x'"),
            (runs.Start(pb.StartRequest(workflow="m.W")), "INVALID_ARGUMENT", "wrong-input", "n is missing"),
            (runs.Start(pb.StartRequest(workflow="m.X")), "NOT_FOUND", "no-program", "there is no workflow 'm.X'"),
            (runs.Prune(pb.PruneRequest(older_than=-1)), "INVALID_ARGUMENT", "wrong-input", "older_than: a number"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await call
            trailing = dict(raised.value.trailing_metadata() or ())
            assert (raised.value.code().name, trailing["raftoral-code"]) == (status, code)
            assert words in raised.value.details()


@on_a_loop
async def test_words_without_end_are_cut(m):
    async with front(m, grpc=True) as place, connect(place.address, transport="grpc") as client:
        place.behind.raises = e.UsageError("ü" * 100_000)
        with pytest.raises(e.UsageError, match=r"^ü{1000}… \(there is more: over HTTP it is whole\)$"):
            await client.pause("a")
        place.behind.raises = e.UsageError("x\n%" * 500)
        with pytest.raises(e.UsageError, match=r"^(x\n%){500}$"):
            await client.pause("a")


@on_a_loop
async def test_health_and_reflection(m):
    async with front(m, grpc=True, tokens={"t": "admin"}) as place, channel(place) as opened:
        check = health_pb2_grpc.HealthStub(opened).Check
        states = health_pb2.HealthCheckResponse
        assert (await check(health_pb2.HealthCheckRequest())).status == states.SERVING
        place.behind.ready = False
        assert (await check(health_pb2.HealthCheckRequest())).status == states.NOT_SERVING
        ask = reflection_pb2_grpc.ServerReflectionStub(opened).ServerReflectionInfo
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (answer,) = [each async for each in ask(iter([request]))]
        names = {service.name for service in answer.list_services_response.service}
        assert names >= {"raftoral.v1.Runs", "raftoral.v1.Programs", "raftoral.v1.Cluster", "grpc.health.v1.Health"}


@on_a_loop
async def test_tokens(m):
    async with front(m, grpc=True, tokens={"r": "read", "w": "write"}) as place, channel(place) as opened:
        runs = stubs.RunsStub(opened)
        start = pb.StartRequest(workflow="m.Quick", input=b"[1]", id="q")
        for metadata, status in (
            (None, "UNAUTHENTICATED"),
            ((("authorization", "Bearer nobody"),), "PERMISSION_DENIED"),
            ((("authorization", "Bearer r"),), "PERMISSION_DENIED"),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await runs.Start(start, metadata=metadata)
            assert raised.value.code().name == status
        assert (await runs.Start(start, metadata=(("authorization", "Bearer w"),))).id == "q"
        assert (await stubs.ClusterStub(opened).Discover(pb.Nothing())).cluster == "c"
        with pytest.raises(grpc.aio.AioRpcError):
            assert [each async for each in runs.Watch(pb.RunRequest(id="q"))]
        async with connect(place.address, transport="grpc", token="r") as client:
            with pytest.raises(e.Denied, match="this needs a token that may write; this one may read"):
                await m.Quick.start(client, 1)


@on_a_loop
async def test_whose_deadline_is_over_is_waited_for_no_more(m):
    async with front(m, grpc=True) as place, channel(place) as opened:
        runs = stubs.RunsStub(opened)
        await place.here.start(m.Plain.DEFINITION, "a", ())
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await runs.Ended(pb.EndedRequest(id="a", timeout=60), timeout=0.2)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(lambda: not place.here._waiters.get("a"))
        waiting = asyncio.ensure_future(_call(runs.Ended(pb.EndedRequest(id="a", timeout=60))))
        await until(lambda: place.here._waiters.get("a"))
        waiting.cancel()
        await until(lambda: not place.here._waiters.get("a"))
        watching = runs.Watch(pb.RunRequest(id="a"))
        await watching.read()
        watching.cancel()
        await until(lambda: not place.here._watchers)


async def _call(call: Any) -> Any:
    return await call


@on_a_loop
async def test_a_message_that_is_too_large(m):
    limits = Limits(body_bytes_max=10_000)
    async with front(m, grpc=True, limits=limits) as place, connect(place.address, transport="grpc") as client:
        with pytest.raises(e.WrongInput, match=r"a message is too large"):
            await m.W.start(client, 3, [], "x" * 20_000)
        assert await client.count() == 0


@on_a_loop
async def test_garbage_after_the_preface(m):
    async with front(m, grpc=True) as place:
        host, port = place.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1_000)
        while await reader.read(1_000):
            pass
        writer.transport.abort()
        async with connect(place.address, transport="grpc") as client:
            assert await client.count() == 0


@on_a_loop
async def test_closing_tells_who_watches_to_go_elsewhere(m):
    async with front(m, grpc=True) as place, channel(place) as opened:
        await place.here.start(m.Plain.DEFINITION, "a", ())
        watching: Any = stubs.RunsStub(opened).Watch(pb.RunRequest(id="a"))
        assert (await watching.read()).status == "running"
        closing = asyncio.ensure_future(place.front.close(grace=50))
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await watching.read()
        assert (raised.value.code(), raised.value.details()) == (
            grpc.StatusCode.UNAVAILABLE,
            "this node is closing; ask another one",
        )
        await closing
        assert not place.here._watchers


def test_every_operation_has_its_method_and_every_method_its_operation():
    assert set(METHODS) == {name for name in OPERATIONS if name != "query-post"}
    theirs = {(s.name, m.name) for s in pb.DESCRIPTOR.services_by_name.values() for m in s.methods}
    assert theirs == {(each.service, each.name) for each in METHODS.values()}
    for method in METHODS.values():
        fields = set(method.request.DESCRIPTOR.fields_by_name)
        assert fields == {param.name for param in method.operation.params}, method.name


# --- without it --------------------------------------------------------------------------------------------------

WITHOUT = """
import sys
import tempfile
for name in ("grpc", "grpc_health", "grpc_reflection"):
    sys.modules[name] = None
import asyncio, raftoral
from raftoral.runtime.links.front import Front
from raftoral.testing import Local

class Nobody:
    async def health(self): return {"ready": True}

async def main():
    async with Front(Nobody(), "127.0.0.1:0") as front:
        async with raftoral.connect(front.address) as client:
            assert (await client.health()) == {"ready": True}
    for refused in (lambda: Front(Nobody(), "127.0.0.1:0", grpc=True),
                    lambda: raftoral.connect("h:1", transport="grpc")):
        try:
            refused()
        except raftoral.UsageError as error:
            assert "pip install 'raftoral[grpc]'" in str(error), error
        else:
            raise AssertionError
asyncio.run(main())
"""

NOT_LOADED = """
import sys, raftoral
raftoral.local([])
raftoral.connect("h:1")
found = {"grpc", "google.protobuf.timestamp_pb2", "pysyncobj"} & set(sys.modules)
assert not found, found
"""


@pytest.mark.parametrize("program", [WITHOUT, NOT_LOADED])
def test_nobody_needs_it_who_does_not_ask_for_it(program):
    result = subprocess.run([sys.executable, "-c", program], cwd=laws.ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


# --- the private socket ------------------------------------------------------------------------------------------


def test_the_socket_lies_in_the_directory_of_the_node_and_nobody_else_may_enter(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rft-") as near:
        folder = private_folder(near)
        assert (os.path.dirname(folder), stat.S_IMODE(os.stat(folder).st_mode)) == (near, 0o700)
        (Path(folder) / "api").write_text("what a process left that was killed")
        os.chmod(folder, 0o755)
        assert private_folder(near) == folder
        assert (os.listdir(folder), stat.S_IMODE(os.stat(folder).st_mode)) == ([], 0o700)


def test_a_directory_whose_name_is_too_long_for_a_socket_has_it_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="rft-") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        deep = tmp_path / ("d" * 100)
        deep.mkdir()
        folder = private_folder(str(deep))
        assert os.path.dirname(folder) == short
        assert private_folder(str(deep)) == folder, "the next process finds what this one may leave"
        assert private_folder(str(tmp_path)) != folder
        os.rmdir(folder)
        os.symlink(tmp_path, folder)  # somebody was here before us
        assert private_folder(str(deep)) not in (folder, str(tmp_path))
