"""The gRPC server: the operations of a service on a private unix socket, to which the listener brings connections.

    server = GrpcServer(service, access)
    await server.open()
    listener.grpc = server.path

In: calls. Out: replies, or a status with the stable code in the trailing metadata. Health and reflection are there for
everybody. When a client's deadline is over, or it left, its call is cancelled. Never on a port of its own: TLS and the
port are matters of the listener. `near` is the directory of the node, in which the socket lies in a private folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NoReturn

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from raftoral import errors as e
from raftoral.runtime.links.access import Access, bearer
from raftoral.runtime.links.peers.wires import Accept
from raftoral.runtime.links.problems import grpc_name, public
from raftoral.runtime.links.streams import followed
from raftoral.runtime.proto import api_pb2 as pb, api_pb2_grpc as stubs
from raftoral.runtime.service import Service

from .messages import ANSWER_BYTES_MAX, CODE, KEEPALIVE, METHODS, Method, arguments_of, filled
from .peers import add_links

WORDS_BYTES_MAX = 6_000  # of an error: with 8 KiB of metadata some clients break off
SOCKET = "api"
SOCKET_BYTES_MAX = 100  # of the whole name; 107 on Linux, 103 on macOS
STREAMS_MAX = 1_000  # calls at a time on one connection
Context = grpc.aio.ServicerContext[Any, Any]


class GrpcServer:
    """See the module."""

    def __init__(
        self,
        service: Service,
        access: Access,
        *,
        message_bytes_max: int = 8 * 1024 * 1024,
        peer: Accept | None = None,
        near: str | None = None,
    ) -> None:
        self._service, self._access, self._peer = service, access, peer
        self._near = near
        self._message_bytes_max = message_bytes_max
        self._closing = asyncio.Event()
        self._answering = 0
        self._answered_all = asyncio.Event()  # closing, and no call is being answered any more
        self._links_end = asyncio.Event()
        self._stopping: asyncio.Task[None] | None = None
        self._folder = ""
        self._server: grpc.aio.Server | None = None

    @property
    def path(self) -> str:
        """The socket. Nobody but this user can reach it: the folder around it is private."""
        return os.path.join(self._folder, SOCKET)

    async def open(self) -> None:
        self._server = server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._message_bytes_max),
                ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
                ("grpc.max_concurrent_streams", STREAMS_MAX),
                ("grpc.so_reuseport", 0),
                *KEEPALIVE,
            ]
        )
        for name in pb.DESCRIPTOR.services_by_name:
            servicer = _Servicer({m.name: self._handler(m) for m in METHODS.values() if m.service == name})
            getattr(stubs, f"add_{name}Servicer_to_server")(servicer, server)
        if self._peer is not None:
            add_links(server, self._peer, self._links_end)
        health_pb2_grpc.add_HealthServicer_to_server(_Health(self._service), server)
        names = [service.full_name for service in pb.DESCRIPTOR.services_by_name.values()]
        reflection.enable_server_reflection([*names, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
        self._bind(server)
        await server.start()

    def _bind(self, server: grpc.aio.Server) -> None:
        """In the directory of the node, so that nothing is left elsewhere after a kill -9; but not every file system
        has sockets."""
        self._folder = private_folder(self._near)
        try:
            server.add_insecure_port(f"unix:{self.path}")
        except RuntimeError:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = private_folder(None)
            server.add_insecure_port(f"unix:{self.path}")

    async def drain(self, grace: float) -> None:
        """Calls have `grace` seconds to end; streams are told to go elsewhere. Links stay: last answers need them."""
        if self._server is None or self._stopping is not None:
            return
        self._closing.set()
        self._stopping = asyncio.ensure_future(self._server.stop(grace))
        if self._answering:
            answered = asyncio.ensure_future(self._answered_all.wait())
            await asyncio.wait({answered, self._stopping}, return_when=asyncio.FIRST_COMPLETED)
            answered.cancel()

    async def close(self, grace: float) -> None:
        """Drains, if that is not done; then links end, and the socket is gone."""
        await self.drain(grace)
        self._links_end.set()
        if self._stopping is not None:
            await self._stopping
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _handler(self, method: Method) -> Callable[..., Any]:
        async def one(request: Any, context: Context) -> Any:
            self._answering += 1
            try:
                return await self._answered(method, request, context)
            except e.RaftoralError as error:
                await _abort(context, error)
            except Exception as error:
                await _abort(context, public(error))
            finally:
                self._answers_less()

        async def many(request: Any, context: Context) -> AsyncIterator[Any]:
            self._answering += 1
            try:
                async for reply in self._streamed(method, request, context):
                    yield reply
            except Exception as error:
                await _abort(context, public(error))
            finally:
                self._answers_less()

        return many if method.operation.name == "watch" else one

    def _answers_less(self) -> None:
        self._answering -= 1
        if self._closing.is_set() and not self._answering:
            self._answered_all.set()

    async def _answered(self, method: Method, request: Any, context: Context) -> Any:
        operation = method.operation
        self._check(method, context)
        value = await operation.perform(self._service, arguments_of(method, request))
        return filled(method.reply, operation.gives.pack(value))

    async def _streamed(self, method: Method, request: Any, context: Context) -> AsyncIterator[Any]:
        self._check(method, context)
        arguments = method.operation.arguments(arguments_of(method, request))
        changes = followed(self._service.watch(**arguments), self._closing)
        try:
            async for value in changes:
                yield filled(method.reply, method.operation.gives.pack(value))
        finally:
            await changes.aclose()  # type: ignore[attr-defined]  # a generator

    def _check(self, method: Method, context: Context) -> None:
        metadata = dict(context.invocation_metadata() or ())
        self._access.check(method.operation.right, bearer(str(metadata.get("authorization", ""))))


def private_folder(near: str | None) -> str:
    """A folder that only this user can enter, for a socket: in `near`, or where temporary files are.

    What an earlier process left there is taken away. The name of a socket has about 100 bytes; a place that is too deep
    for that gets a folder of its own elsewhere, which the next process of the same node finds again.
    """
    if near is None:
        return tempfile.mkdtemp(prefix="raftoral-")  # made with 0700
    folder = os.path.join(os.path.abspath(near), "grpc")
    if len(os.fsencode(os.path.join(folder, SOCKET))) > SOCKET_BYTES_MAX:
        of = hashlib.sha256(os.fsencode(os.path.realpath(near))).hexdigest()[:16]
        folder = os.path.join(tempfile.gettempdir(), f"raftoral-{of}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise PermissionError(f"{folder} is somebody else's")
        os.chmod(folder, 0o700)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(folder, SOCKET))
    except OSError:
        return tempfile.mkdtemp(prefix="raftoral-")
    return folder


class _Servicer:
    """What the modules made from `api.proto` want: a method for each one there, by its name."""

    def __init__(self, handlers: Mapping[str, Callable[..., Any]]) -> None:
        self._handlers = handlers

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            return self._handlers[name]
        except KeyError:
            raise AttributeError(name) from None


class _Health(health.aio.HealthServicer):
    """The usual health service; what it says is what the node says of itself."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        ready = (await self._service.health())["ready"]
        states = health_pb2.HealthCheckResponse
        await self.set("", states.SERVING if ready else states.NOT_SERVING)
        return await super().Check(request, context)


async def _abort(context: Context, error: e.RaftoralError) -> NoReturn:
    status: grpc.StatusCode = getattr(grpc.StatusCode, grpc_name(error))
    if isinstance(error, e.Denied) and not dict(context.invocation_metadata() or ()).get("authorization"):
        status = grpc.StatusCode.UNAUTHENTICATED
    await context.abort(status, _cut(str(error)), ((CODE, error.code),))


def _cut(words: str) -> str:
    """As much as fits. On its way a byte that is no plain ASCII becomes three."""
    words = words.encode("utf-8", "replace").decode()
    if 12 * len(words) <= WORDS_BYTES_MAX:  # the usual case
        return words
    size = 0
    for at, character in enumerate(words):
        size += 1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode())
        if size > WORDS_BYTES_MAX:
            return words[:at] + "… (there is more: over HTTP it is whole)"
    return words
