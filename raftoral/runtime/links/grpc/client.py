"""One request to one node over gRPC: a channel for each address, made when it is first needed.

    wire = GrpcWire(token="s3cret")
    await wire.call("127.0.0.1:7001", "describe", {"id": "order-17"}, seconds=30.0)

In: an operation and its arguments. Out: what the node gave, or the exception that it raised. `NotSent` when no node can
have done it. Never tries twice, nor lets grpcio do so: `remote` does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import grpc
import grpc.aio

from raftoral import errors as e
from raftoral.runtime.links.remote import NotSent
from raftoral.runtime.links.tls import Tls
from raftoral.runtime.proto import api_pb2_grpc as stubs
from raftoral.runtime.service import JSON

from .channels import connected, credentials_of, opened, options_of
from .messages import CODE, METHODS, Method, packed, request_of

CONNECT_SECONDS = 5.0


class GrpcWire:
    """See the module."""

    def __init__(self, *, token: str | None = None, tls: Tls | None = None) -> None:
        self._metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self._credentials, self._options = credentials_of(tls), options_of(tls)
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closed = False

    async def call(self, address: str, name: str, arguments: Mapping[str, Any], seconds: float) -> Any:
        method = METHODS[name.removesuffix("-post")]
        request = request_of(method, arguments)
        ask = await self._asked(address, method, seconds)
        with _translated(address, seconds):
            reply = await ask(request, timeout=seconds, metadata=self._metadata)
        return method.operation.gives.unpack(packed(reply))

    async def stream(
        self, address: str, name: str, arguments: Mapping[str, Any], seconds: float
    ) -> AsyncIterator[JSON]:
        method = METHODS[name]
        request = request_of(method, arguments)
        ask = await self._asked(address, method, seconds)
        call = ask(request, metadata=self._metadata)
        try:
            with _translated(address, seconds):
                async with asyncio.timeout(seconds):
                    reply = await call.read()
                while reply is not grpc.aio.EOF:
                    yield packed(reply)
                    reply = await call.read()
        except TimeoutError:
            raise e.Unavailable(f"{address} did not answer within {seconds:g} s") from None
        finally:
            call.cancel()

    async def close(self) -> None:
        self._closed = True
        channels = list(self._channels.values())
        self._channels.clear()
        for channel in channels:
            await channel.close(None)

    async def _asked(self, address: str, method: Method, seconds: float) -> Any:
        channel = self._channel(address)
        try:
            async with asyncio.timeout(min(seconds, CONNECT_SECONDS)):
                await connected(channel)
        except TimeoutError:
            raise NotSent("cannot be reached: it did not answer in time") from None
        return getattr(getattr(stubs, f"{method.service}Stub")(channel), method.name)

    def _channel(self, address: str) -> grpc.aio.Channel:
        if self._closed:
            raise e.Closed("the client was closed")
        channel = self._channels.get(address)
        if channel is None:
            channel = opened(address, self._credentials, self._options)
            self._channels[address] = channel
        return channel


@contextlib.contextmanager
def _translated(address: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _error(error, address, seconds) from None


def _error(error: grpc.aio.AioRpcError, address: str, seconds: float) -> e.RaftoralError:
    codes = [value for name, value in error.trailing_metadata() or () if name == CODE]
    words = error.details() or ""
    if codes:
        return e.of_code(str(codes[0]), words)
    status = error.code()
    if status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return e.Unavailable(f"{address} did not answer within {seconds:g} s")
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return e.WrongInput(f"a message is too large: {words}")
    if status in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT):
        return e.RaftoralError(f"{address} does not know this call: {words}")
    return e.Unavailable(f"the connection to {address} broke: {words}")
